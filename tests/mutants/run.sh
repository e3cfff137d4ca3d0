#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
#
# Breaks the source in small ways, one at a time, and runs the tests that should notice:
#
#   tests/mutants/run.sh                    all of them
#   tests/mutants/run.sh NAME...            those (a name, or the name of a file without .toml)
#   tests/mutants/run.sh --sample NUMBER    so many; each day others, until all had their turn
#   tests/mutants/run.sh --check            only whether each still fits the source
#   tests/mutants/run.sh --list             what there is
#
# As root, like the tests. Works on a copy of the tree as it is on the disk. Prints a line for each, then
# how many were killed and how many survived. Exit status 0 if none survived but those with a written
# reason, and all fitted. README.md beside this file says how one is written.
set -euo pipefail
exec /usr/bin/python3 "$(dirname "$0")/run.py" "$@"
