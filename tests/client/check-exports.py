#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The library exports what its public headers declare, and nothing else; the version script says the
same. Arguments: the library, the version script, the public headers."""

import re
import subprocess
import sys

library, version_script, *headers = sys.argv[1:]

declared = set()
for header in headers:
    with open(header, encoding='utf-8') as file:
        text = re.sub(r'/\*.*?\*/', '', file.read(), flags=re.S)
    for match in re.finditer(r'^TLS_HANDOFF_AVAILABLE_IN_\d+_\d+\b(.*?)[;{]', text, flags=re.S | re.M):
        declaration = match.group(1)
        macro = re.match(r'\s*G_DECLARE_\w+\s*\(\s*\w+\s*,\s*(\w+)', declaration)
        if macro:
            declared.add(macro.group(1) + '_get_type')
            # What the macro is followed by belongs to the next declaration.
            declaration = re.sub(r'^\s*G_DECLARE_\w+\s*\([^)]*\)', '', declaration)
        declared |= set(re.findall(r'\b(tls_handoff_\w+)\s*\(', declaration))

with open(version_script, encoding='utf-8') as file:
    versions = [re.findall(r'^\s+(\w+);', version, flags=re.M) for version in file.read().split('};')]
listed = [name for version in versions for name in version]

lines = subprocess.run(['nm', '--dynamic', '--defined-only', library], check=True, text=True,
                       stdout=subprocess.PIPE).stdout.splitlines()
# A version's own name is absolute.
exported = {line.split()[-1].split('@')[0] for line in lines if line.split()[-2] != 'A'}

failed = False


def compare(what, names, others):
    global failed
    for name in sorted(names - others):
        print(f'{name}: {what}')
        failed = True


compare('declared in a public header, but not exported', declared, exported)
compare('exported, but not declared in a public header', exported, declared)
compare('declared, but not in the version script', declared, set(listed))
compare('in the version script, but not declared', set(listed), declared)
if any(version != sorted(version) for version in versions):
    print('the version script is not sorted')
    failed = True
if len(declared) < 20:
    print(f'only {len(declared)} declarations found: is the pattern still right?')
    failed = True
print(f'{len(declared)} functions')
sys.exit(failed)
