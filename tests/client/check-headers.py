#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Each public header compiles alone, as C and as C++, with nothing but what pkg-config names for an
installed library. Arguments: the headers."""

import os
import shutil
import subprocess
import sys
import tempfile

headers = sys.argv[1:]
flags = subprocess.run(['pkg-config', '--cflags', 'gio-2.0', 'gio-unix-2.0'], check=True, text=True,
                       stdout=subprocess.PIPE).stdout.split()
languages = {'c': 'cc'}
if shutil.which('c++'):
    languages['c++'] = 'c++'

failed = False
with tempfile.TemporaryDirectory() as directory:
    # As they are installed: in one directory, and none of the private ones.
    include = os.path.join(directory, 'tls-handoff')
    os.mkdir(include)
    for header in headers:
        shutil.copy(header, include)
    for header in headers:
        for language, compiler in languages.items():
            code = f'#include <tls-handoff/{os.path.basename(header)}>\nint main (void) {{ return 0; }}\n'
            done = subprocess.run(
                [compiler, '-x', language, '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter',
                 '-fsyntax-only', f'-I{directory}', *flags, '-'],
                input=code, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            if done.returncode != 0:
                print(f'{header} as {language}:\n{done.stdout}')
                failed = True
print(f'{len(headers)} headers, {len(languages)} languages')
sys.exit(failed or not headers)
