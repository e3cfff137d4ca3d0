#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The running programs, as the kernel shows them: to themselves, to root, to other programs of the same user, and to
other users. What has secrets in its memory is not dumpable, has nothing open that it does not need, and hands nothing
on to the programs that it starts."""

import contextlib
import fcntl
import json
import os
import pwd
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import termios
import unittest
from collections import Counter

from gi.repository import GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from caller import MANAGER, NAME, ROOT, Caller, Failure, bus_call, connect
from command import (OWN_RULES, TIMEOUT, Serve, as_user, certificate, get_free_port, get_service_pid, import_credential,
                     read, remove_credentials, set_rules, stop_service, wait_for_port, wait_until)
from programs import BROKER, HANDSHAKER, IMPORTER, KEEPER, get_programs

DAEMON = '/usr/libexec/tls-handoffd'
# What shows memory, or where secrets could have been put.
PRIVATE = ('environ', 'mem', 'maps', 'smaps', 'pagemap', 'auxv', 'io', 'stack', 'syscall', 'personality')
STANDARD = ('0', '1', '2')
# Reads as much as possible of a process's files, and tries to trace the process.
SPY = '''
import ctypes, json, os, sys
pid, seen = sys.argv[1], {}
for name in sys.argv[2:]:
    try:
        with open(f'/proc/{pid}/{name}', 'rb') as file:
            file.read(1)
        seen[name] = 'read'
    except OSError as error:
        seen[name] = error.strerror
try:
    seen['fd'] = 'read' if os.listdir(f'/proc/{pid}/fd') is not None else ''
except OSError as error:
    seen['fd'] = error.strerror
libc = ctypes.CDLL(None, use_errno=True)
attached = libc.ptrace(16, int(pid), 0, 0)  # PTRACE_ATTACH
seen['ptrace'] = 'done' if attached == 0 else os.strerror(ctypes.get_errno())
if attached == 0:
    libc.ptrace(17, int(pid), 0, 0)
print(json.dumps(seen))
'''


def get_status(pid):
    with open(f'/proc/{pid}/status') as file:
        return dict(line.rstrip('\n').split(':\t', 1) for line in file if ':\t' in line)


def get_limit(pid, name):
    with open(f'/proc/{pid}/limits') as file:
        return next(re.split(r'  +', line)[1:3] for line in file if line.startswith(name))


def get_descriptors(pid):
    """{number: (what it is, whether programs that it starts have it)}"""
    found = {}
    for number in os.listdir(f'/proc/{pid}/fd'):
        try:
            target = os.readlink(f'/proc/{pid}/fd/{number}')
            with open(f'/proc/{pid}/fdinfo/{number}') as file:
                flags = int(re.search(r'flags:\s*([0-7]+)', file.read()).group(1), 8)
        except FileNotFoundError:
            continue  # closed meanwhile
        found[number] = re.sub(r'\[\d+\]', '', target), not flags & os.O_CLOEXEC
    return found


def get_kinds(pid):
    return sorted(what for what, _ in get_descriptors(pid).values())


def get_open():
    """{process: kinds} of the service's programs; without what threads wait on, which come when they are needed."""
    found = {}
    for _, pid in get_programs():
        with contextlib.suppress(FileNotFoundError):  # it has ended meanwhile
            found[pid] = [kind for kind in get_kinds(pid) if not kind.startswith('anon_inode:')]
    return found


def spy(user, pid, *names):
    done = subprocess.run(as_user(user, sys.executable, '-c', SPY, str(pid), *names), check=True, text=True,
                          stdout=subprocess.PIPE, timeout=TIMEOUT)
    return json.loads(done.stdout)


