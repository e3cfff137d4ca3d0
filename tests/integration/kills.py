#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The service's programs die at random points of three users' handshakes: who was in one that died gets a clear error at
once, and works at the next call; nobody else notices."""

import hashlib
import os
import random
import signal
import ssl
import subprocess
import sys
import threading
import unittest

from gi.repository import GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from caller import Caller, Failure, connect, wait_until
from channel import Channel
from channel_test import OPTIONS
from command import (OWN_RULES, as_user, certificate, get_service_pid, import_credential, list_all_credentials, read,
                     remove_credentials, set_rules, stop_service)
from programs import HANDSHAKER, IMPORTER, KEEPER, find_programs, let_die
from tls_server import TlsServer

CREDENTIALS = '/var/lib/tls-handoff/credentials'
USERS = ('alice', 'bob', 'mallory')
N_HANDSHAKES = 1000  # in all, at the least
N_KILLS = 60
CHANNEL_GONE = 'the end of the channel'
KEY_GONE = "The credential's key is not there any more"
# Each signs with its own credential, and is not resumed: the keeper has something to do each time.
OWN_OPTIONS = {**OPTIONS, 'resumption': GLib.Variant('b', False), 'credential': GLib.Variant('s', 'mine')}
# One sends certificate and key with each call: an importer has something to do each time.
SENDER = 'mallory'
SENT_OPTIONS = {**OPTIONS, 'resumption': GLib.Variant('b', False), 'credential-pem': GLib.Variant('h', 1)}


class User:
    """Does one handshake after the other on a channel, which it opens again when it was closed."""

    def __init__(self, name, port):
        self.port = port
        self.options = SENT_OPTIONS if name == SENDER else OWN_OPTIONS
        self.pem = open(os.path.join(os.environ['TMPDIR'], 'sent.pem'), 'rb')  # of whoever needs it
        self.caller = Caller(name)
        self.channel = None
        self.n_done = 0
        self.failures = []  # of calls: error names and messages, since somebody looked
        self.broken = None  # what must not happen
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def handshake(self):
        if self.channel is None:
            self.channel = Channel(self.caller.connection)
        with connect(self.port) as end:
            self.pem.seek(0)
            fds = [self.pem.fileno()] if self.options is SENT_OPTIONS else []
            serial = self.channel.start_handshake(end, options=self.options, more_fds=fds)
            state, session, _ = self.channel.wait(serial).unpack()
        assert state == 'complete', state
        self.channel.call(session, 'Close')

    def run(self):
        while not self.is_over.is_set():
            try:
                self.handshake()
                self.n_done += 1
            except Failure as failure:
                self.failures.append(str(failure))
                # A key that came with the call is nowhere else than in the keeper.
                is_lost = self.options is SENT_OPTIONS and failure.is_ours('CredentialNotFound') and \
                    KEY_GONE in failure.message
                if not is_lost and (not failure.is_ours('Failed') or 'tls-handoff-' not in failure.message):
                    self.broken = failure
            except (EOFError, ConnectionError):
                # As a program sees it whose channel is gone.
                self.failures.append(CHANNEL_GONE)
                self.channel.close()
                self.channel = None
            except Exception as failure:  # pylint: disable=broad-except
                self.broken = failure
            if self.broken:
                return

    def take_failures(self):
        taken, self.failures = self.failures, []
        return taken

    def end(self):
        self.is_over.set()
        self.thread.join()
        if self.channel:
            self.channel.close()
        self.caller.close()
        self.pem.close()


class Established:
    """A connection that was made before anything happened."""

    def __init__(self, user, port):
        self.process = subprocess.Popen(
            as_user(user, 'tls-handoff', 'connect', '--trust', certificate('ca.pem'), f'localhost:{port}'),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.exchange(b'before\n')

    def exchange(self, line):
        self.process.stdin.write(line)
        self.process.stdin.flush()
        got = self.process.stdout.readline()
        assert got == line, got

    def end(self):
        self.process.kill()
        self.process.communicate()


def digest_of_files():
    """{path: SHA-256} of all that the keeper has on the disk."""
    found = {}
    for folder, _, files in os.walk(CREDENTIALS):
        for name in files:
            path = os.path.join(folder, name)
            with open(path, 'rb') as file:
                found[path] = hashlib.sha256(file.read()).hexdigest()
    return found


class Kills(unittest.TestCase):
    def setUp(self):
        let_die()
        set_rules(OWN_RULES)
        for user in USERS:
            import_credential(user, 'client', label='mine')
        with open(os.path.join(os.environ['TMPDIR'], 'sent.pem'), 'w') as file:
            file.write(read('client.pem') + read('client.key'))
        self.server = TlsServer()
        # It wants to know who connects.
        self.server.context.verify_mode = ssl.CERT_REQUIRED
        self.server.context.load_verify_locations(certificate('client-ca.pem'))
        self.echo = TlsServer()

    def tearDown(self):
        remove_credentials()
        stop_service()

    def wait_for_progress(self, users, number):
        """Until each has done so many more."""
        wanted = {user: user.n_done + number for user in users}
        wait_until(lambda: any(user.broken for user in users) or all(user.n_done >= n for user, n in wanted.items()),
                   f'each has done {number} handshakes')

    def kill_one(self, chance, name):
        """An importer lives for a moment: False if it was over."""
        found = []
        wait_until(lambda: found.extend(find_programs(name)) or found, f'a {name} runs')
        try:
            os.kill(chance.choice(found), chance.choice([signal.SIGSEGV, signal.SIGKILL]))
        except ProcessLookupError:
            self.assertEqual(name, IMPORTER)
            return False
        return True

    def test_kills(self):
        seed = random.randrange(1 << 32)
        print(f'seed {seed}', file=sys.stderr)
        chance = random.Random(seed)
        established = [Established(user, self.echo.port) for user in USERS]
        for connection in established:
            self.addCleanup(connection.end)
        users = [User(name, self.server.port) for name in USERS]
        told = {HANDSHAKER: [], IMPORTER: [], KEEPER: []}  # what users heard when one of these was killed
        try:
            self.wait_for_progress(users, 3)
            before, broker = digest_of_files(), get_service_pid()
            for number in range(N_KILLS):
                name = chance.choice([HANDSHAKER, HANDSHAKER, IMPORTER, KEEPER])
                # A point in time that nobody chose.
                threading.Event().wait(chance.random() * 0.02)
                for user in users:
                    self.assertEqual(user.take_failures(), [])
                if not self.kill_one(chance, name):
                    continue
                self.wait_for_progress(users, 2)
                failures = [user.take_failures() for user in users]
                told[name] += sum(failures, [])
                with self.subTest(number, name=name, failures=failures):
                    self.assertEqual([user.broken for user in users if user.broken], [])
                    # One call of each who had something to do with it.
                    self.assertLessEqual(max(len(own) for own in failures), 1)
                    if name in (HANDSHAKER, IMPORTER):
                        self.assertLessEqual(len([own for own in failures if own]), 1)
                    for text in sum(failures, []):
                        # A channel is its handshaker's, and outlives the keeper.
                        self.assertTrue(name in text or (name == HANDSHAKER and text == CHANNEL_GONE) or
                                        (name == KEEPER and KEY_GONE in text), text)
            wait_until(lambda: sum(user.n_done for user in users) >= N_HANDSHAKES or any(user.broken for user in users),
                       f'{N_HANDSHAKES} handshakes are done')
            # Those that died were in use.
            self.assertTrue(told[HANDSHAKER] and told[IMPORTER] and told[KEEPER], told)
        finally:
            for user in users:
                user.end()
        self.assertEqual([user.broken for user in users if user.broken], [])
        for connection in established:
            connection.exchange(b'after\n')
        self.assertEqual(get_service_pid(), broker)
        self.assertEqual(digest_of_files(), before)
        self.assertEqual(len(list_all_credentials()), len(USERS))


if __name__ == '__main__':
    unittest.main()
