#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Applies the breakages of *.toml to a copy of the tree and runs the tests that should notice.

What run.sh says; README.md describes the files.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# What gets installed: a breakage has to be in one of these folders.
SOURCES = ('keyblob', 'service', 'client', 'data')
KEYS = {'name', 'breaks', 'find', 'replace', 'tests', 'survives'}


def files_below(root):
    """The texts of the sources, by path."""
    texts = {}
    for directory in SOURCES:
        for path in sorted((root / directory).rglob('*')):
            if path.is_file():
                try:
                    texts[path] = path.read_text(encoding='utf-8')
                except UnicodeDecodeError:
                    continue
    return texts


def pattern_of(text):
    """Matches text wherever the formatter may have broken its lines."""
    words = (re.escape(word).replace(r'\(', r'\(\s*') for word in text.split())
    return re.compile(r'\s+'.join(words))


def places(mutant, texts):
    """(path, match) of each place that mutant['find'] fits."""
    pattern = pattern_of(mutant['find'])
    return [(path, match) for path, text in texts.items() for match in pattern.finditer(text)]


def read_mutants():
    mutants = []
    for path in sorted(HERE.glob('*.toml')):
        with open(path, 'rb') as file:
            content = tomllib.load(file)
        for mutant in content.pop('mutant'):
            unknown = set(mutant) - KEYS
            missing = {'name', 'breaks', 'find', 'replace', 'tests'} - set(mutant)
            if unknown or missing:
                sys.exit(f'{path.name}: {mutant.get("name")}: unknown {unknown}, missing {missing}')
            mutants.append(dict(mutant, file=path.stem))
        if set(content) - {'holds'}:
            sys.exit(f'{path.name}: unknown {set(content) - {"holds"}}')
    names = [mutant['name'] for mutant in mutants]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        sys.exit(f'more than one is called {", ".join(sorted(twice))}')
    return mutants


def unfit(mutants, texts):
    """Says of each that does not fit exactly one place what is wrong."""
    findings = []
    for mutant in mutants:
        found = places(mutant, texts)
        if len(found) != 1:
            where = ', '.join(str(path.relative_to(ROOT)) for path, _ in found)
            findings.append(f'{mutant["file"]}: {mutant["name"]} fits {len(found)} places, not one {where}')
    return findings


def sample(mutants, number):
    """A sample of that size; each day has another one."""
    turns = -(-len(mutants) // number)
    turn = datetime.date.today().toordinal() % turns
    return mutants[turn::turns]


class Tree:
    """A built copy of the source tree."""

    def __init__(self, directory):
        self.source = directory / 'source'
        self.build = directory / 'build'
        self.log = directory / 'log'
        shutil.copytree(
            ROOT, self.source, symlinks=True, ignore=lambda at, names: [
                name for name in names
                if name == '.git' or (pathlib.Path(at, name) / 'build.ninja').exists()
            ])
        self.run('meson', 'setup', self.build, self.source, '--prefix=/usr', '--sysconfdir=/etc',
                 '--localstatedir=/var', '-Dintrospection=false', '-Dman=false')
        self.run('ninja', '-C', self.build)
        targets = self.introspect('--targets')
        self.outputs = {
            target['id']: [os.path.relpath(name, self.build) for name in target['filename']]
            for target in targets
        }
        self.installed = [
            output for target in targets if target['installed'] for output in self.outputs[target['id']]
        ]
        self.tests = {test['name']: test for test in self.introspect('--tests')}

    def run(self, *command):
        with open(self.log, 'w', encoding='utf-8') as log:
            result = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False)
        if result.returncode != 0:
            sys.exit(self.log.read_text() + f'{command[0]} failed before anything was broken')

    def introspect(self, what):
        return json.loads(
            subprocess.run(['meson', 'introspect', what, self.build], stdout=subprocess.PIPE,
                           check=True).stdout)

    def make(self, tests):
        """Makes what these tests need. Returns: whether all of it can be compiled."""
        needed = set(self.installed)
        for name in tests:
            test = self.tests[name]
            for target in test['depends']:
                needed.update(self.outputs.get(target, []))
            for argument in test['cmd']:
                path = os.path.relpath(argument, self.build)
                if any(path in outputs for outputs in self.outputs.values()):
                    needed.add(path)
        with open(self.log, 'w', encoding='utf-8') as log:
            return subprocess.run(['ninja', '-C', self.build, *sorted(needed)], stdout=log,
                                  stderr=subprocess.STDOUT, check=False).returncode == 0

    def first_failure(self, tests):
        """The test that fails first, with what became of it. None: all pass."""
        results = self.build / 'meson-logs/testlog.json'
        results.unlink(missing_ok=True)
        with open(self.log, 'w', encoding='utf-8') as log:
            subprocess.run(['meson', 'test', '-C', self.build, '--no-rebuild', '--maxfail', '1', *tests],
                           stdout=log, stderr=subprocess.STDOUT, check=False)
        lines = results.read_text().splitlines() if results.exists() else []
        outcomes = [(line['name'], line['result']) for line in map(json.loads, lines)]
        if not outcomes:
            sys.exit(self.log.read_text() + 'no test was run')
        for name, result in outcomes:
            if result == 'SKIP':
                sys.exit(f'{name} was skipped: run this as root')
            if result not in ('OK', 'EXPECTEDFAIL', 'INTERRUPT'):
                return f'{name.split(" / ")[-1]} ({result.lower()})'
        return None


