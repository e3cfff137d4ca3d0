# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The first connection of a process, from before its fork() to after its close(), and the memory that it takes. The
service and polkitd run already."""

from figures.common import Figure, Peer, Program, median, now

AIMS = {
    'connect-first': '>=5',
    'connect-first-memory': '<=0.5',
}
SIDES = {'ours': 'ours', 'stock': "GIO's backend", 'plain': 'without TLS'}


def connect(bench, side, port):
    """ms, peak KiB, KiB afterwards (Pss)"""
    argv = [bench.program('connect-client-handoff' if side == 'ours' else 'connect-client-stock'), str(port)]
    begin = now()
    program = Program(*argv, *(['plain'] if side == 'plain' else []), user='alice', environment={'GIO_USE_TLS': 'gnutls'})
    _, end, peak, memory = program.ask('')
    program.end()
    return end / 1000 - begin * 1000, peak, memory


def measure(bench, wanted):
    peer = Peer(bench, 4)
    for side in 'ours', 'stock':
        connect(bench, side, peer.port['full'])
    results = {side: [] for side in SIDES}
    for _ in range(2 if bench.quick else 30):
        for side in SIDES:
            results[side].append(connect(bench, side, peer.port['full']))
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
