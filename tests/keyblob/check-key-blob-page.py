#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""docs/KEY-BLOB.md says what the format is: the reader that is written from it (key_blob_reader.py) and the real one
(key-blob-peer) agree about the page's examples, about blobs of every suite, and about what they refuse."""

import os
import pathlib
import re
import subprocess
import sys

import key_blob_reader as reader

PAGE = (pathlib.Path(__file__).resolve().parent.parent.parent / 'docs/KEY-BLOB.md').read_text(encoding='utf-8')
FORMAT = reader.Format(PAGE)
PRIVATE = bytes(range(32))
findings = []


def expect(what, found, wanted):
    if found != wanted:
        findings.append(f'{what}:\n  {found}\n  but it should be\n  {wanted}')


def peer(mode, lines=''):
    return subprocess.run(
        [sys.argv[1], mode], input=lines, text=True, stdout=subprocess.PIPE, check=True).stdout.splitlines()


def text_of(key, value):
    if isinstance(value, bytes):
        return value.hex()
    if key in ('protocol', 'cipher-suite'):
        return f'{value:04x}'
    return str(value if isinstance(value, str) else int(value))


def read(private, blob):
    """What the reader of the page says, as key-blob-peer prints it."""
    try:
        state = FORMAT.read(private, blob)
    except reader.Refused:
        return 'refused'
    return ' '.join(f'{key}={text_of(key, value)}' for key, value in state.items())


def example_block(name, number):
    """number: of the example, which is that of its format."""
    return re.findall(rf'^```{name}\n(.*?)^```', PAGE, flags=re.M | re.S)[number - 1].splitlines()


def example_bytes(name, number):
    data = b''
    for line in example_block(name, number):
        offset, text = line.split()
        expect(f'offset {offset} in the block {name}', len(data), int(offset, 16))
        data += bytes.fromhex(text)
    return data


def check_example(number):
    """Returns the private key, the blob, and what it has to be read as."""
    values = {name: bytes.fromhex(text)
              for name, text in (re.split(r'  +', line) for line in example_block('example', number))}
    private, ephemeral = values['recipient private key'], values['ephemeral private key']
    recipient, enc = reader.public_of(private), reader.public_of(ephemeral)
    expect('recipient public key', values['recipient public key'], recipient)
    expect('enc', values['enc'], enc)
    for name, value in zip(('dh', 'shared_secret', 'key', 'base_nonce'), reader.derive(ephemeral, recipient, enc, recipient)):
        expect(name, values[name].hex(), value.hex())
    plaintext, blob = example_bytes('plaintext', number), example_bytes('blob', number)
    expect('what the blob of the page opens to', reader.open_blob(private, blob).hex(), plaintext.hex())
    expect('what the plaintext of the page is sealed to', reader.seal(ephemeral, recipient, plaintext, reader.HEADERS[number]).hex(), blob.hex())
    for size, what in (len(plaintext), 'plaintext'), (len(blob), 'blob'):
        expect(f'“The {what}, N bytes”', f'The {what}, {size} bytes' in PAGE, True)
    return private, blob, ' '.join('='.join(line.split()) for line in example_block('state', number))


def check_channel_example():
    """Returns the private key, the encapsulated key, and the blobs."""
    values = {name: bytes.fromhex(text)
              for name, text in (re.split(r'  +', line) for line in example_block('channel-example', 1))}
    private, ephemeral = values['recipient private key'], values['ephemeral private key']
    recipient, enc = reader.public_of(private), reader.public_of(ephemeral)
    expect('channel: recipient public key', values['recipient public key'], recipient)
    expect('channel: enc', values['enc'], enc)
    for name, value in zip(('dh', 'shared_secret'), reader.derive(private, enc, enc, recipient, reader.CHANNEL_INFO)):
        expect(f'channel: {name}', values[name].hex(), value.hex())
    sender, opener = reader.Channel(ephemeral, recipient, enc, recipient), reader.Channel.of_recipient(private, enc)
    blobs = []
    for number in 0, 1:
        for name in 'key', 'base_nonce', 'exporter_secret':
            expect(f'channel: {name} {number}', values[f'{name} {number}'].hex(), getattr(opener, name).hex())
        expect(f'channel: nonce {number}', values[f'nonce {number}'].hex(), opener.nonce().hex())
        plaintext, blob = example_bytes('plaintext', number + 1), example_bytes('channel-blob', number + 1)
        expect(f'channel: blob {number}', sender.seal(plaintext, reader.CHANNEL_HEADERS[number + 1]).hex(), blob.hex())
        expect(f'channel: what blob {number} opens to', opener.open(blob).hex(), plaintext.hex())
        blobs.append(blob)
    return private, enc, blobs


def read_channel(private, enc, blobs):
    """A line for each, as key-blob-peer prints them."""
    try:
        channel = reader.Channel.of_recipient(private, enc)
    except reader.Refused:
        return ['refused'] * len(blobs)
    lines = []
    for blob in blobs:
        try:
            state = FORMAT.read_next(channel, blob)
            lines.append(' '.join(f'{key}={text_of(key, value)}' for key, value in state.items()))
        except reader.Refused:
            lines.append('refused')
    return lines


