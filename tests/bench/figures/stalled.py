# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Handshakes of one user whose peers never answer: what each of them costs the service, and another user."""

from figures.common import Figure, Peer, Program, call, caller, configure, limit_service, median, service_memory

AIMS = {
    'stalled': '<=64',
    'stalled-latency': '<=1.2',
    'grow': '-',
    'grow-memory': '-',
}
N_STALLERS = 4
LIMITS = '''[Limits]
HandshakesPerUser=16384
HandshakesTotal=16384
SessionsPerUser=16384
SessionsTotal=16384
'''


def in_flight():
    return call('/org/tlshandoff/Handoff1', 'Manager', 'GetStatistics').unpack()[0]['handshakes-in-flight']


def measure(bench, wanted):
    # A service of its own, with the limits of its unit and room for so many.
    configure(LIMITS)
    limit_service()
    numbers = [1, 10, 100] if bench.quick else [1, 10, 100, 1000, 3000, 10000]
    peer = Peer(bench, 4)
    # A process has two descriptors for each.
    stallers = [Program(bench.program('staller'), user='alice') for _ in range(N_STALLERS)]
    bob = caller(bench, 'ours', peer.port['full'], user='bob')
    turn = f'times {5 if bench.quick else 100}'
    bob.ask(turn)
    idle = median(bob.ask(turn))
    empty = service_memory()
    latencies, memory = [], []
    for number in numbers:
        for i, staller in enumerate(stallers):
            staller.say(str((number + i) // N_STALLERS))
        for staller in stallers:
            staller.hear()
        latencies.append((number, median(bob.ask(turn)) / 1000))
        memory.append((number, (service_memory() - empty) / 1024))
    assert in_flight() >= numbers[-1]
    for staller in stallers:
        staller.end()
    bob.end()
    peer.end()
    last, each = numbers[-1], memory[-1][1] * 1024 / numbers[-1]
    full = latencies[-1][1]
    figures = [
        Figure('stalled', each, AIMS['stalled'], f'{last} handshakes: {memory[-1][1]:.1f} MiB more than without',
               unit='KiB'),
        Figure('stalled-latency', full * 1000 / idle, AIMS['stalled-latency'],
               f"another user's connection, {last} stalled handshakes {full:.3f} ms, none {idle / 1000:.3f} ms"),
        Figure('grow', full / latencies[0][1], AIMS['grow'],
               ', '.join(f'{number}: {value:.3f} ms' for number, value in latencies),
               points={'ms for a connection of another user': latencies}),
        Figure('grow-memory', memory[-1][1] / max(memory[-2][1], 0.001), AIMS['grow-memory'],
               ', '.join(f'{number}: {value:.1f} MiB' for number, value in memory), points={'MiB': memory}),
    ]
    yield from (figure for figure in figures if figure.name in wanted)
