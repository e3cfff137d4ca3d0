# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What the service's programs have in memory together (proportional set size), when one user has used them."""

from figures.common import Figure, Peer, caller, service_memory, service_processes, stop_service

AIMS = {
    'memory': '<=25',
}


def measure(bench, wanted):
    stop_service()
    peer = Peer(bench, 8)
    for kind in 'full', 'resumed':
        program = caller(bench, 'ours', peer.port[kind])
        program.ask(f'times {5 if bench.quick else 200}')
        program.ask(f'count 8 {50 if bench.quick else 500}')
        program.end()
    names = ', '.join(f'{name} {service_memory([pid]) / 1024:.1f} MiB' for pid, name in service_processes().items())
    yield Figure('memory', service_memory() / 1024, AIMS['memory'], names, unit='MiB')
    peer.end()
