# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The service's programs, and what they have in their memory."""

import os

BROKER, HANDSHAKER, IMPORTER, KEEPER, TOKEN = ('tls-handoffd', 'tls-handoff-handshaker', 'tls-handoff-importer',
                                               'tls-handoff-keeper', 'tls-handoff-token')
PAGE = 4096


def let_die():
    """They crash here because the test wants it; otherwise that is a failure at the end (tests/lib/system-run)."""
    with open(os.path.join(os.environ['TMPDIR'], 'programs-may-die'), 'w'):
        pass


def get_programs():
    """[(name, process)] of all that run, handshakers and token helpers once for each process."""
    found = []
    for pid in os.listdir('/proc'):
        if pid.isdigit():
            try:
                name = os.path.basename(os.readlink(f'/proc/{pid}/exe'))
            except OSError:
                continue  # it has ended
            if name in (BROKER, HANDSHAKER, IMPORTER, KEEPER, TOKEN):
                found.append((name, int(pid)))
    return sorted(found)


def find_programs(name):
    """The processes of one of them."""
    return [pid for found, pid in get_programs() if found == name]


def read_descriptors(pid):
    """{number: what it leads to} of a process; without what it closes meanwhile."""
    found = {}
    for number in os.listdir(f'/proc/{pid}/fd'):
        try:
            found[int(number)] = os.readlink(f'/proc/{pid}/fd/{number}')
        except FileNotFoundError:
            continue  # closed since it was listed
    return found


def read_memory(pid):
    """What a process can write to, without pages that are empty: where its secrets are. Of one that has ended: nothing."""
    empty = bytes(PAGE)
    found = []
    try:
        with open(f'/proc/{pid}/maps') as maps, open(f'/proc/{pid}/mem', 'rb', buffering=0) as memory:
            for line in maps:
                addresses, rights = line.split()[:2]
                start, end = (int(address, 16) for address in addresses.split('-'))
                if not rights.startswith('rw'):
                    continue
                try:
                    memory.seek(start)
                    data = memory.read(end - start)
                except OSError:
                    continue  # unmapped since, or a guard page
                found += [page for page in (data[at:at + PAGE] for at in range(0, len(data), PAGE)) if page != empty]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return b''.join(found)


def who_has(needles):
    """The names of the programs that have one of the needles, as a set."""
    return {name for name, pid in get_programs() for memory in [read_memory(pid)]
            if any(needle in memory for needle in needles)}
