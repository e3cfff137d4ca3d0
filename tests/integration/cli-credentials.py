#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The command's verbs for credentials and sessions, as unprivileged users run them."""

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import OWN_RULES, Serve, as_user, certificate, read, remove_credentials, run, set_rules

MANAGER = '''polkit.addRule(function(action, subject) {
  if (action.id == 'org.tlshandoff.Handoff1.manage-any-credentials' && subject.user == 'bob')
    return polkit.Result.YES; });
'''

EDIT = os.path.join(os.path.dirname(__file__), '..', 'lib', 'edit-pkcs12')


def openssl(*arguments, text):
    return subprocess.run(['openssl', *arguments], check=True, text=True, input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout


def certify(request):
    """What an authority makes of a request: a certificate for a year."""
    return openssl('x509', '-req', '-CA', certificate('client-ca.pem'), '-CAkey', certificate('client-ca.key'),
                   '-days', '365', '-set_serial', '77', text=request)


class TestCredentials(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        set_rules(OWN_RULES + MANAGER)
        os.chmod(os.environ['TMPDIR'], 0o1777)

    def tearDown(self):
        remove_credentials()

    def ok(self, user, *arguments, stdin=None):
        done = run(user, *arguments, stdin=stdin)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout

    def fails(self, status, text, user, *arguments, stdin=None):
        done = run(user, *arguments, stdin=stdin)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(text, done.stderr)
        self.assertEqual(done.stdout, '')

    def write(self, name, text):
        path = os.path.join(os.environ['TMPDIR'], name)
        with open(path, 'w') as file:
            file.write(text)
        os.chmod(path, 0o644)
        return path

    def pem(self, name):
        """Certificate and key in one text."""
        return read(name + '.pem') + read(name + '.key')

    def list(self, user, *options):
        return json.loads(self.ok(user, 'credential', 'list', '--json', *options))['credentials']

    def test_life(self):
        """Breaks if a key cannot be made, certified, looked at and removed by the README."""
        for key_type, algorithm in (('ecdsa-p256', 'EC/ECDSA'), ('ed25519', 'EdDSA (Ed25519)'), ('rsa-2048', 'RSA')):
            said = self.ok('alice', 'credential', 'generate', '--label', 'work', '--type', key_type)
            self.assertIn(key_type, said)
            self.assertIn('no certificate yet', said)
            self.assertIn('work: has no certificate yet', self.ok('alice', 'status'))
            request = self.ok('alice', 'credential', 'request', 'work', '--subject', 'CN=alice,O=Example',
                              '--email', 'alice@example.com', '--dns', 'www.handoff.test', '--dns', 'b.handoff.test',
                              '--ip', '192.0.2.1')
            text = openssl('req', '-noout', '-verify', '-text', text=request)
            for part in ('alice', 'email:alice@example.com', 'DNS:www.handoff.test', 'DNS:b.handoff.test',
                         'IP Address:192.0.2.1'):
                self.assertIn(part, text)

            chain = self.write('chain.pem', certify(request) + read('client-ca.pem'))
            self.ok('alice', 'credential', 'set-certificates', 'work', chain)
            self.assertNotIn('work', self.ok('alice', 'status'))
            shown = self.ok('alice', 'credential', 'show', 'work')
            self.assertIn('certificates: 1', shown)  # the root is not sent
            self.assertIn('CN=alice', shown)
            credential = json.loads(self.ok('alice', 'credential', 'show', '--json', 'work'))
            self.assertEqual(credential['key-algorithm'], key_type)
            self.assertEqual(credential['certificates'][0]['key-algorithm'], algorithm)
            self.assertEqual(credential['certificates'][0]['serial-number'], '4D')
            self.assertIsNone(credential['problem'])
            self.assertEqual(credential['not-after'], credential['certificates'][0]['not-after'])
            self.assertEqual(json.loads(self.ok('alice', 'credential', 'show', '--json', credential['object-path'])),
                             credential)
            del credential['certificates']
            self.assertEqual(self.list('alice'), [credential])
            self.ok('alice', 'credential', 'remove', 'work')
            self.assertEqual(self.list('alice'), [])

    def test_self_signed(self):
        """Breaks if a key's own certificate is not what was asked for, cannot be used, or is half made where it
        cannot be made."""
        said = self.ok('alice', 'credential', 'generate', '--label', 'own', '--self-signed', '--role', 'server', '--dns',
                       'localhost', '--ip', '127.0.0.1', '--days', '30')
        self.assertIn('signed itself', said)
        shown = json.loads(self.ok('alice', 'credential', 'show', '--json', 'own'))
        self.assertEqual(shown['certificates'][0]['names'], ['DNS:localhost', 'IP:127.0.0.1'])
        self.assertEqual(shown['certificates'][0]['subject'], shown['certificates'][0]['issuer'])
        self.assertIsNone(shown['problem'])
        trust = self.write('own.pem', shown['certificates'][0]['pem'])
        with Serve('--credential', 'own', '--', 'echo', 'in') as serve:
            self.assertEqual(self.ok('bob', 'connect', '--trust', trust, f'localhost:{serve.port}'), 'in\n')
            openssl('s_client', '-quiet', '-verify_return_error', '-verify_hostname', 'localhost', '-CAfile', trust,
                    '-connect', f'127.0.0.1:{serve.port}', text='')
        for key_type in ('ed25519', 'rsa-2048'):
            self.ok('alice', 'credential', 'generate', '--label', key_type, '--type', key_type, '--self-signed',
                    '--subject', 'CN=alice')
            self.assertIsNone(json.loads(self.ok('alice', 'credential', 'show', '--json', key_type))['problem'])
        before = self.list('alice')
        for told, options in (('--dns', ('--dns', 'a/b')), ('--subject', ('--ip', '192.0.2.1')),
                              *(('--days must be a number from 1 to 3650', ('--dns', 'x', '--days', days))
                                for days in ('0', '-1', 'x', '3651'))):
            self.fails(2, told, 'alice', 'credential', 'generate', '--label', 'bad', '--self-signed', *options)
        for options in (('--dns', 'x'), ('--days', '0')):
            self.fails(2, '--self-signed', 'alice', 'credential', 'generate', '--label', 'bad', *options)
        self.assertEqual(self.list('alice'), before)

    def test_renewal(self):
        """Breaks if who renews a certificate has to look up what it says, or is not told when and how."""
        self.ok('alice', 'credential', 'generate', '--label', 'site', '--self-signed', '--subject', 'CN=site,O=Example',
                '--dns', '*.handoff.test', '--ip', '192.0.2.1', '--ip', '2001:db8::1', '--email', 'a@handoff.test',
                '--days', '3')
        self.assertIn('credential renew-request', self.ok('alice', 'credential', 'show', 'site'))
        text = openssl('req', '-noout', '-verify', '-text', '-nameopt', 'RFC2253',
                       text=self.ok('alice', 'credential', 'renew-request', 'site'))
        for part in ('CN=site,O=Example', 'DNS:*.handoff.test', 'IP Address:192.0.2.1',
                     'IP Address:2001:DB8:0:0:0:0:0:1', 'email:a@handoff.test'):
            self.assertIn(part, text)
        self.ok('alice', 'credential', 'generate', '--label', 'new')
        self.fails(1, 'credential request', 'alice', 'credential', 'renew-request', 'new')

    def test_import(self):
        """Breaks if a key is not taken from where the user has it, or with the roles that were given."""
        combined = self.write('rsa-with-key.pem', self.pem('rsa'))
        self.ok('alice', 'credential', 'import', '--label', 'from file', '--role', 'server', combined)
        self.ok('alice', 'credential', 'import', '--label', 'from input', '--role=client', '--role=server', '-',
                stdin=self.pem('ecdsa'))
        bundle = os.path.join(os.environ['TMPDIR'], 'bundle.p12')
        subprocess.run(['openssl', 'pkcs12', '-export', '-in', certificate('ed25519.pem'), '-inkey',
                        certificate('ed25519.key'), '-out', bundle, '-passout', 'pass:sesame'], check=True)
        os.chmod(bundle, 0o644)
        self.ok('alice', 'credential', 'import', '--label', 'bundle', '--passphrase-file', '-', bundle,
                stdin='sesame\n')
        self.assertEqual({c['label']: (c['key-algorithm'], c['roles'], c['owner']) for c in self.list('alice')},
                         {'from file': ('rsa-2048', ['server'], 'alice'),
                          'from input': ('ecdsa-p256', ['client', 'server'], 'alice'),
                          'bundle': ('ed25519', ['client', 'server'], 'alice')})

        self.fails(2, 'passphrase is wrong', 'alice', 'credential', 'import', '--label', 'x', '--passphrase-file', '-',
                   bundle, stdin='wrong')
        self.fails(2, 'rsa', 'alice', 'credential', 'import', '--label', 'x', certificate('no-such-rsa.pem'))
        self.fails(2, 'larger', 'alice', 'credential', 'import', '--label', 'x', '/dev/zero')
        self.fails(2, '--role', 'alice', 'credential', 'import', '--label', 'x', '--role', 'king', combined)
        self.fails(2, 'bundle', 'alice', 'credential', 'import', '--label', 'bundle', combined)

    def pkcs12(self, name, *options):
        """A file with the key and certificate "ecdsa"."""
        path = os.path.join(os.environ['TMPDIR'], name)
        subprocess.run(['openssl', 'pkcs12', '-export', '-in', certificate('ecdsa.pem'), '-inkey',
                        certificate('ecdsa.key'), '-out', path, *options], check=True)
        os.chmod(path, 0o644)
        return path

    def test_import_empty_passphrase(self):
        """Breaks if an empty passphrase cannot be given, or is not tried when no passphrase is given."""
        path = self.pkcs12('empty.p12', '-passout', 'pass:')
        null = os.path.join(os.environ['TMPDIR'], 'null.p12')  # no octets, where the other has two (RFC 7292 B.1)
        with open(path, 'rb') as empty, open(null, 'wb') as file:
            subprocess.run([EDIT, 'null-mac'], check=True, stdin=empty, stdout=file)
        os.chmod(null, 0o644)
        for number, file in enumerate((path, null)):
            for options, stdin in (((), None), (('--passphrase-file', '-'), ''), (('--passphrase-file', '-'), '\n')):
                self.ok('alice', 'credential', 'import', '--label', f'{number} {options} {stdin!r}', *options, file,
                        stdin=stdin)
        self.fails(2, 'passphrase is wrong', 'alice', 'credential', 'import', '--label', 'x', '--passphrase-file', '-',
                   self.pkcs12('full.p12', '-passout', 'pass:sesame'), stdin='')
        self.fails(2, 'passphrase is wrong', 'alice', 'credential', 'import', '--label', 'x', '--passphrase-file', '-',
                   path, stdin='wrong')

    def test_import_hint(self):
        """Breaks if the command asks for a passphrase where none helps, or does not ask where one would help."""
        for how, helps in ((('-v2', 'aes-256-cbc'), True), (('-scrypt',), False)):
            key = subprocess.run(['openssl', 'pkcs8', '-topk8', *how, '-in', certificate('ecdsa.key'), '-passout',
                                  'pass:sesame'], check=True, stdout=subprocess.PIPE, text=True).stdout
            done = run('alice', 'credential', 'import', '--label', 'x', '-', stdin=key + read('ecdsa.pem'))
            self.assertEqual(done.returncode, 2)
            self.assertEqual('--passphrase-file' in done.stderr, helps, done.stderr)

    def test_import_bounded(self):
        """Breaks if a file makes the service work longer than a documented limit, also for those who may not import."""
        path = self.pkcs12('ordinary.p12', '-passout', 'pass:')
        with open(path, 'rb') as source:
            data = subprocess.run([EDIT, 'mac-iterations', '2147483647'], check=True, stdin=source,
                                  stdout=subprocess.PIPE).stdout
        endless = os.path.join(os.environ['TMPDIR'], 'endless.p12')
        with open(endless, 'wb') as file:
            file.write(data)
        os.chmod(endless, 0o644)
        self.fails(2, '6000000', 'alice', 'credential', 'import', '--label', 'x', endless)
        with Serve('--cert', certificate('ecdsa.pem'), '--key', certificate('ecdsa.key'), '--', 'echo') as serve:
            for file in (endless, path):
                self.fails(2, 'is PKCS#12', 'bob', 'connect', '--cert', file, f'localhost:{serve.port}')

    def test_owners(self):
        """Breaks if --owner makes, shows, changes or removes a credential of another owner, or is allowed to users who
        may not use it."""
        self.fails(3, 'manage-any-credentials', 'alice', 'credential', 'generate', '--label', 'x', '--owner', 'bob')
        self.fails(3, 'manage-any-credentials', 'alice', 'credential', 'list', '--all')
        self.ok('bob', 'credential', 'generate', '--label', 'for alice', '--owner', 'alice')
        self.ok('bob', 'credential', 'generate', '--label', 'for all', '--owner', 'machine')
        self.ok('bob', 'credential', 'generate', '--label', 'own', '--owner', '60102')
        self.assertEqual([c['label'] for c in self.list('alice')], ['for alice'])
        self.assertEqual([c['label'] for c in self.list('bob')], ['own'])
        self.assertEqual({c['label']: (c['owner'], c['owner-uid']) for c in self.list('bob', '--all')},
                         {'for alice': ('alice', 60101), 'for all': ('machine', 0), 'own': ('bob', 60102)})
        self.assertEqual([c['label'] for c in self.list('root')], ['for all'])
        self.assertEqual([c['label'] for c in self.list('bob', '--owner', 'alice')], ['for alice'])
        self.fails(1, 'no credential “for alice”', 'bob', 'credential', 'show', 'for alice')
        self.assertIn('owner:        alice', self.ok('bob', 'credential', 'show', '--owner=alice', 'for alice'))
        self.ok('bob', 'credential', 'remove', '--owner', 'alice', 'for alice')
        self.assertEqual(self.list('alice'), [])

    def test_denied(self):
        """Breaks if a denial has another exit status, or does not say what is missing."""
        set_rules('')
        try:
            self.fails(3, 'manage-own-credentials', 'alice', 'credential', 'generate', '--label', 'x')
        finally:
            set_rules(OWN_RULES + MANAGER)

    def test_wrong(self):
        """Breaks if a mistake is not explained, or does something."""
        self.ok('alice', 'credential', 'generate', '--label', 'x')
        self.fails(1, 'no credential “y”', 'alice', 'credential', 'remove', 'y')
        self.fails(2, 'rsa-2048', 'alice', 'credential', 'generate', '--label', 'y', '--type', 'rsa-1024')
        self.fails(2, 'label', 'alice', 'credential', 'generate', '--label', 'a/b')
        self.fails(2, 'subject', 'alice', 'credential', 'request', 'x')
        self.fails(2, 'PEM', 'alice', 'credential', 'set-certificates', 'x', '/dev/null')
        self.fails(2, 'key', 'alice', 'credential', 'set-certificates', 'x', certificate('rsa.pem'))
        self.fails(2, 'file', 'alice', 'credential', 'unlock', '--pin-file', '-', 'x', stdin='1234')
        self.fails(2, '--pin-file', 'alice', 'credential', 'unlock', 'x')
        self.fails(2, 'object', 'alice', 'credential', 'link', '--label', 'y', '--no-pin', 'pkcs11:token=nothing')
        # Without a PIN: a token that the administrator has opened may not be used by everybody.
        link = ('credential', 'link', '--label', 'y', '--no-pin', 'pkcs11:token=nothing;object=key')
        self.fails(3, 'manage-any-credentials', 'alice', *link)
        self.fails(1, 'nothing', 'bob', *link)
        self.assertEqual([c['label'] for c in self.list('alice')], ['x'])

    def test_escaped(self):
        """Breaks if a label that another user chose reaches the terminal as it is."""
        self.ok('alice', 'credential', 'generate', '--label', 'a\u202eb')
        for arguments in (('list', '--all'), ('list', '--all', '--json')):
            shown = self.ok('bob', 'credential', *arguments)
            self.assertNotIn('\u202e', shown)
            self.assertIn('202e', shown)

    def test_connect(self):
        """Breaks if --credential, --cert or the choice by authority do not authenticate the client, or the command does
        not say which was used."""
        self.ok('alice', 'credential', 'import', '--label', 'me', '-', stdin=self.pem('client'))
        server = subprocess.Popen(['openssl', 's_server', '-accept', '127.0.0.1:0', '-cert', certificate('ecdsa.pem'),
                                   '-key', certificate('ecdsa.key'), '-Verify', '1', '-verify_return_error',
                                   '-CAfile', certificate('client-ca.pem'), '-www'], text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            port = ''
            while 'ACCEPT' not in port:
                port = server.stdout.readline()
            target = 'localhost:' + port.rsplit(':', 1)[1].strip()
            key = self.write('client.key', read('client.key'))
            options = ('--trust', certificate('ca.pem'))
            for how, told in ((('--credential', 'me'), 'me'), ((), 'me'),
                              (('--cert', certificate('client.pem'), '--key', key), None)):
                probed = json.loads(self.ok('alice', 'probe', '--json', *options, *how, target))
                self.assertEqual(probed['credential'], told)
                page = self.ok('alice', 'connect', '--ignore-eof', *options, *how, target,
                               stdin='GET / HTTP/1.0\r\n\r\n')
                self.assertIn('Subject: CN=client', page)
            self.fails(1, 'credential list', 'alice', 'probe', *options, '--credential', 'you', target)
            self.fails(1, 'credential', 'alice', 'connect', '--tls12', *options, '--credential', '', target)
        finally:
            server.kill()
            server.communicate()

    def test_sessions(self):
        """Breaks if a handshake that stands still is not listed, or is listed for others."""
        bus = ('busctl', '--system', '--json=short', 'call', 'org.tlshandoff.Handoff1', '/org/tlshandoff/Handoff1',
               'org.tlshandoff.Handoff1.Manager', 'CreateSession', 'ssa{sv}', 'client', 'www.handoff.test', '1',
               'outlive-caller', 'b', 'true')
        subprocess.run(as_user('alice', *bus), check=True, stdout=subprocess.DEVNULL)
        listed = self.ok('alice', 'session', 'list').split()
        self.assertEqual(listed[0], 'alice')
        self.assertEqual(listed[2:4], ['client', 'continue'])
        self.assertEqual(listed[-1], 'www.handoff.test')
        session = json.loads(self.ok('root', 'session', 'list', '--all', '--json'))['sessions'][0]
        self.assertEqual((session['uid'], session['server-identity']), (60101, 'www.handoff.test'))
        # As the manual page says: null where nothing applies, seconds beside microseconds.
        self.assertEqual((session['protocol'], session['credential']), (None, None))
        self.assertAlmostEqual(session['age-seconds'] * 1e6, session['age'], delta=1)
        self.assertEqual(self.ok('bob', 'session', 'list'), '')
        self.fails(3, 'inspect-sessions', 'bob', 'session', 'list', '--all')


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
