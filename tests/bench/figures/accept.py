# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Connections per second that 32 servers accept, with a key that the service keeps, on all cores, with the clients on
the same ones."""

import socket

from figures.common import (Figure, Program, chain_with_key, cpu_count, cpu_time, import_credential, median, now,
                            service_processes)

AIMS = {
    'accept-32': '>=0.8',
    'accept-32-bus': '-',
}
SIDES = {'ours': 'ours', 'bus': 'ours over the bus', 'floor': 'in-process GnuTLS'}
N = 32


class Servers:
    """Those of one side, at one port."""

    def __init__(self, bench, side, pem):
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=1024)
        self.listener.set_inheritable(True)
        descriptor = self.listener.fileno()
        self.port = self.listener.getsockname()[1]
        self.programs = [
            Program(bench.program('accepter'), 'floor' if side == 'floor' else 'ours', str(descriptor),
                    pem if side == 'floor' else 'accept', user='alice', pass_fds=[descriptor],
                    environment={'TLS_HANDOFF_CHANNEL': '0'} if side == 'bus' else None) for _ in range(N)
        ]
        self.uses_service = side != 'floor'
        self.rates = []
        self.costs = []

    def cpu_time(self):
        """Seconds; of ours, those of the service, too."""
        service = service_processes() if self.uses_service else []
        return cpu_time([program.process.pid for program in self.programs] + list(service))

    def end(self):
        for program in self.programs:
            program.process.terminate()
            program.process.wait()
        self.listener.close()


def measure(bench, wanted):
    pem = chain_with_key('accept.pem', user='alice')
    import_credential(pem, 'accept')
    load = Program(bench.program('load'))
    sides = {side: Servers(bench, side, pem) for side in SIDES}
    shares = []
    for i in range(1 if bench.quick else 8):
        for servers in sides.values():
            begin, before = now(), servers.cpu_time()
            n, _, cpu = load.ask(f'echo {servers.port} {N} {100 if bench.quick else 800} -')
            duration = now() - begin
            # The first round loads what is loaded once.
            if i > 0 or bench.quick:
                servers.rates.append(n / duration)
                servers.costs.append((servers.cpu_time() - before) * 1000 / max(n, 1))
                shares.append(cpu / 1e6 / duration / cpu_count())
    rates = {side: median(servers.rates) for side, servers in sides.items()}
    costs = {side: median(servers.costs) for side, servers in sides.items()}
    for servers in sides.values():
        servers.end()
    load.end()
    for name, side in ('accept-32', 'ours'), ('accept-32-bus', 'bus'):
        if name in wanted:
            medians = ', '.join(f'{SIDES[which]} {rates[which]:.0f}/s (CPU {costs[which]:.3f} ms each)'
                                for which in (side, 'floor'))
            yield Figure(name, rates[side] / rates['floor'], AIMS[name],
                         f'{medians}; the clients took {median(shares):.0%} of the CPU')
