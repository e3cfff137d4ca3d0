#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Fetches a page over something that is no socket: the pipes of a command, as ssh's ProxyCommand. Any Gio.IOStream will
do; the library carries the handshake's bytes between it and the service:
python3 own-transport.py www.example.com ssh gate nc www.example.com 443"""

import sys

import gi

gi.require_version('TlsHandoff', '1')
from gi.repository import Gio, GLib, TlsHandoff


def fetch(host, command):
    server = Gio.NetworkAddress.parse(host, 443)
    process = Gio.Subprocess.new(command, Gio.SubprocessFlags.STDIN_PIPE | Gio.SubprocessFlags.STDOUT_PIPE)
    pipes = Gio.SimpleIOStream.new(process.get_stdout_pipe(), process.get_stdin_pipe())
    tls = TlsHandoff.ClientConnection.new(pipes, server, None)
    tls.get_output_stream().write_all(f'GET / HTTP/1.0\r\nHost: {host}\r\n\r\n'.encode())
    while page := tls.get_input_stream().read_bytes(4096).get_data():
        sys.stdout.buffer.write(page)


if len(sys.argv) < 3:
    sys.exit('own-transport: give a host and a command')
try:
    fetch(sys.argv[1], sys.argv[2:])
except GLib.Error as error:
    sys.exit(f'own-transport: {error.message}')
