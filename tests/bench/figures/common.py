# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What the figures share: their line, and the programs that they drive."""

import contextlib
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../../integration/support'))
from command import (CERTS, OWN_RULES, as_user, call, configure, get_free_port, run, set_rules, stop_service,
                     wait_for_port)

TRUST_STORE = '/etc/ssl/certs/ca-certificates.crt'
TIMEOUT = 120  # seconds that a program may take for an answer
LINE = re.compile(r'(\S+) (ratio|KiB|MiB) (\S+) aim ([<>]=[\d.]+|-)(?: \[(.*)\])?$')


class Figure:
    """A number, and what it should be.

    aim: `<=X`, `>=X`, or `-`: it is there to compare with
    medians: what it was made of, a text
    points: label → [(x, y)…], for a plot
    """

    def __init__(self, name, value, aim, medians, unit='ratio', points=None):
        self.name = name
        self.value = value
        self.aim = aim
        self.medians = medians
        self.unit = unit
        self.points = points or {}

    @classmethod
    def parse(cls, line):
        found = LINE.match(line.strip())
        return found and cls(found[1], float(found[3]), found[4], found[5] or '', unit=found[2])

    def __str__(self):
        return f'{self.name} {self.unit} {self.value:.2f} aim {self.aim} [{self.medians}]'

    @property
    def is_met(self):
        """Or None, if there is no aim."""
        if self.aim == '-':
            return None
        limit = float(self.aim[2:])
        return self.value <= limit if self.aim.startswith('<=') else self.value >= limit


class Bench:
    """Where the programs are, and how long to measure."""

    def __init__(self, build, quick):
        self.build = build
        self.quick = quick

    def program(self, name):
        """A copy that every user may run: the build directory may be closed to them."""
        copy = os.path.join(os.environ['TMPDIR'], name)
        if not os.path.exists(copy):
            shutil.copy(os.path.join(self.build, 'tests/bench', name), copy)
            os.chmod(copy, 0o755)
        return copy


def clean_environment(more=None):
    """Debugging aids of the test suite are not for measuring."""
    return {key: value for key, value in os.environ.items() if key not in ('G_DEBUG', 'MALLOC_PERTURB_')} | (more or {})


class Program:
    """A program that answers each line with a line."""

    def __init__(self, *argv, user=None, environment=None, pass_fds=()):
        self.argv = argv
        self.process = subprocess.Popen(argv, user=user, group=user, extra_groups=[] if user else None, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=pass_fds,
                                        env=clean_environment(environment))

    def say(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()

    def hear(self):
        timer = threading.Timer(TIMEOUT, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        if not line:
            sys.exit(f'{" ".join(self.argv)} ended with status {self.process.wait()}')
        return [int(word) for word in line.split()]

    def ask(self, line):
        self.say(line)
        return self.hear()

    def end(self):
        self.process.stdin.close()
        assert self.process.wait() == 0, self.argv


def chain_with_key(name, user='root'):
    """A file of the user's with a chain as the web has it, leaf and intermediate, and its key. The root is in the trust
    store."""
    path = os.path.join(os.environ['TMPDIR'], name)
    with open(path, 'w') as file:
        os.fchmod(file.fileno(), 0o600)
        for part in ('below-renewed.pem', 'between.pem', 'below-renewed.key'):
            with open(os.path.join(CERTS, part)) as lines:
                file.write(lines.read())
    shutil.chown(path, user, user)
    return path


def import_credential(path, label):
    """For alice."""
    set_rules(OWN_RULES)
    with open(path) as file:
        done = run('alice', 'credential', 'import', '--label', label, '-', stdin=file.read())
    assert done.returncode == 0, done.stderr


class Peer(Program):
    """The server. threads: as many connections at once"""

    def __init__(self, bench, threads):
        super().__init__(bench.program('peer'), chain_with_key('peer.pem'), str(threads))
        self.port = dict(zip(('full', 'resumed'), self.hear()))

    def statistics(self):
        """Connections served, of those resumed, CPU time in µs."""
        return self.ask('')


def caller(bench, side, port, user='alice'):
    """An application. side: ours, bus (ours without the channel), floor, stock"""
    environment = {'GIO_USE_TLS': 'gnutls'}
    if side == 'bus':
        environment['TLS_HANDOFF_CHANNEL'] = '0'
    return Program(bench.program('caller'), 'ours' if side == 'bus' else side, str(port), user=user,
                   environment=environment)


def trust_test_authority():
    """As an administrator would. Before the service starts."""
    with open(os.path.join(CERTS, 'ca.pem')) as file:
        authority = file.read()
    with open(TRUST_STORE) as file:
        others = file.read()
    if authority not in others:
        with open(TRUST_STORE, 'w') as file:
            file.write(others + authority)


def service_processes():
    """pid → name of each program of the service's that runs"""
    found = {}
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            name = os.path.basename(os.readlink(f'/proc/{pid}/exe'))
        except OSError:
            continue
        if name.startswith('tls-handoff') and name != 'tls-handoff':
            found[int(pid)] = name
    return found


def service_memory(pids=None):
    """Proportional set size, KiB. pids: default: all of the service's"""
    total = 0
    for pid in pids or service_processes():
        # One that has ended meanwhile has none.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(f'/proc/{pid}/smaps_rollup') as file:
            total += next((int(line.split()[1]) for line in file if line.startswith('Pss:')), 0)
    return total


def cpu_time(pids):
    """Seconds of CPU that processes have used, those that they started and that still run included."""
    everything = {}
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/stat') as file:
                fields = file.read().rsplit(')', 1)[1].split()
        except OSError:
            continue
        everything[int(pid)] = int(fields[1]), (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
    wanted = set(pids)
    while more := {pid for pid, (parent, _) in everything.items() if parent in wanted} - wanted:
        wanted |= more
    return sum(everything[pid][1] for pid in wanted if pid in everything)


def limit_service():
    """The service starts again with the limits that its unit has."""
    path = '/usr/share/dbus-1/system-services/org.tlshandoff.Handoff1.service'
    with open(path) as file:
        text = file.read()
    with open('/usr/lib/systemd/system/tls-handoffd.service') as file:
        unit = file.read()
    locked = int(re.search(r'^LimitMEMLOCK=(\d+)M$', unit, re.M)[1]) << 20
    # What the bus that starts it may not go beyond.
    most = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
    locked = locked if most == resource.RLIM_INFINITY else min(locked, most)
    with open(path, 'w') as file:
        file.write(re.sub('^Exec=', f'Exec=/usr/bin/prlimit --memlock={locked}:{locked} -- ', text, flags=re.M))
    stop_service()


def cpu_count():
    return len(os.sched_getaffinity(0))


median = statistics.median
now = time.monotonic
