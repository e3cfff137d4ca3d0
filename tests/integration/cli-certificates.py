#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The command shows a server's certificate, keeps it, and says when it ends."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import OWN_RULES, TlsServer, certificate, import_credential, read, remove_credentials, run, set_rules

TRUST = ('--trust', certificate('ca.pem'))


def blocks(text):
    """The certificates in PEM text."""
    end = '-----END CERTIFICATE-----\n'
    return [block + end for block in text.split(end)[:-1]]


class TestUntrusted(unittest.TestCase):
    def test_negotiated(self):
        """Breaks if what was negotiated before the certificate was refused is not shown, or the status says that all
        is well."""
        for version, protocol in (('-tls1_2', 'TLS1.2'), ('-tls1_3', 'TLS1.3')):
            for name, reason in (('self-signed', 'unknown-authority'), ('expired', 'expired')):
                with self.subTest(version=version, name=name), \
                     TlsServer(name, version, '-alpn', 'h2', '-Verify', '1', '-CAfile', certificate('client-ca.pem')) as server:
                    done = run('alice', 'probe', '--json', '--alpn', 'h2', *TRUST, server.address)
                    self.assertEqual(done.returncode, 4, done.stderr)
                    found = json.loads(done.stdout)
                    self.assertFalse(found['trusted'])
                    self.assertEqual(found['verification-errors'], [reason])
                    self.assertEqual((found['protocol'], found['application-protocol'], found['server-name']),
                                     (protocol, 'h2', 'localhost'))
                    self.assertEqual(found['ocsp-status'], 'none')
                    self.assertTrue(found['client-certificate-requested'])
                    self.assertEqual(len(found['client-certificate-authorities']), 1)
                    # Nothing was exported, and nobody logged in.
                    self.assertIsNone(found['key-blob'])
                    self.assertIsNone(found['credential'])
                    text = run('alice', 'probe', '--alpn', 'h2', *TRUST, server.address).stdout
                    for line in ('ALPN:         h2', 'verification: NOT trusted', f'  {reason}: '):
                        self.assertIn('\n' + line, text)

    def test_names(self):
        """Breaks if who meets another name than the expected one is not told which names there are."""
        with TlsServer('wrong-name') as server:
            names = json.loads(run('alice', 'probe', '--json', *TRUST, server.address).stdout)['certificates'][0]['names']
            name = names[0].split(':', 1)[1]
            done = run('alice', 'connect', *TRUST, server.address)
            self.assertEqual(done.returncode, 4)
            self.assertIn(f'hint: the certificate is for {name}', done.stderr)
            self.assertIn(f'it is for {name}\n', run('alice', 'probe', *TRUST, server.address).stdout)
            done = run('alice', 'probe', *TRUST, '--server-name', name, server.address)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn('it is for', done.stdout)


class TestRequest(unittest.TestCase):
    def test_shown(self):
        """Breaks if a server's wish for a certificate is not told, or one that is not there is."""
        cases = (((), False, None, 'not asked for'),
                 (('-verify', '1'), True, [], 'asked for, of any authority'),
                 (('-verify', '1', '-CAfile', certificate('client-ca.pem')), True, 1, 'of one of these authorities'))
        for options, requested, authorities, words in cases:
            for version in ('-tls1_2', '-tls1_3'):
                with self.subTest(options=options, version=version), TlsServer('ecdsa', version, *options) as server:
                    found = json.loads(run('alice', 'probe', '--json', *TRUST, server.address).stdout)
                    self.assertEqual(found['client-certificate-requested'], requested)
                    named = found['client-certificate-authorities']
                    self.assertEqual(len(named) if authorities == 1 else named, authorities)
                    text = run('alice', 'probe', *TRUST, server.address).stdout
                    self.assertIn(words, text)
                    for name in named or ():
                        self.assertIn(f'\n  {name}\n', text)
                        self.assertRegex(name, '^CN=')


class TestPem(unittest.TestCase):
    def test_probe(self):
        """Breaks if what --pem prints or writes is not the chain that was sent, is not printed of a server that is not
        trusted, or cannot be trusted."""
        with TlsServer('ecdsa', '-cert_chain', certificate('ca.pem')) as server:
            done = run('alice', 'probe', '--pem', *TRUST, server.address)
            self.assertEqual(done.returncode, 0, done.stderr)
            chain = blocks(done.stdout)
            self.assertEqual(''.join(chain), done.stdout)
            self.assertEqual(len(chain), 2)
            self.assertIn(chain[0], read('ecdsa.pem'))
            self.assertIn(chain[1], read('ca.pem'))
            self.assertEqual(run('alice', 'probe', *TRUST, server.address, '--pem').stdout, done.stdout)
        with TlsServer('self-signed') as server, tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            path = os.path.join(folder, 'server.pem')
            done = run('alice', 'probe', '--json', f'--pem={path}', server.address)
            self.assertEqual(done.returncode, 4, done.stderr)
            with open(path) as file:
                self.assertEqual(file.read(), json.loads(done.stdout)['certificates'][0]['pem'])
            self.assertEqual(run('alice', 'probe', '--pem', server.address).returncode, 4)
            self.assertEqual(run('alice', 'probe', '--trust', path, server.address).returncode, 0)
            done = run('alice', 'probe', f'--pem={folder}', server.address)
            self.assertEqual(done.returncode, 1)
            self.assertIn(folder, done.stderr)

    def test_credential(self):
        """Breaks if the certificates of a credential cannot be had alone."""
        set_rules(OWN_RULES)
        self.addCleanup(set_rules, '')
        self.addCleanup(remove_credentials)
        import_credential('alice', 'client')
        done = run('alice', 'credential', 'show', '--pem', 'client')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(blocks(done.stdout)), 1)
        self.assertIn(blocks(done.stdout)[0], read('client.pem'))


class TestExpiry(unittest.TestCase):
    def test_statuses(self):
        """Breaks if a certificate that ends soon is not told of, or one that nobody needs is."""
        with TlsServer('ecdsa', '-cert_chain', certificate('expired.pem')) as server:
            done = run('alice', 'probe', '--expires-within', '0', *TRUST, server.address)
            self.assertEqual(done.returncode, 0, done.stderr)
            done = run('alice', 'probe', '--expires-within', '36500', *TRUST, server.address)
            self.assertEqual(done.returncode, 6, done.stderr)
            self.assertRegex(done.stderr, r'“CN=.*” ends in \d+ days?, on \d{4}-')
        with TlsServer('expired') as server:
            done = run('alice', 'probe', '--expires-within', '0', *TRUST, server.address)
            self.assertEqual(done.returncode, 4)
            self.assertIn('“CN=expired” ended on ', done.stderr)


if __name__ == '__main__':
    unittest.main()
