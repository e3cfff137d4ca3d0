#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What the library does to the process that it is in: nothing when the bus goes, and nothing in a forked child that
could wait for ever. Each case is an application of its own: this file with the case's name, and a server's port."""

import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import unittest

import gi

gi.require_version('TlsHandoff', '1')
from gi.repository import Gio, GLib, TlsHandoff  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from tls_server import TlsServer  # noqa: E402

CERTS = os.environ['HANDOFF_TEST_CERTS']
TIMEOUT = 60


class Application:
    """What the cases do. They run as another process, and end with 0 or an exception."""

    def __init__(self, port):
        self.port = port
        options = TlsHandoff.HandshakeOptions.new()
        with open(CERTS + '/ca.pem') as file:
            options.set_trust_anchors([GLib.Bytes.new(ssl.PEM_cert_to_DER_cert(file.read()))])
        self.options = options

    def new_connection(self, manager=None):
        client = Gio.SocketClient()
        client.set_enable_proxy(False)
        base = client.connect_to_host('127.0.0.1', self.port)
        connection = TlsHandoff.ClientConnection.new(base, Gio.NetworkAddress.new('localhost', self.port), manager)
        connection.set_options(self.options)
        return connection

    def handshake_sync(self, manager=None):
        connection = self.new_connection(manager)
        connection.handshake()
        return connection

    def handshake_async(self, manager=None):
        loop = GLib.MainLoop()
        results = []

        def done(connection, result):
            results.append(result)
            loop.quit()

        connection = self.new_connection(manager)
        connection.handshake_async(GLib.PRIORITY_DEFAULT, None, done)
        loop.run()
        connection.handshake_finish(results[0])
        return connection

    def check_echo(self, connection, data):
        connection.get_output_stream().write_all(data, None)
        got = b''
        while len(got) < len(data):
            got += connection.get_input_stream().read_bytes(65536, None).get_data()
        assert got == data, got

    def check_unavailable(self, handshake):
        try:
            handshake()
        except GLib.Error as error:
            assert error.matches(Gio.tls_error_quark(), Gio.TlsError.UNAVAILABLE), error
            return error.message
        raise AssertionError('a handshake without a service')

    def case_bus_restart(self):
        """Breaks if the end of the bus ends the application or its connections, or nothing works afterwards."""
        manager = TlsHandoff.Manager.new_sync(None)
        kept = [self.handshake_async(), self.handshake_sync(), self.handshake_sync(manager), self.handshake_async(manager)]
        assert manager.get_connection() != Gio.bus_get_sync(Gio.BusType.SYSTEM), "the application's own connection"
        assert not manager.get_connection().get_exit_on_close()
        # Not the test's business: it is the application's to say.
        Gio.bus_get_sync(Gio.BusType.SYSTEM).set_exit_on_close(False)
        lent = manager.get_connection()

        pid = int(subprocess.run(['pidof', 'dbus-daemon'], check=True, stdout=subprocess.PIPE).stdout)
        os.kill(pid, signal.SIGKILL)
        while not lent.is_closed():
            GLib.MainContext.default().iteration(True)
        # What GDBus does then, it does in an idle source.
        while GLib.MainContext.default().iteration(False):
            pass
        for connection in kept:
            self.check_echo(connection, b'without a bus')
        os.unlink('/run/dbus/system_bus_socket')
        self.check_unavailable(self.handshake_sync)
        self.check_unavailable(self.handshake_async)
        self.check_unavailable(lambda: self.handshake_sync(manager))
        self.check_unavailable(lambda: self.handshake_async(manager))

        bus = subprocess.Popen(['dbus-daemon', '--system', '--nofork', '--nopidfile', '--nosyslog', '--print-address=1'],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
        assert bus.stdout.readline()
        kept += [self.handshake_sync(), self.handshake_async(), self.handshake_sync(manager), self.handshake_async(manager)]
        assert manager.get_status_sync(None)
        assert manager.get_connection() != lent and lent.is_closed()
        for connection in kept:
            self.check_echo(connection, b'with another bus')

    def case_denied_socket(self):
        """Breaks if a bus that cannot be reached has the error code of polkit's no. (As alice.)"""
        message = self.check_unavailable(self.handshake_sync)
        assert 'cannot be reached' in message, message
        self.check_unavailable(self.handshake_async)

    def in_child(self, function):
        """Runs it in a forked child, which must not hang."""
        child = os.fork()
        if child == 0:
            status = 1
            try:
                signal.alarm(TIMEOUT)
                function()
                status = 0
            except BaseException as error:
                print(f'in the child: {error!r}', file=sys.stderr, flush=True)
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        assert status == 0, f'the child ended with {status}'

    def case_forked_reading(self):
        """Breaks if reading in a child calls the bus, because session tickets arrive with the data: the child would
        wait for ever for a mutex that another thread of the parent held. Here a thread holds that mutex most of the
        time."""
        manager = TlsHandoff.Manager.new_sync(None)
        bus = manager.get_connection()
        ended = threading.Event()

        def keep_busy():
            while not ended.is_set():
                bus.emit_signal(None, '/', 'org.example.Test', 'Test', None)

        def read():
            got = b''
            while got != b'from the parent':
                got += connection.get_input_stream().read_bytes(4096, None).get_data()

        for _ in range(10):
            connection = self.handshake_sync(manager)
            connection.get_output_stream().write_all(b'from the parent', None)
            thread = threading.Thread(target=keep_busy)
            thread.start()
            try:
                self.in_child(read)
            finally:
                ended.set()
                thread.join()
                ended.clear()

    def case_forked_writing(self):
        """Breaks if a server that forks for each connection cannot go on in the child, or if the parent's close_notify,
        or another record of the parent, has the same number as a record of the child."""
        connection = self.handshake_sync()
        self.check_echo(connection, b'before')
        self.in_child(lambda: self.check_echo(connection, b'in the child'))
        try:
            connection.get_output_stream().write_all(b'in the parent', None)
            raise AssertionError('two processes send')
        except GLib.Error as error:
            assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CLOSED), error
        other = self.handshake_sync()
        self.in_child(lambda: None)
        self.check_echo(other, b'after an idle child')

    def case_forked_calls(self):
        """Breaks if a child waits for the answer to a call that nobody can send, or gets no clear error."""
        manager = TlsHandoff.Manager.new_sync(None)
        self.handshake_sync(manager)

        def call():
            for handshake in (self.handshake_sync, self.handshake_async, lambda: self.handshake_sync(manager),
                              lambda: self.handshake_async(manager)):
                message = self.check_unavailable(handshake)
                assert 'forked' in message, message
            for function in (lambda: TlsHandoff.Manager.new_sync(None), lambda: manager.get_status_sync(None),
                             lambda: manager.list_sessions_sync(False, 0, None)):
                try:
                    function()
                    raise AssertionError('a call in a child')
                except GLib.Error as error:
                    assert error.matches(Gio.dbus_error_quark(), Gio.DBusError.DISCONNECTED), error

        self.in_child(call)
        # The parent goes on.
        self.check_echo(self.handshake_sync(manager), b'in the parent')

    def case_forked_before(self):
        """Breaks if the child cannot call the service although its parent never did: daemons fork when they start."""
        self.in_child(lambda: self.check_echo(self.handshake_sync(), b'in the child'))


