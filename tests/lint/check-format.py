#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Every C file is formatted by the repository's .clang-format, as version 14 understands it."""

import re
import sys

import common

files = common.source_files('*.c', '*.h')
clang_format = common.need('clang-format', 'clang-format')
version = re.search(r'version (\d+)', common.run([clang_format, '--version']).stdout)
if version is None or version.group(1) != '14':
    print(f'clang-format is version {version and version.group(1)}, and another than 14 formats otherwise')
    sys.exit(77)
result = common.run([clang_format, '--dry-run', '-Werror', '--style=file', *files])
common.report(result.stdout.splitlines() if result.returncode != 0 else [], len(files))
