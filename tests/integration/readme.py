#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The recipes of README.md, as each of its readers would type them: its commands are taken from there, and run as they
are. The servers that it names are here, with certificates of an authority that the system trusts. So is the recipe for
backups in docs/ADMINISTRATION.md."""

import contextlib
import os
import pty
import re
import shutil
import subprocess
import sys
import termios
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import OWN_RULES, TIMEOUT, as_user, certificate, remove_credentials, set_rules
from starttls_peer import Peer
from tls_server import TlsServer

SOURCE = os.path.join(os.path.dirname(__file__), '../..')
NAMES = ['www.example.com', 'mail.example.com', 'intranet.example.com']
# What a test of a single machine has not: a browser on a desktop, and systemd.
NOT_HERE = ('epiphany', 'journalctl')


def commands(heading, document='README.md'):
    """The indented lines below a heading, without what is said of them."""
    with open(f'{SOURCE}/{document}', encoding='utf-8') as file:
        section = file.read().partition(f'\n## {heading}\n')[2].partition('\n## ')[0]
    section = re.sub(r'^```.*?^```', '', section, flags=re.M | re.S)
    lines = re.sub(r'\\\n', ' ', '\n'.join(re.findall(r'^    (.*(?:\\\n.*)*)', section, re.M))).splitlines()
    lines = [re.sub(r'\s\s#.*', '', line).strip() for line in lines]
    return [line for line in lines if not any(word in line for word in NOT_HERE)]


def openssl(*arguments):
    subprocess.run(['openssl', *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def answer(tls):
    """What a server of the web does, more or less."""
    if tls.recv(65536):
        tls.sendall(b'HTTP/1.0 200 OK\r\n\r\nhello')
    tls.unwrap()


class TestReadme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """A home for those who read, with the files that they have by then; names, a trusted authority, servers."""
        cls.home = os.path.join(os.environ['TMPDIR'], 'home')
        os.mkdir(cls.home)
        os.chmod(cls.home, 0o1777)
        with open('/etc/hosts', 'a') as file:
            file.writelines(f'127.0.0.1 {name}\n' for name in NAMES)
        with open(certificate('ca.pem')) as authority, open('/etc/ssl/certs/ca-certificates.crt', 'a') as file:
            file.write(authority.read())
        shutil.copy(certificate('ca.pem'), cls.path('ca.pem'))
        openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=site',
                '-addext', 'subjectAltName=' + ','.join(f'DNS:{name}' for name in [*NAMES, 'localhost']),
                '-keyout', cls.path('site.key'), '-out', cls.path('site.csr'))
        cls.certify('site.csr', 'site.crt')
        with open(cls.path('site.pem'), 'wb') as file:
            subprocess.run(['cat', cls.path('site.crt'), cls.path('site.key')], check=True, stdout=file)
        openssl('pkcs12', '-export', '-in', cls.path('site.pem'), '-passout', 'pass:secret', '-out', cls.path('site.p12'))
        for name in os.listdir(cls.home):
            os.chmod(cls.path(name), 0o644)
        servers = [TlsServer(behaviour=answer, port=port) for port in (443, 993, 8443)]
        servers[-1].context.set_alpn_protocols(['h2'])
        cls.mail = Peer('smtp', port=25)
        for server in [*servers, cls.mail]:
            server.context.load_cert_chain(cls.path('site.crt'), cls.path('site.key'))

    @classmethod
    def tearDownClass(cls):
        cls.mail.__exit__()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.home, name)

    @classmethod
    def certify(cls, request, name):
        openssl('x509', '-req', '-in', cls.path(request), '-CA', certificate('ca.pem'), '-CAkey', certificate('ca.key'),
                '-copy_extensions', 'copy', '-out', cls.path(name))
        os.chmod(cls.path(name), 0o644)

    def setUp(self):
        set_rules(OWN_RULES)

    def tearDown(self):
        remove_credentials()

    def start(self, user, line):
        # The examples as they are installed: the source may be closed to other users. The ports of servers are those of
        # the test.
        line = line.replace('data/examples/', '/usr/share/doc/tls-handoff/examples/').replace('--listen 8443', '--listen 0')
        return subprocess.Popen(as_user(user, 'env', f'HOME={self.home}', 'bash', '-c', line), start_new_session=True,
                                cwd=self.home, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def works(self, user, line):
        """What the command prints, which succeeds; of "serve": what it says when it listens."""
        is_server = ' serve ' in line
        with self.start(user, 'exec ' * is_server + line) as process:
            if is_server:
                said = ''
                while 'listening on' not in said:
                    more = process.stderr.readline()
                    self.assertTrue(more, (line, said))
                    said += more
                process.terminate()
                return said
            output, errors = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 0, (line, output, errors))
        return output

    def test_desktop(self):
        """Breaks if somebody on a desktop cannot turn the GIO module on, or get a certificate of his own and use it."""
        done = {}
        for line in commands('On the desktop'):
            done[line] = self.works('alice', line)
            if 'credential request' in line:
                self.certify('request.pem', 'chain.pem')
        self.assertGreaterEqual(len(done), 7)
        self.assertIn('backend:         handoff\n', done['GIO_USE_TLS=handoff tls-handoff status --gio'])
        with open(self.path('.config/environment.d/tls-handoff.conf')) as file:
            self.assertEqual(file.read(), 'GIO_USE_TLS=handoff\n')
        self.assertIn('trusted as intranet.example.com', done['tls-handoff probe --credential work intranet.example.com'])

    def test_administrator(self):
        """Breaks if an administrator cannot import a key, serve with it, reload, or see what goes on."""
        lines = commands('As an administrator')
        self.assertGreaterEqual(len(lines), 3)
        for line in lines:
            if 'site.p12' in line:
                self.import_with_passphrase(line, b'secret\n')
            else:
                self.works('root', line)
        self.works('root', 'tls-handoff reload')

    def import_with_passphrase(self, line, passphrase):
        """It is asked for on the terminal."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.home)
            os.execvp('bash', ['bash', '-c', line])
        shown = b''
        with contextlib.suppress(OSError):
            while data := os.read(terminal, 4096):
                shown += data
                if passphrase and b'assphrase' in shown and not termios.tcgetattr(terminal)[3] & termios.ECHO:
                    os.write(terminal, passphrase)
                    passphrase = None
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, shown)

    def test_backup(self):
        """Breaks if a credential does not come back from the copy, or others are lost."""
        for label in 'kept', 'lost':
            self.works('alice', f'tls-handoff credential generate --label {label} --self-signed --dns localhost')
        save, *restore = commands('Backup', 'docs/ADMINISTRATION.md')
        self.works('root', save)
        self.works('alice', 'tls-handoff credential remove lost')
        self.works('alice', 'tls-handoff credential generate --label new')
        self.assertGreaterEqual(len(restore), 3)
        for line in restore:
            self.works('root', line)
        found = self.works('alice', 'tls-handoff credential list').splitlines()
        self.assertEqual([line.split()[0] for line in found], ['kept', 'lost', 'new'])
        self.works('alice', 'tls-handoff credential request lost --subject CN=alice')

    # A program without the sanitizer cannot use a library with it.
    @unittest.skipIf(os.environ['HANDOFF_TEST_SANITIZED'] == '1', 'the library has a sanitizer')
    def test_developer(self):
        """Breaks if the example cannot be built by the command that README.md has, or does not fetch a page."""
        with open(f'{SOURCE}/README.md', encoding='utf-8') as file:
            build = re.search(r'`(cc fetch\.c .*?)`', file.read()).group(1)
        shutil.copy(f'{SOURCE}/data/examples/fetch.c', self.path('fetch.c'))
        os.chmod(self.path('fetch.c'), 0o644)
        self.works('alice', build)
        self.assertIn('hello', self.works('alice', './a.out www.example.com'))

    def test_script(self):
        """Breaks if a command for scripts does not do what README.md says of it."""
        done = {line: self.works('alice', line) for line in commands('In a script')}
        self.assertGreaterEqual(len(done), 12)
        self.assertIn('hello', next(output for line, output in done.items() if line.startswith('printf')))
        with open(self.path('server.pem')) as file:
            self.assertIn('BEGIN CERTIFICATE', file.read())


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
