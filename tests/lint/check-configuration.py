#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The configuration file and its manual page have the keys and the defaults of the code."""

import re

import common

CODE = 'service/policy/configuration.c'
MODULE_CODE = 'service/token-text/token-module.c'
FILE = 'data/tls-handoffd.conf'
PAGE = 'data/man/tls-handoffd.conf.5.rst'

# Strings that are continued on the next line are one.
code = re.sub(r'"\s*\n\s*"', '', common.read(CODE))
keys = re.findall(r'\{ "(\w+)", "(\w+)", KEY_\w+,\s*FIELD \(\w+\),\s*("[^"]*"|\w+)', code)
# What a group [Module PATH] may have: no defaults.
module_keys = re.findall(r'\{ "(\w+)", KEY_\w+,\s*G_STRUCT_OFFSET', common.read(MODULE_CODE))
keys += [('Module', key, '""') for key in module_keys]
symbols = dict(re.findall(r'#define (\w+) ("[^"]*")', common.read('keyblob/handoff-names.h')))
in_code = {
    (group, key): symbols.get(default, default).strip('"')
    for group, key, default in keys
}

findings = []
in_file = {}
group = None
for line in common.read(FILE).splitlines():
    if match := re.fullmatch(r'#?\[(\w+)(?: .*)?\]', line):
        group = match.group(1)
    elif match := re.fullmatch(r'#?(\w+)=(.*)', line):
        in_file[(group, match.group(1))] = match.group(2)
        if not line.startswith('#'):
            findings.append(f'{FILE}: {line}: defaults must be commented out')

for item in sorted(set(in_code.items()) ^ set(in_file.items())):
    where = CODE if item in in_code.items() else FILE
    findings.append(f'only in {where}: [{item[0][0]}] {item[0][1]}={item[1]}')

page = common.read(PAGE)
for (group, key), default in in_code.items():
    entry = f'``{key}=``'
    if entry not in page:
        findings.append(f'{PAGE}: {key} is not documented')
    # man breaks what is longer than a line, with a hyphen that is not there, but in a block.
    shown = f'Default: {default}.' if len(default) < 60 else f'Default::\n\n    {default}\n'
    if entry in page and default and shown not in page.partition(entry)[2]:
        findings.append(f'{PAGE}: {key}: the default is {default}')

common.report(findings, len(in_code))
