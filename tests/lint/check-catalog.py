#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The journal's catalogues have an entry for each MESSAGE_ID of the code, and no other; with fields that exist; and
journalctl takes them."""

import re
import shutil
import tempfile

import common

# Each one's language is in its name.
CATALOGS = ['data/tls-handoff.catalog', 'data/tls-handoff.es.catalog']

code = '\n'.join(common.read(path) for path in common.source_files('service/*/*.[ch]', 'service/*.[ch]'))
ids = set(re.findall(r'#define HANDOFF_\w+_ID "([0-9a-f]{32})"', code))
fields = set(re.findall(r'"(HANDOFF_[A-Z_]+)"', code))
findings = []

for path in CATALOGS:
    text = common.read(path)
    found = set(re.findall(r'^-- ([0-9a-f]{32})$', text, re.M))
    findings += [f'{path}: {number} is missing' for number in sorted(ids - found)]
    findings += [f'{path}: nothing has the MESSAGE_ID {number}' for number in sorted(found - ids)]
    findings += [f'{path}: there is no field {field}' for field in set(re.findall(r'@(\w+)@', text)) - fields]

journalctl = common.need('journalctl', 'systemd')
with tempfile.TemporaryDirectory() as root:
    folder = f'{root}/usr/lib/systemd/catalog'
    common.run(['mkdir', '-p', folder, f'{root}/var/lib/systemd/catalog'])
    for path in CATALOGS:
        shutil.copy(common.ROOT / path, folder)
    result = common.run([journalctl, f'--root={root}', '--update-catalog'])
    # Whoever installs us would see its warnings.
    if result.returncode != 0 or result.stdout.strip():
        findings.append(f'journalctl: {result.stdout}')

common.report(findings, len(ids))