def try_one(tree, mutant, texts):
    """Returns: (what became of the mutant, why)"""
    unknown = [name for name in mutant['tests'] if name not in tree.tests]
    if unknown:
        return 'UNFIT', f'there is no test {", ".join(unknown)}'
    (path, match), = places(mutant, texts)
    copy = tree.source / path.relative_to(ROOT)
    text = texts[path]
    try:
        copy.write_text(text[:match.start()] + mutant['replace'] + text[match.end():], encoding='utf-8')
        if not tree.make(mutant['tests']):
            return 'UNFIT', 'it cannot be compiled:\n' + tree.log.read_text()
        failure = tree.first_failure(mutant['tests'])
    finally:
        copy.write_text(text, encoding='utf-8')
    if failure is not None and 'survives' in mutant:
        return 'UNFIT', f'said to survive, but killed by {failure}'
    if failure is not None:
        return 'killed', f'by {failure}'
    if 'survives' in mutant:
        return 'accepted', mutant['survives']
    return 'SURVIVED', mutant['breaks']


def main():
    parser = argparse.ArgumentParser(prog='tests/mutants/run.sh')
    parser.add_argument('names', metavar='NAME', nargs='*')
    parser.add_argument('--sample', metavar='NUMBER', type=int)
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--list', action='store_true')
    arguments = parser.parse_args()

    mutants = read_mutants()
    unknown = set(arguments.names) - {mutant[key] for mutant in mutants for key in ('name', 'file')}
    if unknown:
        parser.error(f'there is no {", ".join(sorted(unknown))}; --list shows what there is')
    if arguments.names:
        mutants = [
            mutant for mutant in mutants
            if mutant['name'] in arguments.names or mutant['file'] in arguments.names
        ]
    if arguments.list:
        for mutant in mutants:
            print(f'{mutant["file"]}: {mutant["name"]}: {mutant["breaks"]}')
        return 0

    texts = files_below(ROOT)
    findings = unfit(mutants, texts)
    if findings or arguments.check:
        print('\n'.join(findings + [f'{len(mutants)} checked, {len(findings)} findings']))
        return 1 if findings else 0
    if os.geteuid() != 0:
        parser.error('run it as root: the tests become several users')

    if arguments.sample:
        mutants = sample(mutants, arguments.sample)
    count = {'killed': 0, 'SURVIVED': 0, 'accepted': 0, 'UNFIT': 0}
    with tempfile.TemporaryDirectory() as directory:
        tree = Tree(pathlib.Path(directory))
        tests = sorted({name for mutant in mutants for name in mutant['tests'] if name in tree.tests})
        failure = tree.first_failure(tests) if tests else None
        if failure is not None:
            sys.exit(tree.log.read_text() + f'{failure} fails before anything is broken')
        for mutant in mutants:
            outcome, why = try_one(tree, mutant, texts)
            count[outcome] += 1
            print(f'{outcome} {mutant["file"]}: {mutant["name"]}: {why}', flush=True)
    print(f'{count["killed"]} killed, {count["SURVIVED"]} survived, {count["accepted"]} survived with a reason, '
          f'{count["UNFIT"]} do not fit')
    return 1 if count['SURVIVED'] or count['UNFIT'] or not sum(count.values()) else 0


if __name__ == '__main__':
    sys.exit(main())
