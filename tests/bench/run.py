#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Measures figures, a line each. In the private system: run.sh calls it there.

  run.py [--quick] [--report DIRECTORY] BUILD [NAME…]
"""

import argparse
import os
import sys

sys.dont_write_bytecode = True

from figures import accept, bulk, connect, first, front, handshakes, memory, report, stalled
from figures.common import Bench, trust_test_authority

# stalled changes the service's limits: it is the last.
GROUPS = [connect, first, handshakes, accept, front, bulk, memory, stalled]


def choose(group, names):
    """The figures of the group that one of the names begins: connect-floor means connect-floor-resumed, too."""
    return [figure for figure in group.AIMS
            if not names or any(figure == name or figure.startswith(name + '-') for name in names)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--quick', action='store_true', help='only show that it runs')
    parser.add_argument('--report', metavar='DIRECTORY', help='write a table and plots there')
    parser.add_argument('build')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    if 'HANDOFF_TEST_SYSTEM' not in os.environ:
        sys.exit('run.py: run it through run.sh, or tests/lib/system-run')
    unknown = [name for name in options.names if not any(choose(group, [name]) for group in GROUPS)]
    if unknown:
        sys.exit(f'run.py: no such figure: {", ".join(unknown)}')

    trust_test_authority()
    bench = Bench(options.build, options.quick)
    figures = []
    for group in GROUPS:
        wanted = choose(group, options.names)
        if wanted:
            for figure in group.measure(bench, wanted):
                print(figure, flush=True)
                figures.append(figure)
    if options.report:
        report.write(options.report, figures, options.quick)


if __name__ == '__main__':
    main()
