#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What is on a system: `snapshot.py before`, `snapshot.py after`; and `snapshot.py compare` says what differs."""

import hashlib
import json
import os
import stat
import sys

# What is not files, what the system writes about itself while it runs, and the test's own.
BELOW = ('/proc', '/sys', '/dev', '/run', '/tmp', '/trial', '/root', '/var/cache', '/var/log', '/var/tmp', '/var/lib/apt',
         '/var/lib/dpkg', '/var/lib/systemd', '/var/lib/polkit-1')
# A user stays, so that nobody else gets its number: these four, and what they were before (passwd-).
USERS = tuple(f'/etc/{name}{end}' for name in ('passwd', 'group', 'shadow', 'gshadow', 'subuid', 'subgid')
              for end in ('', '-'))
OTHERS = ('/etc/.pwd.lock', '/etc/machine-id', '/etc/hosts', '/etc/resolv.conf', '/etc/mtab')


def describe(path):
    status = os.lstat(path)
    told = [oct(status.st_mode), status.st_uid, status.st_gid]
    if stat.S_ISREG(status.st_mode):
        with open(path, 'rb') as file:
            told.append(hashlib.sha256(file.read()).hexdigest())
    elif stat.S_ISLNK(status.st_mode):
        told.append(os.readlink(path))
    return told


def snapshot():
    found = {}
    for directory, names, files in os.walk('/'):
        names[:] = [name for name in names if os.path.join(directory, name) not in BELOW]
        for name in names + files:
            path = os.path.join(directory, name)
            if path not in USERS + OTHERS:
                found[path] = describe(path)
    return found


def compare(before, after):
    findings = [f'is left: {path}' for path in sorted(after.keys() - before.keys())]
    findings += [f'is gone: {path}' for path in sorted(before.keys() - after.keys())]
    findings += [f'is another: {path}: {before[path]}, then {after[path]}'
                 for path in sorted(before.keys() & after.keys()) if before[path] != after[path]]
    print('\n'.join(findings))
    print(f'{len(before)} files before, {len(findings)} differences')
    return bool(findings) or len(before) < 1000


def load(name):
    with open(f'/trial/{name}.json', encoding='utf-8') as file:
        return json.load(file)


if sys.argv[1] == 'compare':
    sys.exit(compare(load('before'), load('after')))
with open(f'/trial/{sys.argv[1]}.json', 'w', encoding='utf-8') as output:
    json.dump(snapshot(), output)
