# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""For tests in Python on the private system: callers on the bus, without library and command, and polkit's process."""

import itertools
import os
import pwd
import signal
import socket
import time

from gi.repository import Gio, GLib

NAME = 'org.tlshandoff.Handoff1'
ROOT = '/org/tlshandoff/Handoff1'
MANAGER = f'{NAME}.Manager'
SESSION = f'{NAME}.Session'
CREDENTIAL = f'{NAME}.Credential'
PROPERTIES = 'org.freedesktop.DBus.Properties'
RECIPIENT_KEY = [9] + 31 * [0]  # the base point
TIMEOUT = 60
POLKIT = 'org.freedesktop.PolicyKit1'
AUTHORITY = '/org/freedesktop/PolicyKit1/Authority'
POLKIT_SERVICE = '/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service'


def wait_until(condition, what, seconds=TIMEOUT):
    """The main loop runs meanwhile, and is woken to look at what no event tells of."""
    deadline = time.monotonic() + seconds
    timer = GLib.timeout_add(2, lambda: GLib.SOURCE_CONTINUE)
    try:
        while not condition():
            assert time.monotonic() < deadline, f'waited {seconds} seconds in vain until {what}'
            GLib.MainContext.default().iteration(True)
    finally:
        GLib.source_remove(timer)


class Failure(Exception):
    """What the service, or the bus, answered instead."""

    def __init__(self, error):
        self.name = Gio.DBusError.get_remote_error(error) or error.domain
        self.message = error.message.removeprefix(f'GDBus.Error:{self.name}: ')
        super().__init__(f'{self.name}: {self.message}')

    def is_ours(self, name):
        return self.name == f'{NAME}.Error.{name}'


class Pending:
    """A call that is on its way."""

    def __init__(self):
        self.reply = None
        self.failure = None
        self.begun = time.monotonic()
        self.seconds = None

    def finished(self, connection, result):
        self.seconds = time.monotonic() - self.begun
        try:
            self.reply = connection.call_with_unix_fd_list_finish(result)[0]
        except GLib.Error as error:
            self.failure = Failure(error)

    def is_done(self):
        return self.seconds is not None

    def wait(self):
        """The reply, or Failure is raised."""
        while not self.is_done():
            GLib.MainContext.default().iteration(True)
        if self.failure:
            raise self.failure
        return self.reply


