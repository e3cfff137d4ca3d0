#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What is left of keys and passphrases in the memory of the service's programs: after imports of every kind, right, wrong,
and failing in the middle; and after the credential was removed. The keeper has keys, as long as there is the credential,
and no passphrase or PEM; no other program has anything when an import is over."""

import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import OWN_RULES, TIMEOUT, Serve, certificate, read, remove_credentials, run, set_rules, stop_service
from needles import freed_pem_parts, freed_private_parts, text_parts
from programs import IMPORTER, KEEPER, get_programs, read_memory

PASSPHRASE = 'correct horse battery staple 4711'
UMLAUTS = 'größere Pferde, schönere Äpfel 4711'
WRONG = 'wrong horse battery staple 4712'
EDIT = os.path.join(os.path.dirname(__file__), '..', 'lib', 'edit-pkcs12')

# Bash that writes the file, with the passphrase $P; the key's name; whether it can be imported with it.
KINDS = {
    'PEM': ('cat rsa.key rsa.pem', 'rsa', True),
    'PEM, EC': ('openssl ec -in ecdsa.key; cat ecdsa.pem', 'ecdsa', True),
    'PEM, EC without public key': ('openssl ec -in ecdsa.key -no_public; cat ecdsa.pem', 'ecdsa', True),
    'PEM, Ed25519': ('cat ed25519.key ed25519.pem', 'ed25519', True),
    'traditional, RSA': ('openssl rsa -traditional -aes256 -in rsa.key -passout "pass:$P"; cat rsa.pem', 'rsa', True),
    'traditional, EC': ('openssl ec -aes128 -in ecdsa.key -passout "pass:$P"; cat ecdsa.pem', 'ecdsa', True),
    'PBES2': ('openssl pkcs8 -topk8 -in ecdsa.key -passout "pass:$P"; cat ecdsa.pem', 'ecdsa', True),
    'PBES2, RSA': ('openssl pkcs8 -topk8 -v2 des3 -in rsa.key -passout "pass:$P"; cat rsa.pem', 'rsa', True),
    'PBES1': ('openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -in rsa.key -passout "pass:$P"; cat rsa.pem', 'rsa', True),
    'PBES1, MD5': ('openssl pkcs8 -topk8 -v1 PBE-MD5-DES -provider default -provider legacy -in ecdsa.key -passout '
                   '"pass:$P"; cat ecdsa.pem', 'ecdsa', True),
    'PKCS#12': ('openssl pkcs12 -export -in rsa.pem -inkey rsa.key -passout "pass:$P"', 'rsa', True),
    'PKCS#12, Ed25519': ('openssl pkcs12 -export -in ed25519.pem -inkey ed25519.key -passout "pass:$P"', 'ed25519', True),
    'PKCS#12, legacy': ('openssl pkcs12 -export -legacy -in rsa.pem -inkey rsa.key -passout "pass:$P"', 'rsa', True),
    'PKCS#12 without MAC': ('openssl pkcs12 -export -nomac -legacy -in ecdsa.pem -inkey ecdsa.key -passout "pass:$P"',
                            'ecdsa', True),
    'PKCS#12, PBMAC1': ('openssl pkcs12 -export -in ecdsa.pem -inkey ecdsa.key -passout "pass:$P" | '
                        '$EDIT pbmac1 "$P"', 'ecdsa', True),
    'PKCS#12, BER': ('openssl pkcs12 -export -in rsa.pem -inkey rsa.key -passout "pass:$P" | $EDIT ber', 'rsa', True),
    'PKCS#12, nested': ('openssl pkcs12 -export -in rsa.pem -inkey rsa.key -passout pass: -nomac -keypbe NONE -certpbe '
                        'NONE | $EDIT nested 2', 'rsa', True),
    # Fails when the key is there already.
    'mismatch': ('cat rsa.key ecdsa.pem', 'rsa', False),
    'mismatch, EC': ('openssl ec -in ecdsa.key -no_public; cat rsa.pem', 'ecdsa', False),
    'mismatch, PBES2': ('openssl pkcs8 -topk8 -in rsa.key -passout "pass:$P"; cat ecdsa.pem', 'rsa', False),
    'mismatch, PBES1': ('openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -in rsa.key -passout "pass:$P"; cat ecdsa.pem', 'rsa',
                        False),
    'mismatch, traditional': ('openssl rsa -traditional -aes256 -in rsa.key -passout "pass:$P"; cat ecdsa.pem', 'rsa',
                              False),
    'several keys': ('cat rsa.key rsa.pem; openssl ec -in ecdsa.key', 'rsa', False),
    'damaged number': ('openssl rsa -traditional -in rsa.key | sed "5y/AB/BA/;5s/[^AB]/A/9"; cat rsa.pem', 'rsa', False),
    'cut off': ('head -c -40 rsa.key; cat rsa.pem', 'rsa', False),
    'broken MAC': ('openssl pkcs12 -export -in rsa.pem -inkey rsa.key -passout "pass:$P" | $EDIT broken-mac', 'rsa',
                   False),
    'a cipher that is not possible': ('openssl pkcs12 -export -certpbe aria-256-cbc -in rsa.pem -inkey rsa.key -passout '
                                      '"pass:$P"', 'rsa', False),
}


def make(script, passphrase):
    return subprocess.run(['bash', '-c', script], check=True, cwd=certificate(''), stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, env=dict(os.environ, P=passphrase, EDIT=EDIT)).stdout


class TestImportSecrets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        set_rules(OWN_RULES)
        os.chmod(os.environ['TMPDIR'], 0o1777)
        cls.keys = {name: freed_private_parts(name) for name in ('rsa', 'ecdsa', 'ed25519')}
        cls.pem = {name: freed_pem_parts(name) for name in cls.keys}

    def tearDown(self):
        remove_credentials()

    def assert_only(self, programs, what, needles):
        """That these programs have one of them, and no other program any. Memory that a thread is about to free is given
        time; what stays after that stays. An importer has to be gone."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            running = get_programs()
            found = {name for name, pid in running for memory in [read_memory(pid)]
                     if any(needle in memory for needle in needles)}
            if any(name == IMPORTER for name, _ in running):
                found.add('an importer')
            if found == programs or time.monotonic() > deadline:
                break
        self.assertEqual(found, programs, what)

    def assert_nothing(self, what, needles):
        self.assert_only(set(), what, needles)

    def do_import(self, data, passphrase, status):
        path = os.path.join(os.environ['TMPDIR'], 'file')
        with open(path, 'wb') as file:
            file.write(data)
        os.chmod(path, 0o644)
        done = run('alice', 'credential', 'import', '--label', 'x', '--passphrase-file', '-', path, stdin=passphrase)
        self.assertEqual(done.returncode, status, done.stderr)

    def test_kinds(self):
        """Breaks if a passphrase outlives its import, or a key its credential, in whatever form."""
        words = [part for text in (PASSPHRASE, UMLAUTS, WRONG) for part in text_parts(text)]
        for kind, (script, key, is_good) in KINDS.items():
            for passphrase in (PASSPHRASE, UMLAUTS) if '12 -export' in script else (PASSPHRASE,):
                data = make(script, passphrase)
                if '$P' in script:
                    self.do_import(data, WRONG, 2)
                    self.assert_nothing(f'{kind}, wrong passphrase', words + self.keys[key])
                if kind == 'PEM':
                    self.assertTrue(all(part in data for part in self.pem[key]))
                self.do_import(data, passphrase, 0 if is_good else 2)
                self.assert_nothing(f'{kind}: the passphrase', words)
                self.assert_nothing(f'{kind}: PEM', self.pem[key])
                if is_good:
                    self.assert_only({KEEPER}, f'{kind}: the key', self.keys[key])
                    self.assertEqual(run('alice', 'credential', 'remove', 'x').returncode, 0)
                self.assert_nothing(f'{kind}: the key', self.keys[key])

    def test_life(self):
        """Breaks if a key that was read from the disk, used and asked for a request outlives its credential."""
        for name in self.keys:
            self.do_import(make(f'cat {name}.key {name}.pem', ''), '', 0)
            stop_service()
            self.assertEqual(run('alice', 'credential', 'request', 'x', '--subject', 'CN=x').returncode, 0)
            with Serve('--credential', 'x', '--', 'echo', 'in') as serve:
                for option in ('--no-resumption', '--tls12'):
                    done = run('bob', 'connect', '--trust', certificate('ca.pem'), option, f'localhost:{serve.port}')
                    self.assertEqual(done.returncode, 0, done.stderr)
            self.assert_only({KEEPER}, name, self.keys[name])
            self.assert_nothing(f'{name}: PEM', self.pem[name])
            self.assertEqual(run('alice', 'credential', 'remove', 'x').returncode, 0)
            self.assert_nothing(name, self.keys[name])

    def test_plain(self):
        """Breaks if a key that a caller gave for one handshake outlives it."""
        for name in self.keys:
            path = os.path.join(os.environ['TMPDIR'], name + '.both')
            with open(path, 'w') as file:
                file.write(read(name + '.pem') + read(name + '.key'))
            os.chmod(path, 0o644)
            with Serve('--cert', path, '--', 'echo', 'in') as serve:
                done = run('bob', 'connect', '--trust', certificate('ca.pem'), f'localhost:{serve.port}')
                self.assertEqual(done.returncode, 0, done.stderr)
            self.assert_nothing(name, self.keys[name])


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
