#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""A message without a translation, or a translation of what nothing says, is reported, and fails a release alone; a
broken translation fails always."""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
HEADER = 'msgid ""\nmsgstr ""\n"Language: es\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
UNUSED = '\nmsgid "The host has come back"\nmsgstr "La máquina ha vuelto"\n'
DONE = '\n#, c-format\nmsgid "The host %s is gone"\nmsgstr "La máquina %s ya no está"\n'

# (what, the translation, the options, whether the check passes, what it says)
CASES = [
    ('complete', DONE, (), True, '0 findings'),
    ('complete, for a release', DONE, ('--release',), True, '0 findings'),
    ('missing', '', (), True, 'po/es.po: not translated yet, which a release needs: The host %s is gone'),
    ('missing, for a release', '', ('--release',), False, 'po/es.po: not translated: The host %s is gone'),
    ('fuzzy', DONE.replace('#,', '#, fuzzy,'), (), True, 'not translated yet, which a release needs: The host'),
    ('fuzzy, for a release', DONE.replace('#,', '#, fuzzy,'), ('--release',), False, 'not translated: The host'),
    ('unused', DONE + UNUSED, (), True, 'nothing says this any more, which a release removes: The host has come'),
    ('unused, for a release', DONE + UNUSED, ('--release',), False, 'nothing says this any more: The host has come'),
    ('broken', DONE.replace('La máquina %s', 'La máquina %d'), (), False, 'format specifications'),
]

passed = True
for what, translation, options, passes, words in CASES:
    with tempfile.TemporaryDirectory() as directory:
        tree = pathlib.Path(directory)
        (tree / 'po').mkdir()
        (tree / 'po/LINGUAS').write_text('es\n', encoding='utf-8')
        (tree / 'po/POTFILES.in').write_text('host.c\n', encoding='utf-8')
        (tree / 'po/es.po').write_text(HEADER + translation, encoding='utf-8')
        (tree / 'host.c').write_text('say (_ ("The host %s is gone"), name);\n',
                                     encoding='utf-8')
        result = subprocess.run([HERE / 'check-translations.py', '--root', tree, *options], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if (result.returncode == 0) != passes or words not in result.stdout:
        print(f'{what}: exit status {result.returncode}:\n{result.stdout}')
        passed = False
print(f'{len(CASES)} translations checked')
sys.exit(0 if passed else 1)
