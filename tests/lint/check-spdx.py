#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Every file names its copyright holder and its licence (https://reuse.software), and the text of the licence is
there."""

import re

import common

WITHOUT_COMMENTS = ('*.json', 'debian/changelog', 'debian/source/format')
# Texts of licences, and lists that have no comments. (.git is a file in a linked working tree.)
EXEMPT = ('LICENSES/*', 'COPYING', '.git', '.gitignore', '*.license', *WITHOUT_COMMENTS)

findings = []
files = [
    path for path in common.source_files('*')
    if not any(path.match(pattern) for pattern in EXEMPT)
]
# A file without comments has its tags in a file beside it.
files += [path.with_name(path.name + '.license') for path in common.source_files(*WITHOUT_COMMENTS)]

for path in files:
    if not (common.ROOT / path).exists():
        findings.append(f'{path}: is missing')
        continue
    head = '\n'.join(common.read(path).splitlines()[:8])
    if 'SPDX-FileCopyrightText: ' not in head:
        findings.append(f'{path}: no SPDX-FileCopyrightText')
    licence = re.search(r'SPDX-License-Identifier: ([\w.+-]+)', head)
    if licence is None:
        findings.append(f'{path}: no SPDX-License-Identifier')
    elif not (common.ROOT / 'LICENSES' / f'{licence.group(1)}.txt').is_file():
        findings.append(f'{path}: LICENSES/{licence.group(1)}.txt is missing')

common.report(findings, len(files))
