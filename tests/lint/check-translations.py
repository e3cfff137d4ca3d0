#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Every file with strings for people is in POTFILES.in, and the translations are sound.

A message that is not translated, or is marked as fuzzy, is reported, and so is one that nothing says any more. They
are findings for a release only: who changes a message need not know every language.

  check-translations.py [--root TREE] [--release]
"""

import os
import pathlib
import re
import sys
import tempfile

import common


def entries(path):
    return [line for line in common.read(path).splitlines() if line and not line.startswith('#')]


release = '--release' in common.arguments()
if release and 'MESON_DIST_ROOT' in os.environ:
    common.ROOT = pathlib.Path(os.environ['MESON_DIST_ROOT'])

findings = []
listed = entries('po/POTFILES.in')
if listed != sorted(listed):
    findings.append('po/POTFILES.in: not in alphabetical order')

translatable = [
    str(path) for path in common.source_files('*.c')
    if path.parts[0] != 'tests'
    and re.search(r'(?<!\w)(_|N_|Q_|ngettext|g_dngettext)\s*\(\s*"',
                  re.sub(r'/\*.*?\*/', '', common.read(path), flags=re.S))
]
translatable += [str(path) for path in common.source_files('*.policy.in')]
for path in sorted(set(translatable) ^ set(listed)):
    findings.append(f'po/POTFILES.in: {path} is ' +
                    ('missing' if path in translatable else 'there, but has nothing to translate'))

# xgettext ends the string at such a macro, so the translation would never be found.
for path in common.source_files('*.c'):
    for match in re.finditer(r'(?<!\w)(_|N_|ngettext) \([^;]*?" G_\w+_FORMAT', common.read(path)):
        findings.append(f'{path}:{common.line_of(common.read(path), match.start())}: '
                        'strings to translate take PRIu64 and the like')

msgfmt = common.need('msgfmt', 'gettext')
msgmerge = common.need('msgmerge', 'gettext')
msgattrib = common.need('msgattrib', 'gettext')
xgettext = common.need('xgettext', 'gettext')
languages = entries('po/LINGUAS')
with tempfile.TemporaryDirectory() as directory:
    template = pathlib.Path(directory) / 'template.pot'
    # As meson's preset "glib" does it.
    result = common.run([
        xgettext, '--from-code=UTF-8', '--add-comments', '--keyword=_', '--keyword=N_',
        '--keyword=C_:1c,2', '--keyword=NC_:1c,2', '--keyword=g_dcgettext:2',
        '--keyword=g_dngettext:2,3', '--keyword=g_dpgettext2:2c,3', '--flag=N_:1:pass-c-format',
        '--flag=C_:2:pass-c-format', '--flag=NC_:2:pass-c-format',
        '--flag=g_dngettext:2:pass-c-format', '--flag=g_strdup_printf:1:c-format',
        '--flag=g_string_printf:2:c-format', '--flag=g_string_append_printf:2:c-format',
        '--flag=g_error_new:3:c-format', '--flag=g_set_error:4:c-format', '-o', template,
        *[path for path in listed if (common.ROOT / path).exists()]
    ])
    if result.returncode != 0:
        sys.exit(result.stdout)

    for language in languages:
        merged = pathlib.Path(directory) / f'{language}.po'
        result = common.run([
            msgmerge, '--quiet', '--no-fuzzy-matching', '-o', merged, f'po/{language}.po', template
        ])
        if result.returncode != 0:
            findings.append(result.stdout)
            continue
        result = common.run([
            msgfmt, '--check', '--statistics', '-o', pathlib.Path(directory) / 'messages.mo', merged
        ])
        if result.returncode != 0:
            findings.append(f'po/{language}.po: {result.stdout.strip()}')
        incomplete = common.run([msgattrib, '--untranslated', '--no-obsolete', '--no-wrap', merged]).stdout
        incomplete += common.run([msgattrib, '--only-fuzzy', '--no-obsolete', '--no-wrap', merged]).stdout
        unused = common.run([msgattrib, '--only-obsolete', '--no-wrap', merged]).stdout
        for text in re.findall(r'^#~ msgid "(.*)"', unused, re.M):
            if release:
                findings.append(f'po/{language}.po: nothing says this any more: {text}')
            else:
                print(f'po/{language}.po: nothing says this any more, which a release removes: {text}')
        for text in re.findall(r'^msgid (".*"(?:\n".*")*)', incomplete, re.M):
            message = ''.join(re.findall(r'"(.*)"', text))
            if message and release:
                findings.append(f'po/{language}.po: not translated: {message}')
            elif message:
                print(f'po/{language}.po: not translated yet, which a release needs: {message}')

common.report(findings, len(languages))
