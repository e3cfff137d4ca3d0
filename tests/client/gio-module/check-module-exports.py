#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The GIO module exports what GIO calls, and nothing else: its names would meet those of every program.
Argument: the module."""

import subprocess
import sys

EXPECTED = {'g_io_module_load', 'g_io_module_query', 'g_io_module_unload'}
lines = subprocess.run(['nm', '--dynamic', '--defined-only', sys.argv[1]], check=True, text=True,
                       stdout=subprocess.PIPE).stdout.splitlines()
exported = {line.split()[-1] for line in lines}
print('\n'.join(sorted(exported)))
sys.exit(exported != EXPECTED)
