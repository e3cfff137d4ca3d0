#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Where a server's session ticket is accepted: by servers of the same user as the server that gave it, under the same
conditions. The client is OpenSSL's, which offers its ticket to any server it is told to."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import TIMEOUT, Serve, certificate, import_credential, remove_credentials, run, set_rules

# The machine's credential is for alice and bob; so both have the very same one.
RULES = '''polkit.addRule(function(action, subject) {
  if (action.id == "org.tlshandoff.Handoff1.use-any-credential" && action.lookup("credential") == "site" &&
      action.lookup("role") == "server") return polkit.Result.YES;
  if (action.id.match(/-own-credentials?$/)) return polkit.Result.YES; });
'''
ANSWER = ('--', 'echo', 'answer')


class TestServerTickets(unittest.TestCase):
    def setUp(self):
        set_rules(RULES)
        import_credential('root', 'ecdsa', label='site')
        self.ticket = os.path.join(os.environ['TMPDIR'], 'ticket.pem')

    def tearDown(self):
        remove_credentials()

    def connect(self, port, *options):
        done = subprocess.run(['openssl', 's_client', '-connect', f'127.0.0.1:{port}', '-servername', 'localhost',
                               '-CAfile', certificate('ca.pem'), '-verify_return_error', '-ign_eof', *options],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=TIMEOUT)
        self.assertIn('answer', done.stdout)
        return 'Reused, TLS' in done.stdout

    def get_ticket(self, *arguments, user='alice'):
        """A ticket of a server like that, in self.ticket. It is good there."""
        with Serve(*arguments, *ANSWER, user=user) as serve:
            self.assertFalse(self.connect(serve.port, '-sess_out', self.ticket))
            self.assertTrue(self.connect(serve.port, '-sess_in', self.ticket), 'it is not taken by who gave it')

    def is_taken(self, *arguments, user='alice'):
        with Serve(*arguments, *ANSWER, user=user) as serve:
            return self.connect(serve.port, '-sess_in', self.ticket)

    def test_same(self):
        """Breaks if another process of the user, with the same credential, cannot take a ticket."""
        self.get_ticket('--credential', 'site')
        self.assertTrue(self.is_taken('--credential', 'site'))

    def test_other_user(self):
        """Breaks if another user's server believes a ticket, and all that it says of the client."""
        self.get_ticket('--credential', 'site')
        self.assertFalse(self.is_taken('--credential', 'site', user='bob'))
        self.assertTrue(self.is_taken('--credential', 'site'))

    def test_other_credential(self):
        """Breaks if a ticket outlives its credential: a new credential of the same label is another one."""
        import_credential('alice', 'rsa', label='own')
        self.get_ticket('--credential', 'own')
        self.assertFalse(self.is_taken('--credential', 'site'))
        self.assertEqual(run('alice', 'credential', 'remove', 'own').returncode, 0)
        import_credential('alice', 'rsa', label='own')
        self.assertFalse(self.is_taken('--credential', 'own'))

    def test_other_conditions(self):
        """Breaks if a client that was let in under other conditions is let in by its ticket."""
        self.get_ticket('--credential', 'site')
        for conditions in (('--client-ca', certificate('client-ca.pem')), ('--alpn', 'http/1.1')):
            with self.subTest(conditions):
                self.assertFalse(self.is_taken('--credential', 'site', *conditions))

    def test_reload(self):
        """Breaks if what was decided by an old configuration stays in force."""
        self.get_ticket('--credential', 'site')
        self.assertEqual(run('root', 'reload').returncode, 0)
        self.assertFalse(self.is_taken('--credential', 'site'))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
