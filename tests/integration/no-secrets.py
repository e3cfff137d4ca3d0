#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Where secrets must not be: everything that crosses the bus is recorded while keys, passphrases and PINs go into the
service, right ones and wrong ones, and are used; then the recording, the log and all errors are searched for them, and
the memory of each of the service's programs.

It runs a second time, with --debug, where service, library and command say all that they have for developers."""

import base64
import json
import os
import secrets
import stat
import subprocess
import sys
import time
import unittest

os.environ['HANDOFF_TEST_PIN'] = PIN = secrets.token_hex(12)
DEBUG = '--debug' in sys.argv[1:]
SANITIZED = os.environ['HANDOFF_TEST_SANITIZED'] == '1'

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from caller import wait_until
from command import (OWN_RULES, TIMEOUT, Serve, as_user, certificate, import_credential, install_tokens, read,
                     remove_credentials, run, set_rules, stop_service, with_debug_messages)
from needles import freed_private_parts, private_parts, text_parts
from programs import KEEPER, TOKEN, get_programs, who_has

CREDENTIALS = '/var/lib/tls-handoff/credentials'
TOKENS = '/run/handoff-test/tokens'
KEYS = ('rsa', 'ecdsa', 'ed25519', 'client')
TRUST = ('--trust', certificate('ca.pem'))


class Recording:
    """All messages on the bus, as bytes."""

    def __init__(self):
        self.path = os.path.join(os.environ['TMPDIR'], 'bus.pcap')
        with open(self.path, 'wb') as file:
            self.process = subprocess.Popen(['busctl', '--system', 'capture'], stdout=file, stderr=subprocess.DEVNULL)
        self.mark()

    def read(self):
        with open(self.path, 'rb') as file:
            return file.read()

    def mark(self):
        """Waits until everything that was sent before is recorded: a call that is made after it has been recorded."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            name = 'org.tlshandoff.mark.m' + secrets.token_hex(8)
            subprocess.run(['busctl', '--system', 'call', 'org.freedesktop.DBus', '/org/freedesktop/DBus',
                            'org.freedesktop.DBus', 'NameHasOwner', 's', name], check=True, stdout=subprocess.DEVNULL)
            if name.encode() in self.read():
                return
            assert time.monotonic() < deadline, 'nothing is recorded'

    def end(self):
        self.mark()
        self.process.terminate()
        self.process.wait()
        return self.read()


