#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The command where a person sits at a terminal: passphrases that are not shown, and polkit's text agent."""

import contextlib
import os
import pty
import pwd
import select
import signal
import subprocess
import sys
import termios
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import (OWN_RULES, TIMEOUT, as_user, certificate, get_free_port, import_credential, read, remove_credentials,
                     run, set_rules, wait_for_port)
from tls_server import TlsServer

PASSPHRASE = 'open sesame'
PASSWORD = 'the password of alice'
RELOAD_RULES = '''polkit.addRule(function(action, subject) {
  if (action.id == 'org.tlshandoff.Handoff1.reload') return polkit.Result.AUTH_SELF; });
'''


class Terminal:
    """The command on a terminal of its own; its standard descriptors are the terminal, too."""

    def __init__(self, *arguments, redirection=''):
        self.shown = ''
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp('setpriv', as_user('alice', 'sh', '-c', f'exec tls-handoff "$@" {redirection}', '-', *arguments))

    def read_until(self, text):
        deadline = time.monotonic() + TIMEOUT
        while text not in self.shown:
            ready = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]
            assert ready, f'no “{text}” in: {self.shown}'
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                data = b''
            assert data, f'no “{text}” in: {self.shown}'
            self.shown += data.decode()

    def has_echo(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def answer(self, prompt, text):
        """Types text when the prompt is there, which hides what is typed."""
        self.read_until(prompt)
        deadline = time.monotonic() + TIMEOUT
        while self.has_echo():
            assert time.monotonic() < deadline, 'the terminal shows what is typed'
        os.write(self.fd, text.encode())

    def finish(self):
        """The exit status, when the command has ended."""
        with contextlib.suppress(OSError):
            while data := os.read(self.fd, 4096):
                self.shown += data.decode()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)


