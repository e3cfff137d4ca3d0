#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The command shows a server's certificate, keeps it, and says when it ends."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import OWN_RULES, OpensslServer, certificate, import_credential, read, remove_credentials, run, set_rules

MANUAL = os.path.join(os.path.dirname(__file__), '../../data/man/tls-handoff.1.rst')
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
                     OpensslServer(name, version, '-alpn', 'h2', '-Verify', '1', '-CAfile', certificate('client-ca.pem')) as server:
                    done = run('alice', 'probe', '--json', '--alpn', 'h2', *TRUST, server.address)
                    self.assertEqual(done.returncode, 4, done.stderr)
                    found = json.loads(done.stdout)
                    self.assertFalse(found['trusted'])
                    self.assertEqual(found['verification-errors'], [reason])
                    self.assertEqual((found['protocol'], found['application-protocol'], found['server-name']),
                                     (protocol, 'h2', 'localhost'))
                    self.assertEqual(found['ocsp-status'], 'none')
                    # TLS 1.2's servers ask after their certificate.
                    asked, authorities = found['client-certificate-requested'], found['client-certificate-authorities']
                    self.assertEqual((asked, authorities and len(authorities)),
                                     (None, None) if protocol == 'TLS1.2' else (True, 1))
                    # Nothing was exported, and nobody logged in.
                    self.assertIsNone(found['key-blob'])
                    self.assertIsNone(found['credential'])
                    text = run('alice', 'probe', '--alpn', 'h2', *TRUST, server.address).stdout
                    request = 'not known yet' if protocol == 'TLS1.2' else 'asked for, of one'
                    for line in ('ALPN:         h2', f'client cert.: {request}', 'verification: NOT trusted',
                                 f'  {reason}: '):
                        self.assertIn('\n' + line, text)

    def test_names(self):
        """Breaks if who meets another name than the expected one is not told which names there are."""
        with OpensslServer('wrong-name') as server:
            names = json.loads(run('alice', 'probe', '--json', *TRUST, server.address).stdout)['certificates'][0]['names']
            plain = [name.split(':', 1)[1] for name in names]
            done = run('alice', 'connect', *TRUST, server.address)
            self.assertEqual(done.returncode, 4)
            self.assertIn(f'than localhost: the certificate is for {", ".join(plain)}\n', done.stderr)
            self.assertIn(f'it is for {", ".join(plain)}\n', run('alice', 'probe', *TRUST, server.address).stdout)
            done = run('alice', 'probe', *TRUST, '--server-name', plain[0], server.address)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn('it is for', done.stdout)


class TestDocumented(unittest.TestCase):
    def test_members(self):
        """Breaks if the JSON has a member that the manual does not tell of, or lacks one that it does."""
        with open(MANUAL, encoding='utf-8') as file:
            text = file.read().partition('Members that **probe** prints')[2].partition('\nWith several servers')[0]
        documented = {name.strip() for line in re.findall(r'^([a-z][a-z, -]+)$', text, re.M) for name in line.split(',')}
        for name in ('ecdsa', 'self-signed'):
            with OpensslServer(name) as server:
                found = json.loads(run('alice', 'probe', '--json', *TRUST, server.address).stdout)
            self.assertEqual(set(found), documented)
            for member in found['certificates'][0]:
                self.assertRegex(text, rf'(?<![\w-]){member}(?![\w-])')


