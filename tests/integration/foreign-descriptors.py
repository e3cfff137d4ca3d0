#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What a caller makes so that whoever closes, reads or receives it sleeps: files of a file system of the caller's own,
sockets that linger, and sockets in sockets. mallory has the service handle them; alice must not notice."""

import contextlib
import os
import pwd
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import unittest

from gi.repository import Gio, GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import OWN_RULES, TIMEOUT, certificate, get_service_pid, run, set_rules, stop_service, wait_until
from fuse import FuseMount

NAME = 'org.tlshandoff.Handoff1'
ROOT = '/org/tlshandoff/Handoff1'
MANAGER = NAME + '.Manager'
SERVICE_UID = pwd.getpwnam('tls-handoff').pw_uid
TRUST = ('--trust', certificate('ca.pem'))
# As in service/work/descriptor-reaper.h.
CLOSING_PER_USER, WAITING_PER_USER = 4, 256
# Sends a byte from a file's memory, which the file system does not give: the socket stays locked meanwhile.
SEND_FROM_FILE = '''
import ctypes, os, sys
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
memory = libc.mmap(None, ctypes.c_size_t(4096), 3, 1, os.open(sys.argv[1], os.O_RDWR), ctypes.c_long(0))
print("sending", flush=True)
libc.send(int(sys.argv[2]), ctypes.c_void_p(memory), ctypes.c_size_t(1), 0)
'''


def connect_as(user):
    """A bus connection of that user's."""
    os.seteuid(pwd.getpwnam(user).pw_uid)
    try:
        return Gio.DBusConnection.new_for_address_sync(
            os.environ['DBUS_SYSTEM_BUS_ADDRESS'], Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
            Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
    finally:
        os.seteuid(0)


def start_service():
    """Its pid."""
    Gio.bus_get_sync(Gio.BusType.SYSTEM).call_sync(NAME, ROOT, 'org.freedesktop.DBus.Peer', 'Ping', None, None,
                                                   Gio.DBusCallFlags.NONE, TIMEOUT * 1000)
    return get_service_pid()


def send(connection, message, fds):
    """Sends it with these descriptors, and keeps none."""
    message.set_unix_fd_list(Gio.UnixFDList.new_from_array(fds))
    connection.send_message(message, Gio.DBusSendMessageFlags.NONE)
    connection.flush_sync()


def call(connection, method, parameters, fds=(), path=ROOT, interface=MANAGER):
    """Waits for the reply. The descriptors are given away. The error, or None."""
    message = Gio.DBusMessage.new_method_call(NAME, path, interface, method)
    if parameters is not None:
        message.set_body(parameters)
    if fds:
        message.set_unix_fd_list(Gio.UnixFDList.new_from_array(list(fds)))
    reply, _ = connection.send_message_with_reply_sync(message, Gio.DBusSendMessageFlags.NONE, TIMEOUT * 1000)
    return reply.get_error_name()


def handshake_arguments(key=None):
    return GLib.Variant('(hsaya{sv})', (0, 'localhost', key or b'\x09' + os.urandom(31),
                                        {'timeout': GLib.Variant('u', 20)}))


def tcp_pair():
    with socket.create_server(('127.0.0.1', 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        return client, listener.accept()[0]


class Flood:
    """Calls with as many descriptors as the bus lets pass, on a connection: all the same one, which the bus gets and
    passes on sixteen times."""
    FDS = 16

    def __init__(self, connection, fd):
        message = Gio.DBusMessage.new_method_call(NAME, ROOT, MANAGER, 'ListSessions')
        message.set_body(GLib.Variant('(a{sv})', ({},)))
        message.set_flags(Gio.DBusMessageFlags.NO_REPLY_EXPECTED)
        message.set_serial(1 << 20)
        message.set_unix_fd_list(Gio.UnixFDList.new_from_array([os.open('/dev/null', os.O_RDONLY)
                                                                for _ in range(self.FDS)]))
        self.message = message.to_blob(Gio.DBusCapabilityFlags.UNIX_FD_PASSING)
        self.socket = socket.socket(fileno=os.dup(connection.get_stream().get_socket().get_fd()))
        self.fds = [fd] * self.FDS

    def send(self):
        message = self.message
        fds = self.fds
        while message:
            select.select([], [self.socket], [])
            try:
                message = message[socket.send_fds(self.socket, [message], fds):]
                fds = []
            except BlockingIOError:
                pass

    def close(self):
        self.socket.close()


def lingering_socket():
    """A socket whose close() waits for an hour, and its peer."""
    client, peer = tcp_pair()
    client.setblocking(False)
    try:
        while True:
            client.send(b'x' * 65536)
    except BlockingIOError:
        client.setblocking(True)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 3600))
    return client, peer


class Server:
    """A TLS server for alice."""

    def __init__(self):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate('ecdsa.pem'), certificate('ecdsa.key'))
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                with self.context.wrap_socket(self.listener.accept()[0], server_side=True) as tls:
                    tls.recv(1)
            except (ssl.SSLError, ConnectionError):
                pass


