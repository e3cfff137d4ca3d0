#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The unit is valid, and confined: the exposure that systemd-analyze finds is at most 0.4."""

import pathlib
import re
import sys
import tempfile

import common

MAXIMUM_EXPOSURE = 0.4

# These must be set whatever the exposure is: DESIGN's invariants depend on them.
REQUIRED = [
    'CapabilityBoundingSet=', 'LimitCORE=0', 'MemoryDenyWriteExecute=yes', 'MemoryMax=4G',
    'MemorySwapMax=0', 'NoNewPrivileges=yes', 'PrivateNetwork=yes', 'ProtectSystem=strict',
    'RestrictAddressFamilies=AF_UNIX', 'StateDirectoryMode=0700',
]

unit, service = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
text = unit.read_text(encoding='utf-8')
lines = text.splitlines()
findings = [f'{unit}: {line} is missing' for line in REQUIRED if line not in lines]
analyze = common.need('systemd-analyze', 'systemd')

result = common.run([analyze, 'security', '--offline=true', '--no-pager', unit])
exposure = re.search(r'exposure level for \S+: ([\d.]+)', result.stdout)
if exposure is None:
    findings.append(result.stdout)
elif float(exposure.group(1)) > MAXIMUM_EXPOSURE:
    findings.append(f'{result.stdout}{unit}: the exposure must be at most {MAXIMUM_EXPOSURE}')
else:
    print(f'exposure {exposure.group(1)}')

# The program is not installed here: let the unit name the one that was built.
with tempfile.TemporaryDirectory() as directory:
    copy = pathlib.Path(directory) / unit.name
    text = re.sub(r'^ExecStart=\S+', f'ExecStart={service}', text, flags=re.M)
    copy.write_text(text, encoding='utf-8')
    result = common.run([analyze, 'verify', '--man=no', '--recursive-errors=no', copy])
    if result.returncode != 0 or result.stdout:
        findings.append(result.stdout)

common.report(findings, 1)
