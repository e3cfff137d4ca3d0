# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""tls-handoff serve before a plain nginx, against other fronts before the same one, and nginx with TLS of its own."""

import os
import shutil
import subprocess

from figures.common import (Figure, Program, as_user, chain_with_key, clean_environment, cpu_count, cpu_time,
                            get_free_port, import_credential, median, now, service_processes, wait_for_port)

AIMS = {
    'front-new': '>=1',
    'front-new-bus': '-',
    'front-requests': '>=1.2',
    'front-downloads': '>=1.1',
}

# kind of load → whom serve is compared with, connections at once, what is asked for
LOADS = {
    'new': ('stunnel', 32, '/small'),
    'requests': ('stunnel', 32, '/small'),
    'downloads': ('hitch', 4, '/large'),
}
NGINX = '''
daemon off;
pid {directory}/{name}.pid;
worker_processes {cores};
error_log {directory}/{name}.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  sendfile on;
  tcp_nodelay on;
  keepalive_requests 100000000;
  client_body_temp_path {directory}/{name}.body;
  proxy_temp_path {directory}/{name}.proxy;
  fastcgi_temp_path {directory}/{name}.fastcgi;
  uwsgi_temp_path {directory}/{name}.uwsgi;
  scgi_temp_path {directory}/{name}.scgi;
  server {{ listen 127.0.0.1:{port} backlog=1024 {listen}; root {directory}/pages; {server} }}
}}
'''
STUNNEL = '''
foreground = yes
pid =
debug = 3
[front]
accept = 127.0.0.1:{port}
connect = 127.0.0.1:{backend}
cert = {pem}
key = {pem}
sslVersionMin = TLSv1.3
'''
HITCH = '''
frontend = "[127.0.0.1]:{port}"
backend = "[127.0.0.1]:{backend}"
pem-file = "{pem}"
tls-protos = TLSv1.3
workers = {cores}
daemon = off
log-level = 0
'''


class Fronts:
    """All of them, as alice's: name → port"""

    def __init__(self, bench):
        self.directory = os.path.join(os.environ['TMPDIR'], 'front')
        os.makedirs(self.directory + '/pages', mode=0o755)
        shutil.chown(self.directory, 'alice', 'alice')
        with open(self.directory + '/pages/small', 'wb') as file:
            file.write(b'x' * 256)
        with open(self.directory + '/pages/large', 'wb') as file:
            file.write(os.urandom(1 << 20) * (4 if bench.quick else 64))
        self.pem = chain_with_key('front.pem', user='alice')
        self.processes = {}
        self.ports = {}
        self.backend = get_free_port()
        self.start_nginx('backend', self.backend)
        self.start_others(bench)
        import_credential(self.pem, 'front')
        for name, environment in ('serve', {}), ('bus', {'TLS_HANDOFF_CHANNEL': '0'}):
            self.ports[name] = get_free_port()
            self.start(name, ['tls-handoff', 'serve', '--quiet', '--credential', 'front', '--listen',
                              f'127.0.0.1:{self.ports[name]}', '--forward', f'127.0.0.1:{self.backend}'], environment)
        for port in [self.backend, *self.ports.values()]:
            wait_for_port(port)

    def start(self, name, argv, environment=None):
        self.processes[name] = subprocess.Popen(as_user('alice', *argv), stdin=subprocess.DEVNULL,
                                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                                env=clean_environment(environment))

    def cpu_time(self, name):
        """Seconds that a front has used; of ours, those of the service, too."""
        service = service_processes() if name in ('serve', 'bus') else []
        return cpu_time([self.processes[name].pid, *service])

    def configure(self, name, text, **values):
        path = os.path.join(self.directory, name + '.conf')
        with open(path, 'w') as file:
            file.write(text.format(name=name, directory=self.directory, cores=cpu_count(), pem=self.pem,
                                   backend=self.backend, **values))
        return path

    def start_nginx(self, name, port, listen='', server=''):
        path = self.configure(name, NGINX, port=port, listen=listen, server=server)
        self.start(name, ['nginx', '-e', f'{self.directory}/{name}.log', '-c', path])

    def start_others(self, bench):
        for name in 'stunnel', 'hitch', 'nginx':
            if shutil.which(name) is None:
                # run.sh installs them; the tests are content without.
                assert bench.quick, f'{name} is not installed'
                continue
            self.ports[name] = port = get_free_port()
            if name == 'nginx':
                self.start_nginx(name, port, 'ssl', f'ssl_certificate {self.pem}; ssl_certificate_key {self.pem}; '
                                                    'ssl_protocols TLSv1.3;')
            elif name == 'stunnel':
                self.start(name, ['stunnel', self.configure(name, STUNNEL, port=port)])
            else:
                self.start(name, ['hitch', '--config=' + self.configure(name, HITCH, port=port)])

    def end(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait()


def measure_load(bench, fronts, load, kind):
    """front → its rate, and the milliseconds of CPU that it took for each; the share of the clients"""
    _, n, path = LOADS[kind]
    rates = {name: [] for name in fronts.ports}
    costs = {name: [] for name in fronts.ports}
    shares = []
    for i in range(1 if bench.quick else 8):
        for name, port in fronts.ports.items():
            begin, before = now(), fronts.cpu_time(name)
            n_answers, n_bytes, cpu = load.ask(f'{kind} {port} {n} {100 if bench.quick else 800} {path}')
            duration = now() - begin
            # The first round loads what is loaded once.
            if i > 0 or bench.quick:
                units = n_bytes / 1e6 if kind == 'downloads' else n_answers
                rates[name].append(units / duration)
                costs[name].append((fronts.cpu_time(name) - before) * 1000 / max(units, 1))
                shares.append(cpu / 1e6 / duration / cpu_count())
    return ({name: median(values) for name, values in rates.items()},
            {name: median(values) for name, values in costs.items()}, median(shares))


def measure(bench, wanted):
    fronts = Fronts(bench)
    load = Program(bench.program('load'))
    for kind, (other, _, _) in LOADS.items():
        names = [name for name in wanted if name.startswith(f'front-{kind}')]
        if not names:
            continue
        rates, costs, share = measure_load(bench, fronts, load, kind)
        unit = ' MB/s' if kind == 'downloads' else '/s'
        medians = ', '.join(f'{name} {value:.0f}{unit} (CPU {costs[name]:.3f} ms each)' for name, value in rates.items())
        for name in names:
            value = rates['bus' if name.endswith('-bus') else 'serve'] / rates.get(other, rates['nginx'])
            yield Figure(name, value, AIMS[name], f'{medians}; the clients took {share:.0%} of the CPU')
    load.end()
    fronts.end()
