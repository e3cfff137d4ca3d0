#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The service's programs as an administrator sees them, in “tls-handoff status” and in the log, and what a user sees whose
program has ended."""

import json
import os
import signal
import socket
import sys
import unittest

from gi.repository import GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from caller import CREDENTIAL, MANAGER, PROPERTIES, ROOT, Caller, Failure, connect
from channel import Channel
from channel_test import Log
from command import (OWN_RULES, certificate, get_service_pid, import_credential, install_tokens, remove_credentials,
                     run, set_rules, stop_service, wait_until)
from programs import BROKER, HANDSHAKER, IMPORTER, KEEPER, find_programs, let_die
from programs import TOKEN as HELPER
from tls_server import TlsServer

STATE = '/run/handoff-test/programs'
TOKEN = 'Handoff test'
USERS = {'alice': 60101, 'bob': 60102}


def get_programs(name, user=None):
    """What status says of them."""
    done = run('root', 'status', '--statistics', '--json')
    assert done.returncode == 0, done.stderr
    return [program for program in json.loads(done.stdout)['statistics']['programs']
            if program['program'] == name and (user is None or program.get('uid') == USERS[user])]


def get_lines():
    """The programs in what status prints for people: [[word]]"""
    done = run('root', 'status', '--statistics')
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.partition('\nprograms:\n')[2].splitlines()]


def probe(user, server):
    return run(user, 'probe', '--trust', certificate('ca.pem'), f'localhost:{server.port}')


def connect_silently():
    """A socket at whose other end nobody says anything."""
    listener = socket.create_server(('127.0.0.1', 0))
    end = connect(listener.getsockname()[1])
    return end, listener.accept()[0], listener


class Import:
    """Of a user's, that waits for its data."""

    def __init__(self, user):
        self.caller = Caller(user)
        read, self.pipe = os.pipe()
        self.call = self.caller.start(ROOT, MANAGER, 'ImportCredential', GLib.Variant('(sha{sv})', ('slow', 0, {})), [read])
        os.close(read)

    def end(self, data=b''):
        os.write(self.pipe, data)
        os.close(self.pipe)
        try:
            return self.call.wait()
        finally:
            self.caller.close()


