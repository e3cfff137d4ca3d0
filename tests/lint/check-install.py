#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""An installation leaves the administrator's configuration alone, and the guide has its title where gi-docgen looks."""

import os
import pathlib
import subprocess
import tempfile

import common

SCRIPT = common.ROOT / 'data/install-configuration.sh'
OURS = common.ROOT / 'data/tls-handoffd.conf'
findings = []


def check(condition, what):
    if not condition:
        findings.append(f'data/install-configuration.sh: {what}')


with tempfile.TemporaryDirectory() as directory:
    target = pathlib.Path(directory) / 'etc/tls-handoff/tls-handoffd.conf'
    new = pathlib.Path(str(target) + '.new')

    def install():
        subprocess.run([SCRIPT, OURS, '/etc/tls-handoff'], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, 'DESTDIR': directory})

    install()
    check(target.read_text() == OURS.read_text() and not new.exists(), 'does not install the file')
    target.write_text('[TLS]\nMinimumProtocol=TLS1.3\n')
    install()
    check(target.read_text() == '[TLS]\nMinimumProtocol=TLS1.3\n', 'overwrites what the administrator wrote')
    check(new.exists() and new.read_text() == OURS.read_text(), 'does not show what is new')
    target.write_text(OURS.read_text())
    install()
    check(not new.exists(), 'leaves an old .new file behind')

# The extension "meta" of Python's Markdown reads it from the first line on.
if not common.read('client/docs/overview.md').startswith('Title: '):
    findings.append('client/docs/overview.md: the metadata is not at the beginning')

common.report(findings, 5)
