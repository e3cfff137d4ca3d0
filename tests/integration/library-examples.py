#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The examples of the library, in each language: as they are installed, built and started with the commands that they
name, by an ordinary user, with real peers. A language that is missing here is a failure. Breaks if an example is not
what somebody could copy: it does not compile, does not do what it says, or ends without a word when the peer is bad."""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
import command

EXAMPLES = '/usr/share/doc/tls-handoff/examples'
WORK = os.path.join(os.environ['TMPDIR'], 'examples')
USER = 'alice'
NAMES = ('client-certificate', 'fetch', 'own-transport', 'resumption', 'serve', 'trust-pem')
# language: the commands that build an example and start it; the first one may be empty
LANGUAGES = {
    'c': ('cc {name}.c $(pkg-config --cflags --libs tls-handoff-1)', './a.out'),
    'js': ('', 'gjs -m {name}.js'),
    'py': ('', 'python3 {name}.py'),
    'vala': ('valac --pkg tls-handoff-1 {name}.vala', './{name}'),
}
ENVIRONMENT = dict(os.environ, CFLAGS='', GSETTINGS_BACKEND='memory', HOME=WORK, NO_PROXY='*')
# A transport of one's own: what it reads goes to the server, and what the server sends is written.
CARRY = 'exec 3<>/dev/tcp/127.0.0.1/{port}; cat <&3 & exec cat >&3'


def directory(name, language):
    return os.path.join(WORK, f'{name}.{language}')


def build(name, language):
    """As its comment says. What the compiler warns of is a failure, in C."""
    here = directory(name, language)
    os.makedirs(here)
    source = f'{name}.{language}'
    shutil.copy(os.path.join(EXAMPLES, source), here)
    with open(os.path.join(here, source), encoding='utf-8') as file:
        text = re.sub(r'\s+', ' ', file.read())
    compile_command, start = (part.format(name=name) for part in LANGUAGES[language])
    for part in (compile_command, start):
        assert part in text, f'{source} does not say “{part}”'
    if compile_command:
        strict = compile_command.replace('cc ', 'cc -Wall -Wextra -Wno-unused-parameter -Werror ', 1) \
            if language == 'c' else compile_command
        done = subprocess.run(['sh', '-c', strict], cwd=here, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert done.returncode == 0, f'{source}: {done.stdout}'


def setUpModule():
    shutil.copy(command.certificate('ca.pem'), '/etc/ssl/certs/ca-certificates.crt')
    command.set_rules(command.OWN_RULES)
    command.import_credential(USER, 'ecdsa', label='site')
    command.import_credential(USER, 'client', label='me')
    os.mkdir(WORK)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for built in [pool.submit(build, name, language) for name in NAMES for language in LANGUAGES]:
            built.result()


class OpensslServer:
    """Shows clients a page that says what it knows of them."""

    def __init__(self, name, *options):
        self.process = subprocess.Popen(
            ['openssl', 's_server', '-www', '-accept', '127.0.0.1:0', '-cert', command.certificate(name + '.pem'), '-key',
             command.certificate(name + '.key'), *options], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        match = None
        while match is None:
            line = self.process.stdout.readline()
            assert line, 'openssl s_server did not start'
            match = re.match(r'ACCEPT 127\.0\.0\.1:(\d+)', line)
        self.port = match.group(1)
        self.host = f'localhost:{self.port}'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def argv(name, language, *arguments):
    start = LANGUAGES[language][1].format(name=name).split()
    return command.as_user(USER, *start, *arguments)


class Examples(unittest.TestCase):
    """A test for each example in each language: see below."""

    def run_example(self, name, language, *arguments):
        return subprocess.run(argv(name, language, *arguments), cwd=directory(name, language), env=ENVIRONMENT, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=command.TIMEOUT)

    def succeed(self, name, language, *arguments):
        done = self.run_example(name, language, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def fail_with(self, text, name, language, *arguments):
        done = self.run_example(name, language, *arguments)
        self.assertEqual(done.returncode, 1, done.stderr)
        # One line, of the example's own.
        self.assertRegex(done.stderr, rf'\A{name}: .*{text}.*\n\Z')

    def check_page(self, page):
        self.assertIn('HTTP/1.0 200 ok', page)
        self.assertIn('</HTML>', page.upper())
        self.assertRegex(page, r'(?m)^(New|Reused), TLSv1\.3, Cipher is TLS_')

    def check_client(self, name, language, *more):
        """One whose first argument is the host. more: what follows it"""
        with OpensslServer('ecdsa') as server:
            self.check_page(self.succeed(name, language, server.host, *more).stdout)
        with OpensslServer('wrong-name') as server:
            self.fail_with('other.handoff.test', name, language, server.host, *more)
        self.fail_with('give', name, language)

    def check_fetch(self, name, language):
        self.check_client(name, language)

    def check_client_certificate(self, name, language):
        with OpensslServer('ecdsa') as server:
            done = self.succeed(name, language, server.host, 'me')
            self.check_page(done.stdout)
            self.assertEqual(done.stderr, 'credential: none\n')
            self.assertIn('no client certificate available', done.stdout)
        with OpensslServer('ecdsa', '-Verify', '1', '-verify_return_error', '-CAfile',
                           command.certificate('client-ca.pem')) as server:
            done = self.succeed(name, language, server.host, 'me')
            self.check_page(done.stdout)
            self.assertEqual(done.stderr, 'credential: me\n')
            self.assertRegex(done.stdout, r'Subject: CN=client')
            self.fail_with('nobody', name, language, server.host, 'nobody')
        self.fail_with('give', name, language)

    def check_trust_pem(self, name, language):
        with OpensslServer('below-ed25519') as server:
            self.check_page(self.succeed(name, language, server.host, command.certificate('ed25519-ca.pem')).stdout)
            self.fail_with('', name, language, server.host, command.certificate('other-ca.pem'))
            self.fail_with('certificate', name, language, server.host, '/etc/hostname')
            self.fail_with('/nowhere', name, language, server.host, '/nowhere')
        with OpensslServer('ecdsa') as server:
            # In place of the system's, which has this one's.
            self.fail_with('', name, language, server.host, command.certificate('ed25519-ca.pem'))
        self.fail_with('give', name, language)

    def check_resumption(self, name, language):
        with OpensslServer('ecdsa') as server:
            done = self.succeed(name, language, server.host)
            self.assertEqual(done.stdout, 'first: new\nsecond: resumed\n')
        with OpensslServer('wrong-name') as server:
            self.fail_with('other.handoff.test', name, language, server.host)
        self.fail_with('give', name, language)

    def check_own_transport(self, name, language):
        for certificate in 'ecdsa', 'wrong-name':
            with OpensslServer(certificate) as server:
                arguments = ('localhost', 'bash', '-c', CARRY.format(port=server.port))
                if certificate == 'ecdsa':
                    self.check_page(self.succeed(name, language, *arguments).stdout)
                else:
                    self.fail_with('other.handoff.test', name, language, *arguments)
        self.fail_with('nothing-of-this-name', name, language, 'localhost', 'nothing-of-this-name')
        self.fail_with('give', name, language)

    def check_serve(self, name, language):
        self.fail_with('give', name, language)
        port = command.get_free_port()
        process = subprocess.Popen(argv(name, language, 'site', str(port)), cwd=directory(name, language), env=ENVIRONMENT,
                                   text=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            # This one closes without a handshake, and the others are served all the same.
            command.wait_for_port(port)
            for authority, status in (('ca', 0), ('other-ca', 60), ('ca', 0)):
                done = subprocess.run(['curl', '--silent', '--show-error', '--cacert',
                                       command.certificate(authority + '.pem'), f'https://localhost:{port}/'], text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=command.TIMEOUT)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertEqual(done.stdout, 'Hello\n' if status == 0 else '')
        finally:
            process.terminate()
            errors = process.communicate(timeout=command.TIMEOUT)[1]
        for line in errors.splitlines():
            self.assertTrue(line.startswith('serve: a client: '), errors)
        self.fail_with('', name, language, 'site', str(self.occupied_port()))

    def occupied_port(self):
        server = OpensslServer('ecdsa')
        self.addCleanup(server.__exit__)
        return server.port


def add(name, language):
    check = getattr(Examples, 'check_' + name.replace('-', '_'))
    setattr(Examples, f'test_{name}_{language}'.replace('-', '_'), lambda self: check(self, name, language))


for each_name in NAMES:
    for each_language in LANGUAGES:
        add(each_name, each_language)

if __name__ == '__main__':
    unittest.main(verbosity=2)