class LibraryProcess(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = TlsServer()
        cls.server.context.minimum_version = ssl.TLSVersion.TLSv1_3  # with tickets

    def run_case(self, name, *prefix, program=__file__):
        # GLib's own allocator, unlike malloc(), has a mutex that another thread may hold at the fork.
        done = subprocess.run([*prefix, sys.executable, program, name, str(self.server.port)], timeout=4 * TIMEOUT,
                              env={**os.environ, 'G_SLICE': 'always-malloc'})
        self.assertEqual(done.returncode, 0)

    def test_forked_reading(self):
        self.run_case('forked_reading')

    def test_forked_writing(self):
        self.run_case('forked_writing')

    def test_forked_calls(self):
        self.run_case('forked_calls')

    def test_forked_before(self):
        self.run_case('forked_before')

    def test_denied_socket(self):
        # The source and build directories may be closed to other users.
        copy = shutil.copytree(os.path.dirname(__file__), os.path.join(os.environ['TMPDIR'], 'integration'))
        os.chmod('/run/dbus/system_bus_socket', 0o600)
        try:
            self.run_case('denied_socket', 'setpriv', '--reuid=alice', '--regid=alice', '--clear-groups',
                          program=os.path.join(copy, os.path.basename(__file__)))
        finally:
            os.chmod('/run/dbus/system_bus_socket', 0o666)

    def test_z_bus_restart(self):
        self.run_case('bus_restart')


if __name__ == '__main__':
    if len(sys.argv) == 3:
        getattr(Application(int(sys.argv[2])), 'case_' + sys.argv[1])()
    else:
        unittest.main(verbosity=2)
