#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The examples in the documents are those of the example files, which are compiled or run; links lead somewhere. README.md
stays short."""

import re

import common

findings = []
checked = 0


def squeeze(text):
    return re.sub(r'\s+', ' ', text).strip()


def check_shown(document, shown, example):
    global checked
    checked += 1
    if squeeze(shown) not in squeeze(common.read(example)):
        findings.append(f'{document}: shows something else than {example}:\n{shown}')


README_LINES = 199
readme = common.read('README.md')
if readme.count('\n') > README_LINES:
    findings.append(f'README.md has {readme.count(chr(10))} lines, more than {README_LINES}: what nobody needs to begin with goes '
                    'to the manual pages or to docs/')
for language, example in (('c', 'data/examples/fetch.c'), ('python', 'data/examples/fetch.py'),
                          ('js', 'data/examples/50-tls-handoff.rules')):
    for block in re.findall(rf'```{language}\n(.*?)```', readme, re.S):
        check_shown('README.md', block, example)

manual = 'data/man/tls-handoffd.8.rst'
for block in re.findall(r'^  polkit\.addRule\(.*?^  \}\);$', common.read(manual), re.S | re.M):
    check_shown(manual, block, 'data/examples/50-tls-handoff.rules')

packages = set(re.findall(r'^([a-z][^\s#]*)', common.read('tests/lib/packages'), re.M))
install = re.search(r'apt-get install ((?:.*\\\n)*.*)', readme)
for package in install.group(1).replace('\\\n', ' ').split():
    checked += 1
    if package not in packages:
        findings.append(f'README.md: the package {package} is not in tests/lib/packages')

for path in common.source_files('*.md'):
    for target in re.findall(r'\]\(([^)#:]+)\)', common.read(path)):
        checked += 1
        if not (common.ROOT / path).parent.joinpath(target).exists():
            findings.append(f'{path}: links to {target}, which does not exist')

common.report(findings, checked)