class TestTerminal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bundle = os.path.join(os.environ['TMPDIR'], 'client.p12')
        subprocess.run(['openssl', 'pkcs12', '-export', '-in', certificate('client.pem'), '-inkey', certificate('client.key'),
                        '-out', cls.bundle, '-passout', f'pass:{PASSPHRASE}'], check=True)
        os.chmod(cls.bundle, 0o644)
        os.chmod(os.environ['TMPDIR'], 0o1777)
        set_rules(OWN_RULES + RELOAD_RULES)
        subprocess.run(['chpasswd'], input=f'alice:{PASSWORD}\n', text=True, check=True)

    def tearDown(self):
        remove_credentials()

    def test_passphrase(self):
        """Breaks if the command does not ask for the passphrase of an encrypted file, or shows what is typed."""
        with Terminal('credential', 'import', '--label', 'me', self.bundle) as terminal:
            terminal.answer('Passphrase of the key: ', PASSPHRASE + '\n')
            terminal.read_until('“me” was added')
            self.assertTrue(terminal.has_echo())
            self.assertEqual(terminal.finish(), 0)
            self.assertNotIn(PASSPHRASE, terminal.shown)

    def test_wrong_passphrase(self):
        """Breaks if a wrong passphrase is accepted, or the command asks again by itself."""
        with Terminal('credential', 'import', '--label', 'me', self.bundle) as terminal:
            terminal.answer('Passphrase of the key: ', 'wrong\n')
            self.assertEqual(terminal.finish(), 2)
            self.assertIn('passphrase is wrong', terminal.shown)
        self.assertEqual(run('alice', 'credential', 'list').stdout, '')

    def test_empty_passphrase(self):
        """Breaks if Enter alone is no answer, or the command asks about a file that only contains the word."""
        path = os.path.join(os.environ['TMPDIR'], 'empty.p12')
        subprocess.run(['openssl', 'pkcs12', '-export', '-in', certificate('ecdsa.pem'), '-inkey',
                        certificate('ecdsa.key'), '-out', path, '-passout', 'pass:'], check=True)
        plain = os.path.join(os.environ['TMPDIR'], 'remark.pem')
        with open(plain, 'w') as file:
            file.write('This key was exported UNENCRYPTED\n' + read('ecdsa.key') + read('ecdsa.pem'))
        for name in (path, plain):
            os.chmod(name, 0o644)
        with Terminal('credential', 'import', '--label', 'me', path) as terminal:
            terminal.answer('Passphrase of the key: ', '\n')
            terminal.read_until('“me” was added')
            self.assertEqual(terminal.finish(), 0)
        with Terminal('credential', 'import', '--label', 'other', plain) as terminal:
            terminal.read_until('“other” was added')
            self.assertEqual(terminal.finish(), 0)
            self.assertNotIn('Passphrase', terminal.shown)

    def test_no_terminal(self):
        """Breaks if the command hangs, or does not say what to do, where there is nobody to ask."""
        done = run('alice', 'credential', 'import', '--label', 'me', self.bundle)
        self.assertEqual(done.returncode, 2)
        self.assertIn('--passphrase-file', done.stderr)
        # Without the PIN, to link a key is something for administrators: whoever was not asked did not mean that.
        done = run('alice', 'credential', 'link', '--label', 'me', 'pkcs11:token=Card;object=login')
        self.assertEqual(done.returncode, 2)
        self.assertIn('--pin-file', done.stderr)
        self.assertNotIn('polkit', done.stderr)

    def test_given_up(self):
        """Breaks if Control-C, the end of input or a signal leave a terminal that shows nothing."""
        for keys, number, status in (('half of it\003', 0, -signal.SIGINT), ('\004', 0, 2),
                                     ('half', signal.SIGTERM, -signal.SIGTERM)):
            with Terminal('credential', 'import', '--label', 'me', self.bundle) as terminal:
                terminal.answer('Passphrase of the key: ', keys)
                if number:
                    os.kill(terminal.pid, number)
                self.assertEqual(terminal.finish(), status)
                self.assertTrue(terminal.has_echo())
                # Nobody gave that.
                self.assertNotIn('--passphrase-file', terminal.shown)
        self.assertEqual(run('alice', 'credential', 'list').stdout, '')

    def test_not_in_a_core_dump(self):
        """Breaks if another process of the user's, or a core dump, could read the passphrase."""
        with Terminal('credential', 'import', '--label', 'me', self.bundle) as terminal:
            terminal.answer('Passphrase of the key: ', '')
            self.assertEqual(os.stat(f'/proc/{terminal.pid}/mem').st_uid, 0)
            os.write(terminal.fd, b'\003')
            terminal.finish()

    def test_text_agent(self):
        """Breaks if polkit cannot ask on the terminal, or asks without --interactive."""
        with Terminal('reload') as terminal:
            self.assertEqual(terminal.finish(), 3)
            self.assertNotIn('Password', terminal.shown)
        with Terminal('reload', '--interactive') as terminal:
            terminal.answer('Password: ', PASSWORD + '\n')
            self.assertEqual(terminal.finish(), 0)
            self.assertNotIn(PASSWORD, terminal.shown)

    def test_text_agent_beside_a_session(self):
        """Breaks if polkit does not ask on the terminal in a process that is in none of its user's sessions, since the user
        has one."""
        user = f'/run/systemd/users/{pwd.getpwnam("alice").pw_uid}'
        os.makedirs(os.path.dirname(user), exist_ok=True)
        with open(user, 'w') as file:
            file.write('NAME=alice\nSTATE=active\nDISPLAY=7\nSESSIONS=7\n')
        self.addCleanup(os.remove, user)
        with Terminal('reload', '--interactive') as terminal:
            terminal.answer('Password: ', PASSWORD + '\n')
            self.assertEqual(terminal.finish(), 0)

    def test_prompt_for_credential(self):
        """Breaks if the prompt does not say which certificate is wanted, or if a change during the prompt is not seen:
        the credential was removed, or all credentials were read again."""
        import_credential('root', 'ecdsa', label='site')
        set_rules(OWN_RULES + '''polkit.addRule(function(action, subject) {
  if (action.id == 'org.tlshandoff.Handoff1.use-any-credential') return polkit.Result.AUTH_SELF; });
''')
        port = get_free_port()
        server = subprocess.Popen(['openssl', 's_server', '-accept', str(port), '-cert', certificate('ecdsa.pem'), '-key',
                                   certificate('ecdsa.key'), '-verify', '1', '-quiet'], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(set_rules, OWN_RULES + RELOAD_RULES)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        wait_for_port(port)
        arguments = ('probe', '--interactive', '--trust', certificate('ca.pem'), '--no-resumption', '--credential', 'site',
                     f'localhost:{port}')
        for meanwhile, status, told in (((), 0, 'credential:   site'),
                                        (('reload',), 0, 'credential:   site'),
                                        (('credential', 'remove', 'site'), 1, 'removed meanwhile')):
            with Terminal(*arguments) as terminal:
                terminal.read_until('“site”')
                terminal.read_until('Password: ')
                if meanwhile:
                    self.assertEqual(run('root', *meanwhile).returncode, 0)
                terminal.answer('Password: ', PASSWORD + '\n')
                self.assertEqual(terminal.finish(), status)
                self.assertIn(told, terminal.shown)

    def test_connected(self):
        """Breaks if somebody who types does not learn when the connection is there, and when it ends."""
        ended = threading.Event()

        def wait_and_close(tls):
            ended.wait(TIMEOUT)
            tls.unwrap()

        server = TlsServer(behaviour=wait_and_close)
        address = f'localhost:{server.port}'
        with Terminal('connect', '--trust', certificate('ca.pem'), address) as terminal:
            terminal.read_until(f'connected to {address} (TLS1.3)')
            ended.set()
            self.assertEqual(terminal.finish(), 0)

    def test_progress(self):
        """Breaks if a long transfer shows nothing, if the line gets into the data, or if it is still shown where the
        terminal gets the data."""
        shown = threading.Event()

        def send_until_shown(tls):
            # Not as fast as possible: the file is in memory.
            while not shown.wait(0.01):
                tls.sendall(b'x' * 65536)
            tls.unwrap()

        server = TlsServer(behaviour=send_until_shown)
        words = ['tls-handoff', 'connect', '--trust', certificate('ca.pem'), f'localhost:{server.port}']
        path = os.path.join(os.environ['TMPDIR'], 'received')
        with Terminal(*words[1:], redirection=f'>{path} </dev/null') as terminal:
            terminal.read_until(' received ')
            terminal.read_until('/s')
            shown.set()
            self.assertEqual(terminal.finish(), 0)
            self.assertTrue(terminal.shown.endswith('/s\r\n'), terminal.shown[-80:])
        with open(path) as file:
            self.assertEqual(set(file.read()), {'x'})

    def test_text_agent_refused(self):
        """Breaks if a wrong password gets through, or the command hangs after it."""
        with Terminal('reload', '--interactive') as terminal:
            terminal.answer('Password: ', 'wrong\n')
            self.assertEqual(terminal.finish(), 3)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
