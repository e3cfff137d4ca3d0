#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What cannot take the version from meson.build names the same one: check-version.py VERSION."""

import re
import sys

import common

VERSION = sys.argv[1]
# {file: where the newest version stands}
PLACES = {
    'NEWS': r'^Version (\S+)',
    'data/org.tlshandoff.Handoff1.metainfo.xml': r'<release version="([^"]+)"',
    'data/org.tlshandoff.Handoff1.xml': r'The service\'s version, such as <literal>([^<]+)</literal>',
    'packaging/debian/changelog': r'^tls-handoff \(([^)]+)-\w+\)',
    'packaging/rpm/tls-handoff.spec': r'^Version: *(\S+)',
}
findings = []
for path, pattern in PLACES.items():
    match = re.search(pattern, common.read(path), re.M)
    told = match and match.group(1)
    if told != VERSION:
        findings.append(f'{path}: names the version {told}, not {VERSION}')

if f'TLS_HANDOFF_{VERSION.rpartition(".")[0].replace(".", "_")} ' not in common.read('client/tls-handoff/tls-handoff.map'):
    findings.append(f'client/tls-handoff/tls-handoff.map: nothing is of version {VERSION}')

common.report(findings, len(PLACES))
