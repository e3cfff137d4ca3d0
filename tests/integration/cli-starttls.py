#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""--starttls with servers that do not begin TLS, and the hints that lead to it."""

import os
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import TIMEOUT, certificate, get_free_port, run, wait_for_port
from starttls_peer import PROTOCOLS, Peer

TRUST = ('--trust', certificate('ca.pem'))


class TestStarttls(unittest.TestCase):
    def refused(self, peer, *options, status=1):
        done = run('alice', 'connect', '--starttls', peer.protocol, *TRUST, *options, peer.address)
        self.assertEqual((done.returncode, done.stdout), (status, ''), done.stderr)
        return done.stderr

    def test_no(self):
        """Breaks if a server that says no is not quoted, or another error is reported first."""
        for protocol, answer, said in (
                ('smtp', b'454 4.7.0 not now\r\n', 'SMTP server will not begin TLS: it says “454 4.7.0 not now”'),
                ('imap', b'a NO never\r\n', 'IMAP server will not begin TLS: it says “a NO never”'),
                ('postgres', b'N', 'PostgreSQL server offers no TLS'),
                ('ftp', b'', 'FTP server closed the connection before TLS began')):
            with self.subTest(protocol=protocol), Peer(protocol, answer=answer) as peer:
                self.assertIn(said, self.refused(peer))

    def test_escapes(self):
        """Breaks if a server's words act on the terminal."""
        with Peer('smtp', answer=b'454 \xff\xc2\x9b31m\r\n') as peer:
            self.assertIn('“454 \\xff', self.refused(peer))

    def test_injection(self):
        """Breaks if what came in the clear is used: as a part of the handshake, or as the server's data."""
        for protocol in PROTOCOLS:
            with self.subTest(protocol=protocol), Peer(protocol, injected=b'250 injected\r\n') as peer:
                said = self.refused(peer)
                self.assertIn('somebody on the way may have added it', said)
                self.assertNotIn('injected', said)

    def test_untrusted(self):
        """Breaks if the server's certificate is not verified, or for another name than without --starttls."""
        with Peer('pop3') as peer:
            self.assertIn('not trusted', self.refused(peer, '--trust', certificate('client-ca.pem'), status=4))
            self.refused(peer, '--server-name', 'wrong.example.org', status=4)

    def test_tls_from_the_start(self):
        """Breaks if a server that waits for TLS holds the command longer than --timeout, or the error does not say what
        is wrong."""
        port = get_free_port()
        server = subprocess.Popen(['openssl', 's_server', '-quiet', '-accept', str(port), '-cert',
                                   certificate('rsa.pem'), '-key', certificate('rsa.key')], stdin=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (server.kill(), server.communicate()))
        wait_for_port(port)
        for protocol, seconds, said in (('smtp', '3', 'said nothing within 3 seconds'),
                                        ('ldap', '20', 'closed the connection before')):
            done = run('alice', 'probe', '--starttls', protocol, '--timeout', seconds, f'localhost:{port}')
            self.assertEqual(done.returncode, 1)
            self.assertIn(said, done.stderr)
            self.assertIn('leave --starttls out', done.stderr)

    def test_usage(self):
        """Breaks if a protocol that is not known is not refused before anything is connected, or the others are not
        named."""
        done = run('alice', 'probe', '--starttls', 'gopher', 'localhost:1')
        self.assertEqual(done.returncode, 2)
        self.assertIn('must be one of smtp, imap, pop3, ftp, ldap, xmpp, postgres, mysql, sieve, nntp', done.stderr)

    def test_ports(self):
        """Breaks if another port is used than the protocol's, where none was given."""
        done = run('alice', 'probe', '--starttls', 'sieve', '127.0.0.1')
        self.assertEqual(done.returncode, 1)
        self.assertIn('127.0.0.1:4190: ', done.stderr)


class TestHints(unittest.TestCase):
    def hint(self, greeting, port=0):
        """What the command advises about a server that greets so, and hangs up on what it then hears."""
        def serve():
            client = listener.accept()[0]
            with client:
                client.sendall(greeting)
                client.recv(65536)

        with socket.create_server(('127.0.0.1', port)) as listener:
            thread = threading.Thread(target=serve)
            thread.start()
            done = run('alice', 'probe', f'127.0.0.1:{listener.getsockname()[1]}')
            thread.join(TIMEOUT)
        self.assertEqual(done.returncode, 1, done.stderr)
        return ''.join(line for line in done.stderr.splitlines() if 'hint: ' in line)

    def test_hints(self):
        """Breaks if --starttls is not advised where it helps, or is where it cannot."""
        for greeting, port, protocol in ((b'220 mail ESMTP\r\n', 0, 'smtp'), (b'220 ftp ready\r\n', 21, 'ftp'),
                                         (b'* OK ready\r\n', 0, 'imap'), (b'+OK ready\r\n', 0, 'pop3'),
                                         (b'200 news\r\n', 119, 'nntp'), (b'"IMPLEMENTATION" "x"\r\n', 4190, 'sieve'),
                                         (b'J\0\0\0\x0a8.0.36\0', 3306, 'mysql'), (b'', 5432, 'postgres')):
            with self.subTest(protocol=protocol):
                self.assertIn(f'--starttls {protocol} ', self.hint(greeting, port))
        for greeting in (b'HTTP/1.1 400 Bad Request\r\n', b'SSH-2.0-OpenSSH\r\n', b''):
            self.assertNotIn('--starttls', self.hint(greeting))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
