#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Connects twice: the second handshake is short, since the service kept what the server gave the first time. A program
has nothing to do for it but read to the end: python3 resumption.py www.example.com"""

import sys

import gi

gi.require_version('TlsHandoff', '1')
from gi.repository import Gio, GLib, TlsHandoff


def fetch(host):
    server = Gio.NetworkAddress.parse(host, 443)
    plain = Gio.SocketClient().connect(server)
    tls = TlsHandoff.ClientConnection.new(plain, server, None)
    tls.get_output_stream().write_all(f'GET / HTTP/1.0\r\nHost: {host}\r\n\r\n'.encode())
    # The server's tickets come with its data, and go to the service.
    while tls.get_input_stream().read_bytes(4096).get_size() > 0:
        pass
    tls.close()
    return tls.get_result().get_resumed()


if len(sys.argv) != 2:
    sys.exit('resumption: give one host')
try:
    for which in ('first', 'second'):
        print(which + ':', 'resumed' if fetch(sys.argv[1]) else 'new')
except GLib.Error as error:
    sys.exit(f'resumption: {error.message}')
