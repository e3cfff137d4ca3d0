#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Each mutant fits the source as it is now: in one place."""

import common

result = common.run([common.ROOT / 'tests/mutants/run.sh', '--check'])
print(result.stdout, end='')
raise SystemExit(result.returncode)
