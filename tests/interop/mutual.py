#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Client certificates on both sides: our servers with OpenSSL's and GnuTLS's clients, our clients with the servers of
both and with nginx, in every combination of what is asked for and what there is, and both protocol versions."""

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../integration/support'))
from command import (OWN_RULES, TIMEOUT, Serve, certificate, get_free_port, import_credential, read,
                     remove_credentials, run, set_rules, wait_for_port)
from ended import end_certificate

VERSIONS = {'TLS1.3': ('-tls1_3', 'NORMAL:-VERS-ALL:+VERS-TLS1.3', ()),
            'TLS1.2': ('-tls1_2', 'NORMAL:-VERS-ALL:+VERS-TLS1.2', ('--tls12',))}
CLIENT_KEYS = ('ecdsa-p256', 'ecdsa-p384', 'ed25519', 'rsa-2048')
TRUST = ('--trust', certificate('ca.pem'))


def certify(request, *extensions, ca='client-ca'):
    """A certificate for a request, for clients."""
    config = os.path.join(os.environ['TMPDIR'], 'extensions')
    with open(config, 'w') as file:
        file.write('\n'.join(extensions or ('extendedKeyUsage=clientAuth', 'keyUsage=critical,digitalSignature')))
    return subprocess.run(['openssl', 'x509', '-req', '-CA', certificate(ca + '.pem'), '-CAkey',
                           certificate(ca + '.key'), '-days', '30', '-set_serial', str(1 + len(request)),
                           '-extfile', config], input=request, text=True, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout


class TestOurServer(unittest.TestCase):
    """What a client with this certificate gets from a server that asks for one in this way: None for the data, or the
    alert as the client names it; and what the server's user is told."""
    OUTCOMES = {
        # mode, client's certificate: (alert in TLS 1.3, in TLS 1.2, the server's words)
        ('none', None): None,
        ('none', 'client'): None,
        ('requested', None): None,
        ('requested', 'client'): None,
        ('requested', 'rsa'): ('unknown ca', 'unknown ca', 'authority'),
        ('requested', 'expired-client'): ('certificate expired', 'certificate expired', 'expired'),
        ('requested', 'client-for-servers'): ('unsupported certificate', 'unsupported certificate', 'client'),
        ('required', None): ('certificate required', 'handshake failure', 'certificate'),
        ('required', 'client'): None,
        ('required', 'rsa'): ('unknown ca', 'unknown ca', 'authority'),
        ('required', 'expired-client'): ('certificate expired', 'certificate expired', 'expired'),
        ('required', 'client-for-servers'): ('unsupported certificate', 'unsupported certificate', 'client'),
    }
    MODES = {'none': (), 'requested': ('--client-ca', certificate('client-ca.pem')),
             'required': ('--client-ca', certificate('client-ca.pem'), '--require-client-certificate')}

    @classmethod
    def setUpClass(cls):
        set_rules(OWN_RULES)
        for name in ('rsa', 'ecdsa'):
            import_credential('alice', name)
        cls.certificates = {None: (), 'client': cls.files('client'), 'rsa': cls.files('rsa')}
        for name, extension in (('expired-client', 'extendedKeyUsage=clientAuth'),
                                ('client-for-servers', 'extendedKeyUsage=serverAuth')):
            path = os.path.join(os.environ['TMPDIR'], name)
            request = subprocess.run(['openssl', 'req', '-new', '-subj', f'/CN={name}', '-newkey', 'ec', '-pkeyopt',
                                      'ec_paramgen_curve:P-256', '-nodes', '-keyout', path + '.key'], text=True,
                                     check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout
            with open(path + '.pem', 'w') as file:
                made = certify(request, extension)
                file.write(end_certificate(made, 'client-ca') if name == 'expired-client' else made)
            cls.certificates[name] = (path + '.pem', path + '.key')

    @classmethod
    def tearDownClass(cls):
        remove_credentials()

    @staticmethod
    def files(name):
        return certificate(name + '.pem'), certificate(name + '.key')

    def check(self, client, told):
        """client: returns what the client heard."""
        for key in ('rsa', 'ecdsa'):
            for mode, options in self.MODES.items():
                with Serve('--credential', key, *options, '--', 'sh', '-c', 'echo "got ${TLS_HANDOFF_CLIENT_SHA256-none}"'
                           ) as serve:
                    for (this_mode, own), outcome in self.OUTCOMES.items():
                        if this_mode != mode:
                            continue
                        for n, (version, parameters) in enumerate(VERSIONS.items()):
                            with self.subTest(key=key, mode=mode, own=own, version=version):
                                heard = client(serve.port, parameters, self.certificates[own])
                                if outcome is None:
                                    expected = 'got none' if own is None or mode == 'none' else 'got '
                                    self.assertIn(expected, heard)
                                    if expected == 'got ':
                                        self.assertNotIn('got none', heard)
                                else:
                                    self.assertNotIn('got', heard)
                                    self.assertIn(told(outcome[n]), heard.lower())
                                    serve.said(outcome[2])

    def test_openssl(self):
        """Breaks if the wrong clients of OpenSSL's get in, if a refused client gets another alert, or if the server's
        user is not told why."""
        def client(port, parameters, own):
            options = ('-cert', own[0], '-key', own[1]) if own else ()
            done = subprocess.run(['openssl', 's_client', '-connect', f'localhost:{port}', '-CAfile',
                                   certificate('ca.pem'), '-quiet', parameters[0], *options], text=True, input='',
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT)
            return done.stdout
        self.check(client, lambda alert: 'alert ' + alert)

    def test_gnutls(self):
        """Breaks if the wrong clients of GnuTLS's get in, if a refused client gets another alert, or if the server's
        user is not told why."""
        numbers = {'handshake failure': 40, 'unsupported certificate': 43, 'certificate expired': 45, 'unknown ca': 48,
                   'certificate required': 116}

        def client(port, parameters, own):
            options = ('--x509certfile', own[0], '--x509keyfile', own[1]) if own else ()
            done = subprocess.run(['gnutls-cli', '--port', str(port), '--x509cafile', certificate('ca.pem'),
                                   '--sni-hostname', 'localhost', '--priority', parameters[1], *options, 'localhost'], text=True, input='',
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT)
            return done.stdout
        self.check(client, lambda alert: f'received alert [{numbers[alert]}]')


class TestOurClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        set_rules(OWN_RULES)
        for key_type in CLIENT_KEYS:
            cls.certify(key_type, key_type)
        import_credential('alice', 'rsa', label='stranger')

    @classmethod
    def tearDownClass(cls):
        remove_credentials()

    @staticmethod
    def certify(label, key_type):
        done = run('alice', 'credential', 'generate', '--label', label, '--type', key_type)
        assert done.returncode == 0, done.stderr
        request = run('alice', 'credential', 'request', label, '--subject', f'CN={label}').stdout
        path = os.path.join(os.environ['TMPDIR'], label + '.pem')
        os.chmod(os.environ['TMPDIR'], 0o1777)
        with open(path, 'w') as file:
            file.write(certify(request))
        os.chmod(path, 0o644)
        done = run('alice', 'credential', 'set-certificates', label, path)
        assert done.returncode == 0, done.stderr

    def get(self, port, *options):
        return run('alice', 'connect', '--ignore-eof', *TRUST, *options, f'localhost:{port}',
                   stdin='GET / HTTP/1.0\r\nHost: localhost\r\n\r\n')

    def serve(self, *argv):
        """A server that listens."""
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_openssl(self):
        """Breaks if OpenSSL's server does not accept a certificate of ours, or if a refusal is not explained."""
        port = get_free_port()
        self.serve('openssl', 's_server', '-accept', str(port), '-cert', certificate('ecdsa.pem'), '-key',
                   certificate('ecdsa.key'), '-Verify', '1', '-verify_return_error', '-CAfile',
                   certificate('client-ca.pem'), '-www')
        wait_for_port(port)
        for version, (_, _, options) in VERSIONS.items():
            for label in CLIENT_KEYS:
                with self.subTest(version=version, label=label):
                    self.assertIn(f'Subject: CN={label}', self.get(port, '--credential', label, *options).stdout)
            self.assertIn(f'Subject: CN={CLIENT_KEYS[0]}', self.get(port, *options).stdout)
            for label, alert in (('', 'certificate_required' if version == 'TLS1.3' else 'handshake_failure'),
                                 ('stranger', 'unknown_ca')):
                with self.subTest(version=version, label=label):
                    done = self.get(port, '--credential', label, *options)
                    self.assertEqual((done.returncode, done.stdout), (1, ''))
                    self.assertIn(alert, done.stderr)

    def test_rules(self):
        """Breaks if a certificate that nobody named goes to a server for which polkit does not let it be used."""
        port = get_free_port()
        self.serve('openssl', 's_server', '-accept', str(port), '-cert', certificate('ecdsa.pem'), '-key',
                   certificate('ecdsa.key'), '-verify', '1', '-CAfile', certificate('client-ca.pem'), '-www')
        wait_for_port(port)
        set_rules('''polkit.addRule(function(action, subject) {
  if (action.id == 'org.tlshandoff.Handoff1.use-own-credential')
    return action.lookup('server-identity') == 'www.handoff.test' && action.lookup('credential') != 'ecdsa-p256' ?
      polkit.Result.YES : polkit.Result.NO; });
''')
        self.addCleanup(set_rules, OWN_RULES)
        for name, label in (('www.handoff.test', 'ecdsa-p384'), ('localhost', None)):
            for version, (_, _, options) in VERSIONS.items():
                with self.subTest(name=name, version=version):
                    probed = json.loads(run('alice', 'probe', '--json', *TRUST, '--no-resumption', *options,
                                            '--server-name', name, f'127.0.0.1:{port}').stdout)
                    self.assertEqual(probed['credential'], label)
        denied = run('alice', 'probe', *TRUST, '--credential', 'ed25519', f'localhost:{port}')
        self.assertEqual(denied.returncode, 3)

    def test_resumption(self):
        """Breaks if a session is resumed with another certificate than the one with which it was made, or with one that
        was changed; or if changes to one user's certificates end the sessions of another user."""
        port = get_free_port()
        self.serve('openssl', 's_server', '-accept', str(port), '-cert', certificate('ecdsa.pem'), '-key',
                   certificate('ecdsa.key'), '-verify', '1', '-CAfile', certificate('client-ca.pem'), '-www')
        wait_for_port(port)
        target = f'localhost:{port}'

        def connect(user, *options):
            # The tickets come with what is read.
            self.assertEqual(run(user, 'connect', '--ignore-eof', *TRUST, *options, target,
                                 stdin='GET / HTTP/1.0\r\n\r\n').returncode, 0)

        def is_resumed(user, *options):
            return json.loads(run(user, 'probe', '--json', *TRUST, *options, target).stdout)['resumed']

        named = ('--credential', 'ed25519')
        connect('bob')
        connect('alice', *named)
        self.assertFalse(is_resumed('alice', '--credential', 'rsa-2048'))
        self.assertFalse(is_resumed('alice', '--credential', ''))
        self.assertFalse(is_resumed('alice'))
        self.assertTrue(is_resumed('alice', *named))
        connect('alice', *named)
        path = os.path.join(os.environ['TMPDIR'], 'ed25519.pem')
        self.assertEqual(run('alice', 'credential', 'set-certificates', 'ed25519', path).returncode, 0)
        self.assertFalse(is_resumed('alice', *named))
        # Nor with a key that the service does not keep, whoever uses it.
        key = os.path.join(os.environ['TMPDIR'], 'own.key')
        with open(key, 'w') as file:
            file.write(read('client.key'))
        os.chmod(key, 0o644)
        own = ('--cert', certificate('client.pem'), '--key', key)
        connect('alice', *own)
        self.assertFalse(is_resumed('alice', *own))
        self.assertFalse(is_resumed('alice', '--credential', ''))
        # Nor with an automatic choice, whatever it would be now.
        connect('alice')
        self.assertFalse(is_resumed('alice'))
        self.assertTrue(is_resumed('bob'))
        # A session without a certificate is not resumed when there is a certificate to choose now.
        connect('bob')
        import_credential('bob', 'client')
        self.assertFalse(is_resumed('bob'))

    def test_gnutls(self):
        """Breaks if GnuTLS's server does not accept a certificate of ours, or if a refusal is not explained."""
        port = get_free_port()
        self.serve('gnutls-serv', '--port', str(port), '--http', '--x509certfile', certificate('rsa.pem'), '--x509keyfile',
                   certificate('rsa.key'), '--x509cafile', certificate('client-ca.pem'), '--require-client-cert',
                   '--verify-client-cert')
        wait_for_port(port)
        for version, (_, _, options) in VERSIONS.items():
            for label in CLIENT_KEYS:
                with self.subTest(version=version, label=label):
                    done = self.get(port, '--credential', label, *options)
                    self.assertIn(label, done.stdout, done.stderr)
            for label in ('', 'stranger'):
                with self.subTest(version=version, label=label):
                    done = self.get(port, '--credential', label, *options)
                    self.assertEqual((done.returncode, done.stdout), (1, ''))
                    self.assertIn('alert', done.stderr)

    def test_nginx(self):
        """Breaks if nginx does not accept a certificate of ours, or takes it for another user's."""
        ports = {'on': get_free_port(), 'optional': get_free_port()}
        directory = os.environ['TMPDIR']
        servers = ''.join(f'''
  server {{
    listen 127.0.0.1:{port} ssl;
    listen [::1]:{port} ssl;
    ssl_certificate {certificate('rsa.pem')};
    ssl_certificate_key {certificate('rsa.key')};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_client_certificate {certificate('client-ca.pem')};
    ssl_verify_client {mode};
    location / {{ return 200 "$ssl_client_verify $ssl_client_s_dn\\n"; }}
  }}''' for mode, port in ports.items())
        with open(f'{directory}/nginx.conf', 'w') as file:
            file.write(f'''daemon off;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {directory};
  proxy_temp_path {directory};
  fastcgi_temp_path {directory};
  uwsgi_temp_path {directory};
  scgi_temp_path {directory};{servers}
}}
''')
        self.serve('nginx', '-c', f'{directory}/nginx.conf')
        for port in ports.values():
            wait_for_port(port)
        for version, (_, _, options) in VERSIONS.items():
            for mode, port in ports.items():
                for label in CLIENT_KEYS:
                    with self.subTest(version=version, mode=mode, label=label):
                        done = self.get(port, '--credential', label, *options)
                        self.assertIn(f'SUCCESS CN={label}\n', done.stdout, done.stderr)
                self.assertIn(f'SUCCESS CN={CLIENT_KEYS[0]}\n', self.get(port, *options).stdout)
                stranger = self.get(port, '--credential', 'stranger', *options).stdout
                self.assertIn('400 Bad Request', stranger)
                self.assertIn('SSL certificate error', stranger)
            self.assertIn('No required SSL certificate was sent',
                          self.get(ports['on'], '--credential', '', *options).stdout)
            self.assertIn('NONE \n', self.get(ports['optional'], '--credential', '', *options).stdout)
            probed = json.loads(run('alice', 'probe', '--json', *TRUST, '--credential', 'ed25519', *options,
                                    f'localhost:{ports["on"]}').stdout)
            self.assertEqual((probed['protocol'], probed['credential']), (version, 'ed25519'))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
