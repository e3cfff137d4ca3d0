# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What the lint scripts share: the source tree's files, and how findings are reported."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def arguments():
    """The command line, without `--root TREE`, which is for tests of a check: another tree to look at."""
    global ROOT
    given = sys.argv[1:]
    if given[:1] == ['--root']:
        ROOT = pathlib.Path(given[1]).resolve()
        given = given[2:]
    return given


def is_build_directory(path):
    return (path / 'meson-private').is_dir() or (path / 'build.ninja').is_file()


def source_files(*patterns):
    """The tree's files whose path matches one of the patterns, without build directories."""
    found = []
    for directory, names, files in os.walk(ROOT):
        here = pathlib.Path(directory)
        names[:] = [
            name for name in names
            if name not in ('.git', '__pycache__', 'build-fuzz') and not is_build_directory(here / name)
        ]
        for name in files:
            path = (here / name).relative_to(ROOT)
            if any(path.match(pattern) for pattern in patterns):
                found.append(path)
    return sorted(found)


def read(path):
    return (ROOT / path).read_text(encoding='utf-8')


def without_comments(text, strings=False):
    """C code with comments blanked out, and strings too if strings is true; line numbers stay."""

    def blank(match):
        if match.group(0).startswith('/') or strings:
            return re.sub(r'[^\n]', ' ', match.group(0))
        return match.group(0)

    return re.sub(
        r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def line_of(text, position):
    return text.count('\n', 0, position) + 1


def need(program, package):
    """The path of a program that the check cannot do without."""
    path = shutil.which(program)
    if path is None:
        sys.exit(f'{program} is missing: install the Debian package {package}')
    return path


def run(command, **arguments):
    return subprocess.run(
        [str(argument) for argument in command], cwd=ROOT, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False, **arguments)


def report(findings, checked):
    """Prints the findings and ends the script. To have checked nothing is a finding too."""
    if checked == 0:
        findings = findings + ['nothing was found to check']
    for finding in findings:
        print(finding)
    print(f'{checked} checked, {len(findings)} findings')
    sys.exit(1 if findings else 0)
