# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""A second reader of key blobs, written from docs/KEY-BLOB.md alone, and a writer.

It shares no code with keyblob/: HPKE and GVariant are done by hand, over the primitives of
python3-cryptography. The two tables (keys, cipher suites) are those of the page: what is wrong in them
makes this reader differ from the real one.
"""

import hmac
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HEADERS = {number: b'TLSHOFF\0' + number.to_bytes(2, 'big') + bytes.fromhex('0020 0001 0002') for number in (1, 2)}
HEADER = HEADERS[1]
INFO = b'org.tlshandoff.Handoff1 key blob'
CHANNEL_HEADERS = {number: b'TLSHOFF\0' + number.to_bytes(2, 'big') + bytes.fromhex('0000 0001 0002') for number in (1, 2)}
CHANNEL_INFO = b'org.tlshandoff.Handoff1 channel'
CHANNEL_NEXT = b'org.tlshandoff.Handoff1 next message'
KEM_SUITE = b'KEM\x00\x20'
HPKE_SUITE = b'HPKE\x00\x20\x00\x01\x00\x02'


class Refused(Exception):
    """The reader does not take this blob."""


# HPKE

def extract(salt, suite, label, data):
    return hmac.digest(salt or bytes(32), b'HPKE-v1' + suite + label + data, 'sha256')


def expand(secret, suite, label, data, size):
    info = size.to_bytes(2, 'big') + b'HPKE-v1' + suite + label + data
    output, block, count = b'', b'', 0
    while len(output) < size:
        count += 1
        block = hmac.digest(secret, block + info + bytes([count]), 'sha256')
        output += block
    return output[:size]


def public_of(private):
    key = x25519.X25519PrivateKey.from_private_bytes(private).public_key()
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def derive(our_private, their_public, enc, recipient_public, info=INFO):
    """dh, shared_secret, key, base_nonce and exporter_secret."""
    try:
        dh = x25519.X25519PrivateKey.from_private_bytes(our_private).exchange(
            x25519.X25519PublicKey.from_public_bytes(their_public))
    except ValueError as error:
        raise Refused('point of small order') from error
    eae_prk = extract(b'', KEM_SUITE, b'eae_prk', dh)
    shared = expand(eae_prk, KEM_SUITE, b'shared_secret', enc + recipient_public, 32)
    context = (b'\0' + extract(b'', HPKE_SUITE, b'psk_id_hash', b'') +
               extract(b'', HPKE_SUITE, b'info_hash', info))
    secret = extract(shared, HPKE_SUITE, b'secret', b'')
    return (dh, shared, expand(secret, HPKE_SUITE, b'key', context, 32),
            expand(secret, HPKE_SUITE, b'base_nonce', context, 12), expand(secret, HPKE_SUITE, b'exp', context, 32))


def seal(ephemeral, recipient_public, plaintext, header=HEADER):
    enc = public_of(ephemeral)
    key, nonce = derive(ephemeral, recipient_public, enc, recipient_public)[2:4]
    return header + enc + AESGCM(key).encrypt(nonce, plaintext, header + enc)


def open_blob(private, blob):
    if not 64 <= len(blob) <= 65536 or blob[:16] not in HEADERS.values():
        raise Refused('header')
    enc = blob[16:48]
    key, nonce = derive(private, enc, enc, public_of(private))[2:4]
    try:
        return AESGCM(key).decrypt(nonce, blob[48:], blob[:48])
    except InvalidTag as error:
        raise Refused('not authentic') from error


class Channel:
    """Either end of a channel: blob after blob."""

    def __init__(self, our_private, their_public, enc, recipient_public):
        self.key, self.base_nonce, self.exporter_secret = derive(
            our_private, their_public, enc, recipient_public, CHANNEL_INFO)[2:]
        self.number = 0

    @classmethod
    def of_recipient(cls, private, enc):
        return cls(private, enc, enc, public_of(private))

    def rest_of_header(self):
        return bytes(24) + self.number.to_bytes(8, 'big')

    def nonce(self):
        return bytes(a ^ b for a, b in zip(self.base_nonce, self.number.to_bytes(12, 'big')))

    def go_on(self):
        following = expand(self.exporter_secret, HPKE_SUITE, b'sec', CHANNEL_NEXT, 76)
        self.exporter_secret, self.key, self.base_nonce = following[:32], following[32:64], following[64:]
        self.number += 1

    def seal(self, plaintext, header=CHANNEL_HEADERS[1]):
        header += self.rest_of_header()
        blob = header + AESGCM(self.key).encrypt(self.nonce(), plaintext, header)
        self.go_on()
        return blob

    def open(self, blob):
        if self.key is None:
            raise Refused('an earlier blob did not open')
        try:
            if (not 64 <= len(blob) <= 65536 or blob[:16] not in CHANNEL_HEADERS.values() or
                    blob[16:48] != self.rest_of_header()):
                raise Refused('header')
            plaintext = AESGCM(self.key).decrypt(self.nonce(), blob[48:], blob[:48])
        except (InvalidTag, Refused) as error:
            self.key = None
            raise Refused('not authentic') from error
        self.go_on()
        return plaintext


# The dictionary

def offset_size(size):
    return 1 if size <= 255 else 2


def offset_at(data, position):
    size = offset_size(len(data))
    if position < 0 or position + size > len(data):
        raise Refused('offset table')
    return int.from_bytes(data[position:position + size], 'little')


def aligned(position):
    return (position + 7) // 8 * 8


def split_entry(entry):
    """The key, the type and the value's bytes of an element."""
    end_of_key = offset_at(entry, len(entry) - offset_size(len(entry)))
    key = entry[:end_of_key]
    variant = entry[aligned(end_of_key):len(entry) - offset_size(len(entry))]
    separator = variant.rfind(b'\0')
    if key[-1:] != b'\0' or separator < 0:
        raise Refused('element')
    return key[:-1].decode(errors='replace'), variant[separator + 1:].decode(errors='replace'), variant[:separator]


