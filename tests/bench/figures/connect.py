# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""A connection of a process that has made some before: TCP, TLS 1.3 handshake, a byte each way, close."""

from figures.common import Figure, Peer, caller, median

AIMS = {
    'connect-floor': '<=1.15',
    'connect-floor-resumed': '<=1.3',
    'connect-floor-bus': '-',
    'connect-floor-bus-resumed': '-',
    'connect-gio': '>=5',
    'connect-gio-resumed': '>=8',
    'connect-gio-bus': '-',
    'connect-gio-bus-resumed': '-',
}

# figure → whose time is divided by whose
RATIOS = {
    'connect-floor': ('ours', 'floor'),
    'connect-floor-bus': ('bus', 'floor'),
    'connect-gio': ('stock', 'ours'),
    'connect-gio-bus': ('stock', 'bus'),
}
SIDES = {'ours': 'ours', 'bus': 'ours over the bus', 'floor': 'in-process GnuTLS', 'stock': "GIO's backend"}
AT_ONCE = 8  # connections of one process before it is the next one's turn


def time_connections(bench, port):
    """side → µs of each of its connections"""
    callers = {side: caller(bench, side, port) for side in SIDES}
    times = {side: [] for side in SIDES}
    # The first connections start the service, and load what is loaded once.
    for program in callers.values():
        program.ask('times 4')
    for _ in range(1 if bench.quick else 40):
        for side, program in callers.items():
            times[side] += program.ask(f'times {AT_ONCE}')
    for program in callers.values():
        program.end()
    return times


def measure_kind(bench, wanted, peer, kind):
    suffix = '-resumed' if kind == 'resumed' else ''
    names = [name for name in RATIOS if name + suffix in wanted]
    if not names:
        return
    n_served, n_resumed, _ = peer.statistics()
    times = time_connections(bench, peer.port[kind])
    new_served, new_resumed, _ = peer.statistics()
    n_full = (new_served - n_served) - (new_resumed - n_resumed)
    # The first connection of a side has nothing to resume.
    assert n_full <= len(SIDES) if kind == 'resumed' else new_resumed == n_resumed, n_full
    for name in names:
        medians = {side: median(times[side]) for side in RATIOS[name]}
        above, below = medians.values()
        yield Figure(name + suffix, above / below, AIMS[name + suffix],
                     ', '.join(f'{SIDES[side]} {value / 1000:.3f} ms' for side, value in medians.items()))


def measure(bench, wanted):
    peer = Peer(bench, 4)
    for kind in 'full', 'resumed':
        yield from measure_kind(bench, wanted, peer, kind)
    peer.end()