class TestRequest(unittest.TestCase):
    def test_shown(self):
        """Breaks if a server's wish for a certificate is not told, or one that is not there is."""
        cases = (((), False, None, 'not asked for'),
                 (('-verify', '1'), True, [], 'asked for, of any authority'),
                 (('-verify', '1', '-CAfile', certificate('client-ca.pem')), True, 1, 'of one of these authorities'))
        for options, requested, authorities, words in cases:
            for version in ('-tls1_2', '-tls1_3'):
                with self.subTest(options=options, version=version), OpensslServer('ecdsa', version, *options) as server:
                    found = json.loads(run('alice', 'probe', '--json', *TRUST, server.address).stdout)
                    self.assertEqual(found['client-certificate-requested'], requested)
                    named = found['client-certificate-authorities']
                    self.assertEqual(len(named) if authorities == 1 else named, authorities)
                    text = run('alice', 'probe', *TRUST, server.address).stdout
                    self.assertIn(words, text)
                    for name in named or ():
                        self.assertIn(f'\n  {name}\n', text)
                        self.assertRegex(name, '^CN=')


    def test_insisting(self):
        """Breaks if a server that ends the handshake for want of a certificate keeps what it negotiated, and whose
        certificates it takes, to itself."""
        with OpensslServer('ecdsa', '-tls1_2', '-Verify', '1', '-verify_return_error',
                           '-CAfile', certificate('client-ca.pem')) as server:
            done = run('alice', 'probe', '--json', *TRUST, server.address)
            self.assertEqual(done.returncode, 1)
            self.assertIn('asked for a client certificate', done.stderr)
            found = json.loads(done.stdout)
            self.assertEqual((found['protocol'], found['server-name']), ('TLS1.2', 'localhost'))
            self.assertRegex(found['cipher-suite'], '^TLS_ECDHE_ECDSA_')
            self.assertTrue(found['client-certificate-requested'])
            self.assertEqual(found['client-certificate-authorities'], ['CN=TLS Handoff test client-ca'])
            # The server had not proven yet that it has the key.
            self.assertIsNone(found['trusted'])
            self.assertEqual(found['verification-errors'], [])
            self.assertEqual(len(found['certificates']), 1)
            text = run('alice', 'probe', *TRUST, server.address).stdout
            self.assertIn('\n  CN=TLS Handoff test client-ca\n', text)
            self.assertIn('\nverification: the handshake ended too early\n', text)


class TestPem(unittest.TestCase):
    def test_probe(self):
        """Breaks if what --pem prints or writes is not the chain that was sent, is not printed of a server that is not
        trusted, or cannot be trusted."""
        with OpensslServer('ecdsa', '-cert_chain', certificate('ca.pem')) as server:
            done = run('alice', 'probe', '--pem', *TRUST, server.address)
            self.assertEqual(done.returncode, 0, done.stderr)
            chain = blocks(done.stdout)
            self.assertEqual(''.join(chain), done.stdout)
            self.assertEqual(len(chain), 2)
            self.assertIn(chain[0], read('ecdsa.pem'))
            self.assertIn(chain[1], read('ca.pem'))
            self.assertEqual(run('alice', 'probe', *TRUST, server.address, '--pem').stdout, done.stdout)
        with OpensslServer('self-signed') as server, tempfile.TemporaryDirectory() as folder:
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

    def test_special_file(self):
        """Breaks if a link or a pipe is replaced by a file, or does not get the certificates: as root, that would be the
        end of /dev/stdout."""
        with OpensslServer('self-signed') as server, tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            link, target, pipe = (os.path.join(folder, name) for name in ('link', 'target', 'pipe'))
            with open(target, 'w') as file:
                file.write('what was there before is longer than the certificates\n' * 100)
            os.chmod(target, 0o666)
            os.symlink(target, link)
            self.assertEqual(run('alice', 'probe', f'--pem={link}', server.address).returncode, 4)
            self.assertTrue(os.path.islink(link))
            with open(target) as file:
                pem = file.read()
            self.assertEqual(''.join(blocks(pem)), pem)
            os.mkfifo(pipe)
            os.chmod(pipe, 0o666)
            # Who opens both ends does not wait for the other; a pipe has room for this.
            with open(os.open(pipe, os.O_RDWR), 'rb') as file:
                self.assertEqual(run('alice', 'probe', f'--pem={pipe}', server.address).returncode, 4)
                self.assertEqual(file.read(len(pem)).decode(), pem)

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
        with OpensslServer('ecdsa', '-cert_chain', certificate('expired.pem')) as server:
            done = run('alice', 'probe', '--expires-within', '0', *TRUST, server.address)
            self.assertEqual(done.returncode, 0, done.stderr)
            done = run('alice', 'probe', '--expires-within', '36500', *TRUST, server.address)
            self.assertEqual(done.returncode, 6, done.stderr)
            self.assertRegex(done.stderr, r'“CN=.*” ends in \d+ days?, on \d{4}-')
        # A session that is resumed is no way past that.
        with OpensslServer('ecdsa') as server:
            done = run('alice', 'connect', '--ignore-eof', *TRUST, server.address, stdin='GET / HTTP/1.0\r\n\r\n')
            self.assertEqual(done.returncode, 0, done.stderr)
            done = run('alice', 'probe', '--json', '--expires-within', '36500', *TRUST, server.address)
            self.assertEqual((done.returncode, json.loads(done.stdout)['resumed']), (6, True), done.stderr)
        with OpensslServer('expired') as server:
            done = run('alice', 'probe', '--expires-within', '0', *TRUST, server.address)
            self.assertEqual(done.returncode, 4)
            self.assertIn('“CN=expired” ended on ', done.stderr)


