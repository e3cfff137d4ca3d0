#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Every C file is formatted by the repository's .clang-format."""

import common

files = common.source_files('*.c', '*.h')
clang_format = common.need('clang-format', 'clang-format')
result = common.run([clang_format, '--dry-run', '-Werror', '--style=file', *files])
common.report(result.stdout.splitlines() if result.returncode != 0 else [], len(files))