class ForeignDescriptors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        set_rules(OWN_RULES)
        cls.server = Server()

    def setUp(self):
        self.pid = start_service()
        self.mallory = connect_as('mallory')
        self.assert_alice_is_served()
        self.n_fds = self.count_fds()

    def tearDown(self):
        self.mallory.close_sync()

    def mount(self, held, uid=SERVICE_UID):
        if not os.path.exists('/dev/fuse'):
            self.skipTest('needs /dev/fuse')
        mount = FuseMount(os.path.join(os.environ['TMPDIR'], 'fuse'), held, uid)
        self.addCleanup(mount.end)
        return mount

    def programs(self):
        """The service and the programs that it has started."""
        pids = [self.pid]
        for thread in os.listdir(f'/proc/{self.pid}/task'):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError), \
                    open(f'/proc/{self.pid}/task/{thread}/children') as children:
                pids += map(int, children.read().split())
        return pids

    def count_fds(self):
        """Of all programs, what callers may have sent: not what the service makes for itself, and for its programs."""
        with open('/proc/net/unix') as sockets:
            own = {f'socket:[{line.split()[6]}]' for line in list(sockets)[1:] if line.split()[4] == '0005'}
        names = []
        for pid in self.programs():
            directory = f'/proc/{pid}/fd'
            try:
                fds = [int(fd) for fd in os.listdir(directory)]
            except FileNotFoundError:
                continue
            for fd in fds:
                try:
                    names.append(os.readlink(f'{directory}/{fd}') if fd > 2 else '/dev/null')
                except FileNotFoundError:
                    pass
        return len([name for name in names
                    if name not in own and name != '/dev/null' and not name.startswith(('anon_inode:', '/memfd:'))])

    def count_all_fds(self):
        return len(os.listdir(f'/proc/{self.pid}/fd'))

    def assert_alice_is_served(self):
        """By the same process as before."""
        done = run('alice', 'probe', '--timeout', '10', *TRUST, f'localhost:{self.server.port}')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(get_service_pid(), self.pid)

    def assert_all_is_closed(self):
        # alice's last socket may take its time.
        wait_until(lambda: self.count_fds() <= self.n_fds, 'no descriptor stays open')

    # Breaks if the main loop, or GDBus's thread, closes what came in a message, whoever ends that.
    def test_flush(self):
        calls = {
            'refused argument': ('ImportCredential', GLib.Variant('(sha{sv})', ('', 0, {}))),
            'no socket': ('HandshakeAsClient', handshake_arguments()),
            'nobody wants it': ('ListSessions', GLib.Variant('(a{sv})', ({},))),
            'unknown method': ('Nothing', None),
            'wrong arguments': ('ListSessions', GLib.Variant('(s)', ('',))),
        }
        for name, (method, parameters) in calls.items():
            with self.subTest(name):
                mount = self.mount('flush')
                call(self.mallory, method, parameters, [mount.open()])
                wait_until(lambda: mount.count_held() >= 1, 'it is being closed')
                self.assert_alice_is_served()
                mount.release()
                self.assert_all_is_closed()
                self.doCleanups()

    def test_flush_of_other_messages(self):
        mount = self.mount('flush')
        unique_name = Gio.bus_get_sync(Gio.BusType.SYSTEM).call_sync(
            'org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'GetNameOwner', GLib.Variant('(s)', (NAME,)), None,
            Gio.DBusCallFlags.NONE, -1).unpack()[0]
        message = Gio.DBusMessage.new_signal('/', 'test.Test', 'Test')
        message.set_destination(unique_name)
        send(self.mallory, message, [mount.open()])
        message = Gio.DBusMessage.new_method_call(NAME, ROOT + '/nothing', 'org.freedesktop.DBus.Properties', 'Nothing')
        send(self.mallory, message, [mount.open()])
        message = Gio.DBusMessage.new_method_call(NAME, ROOT, 'org.freedesktop.DBus.Peer', 'Ping')
        send(self.mallory, message, [mount.open()])
        del message
        wait_until(lambda: mount.count_held() >= 3, 'they are being closed')
        self.assert_alice_is_served()
        mount.release()
        self.assert_all_is_closed()

    # Breaks if descriptors of a caller that leaves at once are counted for nobody, or for everybody.
    def test_leaving(self):
        mount = self.mount('flush')
        for _ in range(8):
            connection = connect_as('mallory')
            message = Gio.DBusMessage.new_method_call(NAME, ROOT, MANAGER, 'ListSessions')
            send(connection, message, [mount.open()])
            del message
            connection.close_sync()
        wait_until(lambda: mount.count_held() >= CLOSING_PER_USER, 'they are being closed')
        self.assert_alice_is_served()
        mount.release()
        self.assert_all_is_closed()

    # Breaks if a user has more threads than allowed, or sends on although nothing can be closed; or if another user, or
    # a caller of the same user without descriptors, suffers from it.
    def test_limit(self):
        mount = self.mount('flush')
        arguments = GLib.Variant('(a{sv})', ({},))
        for _ in range(CLOSING_PER_USER + WAITING_PER_USER):
            message = Gio.DBusMessage.new_method_call(NAME, ROOT, MANAGER, 'ListSessions')
            message.set_body(arguments)
            message.set_flags(Gio.DBusMessageFlags.NO_REPLY_EXPECTED)
            send(self.mallory, message, [mount.open()])
        del message
        limit = NAME + '.Error.LimitReached'
        wait_until(lambda: call(self.mallory, 'ListSessions', arguments, [mount.open()]) == limit,
                 'there is no limit')
        # A thread that closes one may not have come so far.
        wait_until(lambda: mount.count_held() >= CLOSING_PER_USER, 'they are being closed')
        self.assertEqual(mount.count_held(), CLOSING_PER_USER)
        self.assertIsNone(call(self.mallory, 'ListSessions', arguments))
        self.assert_alice_is_served()
        bob = connect_as('bob')
        self.assertIsNone(call(bob, 'ListSessions', arguments, [os.open('/dev/null', os.O_RDONLY)]))
        bob.close_sync()
        mount.release()
        self.assert_all_is_closed()
        self.assertIsNone(call(self.mallory, 'ListSessions', arguments, [mount.open()]))

    # Breaks if refused calls fill the service's table of descriptors with files that nobody can close; if callers that
    # leave the bus at once do; or if alice, whom the service does not know yet, gets no service.
    def test_flood(self):
        with open(f'/proc/{self.pid}/limits') as limits:
            limit = next(int(line.split()[3]) for line in limits if line.startswith('Max open files'))
        mount = self.mount('flush')
        fd = mount.open()
        connections = [connect_as('mallory') for _ in range(3)]
        floods = [Flood(connection, fd) for connection in connections]
        most = 0
        for number in range(limit // Flood.FDS):
            floods[number % len(floods)].send()
            if number % 256 == 255:
                most = max(most, self.count_all_fds())
                self.assert_alice_is_served()
        for flood, connection in zip(floods, connections):
            flood.close()
            connection.close_sync()
        for _ in range(64):
            connection = connect_as('mallory')
            flood = Flood(connection, fd)
            for _ in range(8):
                flood.send()
            flood.close()
            connection.close_sync()
        self.assert_alice_is_served()
        most = max(most, self.count_all_fds())
        self.assertLess(most, limit // 8)
        self.assertEqual(call(self.mallory, 'ListSessions', GLib.Variant('(a{sv})', ({},)), [os.dup(fd)]),
                         NAME + '.Error.LimitReached')
        # mallory's, and of those who have left before it was known who they are.
        self.assertLessEqual(mount.count_held(), 2 * CLOSING_PER_USER)
        mount.release()
        os.close(fd)
        self.assert_all_is_closed()
        self.assertIsNone(call(self.mallory, 'ListSessions', GLib.Variant('(a{sv})', ({},)), [mount.open()]))

    # Breaks if somebody else than the reader's own thread asks a file for anything, or that thread is one of many.
    def test_reading(self):
        for held in ('getattr', 'read'):
            with self.subTest(held):
                mount = self.mount(held)
                message = Gio.DBusMessage.new_method_call(NAME, ROOT, MANAGER, 'ImportCredential')
                message.set_body(GLib.Variant('(sha{sv})', ('key', 0, {})))
                send(self.mallory, message, [mount.open()])
                del message
                wait_until(lambda: mount.count_held() >= 1, 'it is being read')
                self.assert_alice_is_served()
                mount.release()
                self.assert_all_is_closed()
                self.doCleanups()

    def send_rights(self, number):
        """Has the service read from sockets that bring lingering sockets along, inside another socket too. Returns what
        has to stay open meanwhile."""
        kept = []
        for _ in range(number):
            ours, theirs = socket.socketpair()
            inner, inner_peer = socket.socketpair()
            lingering, peer = lingering_socket()
            nested, nested_peer = lingering_socket()
            socket.send_fds(inner_peer, [b'x'], [nested.fileno()])
            socket.send_fds(theirs, [b'\x16'], [inner.fileno(), lingering.fileno()])
            for end in (inner, inner_peer, lingering, nested):
                end.close()
            kept += [peer, nested_peer, theirs]
            message = Gio.DBusMessage.new_method_call(NAME, ROOT, MANAGER, 'HandshakeAsClient')
            message.set_body(handshake_arguments())
            send(self.mallory, message, [ours.detach()])
        return kept

    # Breaks if recv() on a worker closes the descriptors that were sent along; or if anybody waits for that longer than
    # a moment, although the peers still exist.
    def test_rights(self):
        kept = self.send_rights(8)
        self.assert_alice_is_served()
        self.assert_all_is_closed()
        for end in kept:
            end.close()

    # Breaks if the main loop, or a worker that others need, waits for a socket's lock.
    def test_locked_socket(self):
        mount = self.mount('read', pwd.getpwnam('mallory').pw_uid)
        senders = []
        peers = []
        for n in range(2 * os.cpu_count()):
            client, peer = tcp_pair()
            peers.append(peer)
            sender = subprocess.Popen([sys.executable, '-c', SEND_FROM_FILE, mount.path, str(client.fileno())],
                                      stdout=subprocess.PIPE, text=True, pass_fds=[client.fileno()],
                                      user='mallory', group='mallory', extra_groups=[])
            senders.append(sender)
            self.assertEqual(sender.stdout.readline(), 'sending\n')
            if n == 0:
                wait_until(lambda: mount.count_held() > 0, 'the file is being read')
            message = Gio.DBusMessage.new_method_call(NAME, ROOT, MANAGER, 'HandshakeAsClient')
            message.set_body(handshake_arguments())
            send(self.mallory, message, [client.detach()])
            del message
        for _ in range(2 * os.cpu_count()):
            self.assert_alice_is_served()
        mount.release()
        for sender in senders:
            sender.communicate(timeout=TIMEOUT)
        for peer in peers:
            peer.close()
        self.assert_all_is_closed()

    # Breaks if descriptors that cannot be closed keep the service from ending, as far as such a process can end: the
    # kernel keeps the process, but the bus starts another service.
    def test_ending(self):
        mount = self.mount('flush')
        call(self.mallory, 'ListSessions', GLib.Variant('(a{sv})', ({},)), [mount.open()])
        wait_until(lambda: mount.count_held() >= 1, 'it is being closed')
        old = self.pid
        stop_service(signal.SIGTERM)
        self.pid = start_service()
        self.assertNotEqual(self.pid, old)
        self.assert_alice_is_served()
        mount.release()
        wait_until(lambda: not os.path.exists(f'/proc/{old}'), 'the old process has gone')

    def test_ending_with_lingering_sockets(self):
        kept = self.send_rights(8)
        os.kill(self.pid, signal.SIGTERM)
        wait_until(lambda: not os.path.exists(f'/proc/{self.pid}'), 'the service has ended')
        for end in kept:
            end.close()


unittest.main()
