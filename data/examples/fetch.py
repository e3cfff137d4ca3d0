#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Fetches a page: python3 fetch.py www.example.com"""

import sys

import gi

gi.require_version('TlsHandoff', '1')
from gi.repository import Gio, GLib, TlsHandoff


def fetch(host):
    server = Gio.NetworkAddress.parse(host, 443)
    plain = Gio.SocketClient().connect(server)
    tls = TlsHandoff.ClientConnection.new(plain, server, None)
    tls.get_output_stream().write_all(f'GET / HTTP/1.0\r\nHost: {host}\r\n\r\n'.encode())
    while page := tls.get_input_stream().read_bytes(4096).get_data():
        sys.stdout.buffer.write(page)


if len(sys.argv) != 2:
    sys.exit('fetch: give one host')
try:
    fetch(sys.argv[1])
except GLib.Error as error:
    sys.exit(f'fetch: {error.message}')