def split_dictionary(data):
    if not data:
        return []
    size = offset_size(len(data))
    end = offset_at(data, len(data) - size)
    if end > len(data) or (len(data) - end) % size:
        raise Refused('offset table')
    entries, start = [], 0
    for position in range(end, len(data), size):
        stop = offset_at(data, position)
        if not start <= stop <= end:
            raise Refused('offset table')
        entries.append(split_entry(data[start:stop]))
        start = aligned(stop)
    return entries


def join_entry(key, kind, value):
    body = key.encode() + b'\0'
    end_of_key = len(body)
    body = body.ljust(aligned(len(body)), b'\0') + value + b'\0' + kind.encode()
    return body + end_of_key.to_bytes(1 if len(body) + 1 <= 255 else 2, 'little')


def join_dictionary(entries):
    data, ends = b'', []
    for entry in entries:
        data = data.ljust(aligned(len(data)), b'\0') + join_entry(*entry)
        ends.append(len(data))
    size = 1 if len(data) + len(ends) <= 255 else 2
    return data + b''.join(end.to_bytes(size, 'little') for end in ends)


def decode(kind, value):
    if kind == 's' and value[-1:] == b'\0':
        return value[:-1].decode(errors='replace')
    if kind == 'b' and value in (b'\0', b'\1'):
        return value == b'\1'
    if (kind, len(value)) in (('q', 2), ('t', 8)):
        return int.from_bytes(value, 'little')
    if kind == 'ay':
        return value
    raise Refused(f'value of type {kind}')


class Format:
    """The tables of the page: keys of format 1, what format 2 adds, cipher suites."""

    def __init__(self, page):
        self.fields, self.added, self.sizes = {}, set(), {}
        before, since = page.split('\n## What format 2 adds\n')
        for part in before, since:
            for key, kind, presence, value in re.findall(
                    r'^\| `([a-z-]+)` \| `([a-z]+)` \| (\w[\w., -]*) \|(.*)\|$', part, flags=re.M):
                self.fields[key] = (kind, presence)
                if part is since:
                    self.added.add(key)
                    least, most = re.match(r' (\d+)(?: to (\d+))? bytes', value).groups()
                    self.sizes[key] = range(int(least), int(most or least) + 1)
        self.suites = {}
        for protocol, numbers, *sizes in re.findall(
                r'^\| (0x030[34]) \| ([0-9a-f ]+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|', page, flags=re.M):
            for number in numbers.split():
                self.suites[int(number, 16)] = (int(protocol, 16), [int(size) for size in sizes])

    def presence(self, key, protocol, cbc):
        """Whether the key must, may (None) or must not be there."""
        rule = self.fields[key][1]
        return {'always': True, 'TLS 1.3': protocol == 0x0304, 'AEAD': not cbc, 'CBC': cbc,
                'if any': None,
                'if any, TLS 1.3': None if protocol == 0x0304 else False,
                'if any, TLS 1.2': None if protocol == 0x0303 else False}[rule]

    def read(self, private, blob):
        return self.parse(open_blob(private, blob), blob[9])

    def read_next(self, channel, blob):
        plaintext = channel.open(blob)
        try:
            return self.parse(plaintext, blob[9])
        except Refused:
            channel.key = None
            raise

    def parse(self, plaintext, number):
        entries = split_dictionary(plaintext)
        if join_dictionary(entries) != plaintext:
            raise Refused('not in normal form')
        if [key for key in self.fields if key in dict((e[0], e) for e in entries)] != [e[0] for e in entries]:
            raise Refused('unknown key, twice, or out of order')
        state = {}
        if number == 1 and self.added & {e[0] for e in entries}:
            raise Refused('a key of a newer format')
        for key, kind, value in entries:
            if kind != self.fields[key][0]:
                raise Refused(f'type of {key}')
            state[key] = decode(kind, value)
        self.check(state)
        return state

    def check(self, state):
        if state.get('role') not in ('client', 'server') or state.get('cipher-suite') not in self.suites:
            raise Refused('role or cipher suite')
        protocol, sizes = self.suites[state['cipher-suite']]
        if state.get('protocol') != protocol:
            raise Refused('protocol')
        for key in self.fields:
            rule = self.presence(key, protocol, sizes[3] > 0)
            if (key in state) != rule and (rule is not None or not state.get(key, True)):
                raise Refused(f'{key} is there, or is not')
            if key in self.sizes and key in state and len(state[key]) not in self.sizes[key]:
                raise Refused(f'size of {key}')
        for direction in 'read', 'write':
            found = [len(state.get(f'{direction}-{what}', b'')) for what in ('key', 'iv', 'traffic-secret', 'mac-key')]
            if found != sizes:
                raise Refused('sizes')
            if state[f'{direction}-sequence-number'] == 2 ** 64 - 1:
                raise Refused('sequence number')
            if not 63 <= state[f'{direction}-max-plaintext-size'] <= 16384:
                raise Refused('max-plaintext-size')