class TestAcceptance(unittest.TestCase):
    request = 'GET / HTTP/1.0\r\n\r\n'

    def connect(self, server, *options, status=0):
        done = run('alice', 'connect', '--ignore-eof', *options, server.address, stdin=self.request, verbose='-v' in options)
        self.assertEqual(done.returncode, status, done.stderr)
        # Whoever is not trusted gets nothing.
        self.assertEqual('HTTP/1.0 200' in done.stdout, status == 0)
        return done.stderr

    def sha256(self, name):
        """The way that OpenSSL prints it."""
        done = subprocess.run(['openssl', 'x509', '-in', certificate(name + '.pem'), '-noout', '-fingerprint', '-sha256'],
                              check=True, text=True, stdout=subprocess.PIPE)
        return done.stdout.strip().split('=')[1]

    def test_insecure(self):
        """Breaks if --insecure does not go on, or does so in silence, or warns of a server that is trusted."""
        for version in ('-tls1_2', '-tls1_3'):
            for name, reasons in (('self-signed', {'unknown-authority'}), ('expired', {'expired'}), ('wrong-name', {'wrong-name'}),
                                  ('ecdsa', set())):
                with self.subTest(version=version, name=name), OpensslServer(name, version) as server:
                    self.connect(server, *TRUST, status=4 if reasons else 0)
                    said = self.connect(server, '--insecure', *TRUST)
                    if not reasons:
                        self.assertEqual(said, '')
                        continue
                    self.assertIn('WARNING: the server\'s certificate is NOT trusted', said)
                    for reason in reasons:
                        self.assertIn(f'WARNING: {reason}: ', said)
                    self.assertIn(f'--fingerprint {self.sha256(name)} ', said)

    def test_insecure_credential(self):
        """Breaks if a server that is not trusted learns who the user is, without being told to."""
        set_rules(OWN_RULES)
        self.addCleanup(set_rules, '')
        self.addCleanup(remove_credentials)
        import_credential('alice', 'client')
        asks = ('-verify', '1', '-CAfile', certificate('client-ca.pem'))
        with OpensslServer('ecdsa', *asks) as server:
            self.assertIn('credential:   client', self.connect(server, '-v', *TRUST))
        with OpensslServer('self-signed', *asks) as server:
            self.assertIn('credential:   none', self.connect(server, '-v', '--insecure'))
            self.assertIn('credential:   client', self.connect(server, '-v', '--insecure', '--credential', 'client'))

    def test_fingerprint(self):
        """Breaks if another certificate is taken, although an authority issued it, or the right one is refused; or if
        either is resumed."""
        for version in ('-tls1_2', '-tls1_3'):
            for name in ('self-signed', 'expired', 'ecdsa'):
                with self.subTest(version=version, name=name), OpensslServer(name, version) as server:
                    right = self.sha256(name)
                    for fingerprint in (right, right.lower().replace(':', '')) * 2:
                        self.assertEqual(self.connect(server, '--fingerprint', fingerprint), '')
                    said = self.connect(server, '--fingerprint', self.sha256('rsa'), status=4)
                    self.assertIn('another one than that of --fingerprint', said)
                    self.assertIn(f'its SHA-256 is {right}\n', said)

    def test_denied(self):
        """Breaks if a rule cannot keep users from deciding about certificates."""
        set_rules("""polkit.addRule(function(action, subject) {
          if (action.lookup('review-certificate') == 'true') return polkit.Result.NO; });""")
        self.addCleanup(set_rules, '')
        with OpensslServer('ecdsa') as server:
            self.connect(server, *TRUST)
            self.connect(server, '--insecure', *TRUST, status=3)
            self.connect(server, '--fingerprint', self.sha256('ecdsa'), status=3)
            # Who looks does not decide.
            self.assertEqual(run('alice', 'probe', server.address).returncode, 4)

    def test_usage(self):
        """Breaks if options that exclude each other, or no fingerprint, pass."""
        for options, words in ((('--fingerprint', 'AB:CD'), '64 hexadecimal digits'),
                               (('--fingerprint', '0' * 63 + 'g'), '64 hexadecimal digits'),
                               (('--fingerprint', '0' * 64, '--insecure'), 'without --insecure'),
                               (('--fingerprint', '0' * 64, *TRUST), 'without --trust')):
            done = run('alice', 'connect', *options, 'localhost:1')
            self.assertEqual(done.returncode, 2)
            self.assertIn(words, done.stderr)


if __name__ == '__main__':
    unittest.main()
