#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Fetches a page as somebody: with a credential that the service keeps ("tls-handoff credential" makes one), whose key
never comes here: python3 client-certificate.py intranet.example.com work"""

import sys

import gi

gi.require_version('TlsHandoff', '1')
from gi.repository import Gio, GLib, TlsHandoff


def fetch(host, credential):
    server = Gio.NetworkAddress.parse(host, 443)
    plain = Gio.SocketClient().connect(server)
    tls = TlsHandoff.ClientConnection.new(plain, server, None)
    tls.set_options(TlsHandoff.HandshakeOptions(credential=credential))
    tls.handshake()
    # None: the server did not ask who we are.
    print('credential:', tls.get_result().get_credential() or 'none', file=sys.stderr)
    tls.get_output_stream().write_all(f'GET / HTTP/1.0\r\nHost: {host}\r\n\r\n'.encode())
    while page := tls.get_input_stream().read_bytes(4096).get_data():
        sys.stdout.buffer.write(page)


if len(sys.argv) != 3:
    sys.exit('client-certificate: give a host and a credential')
try:
    fetch(*sys.argv[1:])
except GLib.Error as error:
    sys.exit(f'client-certificate: {error.message}')
