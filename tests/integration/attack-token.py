#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What a PKCS#11 module can do that is somebody's own, or was taken over: its helper is started here as the broker starts
it, and may do what this module needs, which is to read and write its own folder."""

import os
import signal
import socket
import ssl
import struct
import sys
import unittest

from gi.repository import GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from attacker import (FORBIDDEN, MAX_MESSAGE, NOTICE, REPLY, REQUEST, Program, arguments_for, call_line, packet,
                      read_rows)
from caller import TIMEOUT
from command import certificate, install_tokens

STATE = '/run/handoff-test/tokens'
SOFTHSM = '/usr/lib/softhsm/libsofthsm2.so'
TOKEN, PIN = 'Handoff test', b'4321'
URI = f'pkcs11:token={TOKEN.replace(" ", "%20")};object=server-rsa'
KEY = '0123456789abcdef0123456789abcdef'
HOLDER, GRANT = 1, 1
SIGN_AS_CLIENT, SIGN_AS_SERVER, RSA_PSS_SHA256 = 1, 2, 0x0804
TO_BE_SIGNED = 64 * b' ' + b'TLS 1.3, server CertificateVerify\0' + 32 * b'h'
# Files are this module's need, within its folder.
FILES = ('openat', 'unlinkat', 'renameat2', 'readlinkat')
# Modules look for other services, and do without.
REFUSED = {'socket': 'EACCES', 'connect': 'EACCES'}


class Helper(Program):
    """With the key of a token that is open."""

    def __init__(self):
        super().__init__('token', f'{STATE}/module.so', f'Libraries={SOFTHSM}', f'WriteFiles={STATE}',
                         environment={'SOFTHSM2_CONF': f'{STATE}/softhsm2.conf', 'HANDOFF_TEST_PKCS11': STATE})
        self.signing, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.signing.settimeout(TIMEOUT)
        self.tell('configure', GLib.Variant('(ay)', (32 * b's',)))
        self.tell('find', GLib.Variant('(saymayb)', (URI, b'', PIN, False)), 1)
        assert self.wait_for_answer()[0] == REPLY
        self.tell('add-key', GLib.Variant('(ssay)', (KEY, URI, b'')))
        self.tell('holder', GLib.Variant('(tu)', (HOLDER, 60101)))
        with end:
            self.tell('holder-socket', GLib.Variant('(t)', (HOLDER,)), 1, fds=[end.fileno()])
        assert self.wait_for_answer()[0] == REPLY
        self.tell('grant', GLib.Variant('(ttsuux)', (GRANT, HOLDER, KEY, SIGN_AS_SERVER, 0, 1 << 62)))

    def wait_for_answer(self):
        """To the request 1. PINs may be tried."""
        while True:
            data = self.link.recv(MAX_MESSAGE)
            assert data, 'it ended'
            kind, number, _, serial = struct.unpack('=BBHI', data[:8])
            if kind == REQUEST:
                self.link.send(packet(REPLY, number, serial, GLib.Variant(
                    *(('(b)', (True,)) if number == self.rows['try-pin'].number else ('(mays)', (None, ''))))))
            elif kind != NOTICE:
                return data

    def wait_for_violation(self):
        """The number of the grant, and why. The broker, which hears it, ends who asked."""
        while True:
            data = self.link.recv(MAX_MESSAGE)
            assert data, 'it ended'
            if data[0] == NOTICE and data[1] == self.rows['violation'].number:
                row = self.rows['violation']
                body = GLib.Variant.new_from_bytes(GLib.VariantType(row.type), GLib.Bytes.new(data[8:]), False)
                return body.unpack()[1:]

    def sign(self, grant=GRANT, role=SIGN_AS_SERVER, data=TO_BE_SIGNED):
        """The kind of the answer; None if it has ended instead."""
        row = read_rows('signing')['sign']
        self.signing.send(packet(REQUEST, row.number, 1, GLib.Variant(row.type, (grant, role, RSA_PSS_SHA256, data))))
        try:
            data = self.signing.recv(MAX_MESSAGE)
        except ConnectionError:
            data = b''
        return data[0] if data else None

    def do(self, *deeds):
        """What came of them before a signature, a line for each; None if the program has ended."""
        with open(f'{STATE}/deeds', 'w') as file:
            file.write('\n'.join(['DEED', *deeds, '']))
        if self.sign() is None:
            os.unlink(f'{STATE}/deeds')
            return None
        with open(f'{STATE}/answers') as file:
            return file.read().splitlines()


class AttackToken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install_tokens(STATE, TOKEN)

    def end(self, helper):
        helper.signing.close()
        return helper.end()

    def test_works(self):
        helper = Helper()
        self.assertEqual(helper.sign(), REPLY)
        self.assertEqual(self.end(helper), 0)

    def test_calls(self):
        """Breaks if any call of the system that gives more than the module needs does not end its helper."""
        for name, arguments, instead in FORBIDDEN:
            if name in FILES:
                continue
            instead = REFUSED.get(name, instead)
            with self.subTest(name, arguments=arguments):
                helper = Helper()
                answers = helper.do(call_line(name, *arguments_for(arguments, os.getpid())))
                status = self.end(helper)
                if instead:
                    self.assertEqual((answers, status), ([f'failed {instead}'], 0))
                else:
                    self.assertEqual((answers, status), (None, -signal.SIGSYS))

    def test_files(self):
        """Breaks if the module reads or writes what is not its own: keys of the service's, and all else."""
        helper = Helper()
        paths = ['/etc/passwd', '/etc/tls-handoff/tls-handoffd.conf', '/var/lib/tls-handoff', '/proc/self/maps',
                 f'/proc/{os.getpid()}/maps']
        answers = helper.do(*(call_line('openat', -100, path, os.O_RDONLY) for path in paths),
                            call_line('openat', -100, '/run/handoff-test/tmp/mark', os.O_WRONLY | os.O_CREAT, 0o666),
                            call_line('openat', -100, f'{STATE}/softhsm2.conf', os.O_RDONLY))
        self.end(helper)
        self.assertRegex(answers.pop(), '^returned')
        self.assertEqual(answers, (len(paths) + 1) * ['failed EACCES'])

    def test_signatures(self):
        """Breaks if a handshaker that was taken over gets a signature that it was not granted, or that is none of TLS's; or
        if the broker does not hear of it. The keeper has the same code in front of its keys."""
        with open(certificate('rsa.pem')) as file:
            a_certificate = ssl.PEM_cert_to_DER_cert(file.read())
        for what, request in {
                'no grant': {'grant': GRANT + 1},
                'the other role': {'role': SIGN_AS_CLIENT, 'data': TO_BE_SIGNED.replace(b'server', b'client')},
                'words of the other role': {'data': TO_BE_SIGNED.replace(b'server', b'client')},
                'too much': {'data': TO_BE_SIGNED + b'h'},
                'a hash': {'data': 32 * b'h'},
                'a certificate': {'data': a_certificate},
                'nothing': {'data': b''},
        }.items():
            with self.subTest(what):
                helper = Helper()
                self.assertEqual(helper.sign(), REPLY)
                self.assertNotEqual(helper.sign(**request), REPLY)
                self.assertEqual(helper.wait_for_violation()[0], request.get('grant', GRANT))
                self.end(helper)

    def test_grants(self):
        """Breaks if a grant counts longer, or oftener, than the broker said."""
        for what, uses, until, is_over in (('twice', 1, 1 << 62, False), ('too late', 0, 1, False), ('over', 0, 1 << 62, True)):
            with self.subTest(what):
                helper = Helper()
                helper.tell('grant', GLib.Variant('(ttsuux)', (GRANT + 1, HOLDER, KEY, SIGN_AS_SERVER, uses, until)))
                if uses:
                    self.assertEqual(helper.sign(GRANT + 1), REPLY)
                if is_over:
                    helper.tell('grant-over', GLib.Variant('(t)', (GRANT + 1,)))
                self.assertNotEqual(helper.sign(GRANT + 1), REPLY)
                self.assertEqual(helper.wait_for_violation()[0], GRANT + 1)
                self.end(helper)

    def test_crash(self):
        helper = Helper()
        self.assertIsNone(helper.do('crash'))
        self.assertEqual(self.end(helper), -signal.SIGSEGV)


if __name__ == '__main__':
    unittest.main()