def channel_cases():
    """What is wrong, a private key, an encapsulated key, blobs, how many of them open."""
    private, enc, blobs = check_channel_example()
    first, second = blobs
    for i, line in enumerate(peer('write-channel')):
        key, of_sample, *sample = (bytes.fromhex(text) for text in line.split())
        yield f'sample {i}', key, of_sample, sample, len(sample)
    yield 'the example', private, enc, blobs, 2
    yield 'twice', private, enc, [first, first, second], 1
    yield 'early', private, enc, [second, first, second], 0
    yield 'missing', private, enc, [first, first[:47] + b'\2' + first[48:]], 1
    yield 'another private key', bytes(31) + b'\1', enc, blobs, 0
    yield 'another encapsulated key', private, reader.public_of(PRIVATE[::-1]), blobs, 0
    yield 'point of small order', private, bytes(32), blobs, 0
    yield 'renumbered', private, enc, [second[:40] + bytes(8) + second[48:], first], 0
    yield 'sealed to the key', private, enc, [example_bytes('blob', 1), first], 0
    for i in (0, 9, 10, 11, 13, 15, 16, 39, 40, 47, 48, len(first) - 1):
        yield f'changed byte {i}', private, enc, [first[:i] + bytes([first[i] ^ 4]) + first[i + 1:], second], 0
    # What is authentic and no state uses the channel up, too.
    ephemeral = os.urandom(32)
    sender = reader.Channel(ephemeral, reader.public_of(private), reader.public_of(ephemeral), reader.public_of(private))
    plaintext = example_bytes('plaintext', 1)
    authentic = [sender.seal(plaintext), sender.seal(b''), sender.seal(plaintext)]
    yield 'no state', private, reader.public_of(ephemeral), authentic, 1


def check_channels():
    cases = list(channel_cases())
    real = peer('read-channel', ''.join(' '.join(part.hex() for part in (key, enc, *blobs)) + '\n'
                                        for _, key, enc, blobs, _ in cases))
    for what, key, enc, blobs, opens in cases:
        lines, real = real[:len(blobs)], real[len(blobs):]
        expect(f'channel, {what}, read from the page, against the real reader', read_channel(key, enc, blobs), lines)
        expect(f'channel, {what}: how many open', len(blobs) - lines.count('refused'), opens)
    expect('lines of key-blob-peer', real, [])
    return sum(len(case[3]) for case in cases)


def changed(entries, key, kind=None, value=None):
    return [(k, kind or t, v if value is None else value) if k == key else (k, t, v) for k, t, v in entries]


def refusals():
    """Authentic blobs, each with one thing wrong, and one with nothing wrong."""
    entries = reader.split_dictionary(example_bytes('plaintext', 1))
    plaintext = reader.join_dictionary(entries)
    yield 'nothing', plaintext, reader.HEADER
    yield 'size', bytes(65536 - 63), reader.HEADER
    for i in (0, 7, 8, 9, 11, 13, 15):
        yield f'header {i}', plaintext, reader.HEADER[:i] + bytes([reader.HEADER[i] ^ 4]) + reader.HEADER[i + 1:]
    yield 'format 0', plaintext, reader.HEADER[:9] + b'\0' + reader.HEADER[10:]
    yield 'nothing, format 2 without what it adds', plaintext, reader.HEADERS[2]
    for what, data in {'nothing in it': b'', 'padding': plaintext[:18] + b'x' + plaintext[19:],
                       'offsets': plaintext + b'\0', 'order of offsets': plaintext[:-2] + b'\0\0',
                       'boundary': plaintext[:-26] + b'\x13' + plaintext[-25:]}.items():
        yield what, data, reader.HEADER
    wrong = {
        'unknown key': entries + [('colour', 's', b'red\0')],
        'key twice': entries[:1] + entries,
        'order': [entries[1], entries[0]] + entries[2:],
        'type': changed(entries, 'protocol', 't', b'\x04\x03' + bytes(6)),
        'boolean': entries + [('key-update-owed', 'b', b'\2')],
        'false flag': entries + [('key-update-owed', 'b', b'\0')],
        'empty data': entries + [('unread-data', 'ay', b'')],
        'role': changed(entries, 'role', value=b'peer\0'),
        'protocol': changed(entries, 'protocol', value=b'\x02\x03'),
        'suite of the other protocol': changed(entries, 'protocol', value=b'\x03\x03'),
        'suite': changed(entries, 'cipher-suite', value=b'\x06\x13'),
        'key size': changed(entries, 'read-key', value=bytes(32)),
        'IV size': changed(entries, 'write-iv', value=bytes(4)),
        'secret size': changed(entries, 'write-traffic-secret', value=bytes(48)),
        'sequence number': changed(entries, 'read-sequence-number', value=b'\xff' * 8),
        'plaintext size, small': changed(entries, 'read-max-plaintext-size', value=b'\x3e\0'),
        'plaintext size, large': changed(entries, 'read-max-plaintext-size', value=b'\x01\x40'),
        'MAC key with AEAD': entries[:4] + [('read-mac-key', 'ay', bytes(20))] + entries[4:],
        'encrypt-then-mac with AEAD': entries + [('encrypt-then-mac', 'b', b'\1')],
        'no-renegotiation-owed in TLS 1.3': entries + [('no-renegotiation-owed', 'b', b'\1')],
    }
    for i, entry in enumerate(entries):
        wrong[f'without {entry[0]}'] = entries[:i] + entries[i + 1:]
    for what, these in wrong.items():
        yield what, reader.join_dictionary(these), reader.HEADER
    # Still good: the highest sequence number, the smallest record, everything that a connection in use can have.
    good = changed(entries, 'read-sequence-number', value=b'\xfe' + b'\xff' * 7)
    good = changed(good, 'write-max-plaintext-size', value=b'\x3f\0')
    yield 'nothing, at the limits', reader.join_dictionary(good + [('unread-data', 'ay', b'x'), ('key-update-owed', 'b', b'\1')]), reader.HEADER


