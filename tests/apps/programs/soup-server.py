#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""A server of libsoup 3: soup-server.py CERTIFICATE KEY MODE [CLIENT-CA]. MODE: whether clients have to have a certificate,
none, requested or required. Prints its port. "/" says who the client is, "/size" how much was sent, "/echo" is a
WebSocket."""

import sys

import gi
gi.require_version('Soup', '3.0')
from gi.repository import Gio, GLib, Soup


def answer(_server, message, path, _query):
    certificate = message.get_tls_peer_certificate()
    if path == '/size':
        text = str(len(message.get_request_body().flatten().get_data() or b''))
    else:
        text = certificate.props.subject_name if certificate else 'nobody'
    message.set_status(200, None)
    message.set_response('text/plain', Soup.MemoryUse.COPY, text.encode())


def started(_server, message):
    # GIO asks a server about every certificate, also about a good one.
    message.connect('accept-certificate', lambda _message, _certificate, errors: errors == 0)


def opened(_server, _message, _path, connection):
    connection.set_max_incoming_payload_size(1 << 20)
    connection.connect('message', lambda connection, _, data: connection.send_text(data.get_data().decode()))
    connections.append(connection)  # libsoup leaves that to us


certificate, key, mode, *authority = sys.argv[1:]
connections = []
server = Soup.Server()
server.set_tls_certificate(Gio.TlsCertificate.new_from_files(certificate, key))
server.set_tls_auth_mode(getattr(Gio.TlsAuthenticationMode, mode.upper()))
if authority:
    server.set_tls_database(Gio.TlsFileDatabase.new(authority[0]))
server.connect('request-started', started)
server.add_handler('/', answer)
server.add_websocket_handler('/echo', None, None, opened)
server.listen_local(0, Soup.ServerListenOptions.HTTPS | Soup.ServerListenOptions.IPV4_ONLY)
print(server.get_uris()[0].get_port(), flush=True)
GLib.MainLoop().run()
