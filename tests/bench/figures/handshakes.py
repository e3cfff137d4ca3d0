# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Connections per second of many callers at once, on all cores, with the peer on the same ones."""

from figures.common import Figure, Peer, caller, cpu_count, cpu_time, median, now, service_processes

AIMS = {
    'handshakes-32': '>=0.8',
    'handshakes-32-resumed': '>=0.8',
    'handshakes-32-bus': '-',
    'handshakes-32-bus-resumed': '-',
    # One process with 32 under way, in as many threads.
    'one-caller-32': '>=0.8',
    'one-caller-32-resumed': '>=0.8',
    'one-caller-32-bus': '-',
    'one-caller-32-bus-resumed': '-',
}

SIDES = {'ours': 'ours', 'bus': 'ours over the bus', 'floor': 'in-process GnuTLS'}
N = 32


class Crowd:
    """The callers of one side."""

    def __init__(self, bench, side, port, n_processes, n_threads):
        self.callers = [caller(bench, side, port) for _ in range(n_processes)]
        self.n_threads = n_threads
        self.uses_service = side != 'floor'
        self.rates = []
        self.costs = []

    def run(self, milliseconds):
        begin, before = now(), self.cpu_time()
        for program in self.callers:
            program.say(f'count {self.n_threads} {milliseconds}')
        n = sum(program.hear()[0] for program in self.callers)
        self.rates.append(n / (now() - begin))
        self.costs.append((self.cpu_time() - before) * 1000 / max(n, 1))

    def cpu_time(self):
        """Seconds; of ours, those of the service, too."""
        service = service_processes() if self.uses_service else []
        return cpu_time([program.process.pid for program in self.callers] + list(service))

    def end(self):
        for program in self.callers:
            program.end()


def measure_crowds(bench, wanted, peer, name, kind, n_processes, n_threads):
    """name: without what it may end with"""
    suffix = '-resumed' if kind == 'resumed' else ''
    if name + suffix not in wanted and name + '-bus' + suffix not in wanted:
        return
    crowds = {side: Crowd(bench, side, peer.port[kind], n_processes, n_threads) for side in SIDES}
    for crowd in crowds.values():
        crowd.run(50 if bench.quick else 200)
        crowd.rates, crowd.costs = [], []
    cpu_before, begin = peer.statistics()[2], now()
    for _ in range(1 if bench.quick else 7):
        for crowd in crowds.values():
            crowd.run(50 if bench.quick else 700)
    share = (peer.statistics()[2] - cpu_before) / 1e6 / (now() - begin) / cpu_count()
    rates = {side: median(crowd.rates) for side, crowd in crowds.items()}
    costs = {side: median(crowd.costs) for side, crowd in crowds.items()}
    for crowd in crowds.values():
        crowd.end()
    for side, figure in ('ours', name + suffix), ('bus', name + '-bus' + suffix):
        if figure in wanted:
            medians = ', '.join(f'{SIDES[which]} {rates[which]:.0f}/s (CPU {costs[which]:.3f} ms each)'
                                for which in (side, 'floor'))
            yield Figure(figure, rates[side] / rates['floor'], AIMS[figure],
                         f'{medians}; the peer took {share:.0%} of the CPU')


def measure(bench, wanted):
    peer = Peer(bench, N + 8)
    for kind in 'full', 'resumed':
        yield from measure_crowds(bench, wanted, peer, 'handshakes-32', kind, N, 1)
        yield from measure_crowds(bench, wanted, peer, 'one-caller-32', kind, 1, N)
    peer.end()
