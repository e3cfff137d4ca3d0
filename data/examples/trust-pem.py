#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Fetches a page from a server that is trusted because of the authorities in a file, in place of the system's:
python3 trust-pem.py intranet.example.com authorities.pem"""

import pathlib
import sys

import gi

gi.require_version('TlsHandoff', '1')
from gi.repository import Gio, GLib, TlsHandoff


def fetch(host, path):
    options = TlsHandoff.HandshakeOptions()
    options.set_trust_anchors_pem(GLib.Bytes(pathlib.Path(path).read_bytes()))
    server = Gio.NetworkAddress.parse(host, 443)
    plain = Gio.SocketClient().connect(server)
    tls = TlsHandoff.ClientConnection.new(plain, server, None)
    tls.set_options(options)
    tls.get_output_stream().write_all(f'GET / HTTP/1.0\r\nHost: {host}\r\n\r\n'.encode())
    while page := tls.get_input_stream().read_bytes(4096).get_data():
        sys.stdout.buffer.write(page)


if len(sys.argv) != 3:
    sys.exit('trust-pem: give a host and a file in PEM')
try:
    fetch(*sys.argv[1:])
except OSError as error:
    sys.exit(f'trust-pem: {error}')
except GLib.Error as error:
    sys.exit(f'trust-pem: {error.message}')
