#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What people and scripts are told of a server's certificate."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import TIMEOUT, Serve, OpensslServer, certificate, read, run

TRUST = ('--trust', certificate('ca.pem'))


def join(name, path):
    """The path of a file, which the user may read, of one of the test's certificates and what path has."""
    joined = os.path.join(os.environ['TMPDIR'], 'joined-' + name)
    with open(joined, 'w') as file:
        file.write(read(name))
        with open(path) as rest:
            file.write(rest.read())
    os.chmod(joined, 0o644)
    return joined


def probe(server, *options):
    return json.loads(run('alice', 'probe', '--json', *TRUST, *options, server.address).stdout)


def fetch(server):
    """Gives the service tickets of the server's, which come before its answer."""
    return run('alice', 'connect', *TRUST, server.address, stdin='GET / HTTP/1.0\r\n\r\n').stdout


class TestTrust(unittest.TestCase):
    def test_staples(self):
        """Breaks if a response without a status is reported as good, or is enough for a certificate that demands a
        status."""
        cases = [
            # certificate, staple, trusted, ocsp-status, ocsp-problem
            ('ecdsa', None, True, 'none', None),
            ('ecdsa', 'ecdsa.ocsp', True, 'good', None),
            ('ecdsa', 'try-later.ocsp', True, 'invalid', 'try-later'),
            ('ecdsa', 'must-staple.ocsp', False, None, None),
            ('must-staple', 'must-staple.ocsp', True, 'good', None),
            ('must-staple', 'try-later.ocsp', False, None, None),
            ('must-staple', None, False, None, None),
        ]
        for name, staple, trusted, status, problem in cases:
            for version in ('-tls1_2', '-tls1_3'):
                with self.subTest(name=name, staple=staple, version=version), \
                     OpensslServer(name, version, *(['-status_file', certificate(staple)] if staple else [])) as server:
                    found = probe(server)
                    self.assertEqual(found['trusted'], trusted)
                    if trusted:
                        self.assertEqual((found['ocsp-status'], found['ocsp-problem']), (status, problem))
                        # A session that is resumed goes by the same rules.
                        fetch(server)
                        found = probe(server)
                        self.assertEqual(found['resumed'], version == '-tls1_3')
                        self.assertEqual((found['ocsp-status'], found['ocsp-problem']), (status, problem))
                    else:
                        self.assertEqual(found['verification-errors'], ['ocsp-status'])
        with OpensslServer('ecdsa', '-status_file', certificate('try-later.ocsp')) as server:
            self.assertIn('invalid (the responder answered only: try later)',
                          run('alice', 'probe', *TRUST, server.address).stdout)

    def test_unneeded(self):
        """Breaks if an expired certificate that no path needs keeps the server from being trusted, or a session from
        being resumed."""
        with OpensslServer('ecdsa', '-cert_chain', certificate('expired.pem')) as server:
            first = probe(server)
            self.assertTrue(first['trusted'])
            self.assertEqual(len(first['certificates']), 2)
            self.assertFalse(first['resumed'])
            self.assertIn('HTTP/1.0 200', fetch(server))
            self.assertTrue(probe(server)['resumed'])

    def test_renewed(self):
        """Breaks if a server or a client that sends an expired certificate of its authority before the renewed one is
        refused, or not resumed."""
        chain = certificate('below-renewed.chain')
        for version in ('-tls1_2', '-tls1_3'):
            with self.subTest(version=version, role='client'), \
                 OpensslServer('below-renewed', version, '-cert_chain', chain) as server:
                found = probe(server)
                self.assertTrue(found['trusted'])
                self.assertFalse(found['resumed'])
                self.assertEqual(len(found['certificates']), 3)
                fetch(server)
                found = probe(server)
                self.assertTrue(found['trusted'])
                self.assertEqual(found['resumed'], version == '-tls1_3')
            with self.subTest(version=version, role='server'), \
                 Serve('--cert', join('ecdsa.pem', certificate('ecdsa.key')), '--client-ca', certificate('ca.pem'),
                       '--require-client-certificate', '--', 'echo', 'done') as serve:
                done = subprocess.run(
                    ['openssl', 's_client', '-quiet', version, '-CAfile', certificate('ca.pem'), '-connect',
                     f'localhost:{serve.port}', '-cert', certificate('below-renewed.pem'), '-key',
                     certificate('below-renewed.key'), '-cert_chain', chain],
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT)
                self.assertEqual(done.stdout, b'done\n', done.stderr)

    def test_key_usage(self):
        """Breaks if the user or the server is told of an error of ours where the server's certificate is one for
        authorities only."""
        name = os.path.join(os.environ['TMPDIR'], 'authority')
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                        '-subj', '/CN=localhost', '-addext', 'keyUsage=critical,keyCertSign', '-addext',
                        'subjectAltName=DNS:localhost', '-keyout', name + '.key', '-out', name + '.pem'], check=True,
                       stderr=subprocess.DEVNULL)
        os.chmod(name + '.pem', 0o644)
        with OpensslServer(name) as server:
            result = run('alice', 'probe', '--trust', name + '.pem', server.address)
            self.assertIn('its key usage does not allow signing a handshake', result.stderr)
            self.assertIn('Alert sent: unsupported_certificate', result.stderr)

    def test_hints(self):
        """Breaks if the command names an option that cannot help, or does not name one that can."""
        for name, trusted, options in (('expired', True, set()), ('not-activated', True, set()),
                                       ('wrong-purpose', True, set()), ('wrong-name', True, {'--server-name'}),
                                       ('self-signed', True, {'--trust', '--fingerprint'}),
                                       ('rsa', False, {'--trust', '--fingerprint'}),
                                       ('wrong-name', False, {'--server-name', '--trust', '--fingerprint'}),
                                       ('expired', False, {'--fingerprint'})):
            with self.subTest(name=name, trusted=trusted), OpensslServer(name) as server:
                result = run('alice', 'connect', *(TRUST if trusted else ()), server.address)
                self.assertEqual(result.returncode, 4)
                self.assertIn('“tls-handoff probe', result.stderr)
                self.assertEqual({option for option in ('--server-name', '--trust', '--fingerprint') if option in result.stderr},
                                 options)
                for pin in re.findall('--fingerprint [0-9A-F:]+', result.stderr):
                    done = run('alice', 'connect', '--ignore-eof', *pin.split(), server.address, stdin='GET / HTTP/1.0\r\n\r\n')
                    self.assertEqual(done.returncode, 0, done.stderr)


class TestForeign(unittest.TestCase):
    def test_server(self):
        """Breaks if the message about a server that speaks no TLS says anything else."""
        with socket.create_server(('127.0.0.1', 0)) as listener:
            def greet():
                client = listener.accept()[0]
                client.sendall(b'220 mail.handoff.test ESMTP\r\n')
                client.recv(65536)
                client.close()
            thread = threading.Thread(target=greet)
            thread.start()
            result = run('alice', 'connect', f'localhost:{listener.getsockname()[1]}')
            thread.join(TIMEOUT)
        self.assertEqual(result.returncode, 1)
        self.assertIn('does not look like TLS, but like SMTP or FTP: it begins with “220 m”', result.stderr)

    def test_client(self):
        """Breaks if the message about a client that speaks no TLS says anything else."""
        path = join('ecdsa.pem', certificate('ecdsa.key'))
        with Serve('--cert', path, '--', 'cat') as serve, socket.create_connection(('localhost', serve.port)) as client:
            client.sendall(b'GET / HTTP/1.0\r\n\r\n')
            serve.said('does not look like TLS, but like HTTP')


if __name__ == '__main__':
    unittest.main()