def refusals_of_bindings():
    """The same of what format 2 adds."""
    entries = reader.split_dictionary(example_bytes('plaintext', 2))
    tls13 = reader.split_dictionary(example_bytes('plaintext', 1))
    exporter, unique, end_point = entries[-3:]
    yield 'format 1 with keys of format 2', reader.join_dictionary(entries), reader.HEADER
    wrong = {
        'order of the bindings': entries[:-3] + [unique, exporter, end_point],
        'bindings before the others': entries[-3:] + entries[:-3],
        'tls-exporter, too short': changed(entries, 'tls-exporter', value=bytes(31)),
        'tls-exporter, too long': changed(entries, 'tls-exporter', value=bytes(33)),
        'tls-exporter, empty': changed(entries, 'tls-exporter', value=b''),
        'tls-unique, too short': changed(entries, 'tls-unique', value=bytes(11)),
        'tls-unique, too long': changed(entries, 'tls-unique', value=bytes(36)),
        'tls-unique in TLS 1.3': tls13 + [unique],
        'tls-server-end-point, too short': changed(entries, 'tls-server-end-point', value=bytes(19)),
        'tls-server-end-point, too long': changed(entries, 'tls-server-end-point', value=bytes(65)),
        'type of a binding': changed(entries, 'tls-unique', 's', b'unique\0'),
        'nothing, without tls-exporter': entries[:-3] + [unique, end_point],
        'nothing, one binding': tls13 + [('tls-server-end-point', 'ay', bytes(20))],
        'nothing, the longest': tls13 + [exporter, ('tls-server-end-point', 'ay', bytes(64))],
    }
    for what, these in wrong.items():
        yield what, reader.join_dictionary(these), reader.HEADERS[2]


def main():
    examples = [check_example(number) for number in (1, 2)]
    for number, (private, blob, state) in enumerate(examples, 1):
        expect(f'example {number}, read from the page', read(private, blob), state)
    private, blob, _ = examples[0]
    samples = [line.split() for line in peer('write')]
    expect('cipher suites of the page', sorted(f'{number:04x}' for number in FORMAT.suites),
           sorted({re.search(r'cipher-suite=(\w+)', line).group(1) for line in peer('read', '\n'.join(' '.join(s) for s in samples))}))

    cases = [(f'example {number}', *example[:2]) for number, example in enumerate(examples, 1)]
    cases += [(f'sample {i}', bytes.fromhex(key), bytes.fromhex(text)) for i, (key, text) in enumerate(samples)]
    expectations = {}
    for what, plaintext, header in [*refusals(), *refusals_of_bindings()]:
        cases.append((what, PRIVATE, reader.seal(os.urandom(32), reader.public_of(PRIVATE), plaintext, header)))
        expectations[what] = not what.startswith('nothing') or what == 'nothing in it'
    cases.append(('another private key', bytes(31) + b'\1', blob))
    cases.append(('a changed bit', private, blob[:-1] + bytes([blob[-1] ^ 1])))
    cases.append(('point of small order', private, blob[:16] + bytes(32) + blob[48:]))

    real = peer('read', ''.join(f'{key.hex()} {data.hex()}\n' for _, key, data in cases))
    expect('lines of key-blob-peer', len(real), len(cases))
    for (what, key, data), line in zip(cases, real):
        expect(f'{what}, read from the page, against the real reader', read(key, data), line)
        if what in expectations:
            expect(f'{what} is refused', line == 'refused', expectations[what])
    for i, (*_, state) in enumerate(examples):
        expect(f'example {i + 1}, read by the real reader', real[i], state)
    expect('samples are read', 'refused' in real[len(examples):len(examples) + len(samples)], False)

    of_channels = check_channels()

    for finding in findings:
        print(finding)
    print(f'{len(cases) + of_channels} blobs, {len(findings)} findings')
    sys.exit(1 if findings else 0)


main()
