#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The command's standard input and output: what was not sent, or could not be written, is not passed over."""

import os
import socket
import ssl
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import OWN_RULES, TIMEOUT, as_user, certificate, import_credential, remove_credentials, set_rules

VERSIONS = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2)


class Server:
    """Answers each client before it has read anything, and closes (close_notify) or, with hold, goes on reading."""

    def __init__(self, version=ssl.TLSVersion.TLSv1_3, answer=b'413 too large\n', hold=False):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate('ecdsa.pem'), certificate('ecdsa.key'))
        self.context.maximum_version = version
        self.answer = answer
        self.hold = hold
        self.connected = threading.Event()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.address = f'localhost:{self.listener.getsockname()[1]}'
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            plain = self.listener.accept()[0]
            # Otherwise the answer may wait in the kernel, and is gone with a close that resets.
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                with self.context.wrap_socket(plain, server_side=True) as client:
                    client.settimeout(TIMEOUT)
                    client.sendall(self.answer)
                    self.connected.set()
                    if self.hold:
                        client.recv(1)
                    client.unwrap().close()
            except (OSError, ssl.SSLError):
                # Either the stranger that ends the server, or a client that had sent more than was read.
                if self.listener is None:
                    return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        listener, self.listener = self.listener, None
        socket.create_connection(listener.getsockname()).close()
        self.thread.join()
        listener.close()


def connect(server, *options):
    return as_user('alice', 'tls-handoff', 'connect', '--trust', certificate('ca.pem'), *options, server.address)


class TestInput(unittest.TestCase):
    """A server that closes before the input has ended."""

    def start(self, server, *options):
        """When this returns, the server has closed, and the command holds no more input."""
        process = subprocess.Popen(connect(server, *options), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        # Breaks if the reader of the output does not hear of its end before the input has ended.
        self.assertEqual(process.stdout.read(), server.answer)
        return process

    def finish(self, process, status, told):
        _, errors = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, status, errors)
        self.assertIn(told, errors.decode())

    def test_more_comes(self):
        """Breaks if what was in the pipe when the server closed decides whether all was sent."""
        for version in VERSIONS:
            with Server(version) as server:
                process = self.start(server)
                process.stdin.write(b'more')
                process.stdin.flush()
                self.finish(process, 1, 'before all of the input was sent')

    def test_nothing_comes(self):
        """Breaks if a connection that lost nothing is said to have failed."""
        for version in VERSIONS:
            with Server(version) as server:
                self.finish(self.start(server), 0, '')

    def test_no_end(self):
        """Breaks if the command waits without a limit for an input that nobody ends, or takes that input for one that
        ended."""
        with Server() as server:
            process = self.start(server)
            self.assertEqual(process.wait(TIMEOUT), 1)
            self.finish(process, 1, 'before the input ended')

    def test_writer_is_cut_off(self):
        """Breaks if the command says, even once, that all of a pipe or a file was sent, while the pipe is still written
        to or the file has more."""
        path = os.path.join(os.environ['TMPDIR'], 'much')
        with open(path, 'wb') as file:
            file.truncate(30000000)
        os.chmod(os.environ['TMPDIR'], 0o1777)
        os.chmod(path, 0o644)
        with Server() as server:
            for writer in ('cat', 'dd bs=1000 status=none'):
                for _ in range(5):
                    cat = subprocess.Popen(writer.split(), stdin=open(path, 'rb'), stdout=subprocess.PIPE,
                                           stderr=subprocess.DEVNULL)
                    done = subprocess.run(connect(server), stdin=cat.stdout, stdout=subprocess.PIPE, timeout=TIMEOUT)
                    cat.stdout.close()
                    cat.wait(TIMEOUT)
                    self.assertEqual((done.returncode, done.stdout), (1, server.answer))
            with open(path, 'rb') as file:
                done = subprocess.run(connect(server), stdin=file, stdout=subprocess.PIPE, timeout=TIMEOUT)
            self.assertEqual((done.returncode, done.stdout), (1, server.answer))


class TestOutput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        set_rules(OWN_RULES)
        import_credential('alice', 'client')

    @classmethod
    def tearDownClass(cls):
        remove_credentials()

    def test_cannot_be_written(self):
        """Breaks if a verb ends with 0 although its output reached neither disk nor pipe."""
        with Server() as server:
            probe = ['probe', '--trust', certificate('ca.pem'), server.address]
            verbs = [probe, [*probe, '--json'], ['connect', *probe[1:]], ['status'], ['status', '--json'],
                     ['credential', 'list'], ['credential', 'list', '--json'], ['credential', 'show', 'client'],
                     ['credential', 'show', '--json', 'client'], ['credential', 'request', '--subject', 'CN=a', 'client'],
                     ['session', 'list', '--json'], ['help'], ['help', 'connect'], ['probe', '--help'], ['--version']]
            for redirection, told in (('>/dev/full', 'No space left'), ('>&-', 'Bad file descriptor'),
                                      ('1</dev/null', 'Bad file descriptor')):
                for verb in verbs:
                    done = subprocess.run(as_user('alice', 'sh', '-c', f'exec tls-handoff "$@" {redirection}', '-', *verb),
                                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=TIMEOUT, text=True)
                    self.assertEqual(done.returncode, 1, (verb, redirection, done.stderr))
                    self.assertIn('standard output', done.stderr, (verb, redirection))
                    self.assertIn(told, done.stderr, (verb, redirection))

    def test_nobody_reads(self):
        """Breaks if a pipe without a reader passes for one that took all."""
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(as_user('alice', 'tls-handoff', 'status'), stdout=writer, stderr=subprocess.PIPE, text=True,
                              timeout=TIMEOUT)
        os.close(writer)
        self.assertEqual(done.returncode, 1)
        self.assertIn('Broken pipe', done.stderr)

    def test_other_failure(self):
        """Breaks if scripts do not learn what else was wrong, because the output could not be written."""
        with Server() as server, open('/dev/full', 'w') as full:
            done = subprocess.run(as_user('alice', 'tls-handoff', 'probe', server.address), stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=TIMEOUT)
            self.assertEqual(done.returncode, 4)
            self.assertIn('standard output', done.stderr)

    def test_closed_descriptors(self):
        """Breaks if a socket gets the number of a standard descriptor that was closed."""
        with Server(hold=True, answer=b'') as server:
            words = ' '.join(connect(server, '--ignore-eof', '--verbose'))
            process = subprocess.Popen(['sh', '-c', f'exec {words} <&- >&- 2>&-'])
            self.assertTrue(server.connected.wait(TIMEOUT))
            for number in range(3):
                self.assertEqual(os.readlink(f'/proc/{process.pid}/fd/{number}'), '/dev/null')
            process.kill()
            process.wait()


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
