#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""`tls-handoff log`: users see what the log has of them, administrators what it has of all."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import certificate, get_service_pid, run, set_rules, stop_service, wait_until
from tls_server import TlsServer

RULES = '''polkit.addRule(function(action, subject) {
  if (action.id == 'org.tlshandoff.Handoff1.inspect-sessions')
    return subject.user == 'root' ? polkit.Result.YES : polkit.Result.NO; });'''


class Log(unittest.TestCase):
    def entries(self, user, *arguments):
        done = run(user, 'log', '--json', *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)['entries']

    def test_log(self):
        """Breaks if a user misses an entry, or sees another's; if an entry does not say where the peer was or what was
        wrong; or if they are lost with the service that made them."""
        set_rules(RULES)
        stop_service()
        server = TlsServer()
        host = f'localhost:{server.port}'
        self.assertEqual(run('alice', 'probe', '--trust', certificate('ca.pem'), host).returncode, 0)
        self.assertNotEqual(run('alice', 'connect', host).returncode, 0)
        pid = get_service_pid()
        stop_service()
        # It writes the entries when its name is gone already.
        wait_until(lambda: not os.path.exists(f'/proc/{pid}'), 'the process has ended')

        entries = [entry for entry in self.entries('alice') if entry['kind'] == 'handshake']
        self.assertEqual([entry['outcome'] for entry in entries],
                         ['complete', 'org.tlshandoff.Handoff1.Error.CertificateUntrusted'])
        for entry in entries:
            self.assertRegex(entry['peer-address'], rf'^(127\.0\.0\.1|\[::1\]):{server.port}$')
        self.assertNotIn('verification-errors', entries[0])
        self.assertIn('unknown-authority', entries[1]['verification-errors'])
        self.assertEqual(len(self.entries('alice', '--lines', '1')), 1)
        text = run('alice', 'log').stdout
        self.assertIn('server-identity=localhost', text)
        self.assertIn(f':{server.port}: complete', text)

        self.assertEqual(self.entries('bob'), [])
        self.assertEqual(run('bob', 'log', '--all').returncode, 3)
        everybody = self.entries('root', '--all')
        self.assertLessEqual({60101, 60102}, {entry['uid'] for entry in everybody})
        self.assertEqual([entry['number'] for entry in everybody], sorted(entry['number'] for entry in everybody))


if __name__ == '__main__':
    unittest.main()