class Process(unittest.TestCase):
    def setUp(self):
        set_rules(OWN_RULES)
        self.root = Caller('root')
        self.addCleanup(self.root.close)
        self.addCleanup(remove_credentials)

    def assert_closed_to(self, user, pid):
        for name, answer in spy(user, pid, *PRIVATE).items():
            self.assertIn(answer, ('Permission denied', 'Operation not permitted'), f'{user} reads {name}')

    def assert_not_dumpable(self, pid, user):
        """The files in /proc of a process that is not dumpable are root's."""
        self.assertEqual(get_status(pid)['Uid'].split()[0], str(pwd.getpwnam(user).pw_uid))
        for name in ('environ', 'mem', 'fd'):
            self.assertEqual(os.stat(f'/proc/{pid}/{name}').st_uid, 0, name)

    def assert_hands_nothing_on(self, pid):
        inherited = {number: what for number, (what, is_inherited) in get_descriptors(pid).items() if is_inherited}
        self.assertEqual(sorted(inherited), list(STANDARD), inherited)

    def serve(self):
        """A server of OpenSSL's: its port."""
        port = get_free_port()
        server = subprocess.Popen(['openssl', 's_server', '-quiet', '-accept', str(port), '-cert',
                                   certificate('ecdsa.pem'), '-key', certificate('ecdsa.key')],
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.communicate)
        self.addCleanup(server.kill)
        wait_for_port(port)
        return port

    def test_service(self):
        alice = Caller('alice')
        self.addCleanup(alice.close)
        # An importer, as long as the end of the file does not come.
        reader, writer = os.pipe()
        with open(reader), open(writer, 'wb', buffering=0) as pipe:
            alice.start(ROOT, MANAGER, 'ImportCredential', GLib.Variant('(sha{sv})', ('slow', 0, {})), [reader])
            pipe.write(b'-----BEGIN')
            # It reads when it is locked up; the others began before it.
            wait_until(lambda: struct.unpack('i', fcntl.ioctl(reader, termios.FIONREAD, bytes(4)))[0] == 0, 'it is read')
            wait_until(lambda: {name for name, _ in get_programs()} == {BROKER, HANDSHAKER, IMPORTER, KEEPER},
                       'one of each is there')
            for name, pid in get_programs():
                with self.subTest(name):
                    self.check_program(name, pid)

    def check_program(self, name, pid):
        status = get_status(pid)
        self.assert_not_dumpable(pid, 'tls-handoff')
        for user in ('tls-handoff', 'alice'):
            self.assert_closed_to(user, pid)
        self.assertEqual(get_limit(pid, 'Max core file size'), ['0', '0'])
        self.assertEqual(status['NoNewPrivs'], '1')
        for capabilities in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb'):
            self.assertEqual(int(status[capabilities], 16), 0, capabilities)
        self.assertLessEqual(set(status['Groups'].split()), {str(pwd.getpwnam('tls-handoff').pw_gid)})
        # What everybody can read.
        self.assertEqual(set(spy('alice', pid, 'cmdline', 'status', 'stat', 'comm').values()) -
                         {'Permission denied', 'Operation not permitted'}, {'read'})
        with open(f'/proc/{pid}/cmdline', 'rb') as file:
            self.assertEqual(file.read().split(b'\0')[1:], [b'/var/lib/tls-handoff/credentials', b''] if name == KEEPER else [b''])
        with open(f'/proc/{pid}/environ') as file:
            names = {entry.split('=')[0] for entry in file.read().split('\0') if entry}
        # What the test itself put there, in a build with a sanitizer.
        names -= {word.split('=')[0] for word in os.environ.get('HANDOFF_TEST_SERVICE_ENV', '').split()}
        of_broker = {'DBUS_STARTER_ADDRESS', 'DBUS_STARTER_BUS_TYPE', 'DBUS_SYSTEM_BUS_ADDRESS', 'PATH'}
        self.assertLessEqual(names, of_broker if name == BROKER else {'TZ'})

    def test_descriptors_of_service(self):
        """What callers hand over is closed in each of the programs, whatever becomes of their calls, and no open descriptor
        reaches another program."""
        alice = Caller('alice')
        options = {'trust-anchors': GLib.Variant('aay', [ssl.PEM_cert_to_DER_cert(read('ca.pem'))])}
        port = self.serve()
        pair = socket.socketpair()
        for end in pair:
            self.addCleanup(end.close)

        def use():
            with connect(port) as end:
                self.assertEqual(alice.start_handshake(end, options=options).wait().unpack()[0], 'complete')
            with connect(port) as end, self.assertRaises(Failure):
                alice.start_handshake(end, 'other.handoff.test', options).wait()
            for arguments in ({'identity': ''}, {'options': {'nonesuch': GLib.Variant('s', '')}},
                              {'options': {'credential': GLib.Variant('s', 'none')}}):
                with connect(port) as end, self.assertRaises(Failure):
                    alice.start_handshake(end, **arguments).wait()
            import_credential('alice', 'ecdsa')
            remove_credentials()
            session, = alice.call(ROOT, MANAGER, 'CreateSession', GLib.Variant('(ssa{sv})', ('client', 'x', {}))).unpack()
            alice.call(session, f'{NAME}.Session', 'Close')
            # One whose caller leaves in the middle.
            leaving = Caller('alice')
            leaving.start_handshake(pair[0], options=options)
            leaving.round_trip()
            self.assert_hands_nothing_on(get_service_pid())
            leaving.close()

        def is_settled():
            """The handshake of the one who left has ended, and so has what imported; there is a spare again."""
            statistics = self.root.call(ROOT, MANAGER, 'GetStatistics').unpack()[0]
            states = [program.get('state') for program in statistics['programs'] if program['program'] != IMPORTER]
            return (statistics['handshakes-in-flight'] == 0 and 'spare' in states and
                    len(states) == len(statistics['programs']) == len(get_programs()))

        use()
        wait_until(is_settled, 'nothing is left to do')
        before = get_open()
        use()
        wait_until(is_settled, 'nothing is left to do')
        # Less may be: what was closed in another thread may have been open still.
        wait_until(lambda: all(Counter(kinds) <= Counter(before.get(pid)) for pid, kinds in get_open().items()),
                   f'only {before} is open, as before')
        self.assert_hands_nothing_on(get_service_pid())
        alice.close()

    def test_started_with_more(self):
        """Descriptors that were open in the program that started the service are not open in it."""
        stop_service()
        with open('/etc/passwd') as file:
            service = subprocess.Popen(as_user('tls-handoff', DAEMON), pass_fds=[file.fileno()],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(service.wait)
        self.addCleanup(service.terminate)
        wait_until(lambda: bus_call(self.root, 'NameHasOwner', GLib.Variant('(s)', (NAME,)))[0], 'the service has its name')
        self.assertEqual(get_service_pid(), service.pid)
        for name, pid in get_programs():
            self.assertNotIn('/etc/passwd', get_kinds(pid), name)

    def test_connect(self):
        """The command has a connection's keys."""
        port = self.serve()
        command = subprocess.Popen(as_user('alice', 'tls-handoff', 'connect', '-v', '--trust', certificate('ca.pem'),
                                           f'localhost:{port}'), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(command.communicate)
        self.addCleanup(command.kill)
        # What it says when the handshake is done.
        while not re.search('TLS ?1.3', line := command.stderr.readline()):
            self.assertNotEqual(line, '', 'the connection is not made')
        self.assert_not_dumpable(command.pid, 'alice')
        for user in ('alice', 'mallory'):
            self.assert_closed_to(user, command.pid)
        self.assert_hands_nothing_on(command.pid)

    def test_serve(self):
        """"serve" has nothing open either, and neither has the program that it starts for a client."""
        import_credential('alice', 'ecdsa')
        report = ('import json, os, sys; print(json.dumps({"fds": sorted(os.listdir("/proc/self/fd")),'
                  ' "environ": dict(os.environ), "pid": os.getpid()}), flush=True); sys.stdin.read()')
        # Python has its own way with signals; and so has a shell, while it starts a program.
        start = ('while read -r line; do signals="$signals $line"; done </proc/$$/status; export signals;'
                 ' exec python3 -c "$0"')
        with Serve('--credential', 'ecdsa', '--', '/bin/sh', '-c', start, report) as server:
            context = ssl.create_default_context(cafile=certificate('ca.pem'))
            with context.wrap_socket(connect(server.port), server_hostname='localhost') as client:
                text = b''
                while not text.endswith(b'\n'):
                    data = client.recv(65536)
                    self.assertTrue(data, text)
                    text += data
                child = json.loads(text)
                self.assert_not_dumpable(server.process.pid, 'alice')
                for user in ('alice', 'mallory'):
                    self.assert_closed_to(user, server.process.pid)
                self.assert_hands_nothing_on(server.process.pid)
                # Like other programs of the user: what such a program keeps to itself is its own business.
                self.assertEqual(os.stat(f'/proc/{child["pid"]}/environ').st_uid, pwd.getpwnam('alice').pw_uid)
                self.assertEqual(get_limit(child['pid'], 'Max core file size'),
                                 get_limit(os.getpid(), 'Max core file size'))
        # Its listing has the directory open.
        self.assertEqual(len(child['fds']), len(STANDARD) + 1, child['fds'])
        self.assertLessEqual(set(STANDARD), set(child['fds']))
        ours = {name for name in child['environ'] if name.startswith('TLS_HANDOFF_')}
        self.assertLessEqual(ours, {'TLS_HANDOFF_' + name for name in (
            'PEER', 'PROTOCOL', 'SERVER_NAME', 'APPLICATION_PROTOCOL', 'CREDENTIAL', 'CLIENT_SHA256',
            'CLIENT_CERTIFICATE')})
        for what in ('SigIgn', 'SigBlk'):
            signals = int(re.search(rf'{what}:\s*([0-9a-f]+)', child['environ']['signals']).group(1), 16)
            self.assertFalse(signals >> (signal.SIGPIPE - 1) & 1, 'the program does not end when nobody reads')


if __name__ == '__main__':
    unittest.main(verbosity=2)
