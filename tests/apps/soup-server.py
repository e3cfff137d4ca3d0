#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""libsoup's server, unmodified, with curl and with libsoup's client."""

import hashlib
import os
import subprocess
import sys
import unittest

for directory in ('support', '../integration/support'):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), directory))
from application import OURS, STOCK, TMPDIR, Application, ApplicationTest, copy_for_users, get_program, need, on_both
from command import TIMEOUT, certificate

VERSIONS = ('1.2', '1.3')
# What curl says when it is turned away, in the handshake and after it. GIO's stock backend hangs up, so that curl may also
# find that it cannot send.
CURL_REFUSED = {OURS: (35, 56), STOCK: (35, 55, 56)}


class SoupServer(ApplicationTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.files = [copy_for_users(certificate(name)) for name in ('rsa.pem', 'rsa.key', 'client-ca.pem')]

    def serve(self, backend, mode='none', *authority, user='alice'):
        server = Application(backend, get_program('soup-server.py'), *self.files[:2], mode, *authority, user=user)
        server.url = f'https://localhost:{server.read_line()}/'
        return server

    def curl(self, server, *options, path='', version='1.3'):
        """(status, output)"""
        done = subprocess.run(['curl', '--silent', '--cacert', certificate('ca.pem'), f'--tlsv{version}', '--tls-max',
                               version, '--noproxy', '*', *options, server.url + path], text=True, stdout=subprocess.PIPE,
                              timeout=TIMEOUT)
        return done.returncode, done.stdout

    @staticmethod
    def identify_as(name):
        return '--cert', certificate(name + '.pem'), '--key', certificate(name + '.key')

    @on_both(completed=6)
    def test_pages(self, backend):
        """Breaks if curl does not get a page, several on a connection, or if the server does not get what curl sends."""
        path = os.path.join(TMPDIR, 'upload')
        with open(path, 'wb') as file:
            file.write(os.urandom(3_000_000))
        with self.serve(backend) as server:
            for version in VERSIONS:
                with self.subTest(version=version):
                    self.assertEqual(self.curl(server, version=version), (0, 'nobody'))
                    self.assertEqual(self.curl(server, *5 * [server.url], version=version), (0, 6 * 'nobody'))
                    self.assertEqual(self.curl(server, '--data-binary', '@' + path, path='size', version=version),
                                     (0, '3000000'))

    @on_both(completed=100)
    def test_many(self, backend):
        """Breaks if one of a hundred clients at once is not served."""
        with self.serve(backend) as server:
            clients = [subprocess.Popen(['curl', '--silent', '--cacert', certificate('ca.pem'), server.url],
                                        stdout=subprocess.PIPE, text=True) for _ in range(100)]
            self.assertEqual({client.communicate(timeout=TIMEOUT)[0] for client in clients}, {'nobody'})

    @on_both(completed=4)
    def test_client_certificate_requested(self, backend):
        """Breaks if a client's certificate does not reach the application, or one without is turned away."""
        with self.serve(backend, 'requested', self.files[2]) as server:
            for version in VERSIONS:
                with self.subTest(version=version):
                    self.assertEqual(self.curl(server, version=version), (0, 'nobody'))
                    self.assertEqual(self.curl(server, *self.identify_as('client'), version=version), (0, 'CN=client'))

    @on_both(completed=2, failed=4)
    def test_client_certificate_required(self, backend):
        """Breaks if a client without a certificate gets in, or with one that the application does not trust."""
        with self.serve(backend, 'required', self.files[2]) as server:
            for version in VERSIONS:
                with self.subTest(version=version):
                    self.assertEqual(self.curl(server, *self.identify_as('client'), version=version), (0, 'CN=client'))
                    for options in ((), self.identify_as('rsa')):
                        status, output = self.curl(server, *options, version=version)
                        self.assertIn(status, CURL_REFUSED[backend])
                        self.assertEqual(output, '')

    @on_both(completed=1, user='bob')
    def test_upload(self, backend):
        """Breaks if what our client sends does not arrive at GIO's server, or the other way round."""
        for client, server in ((STOCK, backend), (backend, STOCK)):
            with self.serve(server, user='bob') as serve:
                page, = self.ask(client, 'soup-client.py', 'sequence', serve.url + 'size', '--upload', 3_000_000)
                self.assertEqual((page.get('status'), page.get('body')), (200, '3000000'), page)

    def check_websocket(self, server_backend, client_backend):
        with self.serve(server_backend, user='bob') as server:
            *echoes, code = self.ask(client_backend, 'soup-client.py', 'websocket', server.url + 'echo')
        expected = ['short', 100000 * 'x', 'the end']
        self.assertEqual(echoes, [hashlib.sha256(text.encode()).hexdigest() for text in expected])
        self.assertEqual(code, 1000)

    @on_both(completed=1, user='bob')
    def test_websocket(self, backend):
        """Breaks if messages of a WebSocket get lost between our server and GIO's client."""
        self.check_websocket(backend, STOCK)

    @on_both(completed=1, user='alice')
    def test_websocket_client(self, backend):
        """Breaks if messages of a WebSocket get lost between our client and GIO's server."""
        self.check_websocket(STOCK, backend)

    @on_both(completed=1, user='alice')
    def test_websocket_both(self, backend):
        """Breaks if messages of a WebSocket get lost between our client and our server."""
        self.check_websocket(OURS, backend)


if __name__ == '__main__':
    need(library=('Soup', '3.0'))
    unittest.main(verbosity=2)
