#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""libsoup's client, unmodified: with the service it gets from nginx what it gets with GIO's stock backend, with as many
handshakes."""

import hashlib
import json
import os
import socket
import ssl
import sys
import threading
import unittest

for directory in ('support', '../integration/support'):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), directory))
from application import STOCK, TMPDIR, Application, ApplicationTest, copy_for_users, get_program, need, on_both
from command import certificate
from tls_server import TlsServer
from web_server import WebServer

UNKNOWN_CA, BAD_IDENTITY, EXPIRED = 1, 2, 8
MISC = 'g-tls-error-quark 1'
BAD_CERTIFICATE = 'g-tls-error-quark 2'
CERTIFICATE_REQUIRED = 'g-tls-error-quark 5'
CANCELLED, TIMED_OUT = 'g-io-error-quark 19', 'g-io-error-quark 24'


def answer(connection, length='Content-Length: 4\r\n'):
    """A page, without a word of whether the connection goes on."""
    request = b''
    while not request.endswith(b'\r\n\r\n'):
        if not (data := connection.recv(65536)):
            return
        request += data
    connection.sendall(f'HTTP/1.1 200 OK\r\n{length}\r\npage'.encode())


class LingeringServer(TlsServer):
    """Reads on after it has refused a client. If it did not, the kernel would reset the connection, and with it the alert
    would be lost."""

    def serve(self, connection):
        with connection.dup() as plain:
            super().serve(connection)
            try:
                plain.shutdown(socket.SHUT_WR)
                while plain.recv(65536):
                    pass
            except OSError:
                pass


class Proxy(threading.Thread):
    """An HTTP proxy for CONNECT, at port."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.targets = []
        self.start()

    @staticmethod
    def carry(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve(self, client):
        request = b''
        while not request.endswith(b'\r\n\r\n'):
            request += client.recv(1)
        method, target, _ = request.decode().split(' ', 2)
        self.targets.append(f'{method} {target}')
        host, port = target.rsplit(':', 1)
        with client, socket.create_connection((host, int(port))) as server:
            client.sendall(b'HTTP/1.1 200 Go ahead\r\n\r\n')
            back = threading.Thread(target=self.carry, args=(server, client))
            back.start()
            self.carry(client, server)
            back.join()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()


class SoupClient(ApplicationTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        root = os.path.join(TMPDIR, 'www')
        os.mkdir(root)
        cls.large = os.urandom(1 << 20) * 10
        with open(os.path.join(root, 'large'), 'wb') as file:
            file.write(cls.large)
        cls.server = WebServer(root)
        for name in ('client.pem', 'client.key'):
            copy_for_users(certificate(name))
        cls.certificate = os.path.join(TMPDIR, 'client')

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def get(self, backend, site, *options, scenario='sequence', path='/', host='localhost'):
        return self.ask(backend, 'soup-client.py', scenario, self.server.get_url(site, path, host), *options)

    def check_pages(self, results, version, protocol, n_connections):
        """All succeeded, over this many connections."""
        connections = set()
        for result in results:
            self.assertEqual([result.get(key) for key in ('status', 'version', 'errors', 'protocol')],
                             [200, version, 0, protocol], result)
            connections.add(result['body'].split()[0])
        self.assertEqual(len(connections), n_connections)

    @on_both(completed=4)
    def test_keep_alive(self, backend):
        """Breaks if a connection does not live on after a request, or HTTP/2 is not negotiated."""
        for site, version, protocol in (('http1', '1.1', 'tls-1-3'), ('http1-tls12', '1.1', 'tls-1-2'),
                                        ('http2', '2', 'tls-1-3'), ('http2-tls12', '2', 'tls-1-2')):
            with self.subTest(site=site):
                self.check_pages(self.get(backend, site, '--number', 10), version, protocol, 1)

    @on_both(completed=20)
    def test_one_after_the_other(self, backend):
        """Breaks if a new connection to the same server goes wrong, resumed or not."""
        self.check_pages(self.get(backend, 'closing', '--number', 20), '1.1', 'tls-1-3', 20)

    @on_both(completed=200)
    def test_many(self, backend):
        """Breaks if one of two hundred connections at once is refused, or waits for ever."""
        self.check_pages(self.get(backend, 'closing', '--number', 200, scenario='many'), '1.1', 'tls-1-3', 200)

    @on_both(completed=range(1, 201))
    def test_many_over_http2(self, backend):
        """Breaks if streams of one connection get in each other's way."""
        results = self.get(backend, 'http2', '--number', 200, scenario='many')
        self.assertEqual({(result.get('status'), result.get('version')) for result in results}, {(200, '2')})

    @on_both(completed=2)
    def test_large(self, backend):
        """Breaks if ten megabytes do not arrive as they are."""
        for site in ('http1', 'http2'):
            result, = self.get(backend, site, path='/large')
            self.assertEqual(result.get('body'), hashlib.sha256(self.large).hexdigest(), result)

    @on_both(failed=4)
    def test_refused(self, backend):
        """Breaks if a certificate is taken that is not good, or the application is told something else about it."""
        for site, host, errors in (('wrong-name', 'localhost', BAD_IDENTITY), ('self-signed', 'localhost', UNKNOWN_CA),
                                   ('expired', 'localhost', EXPIRED), ('http1', 'other.handoff.test', BAD_IDENTITY)):
            with self.subTest(site=site, host=host):
                self.assertEqual(self.get(backend, site, host=host), [{'error': BAD_CERTIFICATE, 'errors': errors}])

    @on_both(completed=2)
    def test_accepted(self, backend):
        """Breaks if the application cannot take a certificate that is not good."""
        for site, errors in (('wrong-name', BAD_IDENTITY), ('self-signed', UNKNOWN_CA)):
            asked, page = self.get(backend, site, '--accept')
            self.assertEqual((asked, page['status'], page['errors']), ({'asked': errors}, 200, errors))

    @on_both(completed=2, failed=2)
    def test_file_database(self, backend):
        """Breaks if anything is trusted but what the application's file has, or that is not."""
        refused = [{'error': BAD_CERTIFICATE, 'errors': UNKNOWN_CA}]
        self.assertEqual(self.get(backend, 'http1', '--database', certificate('client-ca.pem')), refused)
        self.check_pages(self.get(backend, 'http1', '--database', certificate('ca.pem')), '1.1', 'tls-1-3', 1)
        self.check_pages(self.get(backend, 'self-signed', '--database', certificate('self-signed.pem')), '1.1', 'tls-1-3', 1)
        self.assertEqual(self.get(backend, 'http1', '--trust-nobody'), refused)

    @on_both(completed=2, failed=2)
    def test_own_database(self, backend):
        """Breaks if the application's database is not asked, sync and async, or something else decides."""
        for scenario in ('sequence', 'many'):
            with self.subTest(scenario=scenario):
                page, asked = self.get(backend, 'self-signed', '--own-database', 0, scenario=scenario)
                self.assertEqual((page.get('status'), page['errors']), (200, 0), page)
                self.assertEqual(asked, [['CN=self-signed', '1.3.6.1.5.5.7.3.1', self.identity('self-signed')]])
                refused, asked = self.get(backend, 'http1', '--own-database', EXPIRED, scenario=scenario)
                self.assertEqual((refused, len(asked)), ({'error': BAD_CERTIFICATE, 'errors': EXPIRED}, 1))

    def identity(self, site):
        """As a GSocketConnectable says it"""
        return f'https:localhost:{self.server.ports[site]}'

    def check_client_certificate(self, backend, *options):
        for site, protocol in (('client-optional', 'tls-1-3'), ('client-required', 'tls-1-3'),
                               ('client-required-tls12', 'tls-1-2')):
            with self.subTest(site=site):
                *asked, page = self.get(backend, site, '--certificate', self.certificate, *options)
                self.assertEqual((page.get('status'), page.get('protocol')), (200, protocol), page)
                self.assertEqual(page['body'].split()[3:], ['SUCCESS', 'CN=client'])
                self.assertEqual(asked, ['certificate requested'] if options else [])

    @on_both(completed=3)
    def test_client_certificate(self, backend):
        """Breaks if the application's certificate is not shown."""
        self.check_client_certificate(backend)

    @on_both(completed=3)
    def test_client_certificate_on_request(self, backend):
        """Breaks if the application is not asked for its certificate, or is not waited for."""
        self.check_client_certificate(backend, '--late')

    @on_both(completed=2)
    def test_no_client_certificate(self, backend):
        """Breaks if the application cannot do without a certificate where the server only asks for one."""
        for options, expected in (((), []), (('--late',), ['certificate requested'])):
            *asked, page = self.get(backend, 'client-optional', *options)
            self.assertEqual((page.get('status'), page['body'].split()[3:]), (200, ['NONE']), page)
            self.assertEqual(asked, expected)

    @staticmethod
    def serve(behaviour):
        return f'https://localhost:{TlsServer(behaviour=behaviour).port}/'

    @on_both(completed=1, failed=1)
    def test_client_certificate_missing(self, backend):
        """Breaks if the application is not told that the server wanted its certificate. (GIO's stock backend does not
        always tell: it does not look for the alert of a server that hangs up.)"""
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version=version):
                server = LingeringServer(behaviour=answer)
                server.context.maximum_version = version
                server.context.verify_mode = ssl.CERT_REQUIRED
                server.context.load_verify_locations(certificate('client-ca.pem'))
                result, = self.ask(backend, 'soup-client.py', 'sequence', f'https://localhost:{server.port}/')
                self.assertIn(result.get('error'), {CERTIFICATE_REQUIRED} | ({MISC} if backend == STOCK else set()), result)

    @on_both(completed=10)
    def test_closing_server(self, backend):
        """Breaks if the application sends its next request on a connection that the server has closed, properly or not."""
        for leave in (lambda connection: None, lambda connection: connection.unwrap()):
            url = self.serve(lambda connection, leave=leave: (answer(connection), leave(connection)))
            results = self.ask(backend, 'soup-client.py', 'sequence', url, '--number', 5)
            self.assertEqual([result.get('body') for result in results], 5 * ['page'], results)

    @on_both(completed=2)
    def test_end_of_page(self, backend):
        """Breaks if a page that ends with the connection is not taken as GIO takes it, properly closed or not."""
        for leave in (lambda connection: None, lambda connection: connection.unwrap()):
            url = self.serve(lambda connection, leave=leave: (answer(connection, length=''), leave(connection)))
            result, = self.ask(backend, 'soup-client.py', 'sequence', url)
            self.assertEqual(result.get('body'), 'page', result)

    @on_both(completed=1, failed=1)
    def test_time(self, backend):
        """Breaks if the application's timeout does not end its wait for a server that says nothing, in the handshake or
        after it."""
        with socket.create_server(('127.0.0.1', 0)) as listener:
            silent = f'https://localhost:{listener.getsockname()[1]}/'
            for url in (silent, self.serve(lambda connection: connection.recv(65536) and connection.recv(1))):
                result, = self.ask(backend, 'soup-client.py', 'sequence', url, '--timeout', 1)
                self.assertEqual(result.get('error'), TIMED_OUT)

    @on_both(failed=1)
    def test_cancellation(self, backend):
        """Breaks if a request in its handshake cannot be cancelled."""
        with socket.create_server(('127.0.0.1', 0)) as listener:
            url = f'https://localhost:{listener.getsockname()[1]}/'
            with Application(backend, get_program('soup-client.py'), 'cancel', url) as client:
                with listener.accept()[0] as connection:
                    self.assertEqual(connection.recv(1), b'\x16')
                    client.write_line()
                    self.assertEqual(json.loads(client.read_line())[0]['error'], CANCELLED)

    @on_both(completed=4)
    def test_proxy(self, backend):
        """Breaks if the handshake goes wrong on a connection that a proxy has passed on."""
        proxy = Proxy()
        address = f'http://127.0.0.1:{proxy.port}'
        self.check_pages(self.get(backend, 'http1', '--proxy', address, '--number', 5), '1.1', 'tls-1-3', 1)
        self.check_pages(self.get(backend, 'closing', '--proxy', address, '--number', 3, scenario='many'), '1.1', 'tls-1-3',
                         3)
        self.assertEqual(set(proxy.targets), {f'CONNECT localhost:{self.server.ports[site]}' for site in ('http1', 'closing')})


if __name__ == '__main__':
    need(library=('Soup', '3.0'))
    unittest.main(verbosity=2)
