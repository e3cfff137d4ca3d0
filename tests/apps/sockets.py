#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Programs that use GIO's sockets, unmodified: in Python, in JavaScript, and gvfs, whose daemons a session starts."""

import json
import os
import socket
import ssl
import sys
import threading
import unittest

for directory in ('support', '../integration/support'):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), directory))
from application import TMPDIR, ApplicationTest, get_program, need, on_both
from command import TIMEOUT, call, certificate, configure
from tls_server import TlsServer
from web_server import WebServer

BAD_CERTIFICATE = 'g-tls-error-quark 2'


class MailServer(threading.Thread):
    """SMTP with STARTTLS (RFC 3207), at port, for one client."""

    def __init__(self):
        super().__init__(daemon=True)
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(certificate('ecdsa.pem'), certificate('ecdsa.key'))
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.mail = ''
        self.start()

    def run(self):
        with self.listener, self.listener.accept()[0] as client:
            client.settimeout(TIMEOUT)
            client.sendall(b'220 mail.handoff.test\r\n')
            # Without a buffer, so that nothing of what follows is read.
            for answer in (b'250-mail.handoff.test\r\n250 STARTTLS\r\n', b'220 go ahead\r\n'):
                while client.recv(1) != b'\n':
                    pass
                client.sendall(answer)
            with self.context.wrap_socket(client, server_side=True) as tls, tls.makefile('rb') as lines:
                for answer in (b'250 mail.handoff.test', b'250 sender', b'250 recipient', b'354 go ahead'):
                    lines.readline()
                    tls.sendall(answer + b'\r\n')
                while (line := lines.readline()) != b'.\r\n':
                    self.mail += line.decode()
                tls.sendall(b'250 accepted\r\n')
                lines.readline()
                tls.sendall(b'221 bye\r\n')


class CrowdServer(TlsServer):
    """Begins with its handshakes when so many clients have come. (GIO's stock backend has ten threads for them.)"""

    def __init__(self, number):
        self.crowd = threading.Barrier(number)
        super().__init__(behaviour=self.answer)

    def serve(self, connection):
        self.crowd.wait(TIMEOUT)
        super().serve(connection)

    @staticmethod
    def answer(connection):
        connection.recv(1000)
        connection.sendall(b'HTTP/1.0 200 OK\r\n\r\n0 0 HTTP/1.0 0')
        connection.unwrap()


def set_limit(number):
    configure(f'[Limits]\nHandshakesPerUser={number}\n')
    call('/org/tlshandoff/Handoff1', 'Manager', 'Reload')


class Sockets(ApplicationTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        root = os.path.join(TMPDIR, 'www')
        os.mkdir(root)
        cls.text = ''.join(f'{number} lines of a file\n' for number in range(50000))
        with open(os.path.join(root, 'file.txt'), 'w') as file:
            file.write(cls.text)
        cls.server = WebServer(root)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def run_scenario(self, backend, scenario, port=None):
        return self.ask(backend, 'socket-client.py', scenario, port or self.server.ports['http1'])

    @on_both(completed=2)
    def test_python(self, backend):
        """Breaks if a Gio.SocketClient with TLS does not get a page."""
        self.assertEqual(self.run_scenario(backend, 'sync'), 'HTTP/1.0')
        self.assertEqual(self.run_scenario(backend, 'async'), ['HTTP/1.0'])

    @on_both(failed=1)
    def test_refused(self, backend):
        """Breaks if a Gio.SocketClient takes another server for the one that it wants."""
        self.assertEqual(self.run_scenario(backend, 'refused'), BAD_CERTIFICATE)

    @on_both(completed=80)
    def test_threads(self, backend):
        """Breaks if connections of several threads get in each other's way."""
        self.assertEqual(self.run_scenario(backend, 'threads'), 80 * ['HTTP/1.0'])

    @on_both(completed=7)
    def test_limit(self, backend):
        """Breaks if an application is told of the limit of one user's handshakes, instead of waiting for its turn."""
        set_limit(2)
        try:
            self.assertEqual(self.run_scenario(backend, 'crowd', CrowdServer(7).port), 7 * ['HTTP/1.0'])
        finally:
            set_limit(64)

    @on_both(completed=2)
    def test_javascript(self, backend):
        """Breaks if a program in JavaScript does not get a page, by sockets or by libsoup."""
        output = self.run_program(backend, 'gjs', get_program('socket-client.js'), str(self.server.ports['http1']))
        self.assertEqual(json.loads(output), ['HTTP/1.1 200 OK', 'HTTP/1.1'])

    @on_both(completed=1)
    def test_mail(self, backend):
        """Breaks if a connection cannot become a TLS connection while it is in use."""
        server = MailServer()
        replies = self.run_scenario(backend, 'starttls', server.port)
        server.join(TIMEOUT)
        self.assertEqual([reply[:3] for reply in replies],
                         ['220', '250', '220', '250', '250', '250', '354', '250', '221'])
        self.assertEqual([line[7:] for line in server.mail.splitlines()],
                         5000 * ['the quick brown fox jumps over the lazy dog'])

    @on_both(completed=range(1, 3))
    def test_gvfs(self, backend):
        """Breaks if gvfs, whose daemon the session bus starts, does not read a file over HTTPS."""
        url = self.server.get_url('http1', '/file.txt')
        self.assertEqual(self.run_program(backend, 'dbus-run-session', 'gio', 'cat', url), self.text)


if __name__ == '__main__':
    need('gjs', '/usr/libexec/gvfsd-http', library=('Soup', '3.0'))
    unittest.main(verbosity=2)
