#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""All callers share the service's one connection to the bus: what one of them does there costs another nothing.

Mallory never reads, or sends too much; alice's calls succeed meanwhile. Each case hangs, or ends with an error of
the bus, if the service lets one user have what belongs to all."""

import contextlib
import os
import select
import signal
import socket
import struct
import sys
import unittest

import gi

gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib  # noqa: E402 (the version comes first)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'support'))
import caller  # noqa: E402 (its directory comes first)
import command  # noqa: E402

NAME = 'org.tlshandoff.Handoff1'
ROOT = '/org/tlshandoff/Handoff1'
MANAGER = NAME + '.Manager'
BUS = 'org.freedesktop.DBus'
SOCKET = '/run/dbus/system_bus_socket'
CONFIGURATION = '/etc/tls-handoff/tls-handoffd.conf'
UIDS = {'root': 0, 'alice': 60101, 'bob': 60102, 'mallory': 60103}
TIMEOUT = 60
HANDSHAKES = 320
# tls-handoffd(8), "What a caller may cost"
CALLS = HANDSHAKES + 64
NO_REPLY = 1
NO_AUTO_START = 2
# A bus keeps 127 MiB of a sender at most. This one less, so that it is full sooner: more than a user's share.
BUS_KEEPS = 24 * 1024 * 1024
LOCAL_BUS_CONFIGURATION = '/etc/dbus-1/system-local.conf'


@contextlib.contextmanager
def being(user):
    """A bus looks at who connects."""
    os.setegid(UIDS[user])
    os.seteuid(UIDS[user])
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


class RawBus:
    """A bus connection that reads only when it is told to, and answers nobody."""

    def __init__(self, user):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT)
        with being(user):
            self.socket.connect(SOCKET)
        uid = str(UIDS[user]).encode().hex().encode()
        self.socket.sendall(b'\0AUTH EXTERNAL ' + uid + b'\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n')
        answer = b''
        while b'AGREE_UNIX_FD\r\n' not in answer:
            answer += self.socket.recv(1)
        self.serial = 0
        self.call(BUS, '/org/freedesktop/DBus', BUS, 'Hello')

    def blob(self, message, flags=0):
        self.serial += 1
        message.set_serial(self.serial)
        message.set_flags(Gio.DBusMessageFlags(flags))
        return bytes(message.to_blob(Gio.DBusCapabilityFlags.NONE))

    def new_call(self, destination, path, interface, method, body=None):
        message = Gio.DBusMessage.new_method_call(destination, path, interface, method)
        if body is not None:
            message.set_body(body)
        return message

    def send(self, *call, flags=0):
        self.socket.sendall(self.blob(self.new_call(*call), flags))
        return self.serial

    def read_exactly(self, size):
        data = b''
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            assert part, 'the bus has closed the connection'
            data += part
        return data

    def read(self):
        """The next message."""
        prefix = self.read_exactly(16)
        body, _, fields = struct.unpack('<III' if prefix[:1] == b'l' else '>III', prefix[4:])
        rest = self.read_exactly((fields + 7) // 8 * 8 + body)
        return Gio.DBusMessage.new_from_blob(prefix + rest, Gio.DBusCapabilityFlags.NONE)

    def reply_to(self, serial):
        while True:
            message = self.read()
            if message.get_reply_serial() == serial:
                return message

    def call(self, *call):
        return self.reply_to(self.send(*call))

    def close(self):
        self.socket.close()


def connect(user):
    with being(user):
        return Gio.DBusConnection.new_for_address_sync(
            'unix:path=' + SOCKET, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
            Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)


def call(connection, path, interface, method, body=None, timeout=TIMEOUT):
    return connection.call_sync(NAME, path, interface, method, body, None, Gio.DBusCallFlags.NONE, timeout * 1000)


def list_sessions(connection, **options):
    return call(connection, ROOT, MANAGER, 'ListSessions', GLib.Variant('(a{sv})', (options,))).unpack()[0]


LIST_SESSIONS = (NAME, ROOT, MANAGER, 'ListSessions', GLib.Variant('(a{sv})', ({},)))
LONG_PATH = '/' + 60000 * 'x'


def create_session(connection, identity='localhost'):
    body = GLib.Variant('(ssa{sv})', ('client', identity, {}))
    return call(connection, ROOT, MANAGER, 'CreateSession', body).unpack()[0]


def service_pid():
    bus = connect('root')
    try:
        return bus.call_sync(BUS, '/', BUS, 'GetConnectionUnixProcessID', GLib.Variant('(s)', (NAME,)), None,
                             Gio.DBusCallFlags.NONE, -1).unpack()[0]
    finally:
        bus.close_sync()


def peak_memory(pid):
    """Bytes, since the process began."""
    with open(f'/proc/{pid}/status') as file:
        for line in file:
            if line.startswith('VmHWM'):
                return int(line.split()[1]) * 1024
    raise AssertionError('no VmHWM')


class BusSharing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(CONFIGURATION, 'w') as file:
            file.write(f'[Limits]\nHandshakesPerUser={HANDSHAKES}\nSessionsPerUser=2000\n')
        with open(LOCAL_BUS_CONFIGURATION, 'w') as file:
            file.write(f'<busconfig><limit name="max_incoming_bytes">{BUS_KEEPS}</limit></busconfig>')
        bus = connect('root')
        bus.call_sync(BUS, '/org/freedesktop/DBus', BUS, 'ReloadConfig', None, None, Gio.DBusCallFlags.NONE, -1)
        bus.close_sync()
        command.set_rules('polkit.addRule(function(action, subject) {'
                          'if (action.id.match(/handshake-as/)) return polkit.Result.YES; });\n')

    def setUp(self):
        self.alice = connect('alice')
        call(self.alice, ROOT, BUS + '.Peer', 'Ping')

    def check_alice(self):
        """A handshake's calls, as far as they need no peer."""
        path = create_session(self.alice)
        self.assertEqual(len([s for s in list_sessions(self.alice) if s['uid'] == UIDS['alice']]), 1)
        call(self.alice, path, NAME + '.Session', 'Close')

    def check_against_deaf(self, size, *deaf_call):
        """Mallory asks for more replies of that size than a bus keeps, and reads nothing. She never has more calls
        under way than may wait: alice's calls come between each four of hers, so that hers get their turn."""
        n_rounds = BUS_KEEPS * 3 // 2 // size // 4
        deaf = [RawBus('mallory') for _ in range(n_rounds // 25 + 1)]
        for i in range(n_rounds):
            for _ in range(4):
                deaf[i // 25].send(*deaf_call)
            self.check_alice()
        for raw in deaf:
            raw.close()
        self.check_alice()

    def test_unread_replies(self):
        """Replies of the service, which are large: a list of sessions."""
        mallory = connect('mallory')
        for _ in range(256):
            create_session(mallory, 'a' * 63 + '.' + 'b' * 63 + '.' + 'c' * 63 + '.test')
        size = len(call(mallory, ROOT, MANAGER, 'ListSessions', LIST_SESSIONS[4]).get_data_as_bytes().get_data())
        self.check_against_deaf(size, *LIST_SESSIONS)
        mallory.close_sync()

    def test_unread_errors(self):
        """Replies that GDBus makes by itself, without the service: for an object that does not exist, the reply repeats
        the path."""
        get_all = (LONG_PATH, BUS + '.Properties', 'GetAll', GLib.Variant('(s)', (MANAGER,)))
        with self.assertRaisesRegex(GLib.Error, LONG_PATH):
            call(self.alice, *get_all)
        self.check_against_deaf(len(LONG_PATH), NAME, *get_all)

    def objects(self, bus):
        body = call(bus, ROOT, BUS + '.ObjectManager', 'GetManagedObjects').unpack()[0]
        return sorted(path for path in body if '/sessions/' in path)

    def test_watchers(self):
        """As many programs as may be told of changes, which never read what they are told; one more is refused. Breaks
        if somebody else is not told meanwhile, or not served, or if a place is not free when a program leaves."""
        watch = (NAME, ROOT, BUS + '.ObjectManager', 'GetManagedObjects')
        deaf = [RawBus('mallory') for _ in range(16)]
        for raw in deaf:
            self.assertEqual(raw.call(*watch).get_message_type(), Gio.DBusMessageType.METHOD_RETURN)
        mallory = connect('mallory')
        with self.assertRaisesRegex(GLib.Error, r'LimitReached.*programs that are told.*\(16\)'):
            self.objects(mallory)
        self.assertEqual(self.objects(self.alice), [])
        told = []
        self.alice.signal_subscribe(NAME, BUS + '.ObjectManager', None, ROOT, None, Gio.DBusSignalFlags.NO_MATCH_RULE,
                                    lambda *signal: told.append((signal[4], signal[5].unpack()[0])))
        for _ in range(100):
            body = GLib.Variant('(ssa{sv})', ('client', 'localhost', {'outlive-caller': GLib.Variant('b', True)}))
            path, = call(mallory, ROOT, MANAGER, 'CreateSession', body).unpack()
            self.check_alice()
            call(mallory, path, NAME + '.Session', 'Close')
        told.clear()
        path = create_session(self.alice)
        while ('InterfacesAdded', path) not in told:
            GLib.MainContext.default().iteration(True)
        call(self.alice, path, NAME + '.Session', 'Close')
        deaf[0].close()
        while True:
            with contextlib.suppress(GLib.Error):
                self.assertEqual(self.objects(mallory), [])
                break
        for raw in deaf[1:]:
            raw.close()
        mallory.close_sync()

    def test_many_objects(self):
        """A program that has many sessions. Breaks if another one of the same user's is not shown its own, if a program
        is shown more than a page, or if it is not told of the rest when there is room."""
        many, few = connect('mallory'), connect('mallory')
        sessions = [create_session(many) for _ in range(300)]
        own = [create_session(few) for _ in range(3)]
        self.assertEqual(self.objects(few), sorted(own))
        self.assertEqual(self.objects(many), sorted(sessions[:256]))
        told = set()
        many.signal_subscribe(NAME, BUS + '.ObjectManager', 'InterfacesAdded', ROOT, None,
                              Gio.DBusSignalFlags.NO_MATCH_RULE, lambda *signal: told.add(signal[5].unpack()[0]))
        for path in sessions[:100]:
            call(many, path, NAME + '.Session', 'Close')
        while told != set(sessions[256:]):
            GLib.MainContext.default().iteration(True)
        self.assertEqual(self.objects(many), sorted(sessions[100:]))
        many.close_sync()
        few.close_sync()

    def test_large_messages(self):
        """Options by the hundred thousand, in calls; and what nobody asked for: signals, and replies."""
        pid = service_pid()
        before = peak_memory(pid)
        mallory = RawBus('mallory')
        options = {f'k{i}': GLib.Variant('v', GLib.Variant('b', True)) for i in range(60000)}
        message = mallory.new_call(NAME, ROOT, MANAGER, 'ListSessions', GLib.Variant('(a{sv})', (options,)))
        blob = mallory.blob(message)
        self.assertGreater(len(blob), 1024 * 1024)
        large = mallory.new_call(NAME, ROOT, MANAGER, 'ListSessions', GLib.Variant('(s)', (4 * 1024 * 1024 * 'x',)))
        too_large = mallory.blob(large)
        serial = mallory.serial
        unique = self.alice.call_sync(BUS, '/', BUS, 'GetNameOwner', GLib.Variant('(s)', (NAME,)), None,
                                      Gio.DBusCallFlags.NONE, -1).unpack()[0]
        news = Gio.DBusMessage.new_signal('/x', 'org.handoff.X', 'X')
        news.set_destination(unique)
        news.set_body(message.get_body())
        signal_blob = mallory.blob(news)
        mallory.socket.sendall(too_large)
        reply = mallory.reply_to(serial)
        self.assertEqual(reply.get_error_name(), NAME + '.Error.LimitReached')
        mallory.socket.sendall(blob)
        reply = mallory.reply_to(serial - 1)
        self.assertEqual(reply.get_error_name(), NAME + '.Error.LimitReached')
        self.assertIn('values', reply.get_body().unpack()[0])
        for _ in range(20):
            mallory.socket.sendall(blob + signal_blob)
        self.check_alice()
        mallory.close()
        self.check_alice()
        self.assertEqual(service_pid(), pid)
        # GDBus would make some twenty times of each of them.
        self.assertLess(peak_memory(pid) - before, 100 * len(blob))

    def test_many_calls(self):
        """A caller who sends more than can wait is told so; other callers are served in between."""
        mallory = RawBus('mallory')
        first = mallory.call(*LIST_SESSIONS)
        self.assertEqual(first.get_message_type(), Gio.DBusMessageType.METHOD_RETURN)
        burst = b''.join(mallory.blob(mallory.new_call(*LIST_SESSIONS), NO_REPLY) for _ in range(3000))
        burst += b''.join(mallory.blob(mallory.new_call(*LIST_SESSIONS)) for _ in range(300))
        last = mallory.serial
        mallory.socket.sendall(burst)
        self.check_alice()
        errors = set()
        served = 0
        while True:
            message = mallory.read()
            if message.get_message_type() == Gio.DBusMessageType.ERROR:
                errors.add(message.get_error_name())
            else:
                served += 1
            if message.get_reply_serial() == last:
                break
        # A bus has a limit of its own, of calls without a reply.
        self.assertLessEqual(errors, {NAME + '.Error.LimitReached', BUS + '.Error.LimitsExceeded'})
        self.assertGreater(len(errors) + served, 0)
        mallory.close()

    def test_calls_under_way(self):
        """Calls that wait for polkit, which takes its time, count for their user, whatever the method."""
        root = caller.Caller('root')
        polkitd = caller.Polkitd(root)
        mallory = {raw.socket: raw for raw in [RawBus('mallory') for _ in range(4)]}
        polkitd.stop()
        try:
            for _ in range(120):
                for raw in mallory.values():
                    raw.send(NAME, ROOT, MANAGER, 'GetStatistics')
                # So that hers come to their turn.
                list_sessions(self.alice)
            refused = 0
            while refused < 4 * 120 - CALLS:
                readable, _, _ = select.select(list(mallory), [], [], TIMEOUT)
                self.assertTrue(readable, 'calls that are too many are not refused')
                reply = mallory[readable[0]].read()
                if reply.get_reply_serial() == 0:
                    continue
                refused += 1
                self.assertEqual(reply.get_error_name(), NAME + '.Error.LimitReached')
                self.assertIn('calls at once', reply.get_body().unpack()[0])
            list_sessions(self.alice)
        finally:
            polkitd.go_on()
            root.close()
        for raw in mallory.values():
            raw.close()
        self.check_alice()

    def test_reads_without_answers(self):
        """A program whose D-Bus library answers no Ping. The program closes its sessions, so it has read the replies
        that named them. Each reply comes behind a large error, and nothing else shows that the error was read; all
        errors together are more than a user's share."""
        raw = RawBus('bob')
        for _ in range(400):
            body = GLib.Variant('(ssa{sv})', ('client', 'localhost', {}))
            raw.send(NAME, LONG_PATH, BUS + '.Properties', 'GetAll', GLib.Variant('(s)', (MANAGER,)))
            reply = raw.call(NAME, ROOT, MANAGER, 'CreateSession', body)
            self.assertEqual(reply.get_message_type(), Gio.DBusMessageType.METHOD_RETURN)
            raw.call(NAME, reply.get_body().unpack()[0], NAME + '.Session', 'Close')
        raw.close()

    def test_pages(self):
        """A caller who has more than a page gets all of it: by hand, in the library, in the command."""
        for _ in range(300):
            create_session(self.alice)
        page = list_sessions(self.alice)
        self.assertEqual(len(page), 256)
        rest = list_sessions(self.alice, after=GLib.Variant('t', page[-1]['number']))
        self.assertEqual(len(rest), 44)
        numbers = [session['number'] for session in page + rest]
        self.assertEqual(numbers, sorted(set(numbers)))
        few = list_sessions(self.alice, maximum=GLib.Variant('u', 7))
        self.assertEqual([s['number'] for s in few], numbers[:7])
        for wrong in (0, 257):
            with self.assertRaisesRegex(GLib.Error, 'InvalidArgument.*maximum'):
                list_sessions(self.alice, maximum=GLib.Variant('u', wrong))
        done = command.run('alice', 'session', 'list')
        self.assertEqual(len(done.stdout.splitlines()), 300)

    def test_end(self):
        """SIGTERM is obeyed whatever waits. The callers that wait are told, or lose nothing but a reply."""
        pid = service_pid()
        mallory = [RawBus('mallory') for _ in range(8)]
        for raw in mallory:
            raw.socket.sendall(b''.join(raw.blob(raw.new_call(*LIST_SESSIONS), NO_AUTO_START) for _ in range(1000)))
        pidfd = os.pidfd_open(pid)
        os.kill(pid, signal.SIGTERM)
        readable, _, _ = select.select([pidfd], [], [], TIMEOUT)
        os.close(pidfd)
        self.assertTrue(readable, 'the service goes on')
        for raw in mallory:
            raw.close()
        self.check_alice()

    def tearDown(self):
        self.alice.close_sync()


if __name__ == '__main__':
    unittest.main(verbosity=2)
