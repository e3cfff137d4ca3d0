# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""nginx, with a site for each thing that a client of HTTPS may meet."""

import os
import subprocess

from command import TIMEOUT, certificate, get_free_ports, wait_for_port

# What "/" answers: which connection it is, and which request on it; whose certificate the client has.
ANSWER = '$connection $connection_requests $server_protocol $ssl_client_verify $ssl_client_s_dn'
# name: (further words of "listen", directives)
SITES = {
    'http1': ('', ''),
    'http1-tls12': ('', 'ssl_protocols TLSv1.2;'),
    'http2': ('http2', ''),
    'http2-tls12': ('http2', 'ssl_protocols TLSv1.2;'),
    'closing': ('', 'keepalive_timeout 0;'),
    'client-optional': ('', 'ssl_verify_client optional;'),
    'client-required': ('', 'ssl_verify_client on;'),
    'client-required-tls12': ('', 'ssl_verify_client on; ssl_protocols TLSv1.2;'),
    'wrong-name': ('', ''),
    'self-signed': ('', ''),
    'expired': ('', ''),
}


class WebServer:
    """Listens when the constructor returns. root: a directory of files that any path but "/" is looked for in."""

    def __init__(self, root):
        directory = os.path.join(os.environ['TMPDIR'], 'nginx')
        os.mkdir(directory)
        self.ports = dict(zip(SITES, get_free_ports(len(SITES))))
        self.log = os.path.join(directory, 'access.log')
        path = os.path.join(directory, 'nginx.conf')
        with open(path, 'w') as file:
            file.write(f'''
daemon off;
user root;
pid {directory}/pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
  log_format short "$status $request";
  access_log {self.log} short;
  types {{ text/html html; image/png png; text/plain txt; }}
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_client_certificate {certificate('client-ca.pem')};
  client_max_body_size 20m;
  {''.join(self.describe(name, root) for name in SITES)}
}}
''')
        # What nginx complains of belongs in the test's log.
        self.process = subprocess.Popen(['nginx', '-c', path], stdin=subprocess.DEVNULL)
        for port in self.ports.values():
            wait_for_port(port)

    def describe(self, name, root):
        words, directives = SITES[name]
        key = name if os.path.exists(certificate(name + '.pem')) else 'ecdsa'
        return f'''
  server {{
    listen 127.0.0.1:{self.ports[name]} ssl backlog=1024 {words};
    listen [::1]:{self.ports[name]} ssl backlog=1024 {words};
    ssl_certificate {certificate(key + '.pem')};
    ssl_certificate_key {certificate(key + '.key')};
    {directives}
    location = / {{ default_type text/plain; return 200 "{ANSWER}"; }}
    location / {{ root {root}; }}
  }}
'''

    def get_url(self, name, path='/', host='localhost'):
        return f'https://{host}:{self.ports[name]}{path}'

    def close(self):
        self.process.terminate()
        self.process.wait(TIMEOUT)