class TestPrograms(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        let_die()
        set_rules(OWN_RULES)
        install_tokens(STATE, TOKEN)

    def tearDown(self):
        remove_credentials()
        stop_service()

    def test_status(self):
        """Breaks if a program, its user, or what it holds is not shown, or shown to everybody."""
        import_credential('alice', 'client', label='mine')
        callers = [Caller(user) for user in USERS]
        channels = [Channel(caller.connection) for caller in callers]
        linked = run('alice', 'credential', 'link', '--label', 'hard', '--pin-file', '-',
                     f'pkcs11:token={TOKEN.replace(" ", "%20")};object=client-ecdsa', stdin='4321')
        self.assertEqual((linked.returncode, linked.stderr), (0, ''))

        broker, = get_programs(BROKER)
        self.assertEqual(broker['pid'], get_service_pid())
        self.assertEqual(broker['callers'], 3)  # these two, and the command
        self.assertNotIn('uid', broker)
        keeper, = get_programs(KEEPER)
        self.assertEqual([keeper['pid']], find_programs(KEEPER))
        self.assertEqual(keeper['credentials'], 1)
        helper, = get_programs(HELPER)
        self.assertEqual([helper['pid']], find_programs(HELPER))
        self.assertEqual((helper['credentials'], helper['tokens'], helper['module']), (1, 1, f'{STATE}/module.so'))
        alice, = get_programs(HANDSHAKER, 'alice')
        bob, = get_programs(HANDSHAKER, 'bob')
        for program, n_credentials in ((alice, 2), (bob, 0)):
            self.assertEqual((program['state'], program['channels'], program['credentials'],
                              program['handshakes-in-flight']), ('serving', 1, n_credentials, 0))
        wait_until(lambda: 'spare' in [program['state'] for program in get_programs(HANDSHAKER)], 'there is a spare')
        spare, = [program for program in get_programs(HANDSHAKER) if 'uid' not in program]
        self.assertEqual((spare['state'], 'channels' in spare), ('spare', False))
        self.assertEqual({program['pid'] for program in (alice, bob, spare)}, set(find_programs(HANDSHAKER)))

        lines = get_lines()
        words = {(line[0], line[1]): line for line in lines}
        self.assertEqual(len(lines), 6)
        self.assertEqual(words[HANDSHAKER, 'alice'][2], str(alice['pid']))
        self.assertEqual(' '.join(words[HANDSHAKER, 'alice'][5:]),
                         'serving callers 1, channels 1, credentials 2')
        self.assertEqual(' '.join(words[HANDSHAKER, 'bob'][5:]), 'serving callers 1, channels 1')
        self.assertEqual(' '.join(words[KEEPER, '-'][5:]), 'credentials 1')
        self.assertEqual(' '.join(words[HELPER, '-'][5:]), f'{STATE}/module.so, credentials 1, tokens 1')

        for arguments in (('status', '--statistics'), ('status', '--statistics', '--json')):
            denied = run('bob', *arguments)
            self.assertEqual((denied.returncode, denied.stdout), (3, ''))
        self.assertNotIn('tls-handoff-', run('bob', 'status').stdout)
        for channel in channels:
            channel.close()
        for caller in callers:
            caller.close()

    def test_import(self):
        """Breaks if an importer is not shown while it runs, and as its user's alone; or if a user whose importer dies is not
        told what to do, or another user's import notices."""
        imports = {user: Import(user) for user in USERS}
        wait_until(lambda: len(get_programs(IMPORTER)) == 2, 'both imports are under way')
        alice, = get_programs(IMPORTER, 'alice')
        bob, = get_programs(IMPORTER, 'bob')
        self.assertEqual({alice['pid'], bob['pid']}, set(find_programs(IMPORTER)))
        self.assertEqual(alice['imports'], 1)
        log = Log()
        # A sanitizer would make a report of SIGSEGV.
        os.kill(alice['pid'], signal.SIGABRT)
        log.wait_for(rf'uid={USERS["alice"]} pid={alice["pid"]} {IMPORTER} was killed by signal 6 \(Aborted\)\n', 1)
        with self.assertRaises(Failure) as context:
            imports['alice'].end()
        self.assertTrue(context.exception.is_ours('Failed'))
        self.assertEqual(context.exception.message, f'The service\'s program {IMPORTER} has ended: call again')
        self.assertEqual(len(get_programs(IMPORTER, 'bob')), 1)
        with open(certificate('client.pem')) as chain, open(certificate('client.key')) as key:
            imports['bob'].end((chain.read() + key.read()).encode())
        self.assertEqual(get_programs(IMPORTER), [])
        import_credential('alice', 'client', label='slow')

    def test_ends(self):
        """Breaks if the log has not one line for each program that is killed, with whose it was and why; or if the next call
        does not work."""
        server = TlsServer()
        import_credential('alice', 'client', label='mine')
        self.assertEqual(run('alice', 'credential', 'link', '--label', 'hard', '--pin-file', '-',
                             f'pkcs11:token={TOKEN.replace(" ", "%20")};object=client-ecdsa', stdin='4321').returncode, 0)
        self.assertEqual(probe('alice', server).returncode, 0)
        for name, number, who, why in (
                (HANDSHAKER, signal.SIGABRT, f'uid={USERS["alice"]} ', r'was killed by signal 6 \(Aborted\)'),
                (HANDSHAKER, signal.SIGSYS, f'uid={USERS["alice"]} ',
                 r'was killed by signal 31 \(Bad system call\): it did what its lock-up forbids'),
                (KEEPER, signal.SIGKILL, '', r'was killed by signal 9 \(Killed\)'),
                (HELPER, signal.SIGABRT, '', r'was killed by signal 6 \(Aborted\)')):
            with self.subTest(name, number=number):
                program, = get_programs(name, 'alice' if name == HANDSHAKER else None)
                log = Log()
                os.kill(program['pid'], number)
                module = rf' \({STATE}/module.so\)' if name == HELPER else ''
                log.wait_for(rf'(?m)^.*WARNING \*\*: .*: {who}pid={program["pid"]} {name}{module} {why}$', 1)
                self.assertEqual(probe('alice', server).returncode, 0)
                if name == HELPER:
                    # It alone knew the PIN, which is nowhere else.
                    locked = run('alice', 'credential', 'request', '--subject', 'CN=x', 'hard')
                    self.assertEqual(locked.returncode, 1)
                    self.assertIn('credential unlock', locked.stderr)
                    unlocked = run('alice', 'credential', 'unlock', '--pin-file', '-', 'hard', stdin='4321')
                    self.assertEqual((unlocked.returncode, unlocked.stderr), (0, ''))
                self.assertEqual(run('alice', 'credential', 'request', '--subject', 'CN=x', 'hard').returncode, 0)
                self.assertEqual(log.read_all()[log.start:].count(f'pid={program["pid"]} '), 1)
                for other in ('critical', 'CRITICAL', 'is gone', 'has ended'):
                    self.assertNotIn(other, log.read_all()[log.start:])

    def test_call(self):
        """Breaks if who has a handshake under way in a program that dies is not told which one, and what to do; on the bus."""
        silent = connect_silently()
        caller = Caller('alice')
        pending = caller.start_handshake(silent[0])
        wait_until(lambda: [program['handshakes-in-flight'] for program in get_programs(HANDSHAKER, 'alice')] == [1],
                   'the handshake is under way')
        program, = get_programs(HANDSHAKER, 'alice')
        os.kill(program['pid'], signal.SIGKILL)
        with self.assertRaises(Failure) as context:
            pending.wait()
        self.assertTrue(context.exception.is_ours('Failed'))
        self.assertEqual(context.exception.message, f'The service\'s program {HANDSHAKER} has ended: call again')
        caller.close()
        for end in silent:
            end.close()

    def test_self_sign(self):
        """Breaks if SelfSign() answers before the user's program knows the certificate: the next handshake on a channel
        would be without it."""
        caller = Caller('alice')
        channel = Channel(caller.connection)
        path, = caller.call(ROOT, MANAGER, 'GenerateCredential',
                            GLib.Variant('(ssa{sv})', ('own', 'ecdsa-p256', {}))).unpack()
        program, = get_programs(HANDSHAKER, 'alice')
        os.kill(program['pid'], signal.SIGSTOP)
        try:
            pending = caller.start(path, CREDENTIAL, 'SelfSign',
                                   GLib.Variant('(a{sv})', ({'subject': GLib.Variant('s', 'CN=x')},)))
            certificates = GLib.Variant('(ss)', (CREDENTIAL, 'Certificates'))
            wait_until(lambda: caller.call(path, PROPERTIES, 'Get', certificates).unpack()[0], 'the certificate is set')
            caller.round_trip()
            self.assertFalse(pending.is_done())
        finally:
            os.kill(program['pid'], signal.SIGCONT)
        pending.wait()
        channel.close()
        caller.close()


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
