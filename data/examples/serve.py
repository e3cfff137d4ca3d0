#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Serves with a credential that the service keeps ("tls-handoff credential" makes one): each client gets its handshake, a
thread, and an answer: python3 serve.py site 8443"""

import sys

import gi

gi.require_version('TlsHandoff', '1')
from gi.repository import Gio, GLib, TlsHandoff


def answer(_, client, __, options):
    """In a thread of the client's."""
    try:
        tls = TlsHandoff.ServerConnection.new(client, None, None)
        tls.set_options(options)
        tls.get_input_stream().read_bytes(4096)
        tls.get_output_stream().write_all(b'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nHello\n')
        tls.close()
    except GLib.Error as error:
        print(f'serve: a client: {error.message}', file=sys.stderr)
    return True


if len(sys.argv) != 3:
    sys.exit('serve: give a credential and a port')
try:
    service = Gio.ThreadedSocketService.new(10)
    service.connect('run', answer, TlsHandoff.HandshakeOptions(credential=sys.argv[1]))
    service.add_inet_port(int(sys.argv[2]), None)
    GLib.MainLoop().run()
except GLib.Error as error:
    sys.exit(f'serve: {error.message}')
