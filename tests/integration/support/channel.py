# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""For tests in Python on the private system: a channel to the service, without the library."""

import array
import os
import socket

from gi.repository import Gio, GLib

from caller import MANAGER, RECIPIENT_KEY, ROOT, TIMEOUT, Failure

CALL, REPLY, ERROR, CANCEL = 1, 2, 3, 4
INTERACTIVE = 1
MAX_MESSAGE = 128 * 1024
MAX_FDS = 8


class Refusal(Failure):
    """An error that came on the channel."""

    def __init__(self, name, message):
        self.name = name
        self.message = message
        Exception.__init__(self, f'{name}: {message}')


class Channel:
    """Of a Caller's, or of another connection to the bus. Blob after blob is sealed to a key of its own, as on the bus."""

    def __init__(self, connection):
        options = {'recipient-key': GLib.Variant('ay', RECIPIENT_KEY)}
        try:
            reply, fds = connection.call_with_unix_fd_list_sync(
                'org.tlshandoff.Handoff1', ROOT, MANAGER, 'OpenChannel', GLib.Variant('(a{sv})', (options,)), None,
                Gio.DBusCallFlags.NONE, TIMEOUT * 1000, None, None)
        except GLib.Error as error:
            raise Failure(error) from None
        self.details = reply.unpack()[1]
        self.socket = socket.socket(fileno=fds.steal_fds()[reply.unpack()[0]])
        self.socket.settimeout(TIMEOUT)
        self.serial = 0
        self.answers = {}

    def send(self, kind, serial, body, fds=()):
        message = GLib.Variant('(yuv)', (kind, serial, body)).get_data_as_bytes().get_data()
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else []
        self.socket.sendmsg([message], rights)

    def start(self, path, method, arguments=None, fds=(), interactive=False):
        """The call's serial. The descriptors stay the test's."""
        self.serial += 1
        body = GLib.Variant('(uosv)', (INTERACTIVE if interactive else 0, path, method,
                                       arguments or GLib.Variant('()', ())))
        self.send(CALL, self.serial, body, fds)
        return self.serial

    def receive(self):
        """The next message goes to the answers. None if the service closed the channel."""
        size = array.array('i').itemsize
        data, rights, _, _ = self.socket.recvmsg(MAX_MESSAGE, socket.CMSG_SPACE(MAX_FDS * size))
        for _, _, fds in rights:
            for fd in array.array('i', fds[:len(fds) - len(fds) % size]):
                os.close(fd)
        if not data:
            return None
        message = GLib.Variant.new_from_bytes(GLib.VariantType('(yuv)'), GLib.Bytes.new(data), False)
        assert message.is_normal_form()
        kind, serial = message.get_child_value(0).get_byte(), message.get_child_value(1).get_uint32()
        self.answers[serial] = (kind, message.get_child_value(2).get_variant())
        return serial

    def wait(self, serial):
        """The reply, or Failure is raised. EOFError if the service closed the channel."""
        while serial not in self.answers:
            if self.receive() is None:
                raise EOFError
        kind, body = self.answers.pop(serial)
        if kind == ERROR:
            name, message, _ = body.unpack()
            raise Refusal(name, message)
        assert kind == REPLY
        return body

    def call(self, *arguments, **options):
        return self.wait(self.start(*arguments, **options))

    def start_handshake(self, end, identity='localhost', options=None, role='client', more_fds=(), **more):
        """On a socket, descriptor 0; options: of GLib.Variants"""
        if role == 'client':
            arguments = GLib.Variant('(hsaya{sv})', (0, identity, RECIPIENT_KEY, options or {}))
        else:
            arguments = GLib.Variant('(haya{sv})', (0, RECIPIENT_KEY, options or {}))
        return self.start(ROOT, f'HandshakeAs{role.capitalize()}', arguments,
                          [end.fileno(), *more_fds], **more)

    def close(self):
        self.socket.close()
