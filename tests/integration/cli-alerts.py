#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""A peer of the command sends a forged record, goes on sending, and only then listens: it hears why it was refused."""

import os
import socket
import ssl
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import OWN_RULES, TIMEOUT, Serve, as_user, certificate, import_credential, remove_credentials, set_rules

VERSIONS = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2)
FORGED = bytes([23, 3, 3, 0, 32]) + bytes(32)
# More than the buffers of both sockets hold.
MUCH = bytes(10 << 20)
# An alert may get lost in some runs only.
RUNS = 20


class TestAlerts(unittest.TestCase):
    def be_refused(self, peer):
        with peer:
            # Past OpenSSL, which does not know of it.
            os.write(peer.fileno(), FORGED)
            peer.sendall(MUCH)
            with self.assertRaises(ssl.SSLError) as caught:
                peer.recv(1)
            self.assertIn('bad record mac', str(caught.exception))

    def test_connect(self):
        """Breaks if the command ends before its server has heard of the alert."""
        for version in VERSIONS:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate('ecdsa.pem'), certificate('ecdsa.key'))
            context.maximum_version = version
            with socket.create_server(('127.0.0.1', 0)) as listener:
                for _ in range(RUNS):
                    command = as_user('alice', 'tls-handoff', 'connect', '--trust', certificate('ca.pem'),
                                      f'localhost:{listener.getsockname()[1]}')
                    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
                    plain = listener.accept()[0]
                    plain.settimeout(TIMEOUT)
                    self.be_refused(context.wrap_socket(plain, server_side=True))
                    _, errors = process.communicate(timeout=TIMEOUT)
                    self.assertEqual(process.returncode, 1)
                    self.assertIn('bad_record_mac', errors.decode())

    def test_serve(self):
        """Breaks if a client's connection is reset before the client has heard of the alert."""
        set_rules(OWN_RULES)
        import_credential('alice', 'rsa')
        self.addCleanup(remove_credentials)
        for version in VERSIONS:
            context = ssl.create_default_context(cafile=certificate('ca.pem'))
            context.maximum_version = version
            with Serve('--credential', 'rsa', '--', 'cat') as serve:
                for _ in range(RUNS):
                    plain = socket.create_connection(('127.0.0.1', serve.port), timeout=TIMEOUT)
                    self.be_refused(context.wrap_socket(plain, server_hostname='localhost'))
                    serve.said('bad_record_mac')

    def test_serve_refuses_certificate(self):
        """Breaks if a client that is refused for its certificate hears of a reset only. In TLS 1.3 such a client may be
        sending already."""
        set_rules(OWN_RULES)
        import_credential('alice', 'rsa')
        self.addCleanup(remove_credentials)
        context = ssl.create_default_context(cafile=certificate('ca.pem'))
        context.load_cert_chain(certificate('rsa.pem'), certificate('rsa.key'))
        with Serve('--credential', 'rsa', '--client-ca', certificate('client-ca.pem'), '--', 'cat') as serve:
            for _ in range(RUNS):
                plain = socket.create_connection(('127.0.0.1', serve.port), timeout=TIMEOUT)
                with context.wrap_socket(plain, server_hostname='localhost') as client:
                    client.sendall(MUCH)
                    with self.assertRaises(ssl.SSLError) as caught:
                        client.recv(1)
                    self.assertIn('unknown ca', str(caught.exception))

    def test_connect_refuses_certificate(self):
        """Breaks if a server that is not trusted hears of a reset only. What the server sent after its certificate is
        unread then; in TLS 1.3 it has all keys and may send more at once."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate('self-signed.pem'), certificate('self-signed.key'))
        with socket.create_server(('127.0.0.1', 0)) as listener:
            for verb in ('connect', 'probe'):
                for _ in range(RUNS):
                    command = as_user('alice', 'tls-handoff', verb, f'localhost:{listener.getsockname()[1]}')
                    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                               stderr=subprocess.DEVNULL)
                    self.be_not_trusted(listener, context)
                    self.assertEqual(process.wait(TIMEOUT), 4)

    def be_not_trusted(self, listener, context):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        with listener.accept()[0] as plain:
            plain.settimeout(TIMEOUT)
            sent = False
            with self.assertRaises(ssl.SSLError) as caught:
                while True:
                    try:
                        tls.do_handshake()
                    except ssl.SSLWantReadError:
                        flight = outgoing.read()
                        plain.sendall(flight)
                        if flight and not sent:
                            sent = True
                            plain.sendall(FORGED * (len(MUCH) // len(FORGED)))
                        incoming.write(plain.recv(65536))
            self.assertIn('alert', str(caught.exception))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
