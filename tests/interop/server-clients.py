#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The server role with the clients that people use: OpenSSL's, GnuTLS's, curl and Python's ssl. The server is the
command's "serve", so these tests cover the record layer and the library's connections too."""

import base64
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../integration/support'))
from command import (OWN_RULES, TIMEOUT, Serve, certificate, configure, import_credential, read, remove_credentials, run,
                     set_rules, stop_service)

# Several records each way, of characters that no client takes for commands.
DATA = base64.b64encode(os.urandom(75000)).decode()
ECHO = ('--', 'head', '-c', str(len(DATA)))
KEYS = ('rsa', 'ecdsa', 'ed25519')
VERSIONS = {'TLS1.3': ('-tls1_3', ssl.TLSVersion.TLSv1_3, '1.3', 'VERS-TLS1.3'),
            'TLS1.2': ('-tls1_2', ssl.TLSVersion.TLSv1_2, '1.2', 'VERS-TLS1.2')}


def client(*argv, data=''):
    """Runs a client to its end. (status, output, errors)"""
    done = subprocess.run(argv, text=True, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT)
    return done.returncode, done.stdout, done.stderr


def s_client(serve, *options, data=DATA, quiet=True, name='localhost'):
    return client('openssl', 's_client', '-connect', f'localhost:{serve.port}', '-servername', name, '-CAfile',
                  certificate('ca.pem'), '-verify_return_error', *(['-quiet'] if quiet else ['-ign_eof']), *options,
                  data=data)


def gnutls_cli(serve, *options, data=DATA, version='NORMAL', name='localhost'):
    return client('gnutls-cli', '--port', str(serve.port), '--x509cafile', certificate('ca.pem'), '--logfile',
                  '/dev/null', '--priority', version, '--sni-hostname', name, '--verify-hostname', name, *options,
                  'localhost', data=data)


def openssl_suites():
    """IANA's names to OpenSSL's."""
    lines = subprocess.run(['openssl', 'ciphers', '-stdname', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'], text=True, check=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    return {line.split()[0]: line.split()[2] for line in lines}


class TestServerClients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        set_rules(OWN_RULES)
        for name in KEYS:
            import_credential('alice', name)

    @classmethod
    def tearDownClass(cls):
        remove_credentials()

    def test_data(self):
        """Breaks if a client cannot verify the server, if data is lost in either direction, or if the end of the data
        is lost."""
        for key in KEYS:
            with Serve('--credential', key, *ECHO) as serve:
                for version, (openssl_option, maximum, number, priority) in VERSIONS.items():
                    with self.subTest(key=key, version=version):
                        self.assertEqual(s_client(serve, openssl_option)[:2], (0, DATA))
                        status, output, _ = gnutls_cli(serve, version=f'NORMAL:-VERS-ALL:+{priority}')
                        self.assertEqual((status, output), (0, DATA))
                        context = ssl.create_default_context(cafile=certificate('ca.pem'))
                        context.maximum_version = context.minimum_version = maximum
                        with socket.create_connection(('localhost', serve.port)) as plain, \
                                context.wrap_socket(plain, server_hostname='localhost') as tls:
                            self.assertEqual(tls.version(), f'TLSv{number}')
                            tls.sendall(DATA.encode())
                            received = b''
                            while more := tls.recv(65536):
                                received += more
                            self.assertEqual(received.decode(), DATA)
                            tls.unwrap()

    def test_curl(self):
        """Breaks if a page does not arrive as it should, over one of the protocol versions."""
        page = f'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n{DATA}'
        path = os.path.join(os.environ['TMPDIR'], 'page')
        with open(path, 'w', newline='') as file:
            file.write(page)
        os.chmod(os.environ['TMPDIR'], 0o1777)
        script = 'while read -r line; do [ "$line" != "$(printf "\\r")" ] || break; done; cat ' + path
        for key in KEYS:
            with Serve('--credential', key, '--alpn', 'http/1.1', '--', 'sh', '-c', script) as serve:
                for _, _, number, _ in VERSIONS.values():
                    status, output, errors = client('curl', '--silent', '--show-error', '--cacert',
                                                    certificate('ca.pem'), f'--tlsv{number}', '--tls-max', number,
                                                    f'https://www.handoff.test:{serve.port}/')
                    self.assertEqual((status, output, errors), (0, DATA, ''))

    def test_small_records(self):
        """Breaks if a client gets larger records than it asked for (it would end the connection), or smaller ones.
        (What else crosses of limits: tests/service/handshake/record-size-limits.c.)"""
        with Serve('--credential', 'rsa', *ECHO) as serve:
            for version, (option, _, _, _) in VERSIONS.items():
                # The content type and a tag; an explicit nonce and a tag.
                overhead = 1 + 16 if version == 'TLS1.3' else 8 + 16
                for size in (512, 1024, 2048, 4096):
                    with self.subTest(version=version, size=size):
                        status, output, errors = s_client(serve, option, '-maxfraglen', str(size))
                        self.assertEqual((status, output), (0, DATA), errors)
                        _, output, _ = s_client(serve, option, '-maxfraglen', str(size), '-msg', '-cipher',
                                                'ECDHE-RSA-AES128-GCM-SHA256', '-ciphersuites',
                                                'TLS_AES_128_GCM_SHA256', quiet=False)
                        headers = re.findall(r'^<<< .*length 0005\]\n +17 03 03 (..) (..)', output, re.M)
                        lengths = [int(high + low, 16) for high, low in headers]
                        self.assertEqual(max(lengths), size + overhead)

    def test_every_suite(self):
        """Breaks if a suite that the service says it has does not work as a server's, with a key that fits it."""
        names = openssl_suites()
        suites = json.loads(run('alice', 'status', '--json').stdout)['cipher-suites']
        n_tried = 0
        for key in KEYS:
            with Serve('--credential', key, *ECHO) as serve:
                for suite in suites:
                    is_tls13 = '_WITH_' not in suite
                    if not is_tls13 and ('_ECDSA_' in suite) == (key == 'rsa'):
                        continue
                    # From OpenSSL 3.2 on, the level is for the suites of TLS 1.3, too.
                    option = (('-ciphersuites', suite, '-cipher', 'DEFAULT:@SECLEVEL=0') if is_tls13 else
                              ('-cipher', names[suite] + ':@SECLEVEL=0'))
                    with self.subTest(key=key, suite=suite):
                        status, output, errors = s_client(serve, '-tls1_3' if is_tls13 else '-tls1_2', *option)
                        self.assertEqual((status, output), (0, DATA), errors)
                        n_tried += 1
        self.assertGreater(n_tried, 3 * 4 + 25)

    def test_alpn(self):
        """Breaks if the client's preference decides instead of the server's, or if a client that shares no protocol
        gets in."""
        with Serve('--credential', 'ecdsa', '--alpn', 'h2', '--alpn', 'http/1.1', *ECHO) as serve:
            for offer, expected in (('http/1.1,h2', 'h2'), ('imap,http/1.1', 'http/1.1')):
                _, output, _ = s_client(serve, '-alpn', offer, quiet=False)
                self.assertIn(f'ALPN protocol: {expected}\n', output)
            status, _, errors = s_client(serve, '-alpn', 'imap', '-msg')
            self.assertNotEqual(status, 0)
            self.assertIn('no application protocol', errors)
            self.assertEqual(s_client(serve)[:2], (0, DATA))

    def test_server_names(self):
        """Breaks if the client's name does not choose the certificate, or one for another name is shown."""
        import_credential('bob', 'wrong-name')  # for other.handoff.test
        import_credential('bob', 'rsa')
        with Serve(*ECHO, user='bob') as serve:
            for name, subject in (('www.handoff.test', 'rsa'), ('other.handoff.test', 'wrong-name'),
                                  ('xn--bcher-kva.handoff.test', 'rsa')):
                status, output, errors = s_client(serve, name=name, quiet=False)
                # Newer versions of OpenSSL write no spaces.
                self.assertRegex(output, rf'(?m)^subject=CN ?= ?{re.escape(subject)}$', errors)
            status, _, errors = s_client(serve, name='nobody.handoff.test')
            self.assertNotEqual(status, 0)
            self.assertIn('unrecognized name', errors)
            self.assertIn('nobody.handoff.test', serve.said('nobody.handoff.test'))

    def test_resumption_own_key(self):
        """Breaks if a server with a key that the service does not keep gives no tickets; or if it accepts tickets of
        another user's server, of another key, of another chain, or of a credential with the same certificate."""
        session = os.path.join(os.environ['TMPDIR'], 'own-session')
        bundle = os.path.join(os.environ['TMPDIR'], 'bundle.pem')
        chain = os.path.join(os.environ['TMPDIR'], 'chain.pem')
        os.chmod(os.environ['TMPDIR'], 0o1777)
        for path, names in ((bundle, ('ecdsa.pem', 'ecdsa.key')), (chain, ('ecdsa.pem', 'client-ca.pem', 'ecdsa.key'))):
            with open(path, 'w') as file:
                file.write(''.join(read(name) for name in names))
            os.chmod(path, 0o644)
        rsa = os.path.join(os.environ['TMPDIR'], 'rsa-bundle.pem')
        with open(rsa, 'w') as file:
            file.write(read('rsa.pem') + read('rsa.key'))
        os.chmod(rsa, 0o644)
        configure('[Resumption]\nMinimumProtocol=TLS1.2\n')
        stop_service()
        own = ('--cert', bundle, *ECHO)
        for option, _, _, _ in VERSIONS.values():
            with (Serve(*own) as serve, Serve(*own) as again, Serve(*own, user='bob') as other_user,
                  Serve('--cert', rsa, *ECHO) as other_key, Serve('--cert', chain, *ECHO) as other_chain,
                  Serve('--credential', 'ecdsa', *ECHO) as kept):
                status, output, errors = s_client(serve, option, '-sess_out', session, quiet=False)
                self.assertEqual(status, 0, errors)
                for server, resumed in ((serve, True), (again, True), (other_user, False), (other_key, False),
                                        (other_chain, False), (kept, False)):
                    status, output, errors = s_client(server, option, '-sess_in', session, quiet=False)
                    self.assertEqual(status, 0, errors)
                    self.assertIn(DATA, output)
                    self.assertEqual('Reused, TLS' in output, resumed, (option, server.process.args))

    def test_resumption(self):
        """Breaks if a ticket is not accepted, is accepted under other conditions, or is good for a service that was
        restarted."""
        session = os.path.join(os.environ['TMPDIR'], 'session')
        configure('[Resumption]\nMinimumProtocol=TLS1.2\n')
        stop_service()
        for version, (option, _, _, _) in VERSIONS.items():
            with Serve('--credential', 'ecdsa', *ECHO) as serve, Serve('--credential', 'rsa', *ECHO) as other:
                resumed = []
                for server in (serve, serve, other):
                    options = ('-sess_in', session) if resumed else ()
                    status, output, errors = s_client(server, option, '-sess_out', session, *options, quiet=False)
                    self.assertEqual(status, 0, errors)
                    self.assertIn(DATA, output)
                    resumed.append('Reused, TLS' in output)
                self.assertEqual(resumed, [False, True, False], version)
                s_client(serve, option, '-sess_out', session)
                stop_service()
                status, output, _ = s_client(serve, option, '-sess_in', session, quiet=False)
                self.assertEqual(status, 0)
                self.assertNotIn('Reused, TLS', output)
                self.assertIn(DATA, output)

    def test_ocsp(self):
        """Breaks if the OCSP response beside a credential is not stapled, or is still stapled after it was removed."""
        path = json.loads(run('alice', 'credential', 'show', '--json', 'ecdsa').stdout)['object-path']
        folder = os.path.join('/var/lib/tls-handoff/credentials', path.rsplit('/', 1)[1])
        staple = os.path.join(folder, 'ocsp.der')
        with Serve('--credential', 'ecdsa', *ECHO) as serve:
            for version, (option, _, _, _) in VERSIONS.items():
                with open(certificate('ecdsa.ocsp'), 'rb') as source, open(staple, 'wb') as target:
                    target.write(source.read())
                self.assertEqual(run('root', 'reload').returncode, 0)
                _, output, _ = s_client(serve, option, '-status', quiet=False)
                self.assertIn('OCSP Response Status: successful', output, version)
                self.assertIn('Cert Status: good', output)
                os.unlink(staple)
                self.assertEqual(run('root', 'reload').returncode, 0)
                _, output, _ = s_client(serve, option, '-status', quiet=False)
                self.assertIn('OCSP response: no response sent', output, version)

    def test_not_tls(self):
        """Breaks if a peer that is no TLS client hangs, gets no alert, or fails without a message."""
        with Serve('--credential', 'rsa', *ECHO) as serve:
            status, _, errors = s_client(serve, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0')
            self.assertNotEqual(status, 0)
            self.assertIn('protocol version', errors)
            serve.said('protocol_version')
            for hello in (b'GET / HTTP/1.0\r\n\r\n', b'\x16\x03\x01\x00\x02\x01\x00', os.urandom(300),
                          b'\x16\x03\x01\xff\xff'):
                with socket.create_connection(('127.0.0.1', serve.port), timeout=TIMEOUT) as plain:
                    plain.sendall(hello)
                    plain.shutdown(socket.SHUT_WR)
                    answer = b''
                    try:
                        while more := plain.recv(100):
                            answer += more
                    except ConnectionResetError:
                        pass
                    # Nothing, or an alert record: fatal.
                    self.assertRegex(answer, re.compile(rb'^(\x15\x03.\x00\x02\x02.)?$', re.S))
                serve.said('127.0.0.1')
            self.assertEqual(s_client(serve)[:2], (0, DATA))

    def test_untrusting_client(self):
        """Breaks if a client that does not trust the server is not told apart from one that is gone."""
        with Serve('--credential', 'rsa', *ECHO) as serve:
            for version, (option, _, _, _) in VERSIONS.items():
                status, _, errors = client('openssl', 's_client', '-connect', f'localhost:{serve.port}', '-CAfile',
                                           certificate('other-ca.pem'), '-verify_return_error', option)
                self.assertNotEqual(status, 0)
                self.assertIn('unknown_ca', serve.said('unknown_ca'), version)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
