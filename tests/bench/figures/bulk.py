# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Data after the handshake: what an application's thread pays for it."""

import subprocess

from figures.common import Figure

AIMS = {
    'bulk-gnutls-16k': '>=1.3',
    'bulk-gnutls-1m': '>=1.3',
    'bulk-openssl-16k': '>=1.05',
    'bulk-openssl-1m': '>=1.05',
    'bulk-small-gnutls': '>=1.0',
    'bulk-small-openssl': '>=1.0',
    'bulk-limit-16k': '>=0.9',
    'bulk-limit-64': '>=0.9',
}


def measure(bench, wanted):
    lines = subprocess.run([bench.program('bulk'), *(['--quick'] if bench.quick else []), *wanted],
                           stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    for line in lines:
        name, value, medians = line.split(' ', 2)
        yield Figure(name, float(value), AIMS[name], medians)
