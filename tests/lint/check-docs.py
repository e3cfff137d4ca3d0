#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The pages for developers name files, folders, functions and tests that exist. docs/ARCHITECTURE.md has a paragraph
for every folder of the source, says which folders use it, and names every file that starts a thread or asks polkit.
Every invariant of SECURITY.md names tests of Meson, among them those that tests/mutants/ shows its mutants to; whatever else
it promises names tests that exist, too."""

import json
import pathlib
import re
import sys
import tomllib

import common

PAGES = ['HACKING.md', 'SECURITY.md', 'tests/README.md', 'tests/mutants/README.md',
         *(str(path) for path in common.source_files('docs/*.md') if path.parts[0] == 'docs')]
SUFFIXES = 'c|h|py|sh|md|toml|xml|conf|in|rst|map|build|txt|po|json'
# Of installed files, of an example, or made by a build.
OUTSIDE = {'softhsm2.conf'}
FILES = common.source_files('*')
NAMES = {str(path) for path in FILES}
findings = []


def ends_of_paths(paths):
    """Each path, and what is left of it without its first folders."""
    return {'/'.join(path.parts[i:]) for path in paths for i in range(len(path.parts))}


KNOWN = ends_of_paths(FILES)
FOLDERS = {path.parent for path in FILES}
KNOWN_FOLDERS = ends_of_paths(FOLDERS)


def expanded(text):
    """`a.[ch]` and `a.{c,h}` are both files."""
    match = re.search(r'\[(\w+)\]', text)
    return [text[:match.start()] + letter + text[match.end():] for letter in match.group(1)] if match else [text]


def check_names(page, text):
    """Code spans, and what stands in a drawing, that look like a file, or like a folder."""
    checked = 0
    for match in re.finditer(rf'(?<![\w./~<-])((?:[\w-]+/)*[\w.-]+\.(?:{SUFFIXES}|\[\w+\]))(?![\w/-])', text):
        for name in expanded(match.group(1)):
            checked += 1
            if name not in KNOWN and name.split('/')[-1] not in OUTSIDE:
                findings.append(f'{page}:{common.line_of(text, match.start())}: there is no file {name}')
    for match in re.finditer(r'`((?:[\w-]+/)+)`', text):
        checked += 1
        if match.group(1).rstrip('/') not in KNOWN_FOLDERS:
            findings.append(f'{page}:{common.line_of(text, match.start())}: there is no folder {match.group(1)}')
    return checked


def check_functions(page, text, sources):
    checked = 0
    for match in re.finditer(r'`(\w+)\(\)`', text):
        checked += 1
        # Pages for those who come from another library name its functions, too (the test migration-pages).
        if page.startswith('docs/from-') and not match.group(1).startswith('tls_handoff_'):
            continue
        if not re.search(rf'\b{match.group(1)}\b', sources):
            findings.append(f'{page}:{common.line_of(text, match.start())}: there is no function {match.group(1)}()')
    return checked


def check_links(page, text):
    checked = 0
    for match in re.finditer(r'\]\((?!https?:)([^)#]+)', text):
        checked += 1
        if not (common.ROOT / page).parent.joinpath(match.group(1)).exists():
            findings.append(f'{page}:{common.line_of(text, match.start())}: the link to {match.group(1)} leads nowhere')
    return checked


def check_paragraphs():
    """Each folder with C code has a paragraph that begins with its name."""
    page = 'docs/ARCHITECTURE.md'
    begun = re.findall(r'^\*\*`([\w/-]+)/`\*\*', common.read(page), flags=re.M)
    have = {str(path.parent) for path in FILES if path.suffix == '.c' and path.parts[0] in ('keyblob', 'service', 'client')}
    have |= {'tests/' + path.parts[1] for path in FILES if path.parts[0] == 'tests' and len(path.parts) > 2}
    findings.extend(f'{page}: no paragraph begins with {folder}/' for folder in sorted(have - set(begun)))
    findings.extend(f'{page}: there is no folder {folder}/' for folder in begun
                    if pathlib.Path(folder) not in FOLDERS and folder not in have)
    return len(begun)


def check_users():
    """A folder's paragraph says which folders use it: those whose meson.build names it."""
    page, checked = common.read('docs/ARCHITECTURE.md'), 0
    for wing, prefix in ('service', ''), ('client/tls-handoff', 'client_'), ('client/cli', 'cli_'):
        folders = [path.parent.name for path in FILES if path.match(f'{wing}/*/meson.build')]
        needs = {folder: re.search(r'_deps = \[(.*?)\]', common.read(f'{wing}/{folder}/meson.build'), re.S)
                 for folder in folders}
        for folder in folders:
            checked += 1
            name = f'{prefix}{folder.replace("-", "_")}_dep'
            users = {user for user in folders if needs[user] and re.search(rf'\b{name}\b', needs[user].group(1))}
            paragraph = page.partition(f'\n**`{wing}/{folder}/`**')[2].partition('\n\n')[0]
            told = set(re.findall(r'`([\w-]+)/`', ''.join(re.findall(r'Used\s+by:([^.]*)\.', paragraph))))
            if users != told:
                findings.append(f'docs/ARCHITECTURE.md: {wing}/{folder}/ is used by {sorted(users)}, '
                                f'not by {sorted(told)}')
    return checked


