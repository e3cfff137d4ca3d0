# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The library's connections as clients, and GIO's own to compare them with."""

import os

import gi

gi.require_version('TlsHandoff', '1')
from gi.repository import Gio, GLib, TlsHandoff  # noqa: E402

from command import TIMEOUT  # noqa: E402


def connect(test, port, ours, pipes=False, timeout=0):
    """A connection to "localhost", before its handshake. timeout: the socket's. With pipes, the socket stays open until
    the end of the test."""
    client = Gio.SocketClient()
    client.set_enable_proxy(False)
    client.set_timeout(timeout)
    base = client.connect_to_host('127.0.0.1', port)
    identity = Gio.NetworkAddress.new('localhost', port)
    if not ours:
        return Gio.TlsClientConnection.new(base, identity)
    if pipes:
        # In the guise of something that is no socket.
        test.addCleanup(base.close)
        base = Gio.SimpleIOStream.new(base.get_input_stream(), base.get_output_stream())
    return TlsHandoff.ClientConnection.new(base, identity, None)


def run_handshake(connection, asynchronous, cancellable=None):
    """Raises the error."""
    if not asynchronous:
        connection.handshake(cancellable)
        return
    loop = GLib.MainLoop()
    results = []

    def done(_, result):
        results.append(result)
        loop.quit()

    connection.handshake_async(GLib.PRIORITY_DEFAULT, cancellable, done)
    timer = GLib.timeout_add_seconds(TIMEOUT, os.abort)
    loop.run()
    GLib.source_remove(timer)
    connection.handshake_finish(results[0])