class Caller:
    """A connection of a user's to the bus."""

    def __init__(self, user):
        # The bus takes us for whom we are when we connect.
        os.seteuid(pwd.getpwnam(user).pw_uid)
        try:
            self.connection = Gio.DBusConnection.new_for_address_sync(
                os.environ['DBUS_SYSTEM_BUS_ADDRESS'],
                Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
        finally:
            os.seteuid(0)

    def start(self, path, interface, method, parameters=None, fds=(), interactive=False, bus_name=NAME):
        """parameters: a GLib.Variant. The descriptors stay the test's."""
        pending = Pending()
        flags = Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION if interactive else Gio.DBusCallFlags.NONE
        self.connection.call_with_unix_fd_list(bus_name, path, interface, method, parameters, None, flags,
                                               TIMEOUT * 1000, Gio.UnixFDList.new_from_array([os.dup(fd) for fd in fds]),
                                               None, pending.finished)
        return pending

    def call(self, *arguments, **options):
        return self.start(*arguments, **options).wait()

    def start_handshake(self, end, identity='localhost', options=None, role='client', **more):
        """On a socket; options: of GLib.Variants"""
        if role == 'client':
            arguments = GLib.Variant('(hsaya{sv})', (0, identity, RECIPIENT_KEY, options or {}))
        else:
            arguments = GLib.Variant('(haya{sv})', (0, RECIPIENT_KEY, options or {}))
        return self.start(ROOT, MANAGER, f'HandshakeAs{role.capitalize()}', arguments, [end.fileno()], **more)

    def round_trip(self):
        """What was sent before has reached the service, which has had a turn for it."""
        for _ in range(3):
            self.call(ROOT, PROPERTIES, 'Get', GLib.Variant('(ss)', (MANAGER, 'Version')))

    def close(self):
        self.connection.close_sync()


def connect(port):
    return socket.create_connection(('127.0.0.1', port))


def bus_call(caller, method, parameters):
    return caller.call('/org/freedesktop/DBus', 'org.freedesktop.DBus', method, parameters,
                       bus_name='org.freedesktop.DBus').unpack()


class Questions:
    """What polkit is asked, as the bus sees it: [(action, details, whether somebody may be prompted)]"""

    def __init__(self):
        self.asked = []
        self.marks = itertools.count()
        self.connection = Caller('root').connection
        self.connection.add_filter(self.seen)
        rule = f"type='method_call',interface='{POLKIT}.Authority',member='CheckAuthorization'"
        self.connection.call_sync('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus.Monitoring',
                                  'BecomeMonitor', GLib.Variant('(asu)', ([rule], 0)), None, Gio.DBusCallFlags.NONE, -1)

    def seen(self, _connection, message, is_incoming):
        if not is_incoming or message.get_member() != 'CheckAuthorization':
            return message
        _, action, details, flags, _ = message.get_body().unpack()
        self.asked.append((action.rsplit('.', 1)[1], details, flags != 0))
        return None  # a monitor must not answer

    def take(self, caller):
        """Those since the last time. caller: of the test's, who asks one as a mark"""
        mark = f'org.tlshandoff.test.mark-{next(self.marks)}'
        question = GLib.Variant('((sa{sv})sa{ss}us)', (
            ('system-bus-name', {'name': GLib.Variant('s', caller.connection.get_unique_name())}), mark, {}, 0, ''))
        try:
            caller.call(AUTHORITY, f'{POLKIT}.Authority', 'CheckAuthorization', question,
                        bus_name=POLKIT)
        except Failure:
            pass  # polkit does not know it
        mark = mark.rsplit('.', 1)[1]
        wait_until(lambda: self.asked and self.asked[-1][0] == mark, 'the bus shows what polkit is asked')
        taken = self.asked[:-1]
        self.asked.clear()
        return taken

    def wait_for(self, number):
        wait_until(lambda: len(self.asked) >= number, f'polkit is asked {number} times')


class Polkitd:
    """The real one, to which things happen."""

    def __init__(self, caller):
        self.caller = caller

    def is_there(self):
        return bus_call(self.caller, 'NameHasOwner', GLib.Variant('(s)', (POLKIT,)))[0]

    def get_pid(self):
        """Starts it, if need be."""
        if not self.is_there():
            bus_call(self.caller, 'StartServiceByName', GLib.Variant('(su)', (POLKIT, 0)))
        return bus_call(self.caller, 'GetConnectionUnixProcessID', GLib.Variant('(s)', (POLKIT,)))[0]

    def stop(self):
        """Returns when it is stopped: it reads nothing any more."""
        pid = self.get_pid()
        os.kill(pid, signal.SIGSTOP)

        def is_stopped():
            with open(f'/proc/{pid}/stat') as file:
                return file.read().rsplit(')', 1)[1].split()[0] == 'T'

        wait_until(is_stopped, 'polkitd has stopped')
        return pid

    def go_on(self):
        os.kill(self.get_pid(), signal.SIGCONT)

    def kill(self):
        """Returns when it is off the bus."""
        pid = self.get_pid()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.is_there(), 'polkitd has gone')

    def install(self, command):
        """What the bus starts as polkit from now on: a command, or None for nothing."""
        if not os.path.exists(POLKIT_SERVICE + '.real'):
            os.rename(POLKIT_SERVICE, POLKIT_SERVICE + '.real')
        elif os.path.exists(POLKIT_SERVICE):
            os.unlink(POLKIT_SERVICE)
        if command:
            with open(POLKIT_SERVICE, 'w') as file:
                file.write(f'[D-BUS Service]\nName={POLKIT}\nExec={command}\nUser=root\n')
        bus_call(self.caller, 'ReloadConfig', None)

    def install_again(self):
        os.rename(POLKIT_SERVICE + '.real', POLKIT_SERVICE)
        bus_call(self.caller, 'ReloadConfig', None)
