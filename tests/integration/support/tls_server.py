# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""OpenSSL's TLS server, in threads of the test's process."""

import os
import socket
import ssl
import threading


def echo(connection):
    """Sends back what comes, until the peer closes."""
    while data := connection.recv(65536):
        connection.sendall(data)


class TlsServer(threading.Thread):
    """Listens on 127.0.0.1, at port (0: any that is free), when the constructor returns. behaviour: what is done with each connection after
    its handshake; connections end where that returns, or the peer breaks off. Its context can be changed."""

    def __init__(self, name='ecdsa', behaviour=echo, port=0):
        super().__init__(daemon=True)
        certificate = os.path.join(os.environ['HANDOFF_TEST_CERTS'], name)
        self.behaviour = behaviour
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate + '.pem', certificate + '.key')
        self.listener = socket.create_server(('127.0.0.1', port))
        self.port = self.listener.getsockname()[1]
        self.start()

    def serve(self, connection):
        try:
            with self.context.wrap_socket(connection, server_side=True) as tls:
                self.behaviour(tls)
        except (OSError, ssl.SSLError):
            pass

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()
