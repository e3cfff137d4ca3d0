#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Between the bus and the service stands a guard, on a thread of its own: whatever becomes of the bus, the service ends,
and says why if nobody asked it to. Each case hangs, or ends otherwise, if the thread waits for what does not come.

The buses are this test's own: the system's is needed still."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import unittest

import gi

gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib  # noqa: E402 (the version comes first)

NAME = 'org.tlshandoff.Handoff1'
ROOT = '/org/tlshandoff/Handoff1'
BUS = 'org.freedesktop.DBus'
# Less than the 25 seconds that GDBus waits for a reply.
TIMEOUT = 60
CONFIGURATION = '''<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
</policy></busconfig>'''
ACTIVATION = '/usr/share/dbus-1/system-services/org.tlshandoff.Handoff1.service'


def service_command():
    with open(ACTIVATION) as file:
        lines = [line for line in file if line.startswith('Exec=')]
    return lines[0].strip()[len('Exec='):].split()


class BusGuard(unittest.TestCase):
    def setUp(self):
        self.path = os.path.join(os.environ['TMPDIR'], 'guarded-bus')

    def remove_socket(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def start_bus(self):
        configuration = self.path + '.conf'
        with open(configuration, 'w') as file:
            file.write(CONFIGURATION.format(path=self.path))
        bus = subprocess.Popen(['dbus-daemon', '--config-file', configuration, '--nofork', '--nopidfile', '--nosyslog',
                                '--print-address=1'], stdout=subprocess.PIPE)
        self.addCleanup(lambda: (bus.kill(), bus.wait(), bus.stdout.close(), self.remove_socket()))
        self.assertTrue(bus.stdout.readline())
        os.chmod(self.path, 0o777)
        return bus

    def start_service(self):
        service = subprocess.Popen(service_command(), stderr=subprocess.PIPE, text=True, user='tls-handoff',
                                   group='tls-handoff', extra_groups=[],
                                   env={'DBUS_SYSTEM_BUS_ADDRESS': 'unix:path=' + self.path})
        self.addCleanup(lambda: (service.kill(), service.wait(), service.stderr.close()))
        return service

    def connect(self):
        return Gio.DBusConnection.new_for_address_sync(
            'unix:path=' + self.path, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
            Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)

    def start_both(self):
        """And a connection of a caller, which has been answered."""
        bus = self.start_bus()
        service = self.start_service()
        caller = self.connect()
        caller.set_exit_on_close(False)
        while not caller.call_sync(BUS, '/', BUS, 'NameHasOwner', GLib.Variant('(s)', (NAME,)), None,
                                   Gio.DBusCallFlags.NONE, -1).unpack()[0]:
            self.assertIsNone(service.poll(), 'the service has ended')
        caller.call_sync(NAME, ROOT, BUS + '.Peer', 'Ping', None, None, Gio.DBusCallFlags.NONE, TIMEOUT * 1000)
        return bus, service, caller

    def flood(self, caller):
        """More calls than the service takes at a time."""
        for _ in range(1000):
            message = Gio.DBusMessage.new_method_call(NAME, ROOT, NAME + '.Manager', 'ListSessions')
            message.set_body(GLib.Variant('(a{sv})', ({},)))
            message.set_flags(Gio.DBusMessageFlags.NO_REPLY_EXPECTED)
            caller.send_message(message, Gio.DBusSendMessageFlags.NONE)
        caller.flush_sync()

    def ended(self, service):
        """Its exit status, and what it said."""
        _, said = service.communicate(timeout=TIMEOUT)
        return service.returncode, said

    def check_lost(self, service):
        status, said = self.ended(service)
        self.assertEqual(status, 1, said)
        self.assertIn('bus', said)

    def test_bus_goes(self):
        bus, service, _ = self.start_both()
        bus.kill()
        self.check_lost(service)

    def test_bus_goes_while_calls_wait(self):
        bus, service, caller = self.start_both()
        os.kill(service.pid, signal.SIGSTOP)
        self.flood(caller)
        bus.kill()
        bus.wait()
        os.kill(service.pid, signal.SIGCONT)
        self.check_lost(service)

    # The bus reads nothing: neither replies nor a farewell.
    def test_end_while_bus_hangs(self):
        for calls in (False, True):
            with self.subTest(calls=calls):
                bus, service, caller = self.start_both()
                if calls:
                    self.flood(caller)
                os.kill(bus.pid, signal.SIGSTOP)
                service.send_signal(signal.SIGTERM)
                status, said = self.ended(service)
                self.assertEqual(status, 0, said)
                self.doCleanups()

    def accept(self, func):
        """A bus that does what func does with the first connection."""
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(self.path)
        self.addCleanup(self.remove_socket)
        os.chmod(self.path, 0o777)
        listener.listen()
        listener.settimeout(TIMEOUT)

        def run():
            connection, _ = listener.accept()
            with connection:
                func(connection)

        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)

    @staticmethod
    def read_until(connection, end):
        data = b''
        while not data.endswith(end):
            try:
                part = connection.recv(1)
            except ConnectionResetError:
                return
            if not part:
                return
            data += part

    def authenticate(self, connection):
        self.read_until(connection, b'AUTH\r\n')
        connection.sendall(b'REJECTED EXTERNAL\r\n')
        self.read_until(connection, b'\r\n')
        connection.sendall(b'OK 0123456789abcdef0123456789abcdef\r\n')
        self.read_until(connection, b'NEGOTIATE_UNIX_FD\r\n')
        connection.sendall(b'AGREE_UNIX_FD\r\n')
        self.read_until(connection, b'BEGIN\r\n')

    def test_bus_that_is_none(self):
        def refuse(connection):
            self.read_until(connection, b'AUTH\r\n')
            connection.sendall(b'REJECTED\r\n')
            self.read_until(connection, b'nothing')

        def talk(connection):
            self.read_until(connection, b'AUTH\r\n')
            try:
                while True:
                    connection.sendall(4096 * b'x')
            except OSError:
                pass

        def leave(connection):
            self.authenticate(connection)

        def send_nonsense(connection):
            self.authenticate(connection)
            connection.sendall(64 * b'nonsense')
            self.read_until(connection, b'nothing')

        for func in (socket.socket.close, refuse, talk, leave, send_nonsense):
            with self.subTest(func.__name__):
                self.accept(func)
                service = self.start_service()
                status, said = self.ended(service)
                self.assertEqual(status, 1, said)
                self.assertIn('tls-handoffd: ', said)
                self.doCleanups()


if __name__ == '__main__':
    unittest.main(verbosity=2)
