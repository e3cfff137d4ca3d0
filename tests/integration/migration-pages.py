#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The code in docs/from-*.md, what was and what is, does what the pages say, as it stands there: C is compiled, and run if
it is a whole program; scripts are run by an ordinary user, with servers under the names that the pages give them. Breaks
if a page and the library, the command or the other side differ."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
TREE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TREE / 'tests/integration/support'))
import command

HOST = 'www.example.com'
USER = 'alice'
WORK = pathlib.Path(os.environ['TMPDIR'], 'pages')
ENVIRONMENT = dict(os.environ, GSETTINGS_BACKEND='memory', HOME=str(WORK))
PACKAGES = ('tls-handoff-1', 'openssl')
# What a piece that is no program takes for granted.
PRELUDE = '#include <tls-handoff/tls-handoff.h>\n'
STATUS_LINE = 'HTTP/1.0 200'


def blocks(page, language):
    text = (TREE / 'docs' / page).read_text(encoding='utf-8')
    return re.findall(rf'^```{language}\n(.*?)^```', text, re.M | re.S)


def make_certificate(name):
    """name.pem and name.key in WORK, for HOST, of the authority "ca"."""
    path = str(WORK / name)
    subprocess.run(['openssl', 'req', '-newkey', 'rsa:2048', '-noenc', '-keyout', path + '.key', '-out', path + '.request',
                    '-subj', '/CN=' + HOST, '-addext', 'subjectAltName=DNS:' + HOST], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(['openssl', 'x509', '-req', '-in', path + '.request', '-CA', command.certificate('ca.pem'), '-CAkey',
                    command.certificate('ca.key'), '-copy_extensions', 'copyall', '-days', '60', '-out', path + '.pem'],
                   check=True, stderr=subprocess.DEVNULL)


def setUpModule():
    global web_server
    WORK.mkdir()
    make_certificate('site')
    for name in 'client.pem', 'client.key':
        shutil.copy(command.certificate(name), WORK / name)
    for path in WORK, *WORK.iterdir():
        shutil.chown(path, USER)
    with open('/etc/hosts', 'a', encoding='utf-8') as file:
        file.write(f'127.0.0.1 {HOST}\n')
    trust_store = '/etc/ssl/certs/ca-certificates.crt'
    shutil.copy(command.certificate('ca.pem'), trust_store)
    # OpenSSL looks for it by this name.
    number = subprocess.run(['openssl', 'x509', '-noout', '-hash', '-in', trust_store], check=True, text=True,
                            stdout=subprocess.PIPE).stdout.strip()
    os.symlink(trust_store, f'/etc/ssl/certs/{number}.0')
    command.set_rules(command.OWN_RULES)
    web_server = subprocess.Popen(
        ['openssl', 's_server', '-www', '-accept', '127.0.0.1:443', '-cert', str(WORK / 'site.pem'), '-key',
         str(WORK / 'site.key'), '-verify', '1', '-CAfile', command.certificate('client-ca.pem')], text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    while not (line := web_server.stdout.readline()).startswith('ACCEPT'):
        assert line, 'openssl s_server did not start'


def tearDownModule():
    web_server.kill()
    web_server.communicate()


def as_user(*argv):
    return subprocess.run(command.as_user(USER, *argv), cwd=WORK, env=ENVIRONMENT, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=command.TIMEOUT)


class MigrationPages(unittest.TestCase):
    def run_as_user(self, *argv):
        done = as_user(*argv)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def compile(self, text, *more):
        source = WORK / 'piece.c'
        whole = 'main (' in text
        source.write_text(text if whole else PRELUDE + text, encoding='utf-8')
        flags = subprocess.run(['pkg-config', '--cflags', '--libs', *PACKAGES], check=True, text=True,
                               stdout=subprocess.PIPE).stdout.split()
        # Pieces are functions for somebody else to call.
        done = subprocess.run(['cc', '-Wall', '-Wextra', '-Werror', '-Wno-unused-function', '-Wno-unused-parameter',
                               *more, str(source), *flags, *(['-o', str(WORK / 'piece')] if whole else ['-fsyntax-only'])],
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, text + done.stdout)
        return whole

    def check_c(self, page, programs, pieces):
        seen = [0, 0]
        for text in blocks(page, 'c'):
            whole = self.compile(text)
            seen[not whole] += 1
            if whole:
                self.assertIn(STATUS_LINE, self.run_as_user(str(WORK / 'piece'), HOST))
                # One that goes on with a server that it should not trust would be a poor example.
                self.assertNotEqual(as_user(str(WORK / 'piece'), 'localhost').returncode, 0)
        self.assertEqual(seen, [programs, pieces])

    def test_gtlsconnection(self):
        self.check_c('from-gtlsconnection.md', 0, 7)
        for text in blocks('from-gtlsconnection.md', 'python'):
            self.assertEqual(self.run_as_user('/usr/bin/python3', '-c', text, HOST), f'{STATUS_LINE} ok\n' * 2)
        (script,) = blocks('from-gtlsconnection.md', 'sh')
        self.assertEqual(self.run_as_user('bash', '-c', script), 'TlsHandoffClientConnection\n')

    def test_openssl_bios(self):
        self.check_c('from-openssl-bios.md', 2, 0)

    def test_functions(self):
        """Breaks if a page names a function of ours or of OpenSSL's that there is not."""
        for page in 'from-gtlsconnection.md', 'from-openssl-bios.md':
            text = (TREE / 'docs' / page).read_text(encoding='utf-8')
            names = set(re.findall(r'`((?:tls_handoff|SSL|BIO|g)_\w+)\(\)`', text))
            self.assertGreater(len(names), 1)
            calls = ''.join(f'  f = (void (*) (void)) {name};\n' for name in sorted(names))
            self.compile('#include <openssl/ssl.h>\n#include <tls-handoff/tls-handoff.h>\n'
                         f'int main (void)\n{{\n  void (*f) (void);\n{calls}  return f == NULL;\n}}\n'
                         # Some of OpenSSL's are macros.
                         .replace(' SSL_set_tlsext_host_name;', ' (SSL_set_tlsext_host_name (NULL, NULL), SSL_new);'))

    def test_script(self):
        scripts = blocks('from-a-script.md', 'sh')
        servers = [text for text in scripts if '8443' in text]
        self.assertEqual(len(servers), 2)
        for text in scripts:
            if text in servers:
                self.check_server(text)
                continue
            shown = self.run_as_user('bash', '-euo', 'pipefail', '-c', text)
            if 'GET /' in text:
                self.assertIn(STATUS_LINE, shown)
            if '--credential intranet' in text:
                self.assertRegex(shown, r'Subject: CN=client')
        for text in blocks('from-a-script.md', 'python'):
            self.assertIn(STATUS_LINE, self.run_as_user('/usr/bin/python3', '-c', text, HOST))

    def check_server(self, text):
        process = subprocess.Popen(command.as_user(USER, 'bash', '-euo', 'pipefail', '-c', text), cwd=WORK, env=ENVIRONMENT,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        try:
            command.wait_for_port(8443)
            done = command.run(USER, 'connect', HOST + ':8443', stdin='hello\n')
            if 'cat\n' in text:
                self.assertEqual((done.returncode, done.stdout), (0, 'hello\n'), done.stderr)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


if __name__ == '__main__':
    unittest.main(verbosity=2)
