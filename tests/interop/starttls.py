#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""--starttls: with nginx's servers of mail, and with servers of every protocol that OpenSSL's s_client -starttls gets
along with, too."""

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../integration/support'))
from command import TIMEOUT, certificate, get_free_ports, run, wait_for_port
from starttls_peer import PROTOCOLS, Peer

TRUST = ('--trust', certificate('ca.pem'))
# What is said in TLS, and a part of nginx's answer.
MAIL = {'smtp': ('EHLO me\nQUIT\n', '250-'),
        'imap': ('a CAPABILITY\nb LOGOUT\n', 'b OK'),
        'pop3': ('CAPA\nQUIT\n', 'USER')}


class TestStarttls(unittest.TestCase):
    def assert_served(self, protocol, address, said, answer):
        """By a server that is known by its name, in both versions of TLS."""
        for version, options in (('TLS1.3', ()), ('TLS1.2', ('--tls12',))):
            with self.subTest(protocol=protocol, version=version):
                done = run('alice', 'probe', '--json', '--starttls', protocol, *TRUST, *options, address)
                self.assertEqual(done.returncode, 0, done.stderr)
                probed = json.loads(done.stdout)
                self.assertEqual((probed['trusted'], probed['protocol']), (True, version))
                self.assertEqual((probed['server-name'], probed['starttls']), ('localhost', protocol))
                done = run('alice', 'connect', '--starttls', protocol, '--crlf', '--ignore-eof', *TRUST, *options,
                           address, stdin=said)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(answer, done.stdout)

    def test_nginx(self):
        """Breaks if a real server of mail does not begin TLS, or is not understood."""
        ports = dict(zip(MAIL, get_free_ports(len(MAIL))))
        directory = os.environ['TMPDIR']
        servers = ''.join(f'''
  server {{
    listen 127.0.0.1:{port};
    listen [::1]:{port};
    protocol {protocol};
    starttls only;
  }}''' for protocol, port in ports.items())
        with open(f'{directory}/nginx.conf', 'w') as file:
            file.write(f'''load_module /usr/lib/nginx/modules/ngx_mail_module.so;
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log;
events {{}}
mail {{
  auth_http localhost:1/;
  server_name localhost;
  ssl_certificate {certificate('rsa.pem')};
  ssl_certificate_key {certificate('rsa.key')};
  ssl_protocols TLSv1.2 TLSv1.3;{servers}
}}
''')
        server = subprocess.Popen(['nginx', '-c', f'{directory}/nginx.conf'], stdin=subprocess.DEVNULL)
        self.addCleanup(lambda: (server.terminate(), server.wait(TIMEOUT)))
        for protocol, port in ports.items():
            wait_for_port(port)
            self.assert_served(protocol, f'localhost:{port}', *MAIL[protocol])

    def test_protocols(self):
        """Breaks if TLS does not begin with a server that OpenSSL's client gets along with."""
        for protocol in PROTOCOLS:
            with Peer(protocol) as peer:
                theirs = subprocess.run(['openssl', 's_client', '-starttls', protocol, '-connect', peer.address,
                                         '-CAfile', certificate('ca.pem'), '-verify_return_error', '-quiet'],
                                        text=True, errors='backslashreplace', stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT)
                self.assertIn('in TLS', theirs.stdout, theirs.stderr)
                self.assert_served(protocol, peer.address, '', 'in TLS\n')

    def test_domain(self):
        """Breaks if a server of XMPP is asked for another domain than the one whose certificate it must have."""
        with Peer('xmpp') as peer:
            done = run('alice', 'probe', '--starttls', 'xmpp', *TRUST, '--server-name', 'www.handoff.test',
                       peer.address)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(b" to='www.handoff.test' ", peer.requests[1])


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
