#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The commands in the manual pages and the documents are accepted: there are such options, with such values. What they
would do, other tests show; here is no bus, no network, and no right."""

import glob
import os
import re
import shlex
import shutil
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import certificate, run

SOURCE = os.path.join(os.path.dirname(__file__), '../..')
DOCUMENTS = ['README.md', 'packaging/README.md', 'data/man/*.rst', 'docs/*.md', 'client/docs/*.md*']
USAGE_ERROR = 2


def words(command):
    """Of a line of the shell: those of the first command in it."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found = []
    for word in lexer:
        if re.fullmatch('[|<>&;()]+', word):
            break
        found.append(word)
    return found


def commands():
    """(document, words after tls-handoff) of the indented lines and the blocks of code."""
    for document in sorted(path for pattern in DOCUMENTS for path in glob.glob(f'{SOURCE}/{pattern}')):
        with open(document, encoding='utf-8') as file:
            text = re.sub(r'\\\n\s*', ' ', file.read())
        blocks = re.findall(r'^```(?:sh)?\n(.*?)^```', text, re.M | re.S) + re.findall(r'^(?:  |    ).*', text, re.M)
        for line in '\n'.join(blocks).splitlines():
            for command in re.findall(r'(?:^|[|(=] *|=\S* )(?:\s*)(tls-handoff [a-z].*)', line):
                arguments = words(command)[1:]
                if not any('…' in word for word in arguments):  # where the reader's own goes
                    yield os.path.relpath(document, SOURCE), arguments


class TestDocumentedCommands(unittest.TestCase):
    def test_accepted(self):
        """Breaks if a document shows an option that there is not, or a value that it does not take."""
        os.chdir(os.environ['TMPDIR'])
        no_bus = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS='unix:path=/nonexistent')
        found = list(commands())
        self.assertGreater(len(found), 30)
        for document, arguments in found:
            with self.subTest(document=document, command=' '.join(arguments)):
                for word in arguments:
                    if re.fullmatch(r'[\w-]+\.\w+', word):  # a file; what is a host does not mind
                        shutil.copy(certificate('ca.pem'), word)
                        os.chmod(word, 0o644)
                done = run('alice', *arguments, environment=no_bus)
                self.assertNotEqual(done.returncode, USAGE_ERROR, done.stderr)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
