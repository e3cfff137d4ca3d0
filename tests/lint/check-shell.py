#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""shellcheck finds nothing in the shell scripts."""

import re

import common

files = []
for path in common.source_files('*'):
    with open(common.ROOT / path, 'rb') as stream:
        first_line = stream.readline()
    if re.match(rb'#!.*\b(sh|bash)\b', first_line):
        files.append(path)

# SC2317, "unreachable", does not see functions that are called through a variable.
shellcheck = common.need('shellcheck', 'shellcheck')
result = common.run([
    shellcheck, '--format=gcc', '--exclude=SC2317', '--external-sources', '--source-path=SCRIPTDIR',
    *files
])
common.report(result.stdout.splitlines() if result.returncode != 0 else [], len(files))
