#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Programs and libraries are hardened as Debian's are: check-hardening.py [--installed] FILE...

--installed: as they are in a package. They look for libraries where the system has them, and some call functions of the
C library that check sizes (_FORTIFY_SOURCE, which needs optimization)."""

import pathlib
import re
import sys

import common

WANTED = {
    'is position-independent': r'^ *Type: +DYN',
    'has what the linker fills in read-only (relro)': r'^ *GNU_RELRO ',
    'fills it in at its start (bind-now)': r'\(BIND_NOW\)|\(FLAGS\) .*BIND_NOW|\(FLAGS_1\) .*\bNOW\b',
    'has no stack that can be executed': r'^ *GNU_STACK +(0x\w+ +){5}RW +',
}
UNWANTED = {'looks for libraries in folders of its own': r'\(R(UN)?PATH\)'}

files = sys.argv[1:]
installed = files[:1] == ['--installed']
files = [pathlib.Path(path).resolve() for path in (files[1:] if installed else files)]
readelf = common.need('readelf', 'binutils')
findings, symbols = [], ''

for path in files:
    text = common.run([readelf, '--wide', '--file-header', '--dynamic', '--segments', path]).stdout
    findings += [f'{path}: not so: {what}' for what, pattern in WANTED.items() if not re.search(pattern, text, re.M)]
    findings += [f'{path}: {what}' for what, pattern in UNWANTED.items() if installed and re.search(pattern, text)]
    symbols += common.run([readelf, '--wide', '--dyn-syms', path]).stdout
if '__stack_chk_fail' not in symbols:
    findings.append('no stack is protected')
if installed and '_chk@' not in symbols.replace('__stack_chk_fail', ''):
    findings.append('nothing is fortified')

common.report(findings, len(files))