# Sections of docs/ARCHITECTURE.md that name every file in which this is.
CLAIMS = [
    ('## Threads', r'\b(g_thread_(try_)?new|g_thread_pool_new|g_task_run_in_thread|pthread_create) \(',
     ('service', 'client/tls-handoff')),
    ('## Five questions', r'\bhandoff_authorization_ask_(for_credential_)?async \(',
     ('service/b', 'service/call', 'service/gate', 'service/session')),
]


def check_claims():
    page = common.read('docs/ARCHITECTURE.md')
    checked = 0
    for heading, pattern, folders in CLAIMS:
        section = page.partition(f'\n{heading}\n')[2].partition('\n## ')[0]
        for path in FILES:
            if path.suffix == '.c' and str(path).startswith(folders) and re.search(pattern, common.read(path)):
                checked += 1
                if f'`{path.name}`' not in section:
                    findings.append(f'docs/ARCHITECTURE.md: {path} is not named under “{heading[3:]}”')
    if checked < len(CLAIMS):
        findings.append('docs/ARCHITECTURE.md: claims are not checked')
    return checked


def check_invariants(known_tests):
    page, text = 'SECURITY.md', common.read('SECURITY.md')
    checked = 0
    for number, title, body in re.findall(r'^\*\*(\d+)\. (.*?)\*\*(.*?)(?=^\*\*\d|^## )', text, flags=re.M | re.S):
        files = [path for path in FILES if path.match(f'tests/mutants/{int(number):02}-*.toml')]
        named = set(re.findall(r'`([\w-]+)`', body.partition('Tests:')[2]))
        if 'Not built yet' in body and not files:
            continue
        checked += 1
        if len(files) != 1 or not named:
            findings.append(f'{page}: invariant {number} ({title}): {len(files)} files of mutants, {len(named)} tests')
            continue
        shown = {test for mutant in tomllib.loads(common.read(files[0]))['mutant'] for test in mutant['tests']}
        findings.extend(f'{page}: invariant {number}: {name} is not named, but {files[0].name} relies on it'
                        for name in sorted(shown - named))
    if checked < 10:
        findings.append(f'{page}: {checked} invariants, not 10')
    for match in re.finditer(r'\bTests?:\s+(.*?)\.$', text, flags=re.M | re.S):
        for name in re.findall(r'`([^`]+)`', match.group(1)):
            checked += 1
            # A test of the build with the option attack is named by its file (check_names()).
            if name not in known_tests and not name.startswith('tests/'):
                findings.append(f'{page}:{common.line_of(text, match.start())}: there is no test {name}')
    return checked


def main():
    with open(pathlib.Path(sys.argv[1]) / 'meson-info/intro-tests.json', encoding='utf-8') as file:
        tests = {test['name'] for test in json.load(file)}
    sources = '\n'.join(common.read(path) for path in FILES if path.suffix in ('.c', '.h', '.xml'))
    checked = check_paragraphs() + check_users() + check_claims() + check_invariants(tests)
    for page in PAGES:
        text = common.read(page)
        checked += check_names(page, text) + check_functions(page, text, sources) + check_links(page, text)
    common.report(findings, checked)


main()
