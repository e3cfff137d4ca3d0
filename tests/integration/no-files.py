#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What the programs that do handshakes and signatures ask the kernel for, once they have done some: nothing that needs a
file or a new socket. Their filter would refuse that, and libraries get along; but what they look for costs time, and
would be missing one day. What the filter kills for ends a process, which is seen here, too."""

import contextlib
import os
import re
import signal
import ssl
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import (OWN_RULES, TIMEOUT, Serve, certificate, import_credential, remove_credentials, run,
                     set_rules, wait_until)
from programs import HANDSHAKER, KEEPER, get_programs
from tls_server import TlsServer, echo

FORBIDDEN = re.compile(r'open|stat(?!us)|access|readlink|getdents|getcwd|chdir|^(socket|connect|bind|execve|fork|vfork)$')
# Of a file that is open; without a path.
ALLOWED = re.compile(r'fstat\(|newfstatat\(\d+, "",')


class Trace:
    """The system calls of processes, until the end of the with statement: their lines."""

    def __init__(self, pids):
        self.path = os.path.join(os.environ['TMPDIR'], 'trace')
        self.pids = pids
        self.lines = []

    def __enter__(self):
        attach = [word for pid in self.pids for word in ('-p', str(pid))]
        self.process = subprocess.Popen(['strace', '-f', '-q', '-s', '64', '-o', self.path, *attach],
                                        stderr=subprocess.DEVNULL)
        wait_until(lambda: all(self.is_traced(pid) for pid in self.pids), 'strace has attached')
        return self

    def is_traced(self, pid):
        for thread in os.listdir(f'/proc/{pid}/task'):
            # One that has nothing to do may end meanwhile.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError), \
                    open(f'/proc/{pid}/task/{thread}/status') as status:
                if f'TracerPid:\t{self.process.pid}\n' not in status.read():
                    return False
        return True

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(TIMEOUT)
        with open(self.path) as file:
            calls = (line.split(None, 1)[1].strip() for line in file)
            self.lines = [call for call in calls if not call.startswith('<')]

    def find_forbidden(self):
        return sorted({line for line in self.lines
                       if FORBIDDEN.search(line.split('(', 1)[0]) and not ALLOWED.match(line)})

    def count(self, name):
        return sum(line.startswith(name + '(') for line in self.lines)


def answer_and_close(connection):
    echo(connection)
    connection.unwrap()


class TestNoFiles(unittest.TestCase):
    def setUp(self):
        set_rules(OWN_RULES)
        import_credential('alice', 'ecdsa')
        import_credential('alice', 'rsa')
        import_credential('alice', 'client')
        self.server = TlsServer(behaviour=answer_and_close)
        self.client_server = TlsServer(behaviour=answer_and_close)
        self.client_server.context.verify_mode = ssl.CERT_REQUIRED
        self.client_server.context.load_verify_locations(certificate('client-ca.pem'))
        self.ticket = os.path.join(os.environ['TMPDIR'], 'ticket.pem')

    def tearDown(self):
        remove_credentials()

    def connect(self, *options, server=None):
        done = run('alice', 'connect', '--trust', certificate('ca.pem'), *options,
                   f'localhost:{(server or self.server).port}', stdin='hello')
        self.assertEqual(done.returncode, 0, done.stderr)

    def ask(self, serve, *options):
        """Returns when the server has answered: its tickets have come before that."""
        with subprocess.Popen(['openssl', 's_client', '-connect', f'127.0.0.1:{serve.port}', '-servername', 'localhost',
                               '-CAfile', certificate('ca.pem'), *options],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
            client.stdin.write(b'hello\n')
            client.stdin.flush()
            self.assertIn(b'hello\n', client.stdout)
            client.communicate(timeout=TIMEOUT)
        self.assertEqual(client.returncode, 0)

    def do_handshakes(self, ecdsa, rsa):
        """Of each kind: client and server, TLS 1.3 and 1.2, full and resumed, at once; one that ends with an alert."""
        for version in (), ('--tls12',):
            self.connect('--no-resumption', *version)
            self.connect(*version)
            self.connect(*version)
            self.connect('--credential', 'client', *version, server=self.client_server)
        for serve in ecdsa, rsa:
            for version in '-tls1_3', '-tls1_2':
                self.ask(serve, version, '-sess_out', self.ticket)
                self.ask(serve, version, '-sess_in', self.ticket)
        # Nobody whom that authority knows.
        done = run('alice', 'connect', '--trust', certificate('client-ca.pem'), f'localhost:{self.server.port}', stdin='')
        self.assertNotEqual(done.returncode, 0)
        with ThreadPoolExecutor(16) as pool:
            for result in [pool.submit(self.connect) for _ in range(16)]:
                result.result()

    def test_none(self):
        """Breaks if a handshake or a signature looks for a file, or needs what the filter kills for."""
        with Serve('--credential', 'ecdsa', '--', 'cat') as ecdsa, Serve('--credential', 'rsa', '--', 'cat') as rsa:
            self.do_handshakes(ecdsa, rsa)
            before = [(name, pid) for name, pid in get_programs() if name in (HANDSHAKER, KEEPER)]
            self.assertIn(HANDSHAKER, dict(before))
            self.assertIn(KEEPER, dict(before))
            with Trace([pid for _, pid in before]) as trace:
                self.do_handshakes(ecdsa, rsa)
            after = get_programs()
        self.assertEqual(trace.find_forbidden(), [])
        self.assertGreater(trace.count('memfd_create') + trace.count('sendmsg'), 20)
        for program in before:
            self.assertIn(program, after)


if __name__ == '__main__':
    if subprocess.run(['which', 'strace'], stdout=subprocess.DEVNULL).returncode != 0:
        sys.exit(77)
    unittest.main()
