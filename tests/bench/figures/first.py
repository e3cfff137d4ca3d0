# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The first connection of a process, from before it is started to after its close(), and the memory that it takes.
The service and polkitd run already."""

from figures.common import Figure, Peer, Program, median

AIMS = {
    'connect-first': '>=5',
    'connect-first-memory': '<=0.5',
}
SIDES = {'ours': 'ours', 'stock': "GIO's backend", 'plain': 'without TLS'}


def launcher(bench, side, port):
    argv = [bench.program('connect-client-handoff' if side == 'ours' else 'connect-client-stock'), str(port)]
    return Program(bench.program('launcher'), *argv, *(['plain'] if side == 'plain' else []), user='alice',
                   environment={'GIO_USE_TLS': 'gnutls'})


def connect(program):
    """ms, peak KiB, KiB afterwards (Pss)"""
    start, _, end, peak, memory = program.ask('')
    return (end - start) / 1000, peak, memory


def measure(bench, wanted):
    peer = Peer(bench, 4)
    launchers = {side: launcher(bench, side, peer.port['full']) for side in SIDES}
    for program in launchers.values():
        connect(program)
    results = {side: [] for side in SIDES}
    for _ in range(2 if bench.quick else 30):
        for side, program in launchers.items():
            results[side].append(connect(program))
    for program in launchers.values():
        program.end()
    peer.end()
    times, peaks, memory = ({side: median(values[i] for values in results[side]) for side in SIDES} for i in range(3))
    if 'connect-first' in wanted:
        yield Figure('connect-first', times['stock'] / times['ours'], AIMS['connect-first'],
                     ', '.join(f'{SIDES[side]} {value:.1f} ms' for side, value in times.items()))
    if 'connect-first-memory' in wanted:
        yield Figure('connect-first-memory', peaks['ours'] / peaks['stock'], AIMS['connect-first-memory'],
                     'peak: ' + ', '.join(f'{SIDES[side]} {value / 1024:.1f} MiB' for side, value in peaks.items()) +
                     '; afterwards (Pss): ' +
                     ', '.join(f'{value / 1024:.1f} MiB' for value in memory.values()))
