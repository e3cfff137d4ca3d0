#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The command's exit statuses: each that the manual page has, and no other."""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import certificate, get_free_port, run, set_rules
from tls_server import TlsServer

MANUAL = os.path.join(os.path.dirname(__file__), '../../data/man/tls-handoff.1.rst')


def answer_the_end(tls):
    """Ends the connection when the client does."""
    tls.recv(1)
    tls.unwrap()


class TestExitStatus(unittest.TestCase):
    def test_each(self):
        """Breaks if a script cannot tell one kind of failure from another, or if a status is documented that no case here
        shows."""
        with open(MANUAL, encoding='utf-8') as file:
            documented = file.read().partition('\nEXIT STATUS\n')[2].partition('\nErrors are lines')[0]
        statuses = [int(number) for number in re.findall(r'^(\d+)$', documented, re.M)]
        server = f'localhost:{TlsServer(behaviour=answer_the_end).port}'
        trust = ('--trust', certificate('ca.pem'))
        no_bus = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS='unix:path=/nonexistent')
        set_rules("polkit.addRule(function(action, subject) { if (subject.user == 'mallory') return polkit.Result.NO; });")
        cases = {
            0: [('alice', None, 'probe', *trust, server), ('alice', None, 'connect', *trust, server),
                ('alice', None, 'status'), ('alice', None, 'help')],
            1: [('alice', None, 'probe', f'localhost:{get_free_port()}'), ('alice', None, 'connect', *trust, '--credential=none', server),
                ('alice', None, 'credential', 'show', 'none')],
            2: [('alice', None, 'probe'), ('alice', None, 'proeb'), ('alice', None, 'credential', 'import', '--label=a', '/none')],
            3: [('mallory', None, 'probe', server), ('mallory', None, 'connect', server), ('mallory', None, 'reload')],
            4: [('alice', None, 'probe', server), ('alice', None, 'connect', server)],
            5: [('alice', no_bus, 'probe', server), ('alice', no_bus, 'status')],
            6: [('alice', None, 'probe', *trust, '--expires-within=36500', server)],
        }
        self.assertEqual(statuses, list(cases))
        for status in statuses:
            for user, environment, *words in cases[status]:
                done = run(user, *words, environment=environment)
                self.assertEqual(done.returncode, status, (words, done.stderr))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
