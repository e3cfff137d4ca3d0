#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Every case of the program against the stock backend of GIO and against ours, as an unprivileged user: what they see
has to be the same, line by line, or be written down in differences.txt with the reason.

compare.py PROGRAM [BEGINNING OF A CASE'S NAME…]

$CONFORMANCE_SHOW: prints all that the stock backend's cases see"""

import concurrent.futures
import difflib
import os
import re
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'support'))
from command import as_user, read  # noqa: E402

STOCK, OURS = 'gnutls', 'handoff'
DIFFERENCES = os.path.join(HERE, 'differences.txt')
TRUST_STORE = '/etc/ssl/certs/ca-certificates.crt'
AT_ONCE = 4


def run(program, case, backend):
    """What the case sees, as lines, and what it says beside that."""
    environment = dict(os.environ, GIO_USE_TLS=backend, GSETTINGS_BACKEND='memory', HOME='/nonexistent',
                       ASAN_OPTIONS=os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0')
    # A warning is something that a case sees, and not its end.
    environment.pop('G_DEBUG', None)
    done = subprocess.run(as_user('alice', program, case), env=environment, text=True, errors='replace',
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # Comments are of the fixtures: which port a peer got. Where an assertion stands is no matter.
    lines = [line for line in done.stdout.splitlines() if not line.startswith(('# ', 'Bail out!'))]
    if done.returncode == -signal.SIGALRM:
        lines.append('HANGS')
    elif done.returncode != 0:
        lines.append('CRASHES')
    return lines, done.stderr


def difference(stock, ours):
    """Where they differ: places, each a list of lines, "- " of the stock backend, "+ " of ours."""
    places = []
    for line in list(difflib.unified_diff(stock, ours, lineterm='', n=0))[2:]:
        if line.startswith('@@'):
            places.append([])
        else:
            places[-1].append(line[0] + ' ' + line[1:])
    return places


class Differences:
    """differences.txt. An entry is the names of its cases in brackets, the reason, and then the difference, indented
    by four, or "none": versions of the stock backend differ, and a case with several entries is as one of them says.
    Where what the stock backend does is chance, the lines begin with "=", and are all that ours sees. Of an entry "[*]"
    the lines are regular expressions: two that stand in one place, whatever the case."""

    def __init__(self):
        self.cases, self.general = {}, []
        reason = lines = None
        with open(DIFFERENCES, encoding='utf-8') as file:
            for number, line in enumerate(file, 1):
                line = line.rstrip('\n')
                heading = re.fullmatch(r'\[(.+)\]', line)
                if heading:
                    assert lines is None or (reason and lines), f'{DIFFERENCES}:{number}: the entry before is not whole'
                    reason, lines = [], []
                    if heading[1] == '*':
                        self.general.append(lines)
                        continue
                    for name in heading[1].split(', '):
                        self.cases.setdefault(name, []).append(lines)
                elif line.startswith('    '):
                    lines.append(line[4:])
                elif line and reason is not None:
                    reason.append(line)
        assert lines is None or (reason and lines), f'{DIFFERENCES}: the last entry is not whole'
        self.unused = {tuple(lines) for lines in self.general}

    def without_general(self, places):
        """The places' lines, without those that may be anywhere."""
        for place in places:
            for rule in self.general:
                matches = [next((line for line in place if re.fullmatch(pattern, line)), None) for pattern in rule]
                if None not in matches:
                    self.unused.discard(tuple(rule))
                    for line in matches:
                        place.remove(line)
        return [line for place in places for line in place]


def report(found, entries, logs):
    print('\n'.join(f'#     {line}' for line in found))
    for wanted in entries:
        print('#   differences.txt has' + ('' if found else ' (it differs no more)'))
        print('\n'.join(f'#     {line}' for line in wanted))
    for who, log in logs.items():
        for line in filter(None, log.splitlines()[-12:]):
            print(f'#   {who} says: {line}')


def main(program, beginnings):
    with open(TRUST_STORE, 'w', encoding='ascii') as file:
        file.write(read('ca.pem'))
    os.chmod(TRUST_STORE, 0o644)
    listed = subprocess.run([program, '--list'], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    differences = Differences()
    failed = [f'{name} is in differences.txt, but there is no such case' for name in differences.cases
              if name not in listed]
    names = [name for name in listed if not beginnings or name.startswith(tuple(beginnings))]

    print(f'1..{len(names) + 1}')
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        runs = [(name, pool.submit(run, program, name, STOCK), pool.submit(run, program, name, OURS)) for name in names]
        for number, (name, stock, ours) in enumerate(runs, 1):
            (stock_lines, stock_log), (our_lines, our_log) = stock.result(), ours.result()
            entries = differences.cases.get(name, [])
            if entries and entries[0][0].startswith('= '):
                found = ['= ' + line for line in our_lines]
            else:
                found = differences.without_general(difference(stock_lines, our_lines))
            as_wanted = (found or ['none']) in (entries or [['none']])
            # A case that sees nothing compares nothing; and what ends ours is never right.
            fine = as_wanted and our_lines and not our_lines[-1].startswith(('HANGS', 'CRASHES'))
            print(f'{"ok" if fine else "not ok"} {number} - {name}', flush=True)
            if os.environ.get('CONFORMANCE_SHOW'):
                print('\n'.join(f'#   stock: {line}' for line in stock_lines))
            if not fine:
                failed.append(name)
                report(found, entries, {STOCK: stock_log, OURS: our_log})
    if not beginnings:
        failed += [f'{rule} is in differences.txt for any case, and is in none' for rule in differences.unused]
    # The list as a whole, and its entries of no case.
    missing = [line for line in failed if line not in names]
    print(f'{"not ok" if missing else "ok"} {len(names) + 1} - differences.txt')
    for line in missing:
        print(f'# {line}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], sys.argv[2:]))
