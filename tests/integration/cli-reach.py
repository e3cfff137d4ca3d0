#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""By which way the command gets to a server, and which protocols it offers there; with real servers and proxies."""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import TIMEOUT, certificate, get_free_port, get_free_ports, run, wait_for_port, wait_until

NAME = 'www.handoff.test'
TRUST = ('--trust', certificate('ca.pem'))


class Program:
    """Somebody who runs until the end of the block."""

    def __init__(self, *argv, stdin=subprocess.DEVNULL):
        self.process = subprocess.Popen(argv, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(TIMEOUT)


def server(*options):
    """OpenSSL's, for NAME and localhost."""
    return Program('openssl', 's_server', '-quiet', '-www', '-cert', certificate('ecdsa.pem'), '-key',
                   certificate('ecdsa.key'), *options)


def is_open(family, address):
    try:
        with socket.socket(family) as client:
            client.connect(address)
        return True
    except OSError:
        return False


def wait_for(family, address):
    wait_until(lambda: is_open(family, address), f'somebody listens on {address}')


def serve_on(listener):
    """As server(), which cannot have a Unix socket here: OpenSSL wants its address in the resolver's words."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate('ecdsa.pem'), certificate('ecdsa.key'))
    while True:
        client = listener.accept()[0]
        # Whoever has seen enough leaves.
        with client, contextlib.suppress(OSError), context.wrap_socket(client, server_side=True) as stream:
            if stream.recv(4096):
                stream.sendall(b'HTTP/1.0 200 ok\r\n\r\n')
                stream.unwrap()


def probe(*arguments, environment=None):
    done = run('alice', 'probe', '--json', *TRUST, *arguments, environment=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class TestPlaces(unittest.TestCase):
    def refused(self, text, *arguments):
        done = run('alice', 'probe', *TRUST, *arguments)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(text, done.stderr)

    def test_families(self):
        """Breaks if an address of the other family is tried, or a failure speaks of one."""
        port4, port6 = get_free_ports(2)
        with server('-accept', f'127.0.0.1:{port4}'), server('-accept', f'[::1]:{port6}'):
            wait_for(socket.AF_INET, ('127.0.0.1', port4))
            wait_for(socket.AF_INET6, ('::1', port6))
            self.assertEqual(probe('-4', f'localhost:{port4}')['address'], f'127.0.0.1:{port4}')
            self.assertEqual(probe('--ipv6', f'localhost:{port6}')['address'], f'[::1]:{port6}')
            self.assertEqual(probe('-4', '--server-name', NAME, f'127.0.0.1:{port4}')['address'], f'127.0.0.1:{port4}')
            self.refused('127.0.0.1', '-4', f'localhost:{port6}')
            self.refused('::1', '-6', f'localhost:{port4}')
            self.refused(f'“{NAME}” has no IPv6 address', '-6', f'{NAME}:{port4}')
            self.refused('“::1” has no IPv4 address', '-4', f'[::1]:{port6}')

    def test_connect_to(self):
        """Breaks if the command goes to HOST, or has the server prove another name than that."""
        port = get_free_port()
        with server('-accept', str(port)):
            wait_for_port(port)
            for arguments in (('--connect-to', f'127.0.0.1:{port}', NAME), ('--connect-to', '127.0.0.1', f'{NAME}:{port}')):
                found = probe(*arguments)
                self.assertEqual((found['address'], found['server-identity'], found['server-name'], found['proxied']),
                                 (f'127.0.0.1:{port}', NAME, NAME, False))
            self.assertEqual(run('alice', 'probe', *TRUST, '--connect-to', f'{NAME}:{port}', 'nobody.handoff.test').returncode, 4)
            self.assertIn('200 ok', run('alice', 'connect', *TRUST, '--connect-to', f'localhost:{port}', NAME,
                                        stdin='GET / HTTP/1.0\r\n\r\n').stdout)

    def test_unix(self):
        """Breaks if a Unix socket cannot be connected to, or carries less than a network's."""
        path = os.path.join(os.environ['TMPDIR'], 'server socket')
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            os.chmod(path, 0o666)
            listener.listen()
            threading.Thread(target=serve_on, args=(listener,), daemon=True).start()
            found = probe('--connect-to', f'unix:{path}', NAME)
            self.assertEqual((found['address'], found['server-identity']), (f'unix:{path}', NAME))
            self.assertIn('200 ok', run('alice', 'connect', *TRUST, '--connect-to', f'unix:{path}', NAME,
                                        stdin='GET / HTTP/1.0\r\n\r\n').stdout)
        self.refused('No such file', '--connect-to', 'unix:/run/nobody', NAME)

    def test_protocols(self):
        """Breaks if another protocol is offered than was asked for."""
        port, port12 = get_free_ports(2)
        with server('-accept', str(port)), server('-accept', str(port12), '-tls1_2'):
            wait_for_port(port)
            wait_for_port(port12)
            for options, protocol in ((('--maximum', 'TLS1.2'), 'TLS1.2'), (('--tls12',), 'TLS1.2'), (('--tls13',), 'TLS1.3'),
                                      (('--minimum', '1.2', '--maximum', 'tls1.2'), 'TLS1.2'), (('--minimum', 'TLS1.2'), 'TLS1.3')):
                self.assertEqual(probe(*options, f'localhost:{port}')['protocol'], protocol, options)
            for options in (('--tls13',), ('--minimum', 'TLS1.3')):
                self.refused('protocol', *options, f'localhost:{port12}')


class TestNames(unittest.TestCase):
    def test_names(self):
        """Breaks if the name that is sent has the server prove another, or is not the one that was asked for."""
        port = get_free_port()
        with server('-accept', str(port)):
            wait_for_port(port)
            for options, host, identity, sent in (
                    ((), NAME, NAME, NAME),
                    (('--sni', 'other.handoff.test'), NAME, NAME, 'other.handoff.test'),
                    (('--sni', ''), NAME, NAME, None),
                    (('--verify-name', NAME), 'other.handoff.test', NAME, 'other.handoff.test'),
                    (('--verify-name', NAME), '127.0.0.1', NAME, None),
                    (('--verify-name', NAME, '--sni', 'sent.handoff.test'), '127.0.0.1', NAME, 'sent.handoff.test'),
                    (('--verify-name', NAME, '--server-name', 'sent.handoff.test'), '127.0.0.1', NAME, 'sent.handoff.test')):
                found = probe(*options, f'{host}:{port}')
                self.assertEqual((found['server-identity'], found['server-name']), (identity, sent), options)
            self.assertEqual(run('alice', 'probe', *TRUST, '--sni', NAME, '--verify-name', 'wrong.handoff.test',
                                 f'127.0.0.1:{port}').returncode, 4)
            # What is no name is told as the user gave it.
            for word, arguments in (('--server-name', ('--server-name', 'a b', f'{NAME}:{port}')),
                                    ('--verify-name', ('--verify-name', 'a b', f'{NAME}:{port}')),
                                    ('HOST', ('--connect-to', f'{NAME}:{port}', 'a..b'))):
                done = run('alice', 'probe', *TRUST, *arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(f': {word}: not a valid name', done.stderr)
            done = run('alice', 'probe', *TRUST, '--sni', 'a b', f'{NAME}:{port}')
            self.assertEqual(done.returncode, 2)
            self.assertIn('--sni: must be a DNS name', done.stderr)

    def test_received(self):
        """Breaks if what a server receives is not what the command says it sent."""
        port = get_free_port()
        with subprocess.Popen(['openssl', 's_server', '-accept', str(port), '-cert', certificate('ecdsa.pem'), '-key',
                               certificate('ecdsa.key'), '-servername', 'sent.handoff.test', '-servername_fatal', '-cert2',
                               certificate('ecdsa.pem'), '-key2', certificate('ecdsa.key'), '-www'],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                wait_for_port(port)
                self.assertTrue(probe('--sni', 'sent.handoff.test', f'{NAME}:{port}')['trusted'])
                done = run('alice', 'probe', *TRUST, '--sni', 'other.handoff.test', f'{NAME}:{port}')
                self.assertEqual(done.returncode, 1)
                self.assertIn('unrecognized_name', done.stderr)
            finally:
                process.kill()

    def test_suites(self):
        """Breaks if another suite is negotiated than those that were named."""
        port = get_free_port()
        with server('-accept', str(port)):
            wait_for_port(port)
            for suite, protocol in (('TLS_CHACHA20_POLY1305_SHA256', 'TLS1.3'),
                                    ('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'TLS1.2')):
                found = probe('--cipher-suite', suite, f'{NAME}:{port}')
                self.assertEqual((found['cipher-suite'], found['protocol']), (suite, protocol))


def http_proxy(port, *lines):
    path = os.path.join(os.environ['TMPDIR'], 'tinyproxy.conf')
    with open(path, 'w') as file:
        file.write('\n'.join((f'Port {port}', 'Listen 127.0.0.1', 'Timeout 30', *lines, '')))
    return Program('tinyproxy', '-d', '-c', path)


def socks_proxy(port, *options):
    return Program('microsocks', '-i', '127.0.0.1', '-p', str(port), *options)


class TestProxies(unittest.TestCase):
    def check(self, uri, proxy_port, port):
        found = probe('--proxy', uri, f'{NAME}:{port}')
        self.assertEqual((found['address'], found['proxied'], found['host'], found['port']),
                         (f'127.0.0.1:{proxy_port}', True, NAME, port))
        done = run('alice', 'connect', *TRUST, '--proxy', uri, f'{NAME}:{port}', stdin='GET / HTTP/1.0\r\n\r\n')
        self.assertIn('200 ok', done.stdout)

    def test_kinds(self):
        """Breaks if the command goes another way, or what a proxy says is taken for the server's."""
        port, http, socks, locked_http, locked_socks = get_free_ports(5)
        with server('-accept', str(port)), http_proxy(http), socks_proxy(socks):
            for each in (port, http, socks):
                wait_for_port(each)
            self.check(f'http://127.0.0.1:{http}', http, port)
            self.check(f'localhost:{http}', http, port)
            self.check(f'socks5://127.0.0.1:{socks}', socks, port)
            with http_proxy(locked_http, 'BasicAuth user secret'), socks_proxy(locked_socks, '-u', 'user', '-P', 'secret'):
                wait_for_port(locked_http)
                wait_for_port(locked_socks)
                for uri, proxy in ((f'http://{{}}127.0.0.1:{locked_http}', locked_http),
                                   (f'socks5://{{}}127.0.0.1:{locked_socks}', locked_socks)):
                    self.check(uri.format('user:secret@'), proxy, port)
                    for user in ('', 'user:wrong@'):
                        done = run('alice', 'probe', *TRUST, '--proxy', uri.format(user), f'{NAME}:{port}')
                        self.assertEqual((done.returncode, done.stdout), (1, ''), done.stderr)

    def test_silent(self):
        """Breaks if a proxy that says nothing is waited for longer than the user said."""
        with socket.create_server(('127.0.0.1', 0)) as listener:
            done = run('alice', 'probe', '--timeout', '1', '--proxy', f'127.0.0.1:{listener.getsockname()[1]}', NAME)
        self.assertEqual(done.returncode, 1)
        self.assertIn('No connection within 1 second', done.stderr)

    def test_system(self):
        """Breaks if what the system says is not obeyed, or cannot be overruled."""
        port = get_free_port()
        # Here is no route to anywhere, so that newer versions of libproxy name no proxy as soon as they find that out:
        # sometimes before the command asks them. This monitor takes every machine for connected.
        environment = dict(os.environ, https_proxy=f'http://127.0.0.1:{port}', GIO_USE_NETWORK_MONITOR='base')
        with server('-accept', '443'), http_proxy(port):
            wait_for_port(443)
            wait_for_port(port)
            self.assertTrue(probe(NAME, environment=environment)['proxied'])
            for options in (('--proxy', 'none'), ('-4',)):
                found = probe(*options, NAME, environment=environment)
                self.assertEqual((found['address'], found['proxied']), ('127.0.0.1:443', False))


if __name__ == '__main__':
    unittest.main()