class TestNoSecrets(unittest.TestCase):
    def test_bus_log_and_errors(self):
        """Breaks if a private key, a passphrase or a PIN crosses the bus in a message, or is logged, or told."""
        passphrase = 'passphrase-' + secrets.token_hex(12)
        wrong = 'wrong-' + secrets.token_hex(12)
        in_uri = 'in-uri-' + secrets.token_hex(12)  # which is refused, but was in the message
        needles = {name: private_parts(name) for name in KEYS}
        needles['passphrase'] = [passphrase.encode(), passphrase.encode().hex().encode()]
        needles['wrong passphrase, PIN'] = [wrong.encode()]
        needles['PIN'] = [PIN.encode(), PIN.encode().hex().encode()]
        bundle = os.path.join(os.environ['TMPDIR'], 'bundle.p12')
        os.chmod(os.environ['TMPDIR'], 0o1777)
        subprocess.run(['openssl', 'pkcs12', '-export', '-in', certificate('rsa.pem'), '-inkey', certificate('rsa.key'),
                        '-out', bundle, '-passout', f'pass:{passphrase}'], check=True)
        os.chmod(bundle, 0o644)
        own_key = os.path.join(os.environ['TMPDIR'], 'own.key')
        with open(own_key, 'w') as file:
            file.write(read('client.key'))
        os.chmod(own_key, 0o644)
        set_rules(OWN_RULES)
        install_tokens(TOKENS, 'Handoff test')
        told = ''

        def do(*arguments, status=0, stdin=None, user='alice'):
            nonlocal told
            # Of "serve", which goes on meanwhile, only what is said here is searched.
            done = run(user, *arguments, stdin=stdin, environment=with_debug_messages() if DEBUG else None)
            self.assertEqual(done.returncode, status, done.stderr)
            told += done.stdout + done.stderr

        recording = Recording()
        for name in ('rsa', 'ecdsa', 'ed25519'):
            import_credential('alice', name)
        p12 = ('credential', 'import', '--label', 'bundle', '--passphrase-file', '-', bundle)
        do(*p12, stdin=wrong, status=2)
        do(*p12, stdin=passphrase)
        # Damaged: the parser's errors must not quote it. And another certificate's.
        do('credential', 'import', '--label', 'x', '-', stdin=read('rsa.pem') + read('rsa.key')[:-100], status=2)
        do('credential', 'import', '--label', 'x', '-', stdin=read('ecdsa.pem') + read('rsa.key'), status=2)
        link = ('credential', 'link', '--label', 'card', '--pin-file', '-')
        do(*link, 'pkcs11:token=Handoff%20test;object=server-rsa', stdin=wrong, status=1)
        do(*link, 'pkcs11:token=Handoff%20test;object=server-rsa', stdin=PIN)
        do(*link, f'pkcs11:token=Handoff%20test;object=server-ecdsa?pin-value={in_uri}', stdin=PIN, status=2)
        stop_service()
        do('credential', 'unlock', '--pin-file', '-', 'card', stdin=wrong, status=1)
        do('credential', 'unlock', '--pin-file', '-', 'card', stdin=PIN)
        for label in ('rsa', 'ecdsa', 'ed25519', 'bundle', 'card'):
            do('credential', 'request', label, '--subject', 'CN=x')
            do('credential', 'show', '--json', label)
            with Serve('--credential', label, '--client-ca', certificate('client-ca.pem'), '--', 'echo', 'in') as serve:
                for option in ('--no-resumption', '--tls12'):
                    do('connect', *TRUST, option, '--cert', certificate('client.pem'), '--key', own_key,
                       f'localhost:{serve.port}', user='bob')
        # Each secret is in the program whose secret it is, and the search finds it there.
        for name in KEYS:
            in_keeper = {KEEPER} if name != 'client' else set()  # which was the caller's, for one handshake each
            self.wait_for_programs(in_keeper, freed_private_parts(name))
        self.wait_for_programs({TOKEN}, text_parts(PIN))
        for text in (passphrase, wrong, in_uri):
            self.wait_for_programs(set(), text_parts(text))
        # All that can be read over the bus, by who may read most.
        for credential in json.loads(run('root', 'credential', 'list', '--all', '--json').stdout)['credentials']:
            subprocess.run(['busctl', '--system', 'call', 'org.tlshandoff.Handoff1', credential['object-path'],
                            'org.freedesktop.DBus.Properties', 'GetAll', 's', 'org.tlshandoff.Handoff1.Credential'],
                           check=True, stdout=subprocess.DEVNULL)
        do('credential', 'list', '--all', '--json', user='root')
        do('session', 'list', '--all', '--json', user='root')
        do('status', '--statistics', user='root')
        remove_credentials()
        self.assertIn(KEEPER, {name for name, _ in get_programs()})
        for name in KEYS:
            self.wait_for_programs(set(), freed_private_parts(name))
        # The token is open for other credentials, as long as its helper runs.
        self.wait_for_programs({TOKEN}, text_parts(PIN))
        places = {'the bus': recording.end(), 'what the command said': told.encode()}
        with open(os.environ['HANDOFF_TEST_LOG'], 'rb') as file:
            places['the log'] = file.read()

        for place in ('the log', 'what the command said'):
            self.assertNotIn(in_uri.encode(), places[place])
        # The search works: it finds what is meant to be there.
        der = base64.b64decode(''.join(line for line in read('rsa.pem').splitlines() if '-----' not in line))
        self.assertIn(der[-64:], places['the bus'])
        self.assertIn(b'pkcs11:', places['the bus'])
        self.assertIn(b'credential=bundle', places['the log'])
        self.assertIn(b'passphrase is wrong', places['what the command said'])
        for place in ('the log', 'what the command said'):
            self.assertEqual(DEBUG, b'-DEBUG' in places[place] or b'DEBUG:' in places[place], place)
        for place, text in places.items():
            for what, forms in needles.items():
                for form in forms:
                    self.assertNotIn(form, text, f'{what} is in {place}')

    def wait_for_programs(self, programs, needles):
        """That these have it, and no others. What a thread is about to free, or a program that is about to end has, is
        given time."""
        if SANITIZED:
            return  # of what is freed, a sanitizer keeps copies
        wait_until(lambda: who_has(needles) == programs, f'a secret is in {programs} alone')

    def test_no_way_out(self):
        """Breaks if the interface has a method or property that could return a private key."""
        import_credential('root', 'rsa')
        path = json.loads(run('root', 'credential', 'show', '--json', 'rsa').stdout)['object-path']
        known = {'CreateCertificateRequest': 'ay', 'SelfSign': '', 'SetCertificates': '', 'SetOcspResponse': '',
                 'Unlock': '', 'Remove': '', 'Label': 's', 'Owner': 'u', 'Roles': 'as', 'Storage': 's', 'Token': 's', 'KeyAlgorithm': 's', 'Certificates': 'aay',
                 'NotAfter': 't', 'OcspNotAfter': 't', 'Problem': 's'}
        found = {}
        lines = subprocess.run(['busctl', '--system', 'introspect', '--json=short', 'org.tlshandoff.Handoff1', path,
                                'org.tlshandoff.Handoff1.Credential'], check=True, text=True,
                               stdout=subprocess.PIPE).stdout.splitlines()
        for line in lines[1:]:
            name, kind, signature, result = line.split()[:4]
            if kind in ('method', 'property'):
                found[name.lstrip('.')] = ('' if result == '-' else result) if kind == 'method' else signature
        # A member that is new has to be looked at, and added to no-secrets tests.
        self.assertEqual(found, known)

    def test_files(self):
        """Breaks if a key on disk can be read by another user than the service's."""
        import_credential('alice', 'ecdsa')
        run('alice', 'credential', 'generate', '--label', 'born here')
        n_files = 0
        for directory, _, names in os.walk('/var/lib/tls-handoff'):
            self.assertEqual(stat.S_IMODE(os.stat(directory).st_mode), 0o700, directory)
            for name in names:
                status = os.stat(os.path.join(directory, name))
                self.assertEqual(stat.S_IMODE(status.st_mode), 0o600, name)
                n_files += 1
        self.assertGreaterEqual(n_files, 5)
        for argv in (['ls', CREDENTIALS], ['cat', f'{CREDENTIALS}/*/key.pem']):
            done = subprocess.run(as_user('alice', 'sh', '-c', ' '.join(argv)), stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual(done.stdout, b'')

    def tearDown(self):
        remove_credentials()

    def setUp(self):
        set_rules(OWN_RULES)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
