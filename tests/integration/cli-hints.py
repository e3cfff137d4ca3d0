#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The command's hints, where they can help, and only there."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import OWN_RULES, OpensslServer, certificate, import_credential, read, remove_credentials, run, set_rules

TRUST = ('--trust', certificate('ca.pem'))
# A server's options.
INSISTS = ('-Verify', '1', '-verify_return_error', '-CAfile', certificate('client-ca.pem'))


def rules(result):
    return f'''polkit.addRule(function(action, subject) {{
      if (subject.user == 'mallory') return polkit.Result.{result}; }});'''


class TestHints(unittest.TestCase):
    def hints(self, *arguments, user='mallory', status=None):
        done = run(user, *arguments)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stderr)
        return [line for line in done.stderr.splitlines() if line.startswith('tls-handoff: hint: ')]

    def test_denied(self):
        """Breaks if the hint says that a password helps where polkit's answer is no, or names another user, such as the
        user of the environment."""
        set_rules(rules('NO'))
        os.environ['LOGNAME'] = 'bob'
        hints = self.hints('session', 'list', '--all', status=3)
        self.assertEqual(len(hints), 1, hints)
        self.assertIn('user mallory', hints[0])
        self.assertIn('rules.d', hints[0])

    def test_challenge(self):
        """Breaks if a user is not told of --interactive where polkit would ask, or is told although the user gave that
        option."""
        set_rules(rules('AUTH_ADMIN'))
        hints = self.hints('session', 'list', '--all', status=3)
        self.assertEqual([('--interactive' in hint) for hint in hints], [True, False], hints)
        hints = self.hints('session', 'list', '--all', '--interactive', status=3)
        self.assertEqual([('--interactive' in hint) for hint in hints], [False], hints)

    def connect(self, server, *options):
        """What is advised where a server does not take what it got, in both versions of TLS."""
        both = [self.hints('connect', *version, *TRUST, *options, server.address, status=1) for version in ((), ('--tls12',))]
        self.assertEqual(*both)
        return '\n'.join(both[0])

    def test_credential(self):
        """Breaks if a user whose certificate is wanted does not hear which credential would do, what held it back, and what
        is wrong with the others; or is told of --interactive where it was given, or where polkit would not ask."""
        set_rules(OWN_RULES)
        import_credential('mallory', 'client')
        self.addCleanup(remove_credentials)
        self.assertEqual(run('mallory', 'credential', 'generate', '--label', 'new one').returncode, 0)
        import_credential('mallory', 'ecdsa', '--role', 'server', label='site')
        with OpensslServer('rsa', *INSISTS) as server:
            # mallory has one that fits, but polkit would have to ask about it.
            set_rules('')
            for options, words, asks in (((), 'wants a password for its use', True), (('--interactive',), 'if you name it', False),
                                         (('--credential=',), 'wants a password for its use', True)):
                hints = self.connect(server, *options)
                self.assertIn('“client” may fit', hints)
                self.assertIn("--credential 'client'", hints)
                self.assertIn(words, hints)
                self.assertEqual('--interactive' in hints, asks, hints)
                self.assertIn('“new one” does not fit: it has no certificate yet', hints)
                self.assertIn('“site” does not fit: it is for servers', hints)
            hints = self.hints('connect', *TRUST, '--credential=other', server.address, status=1)
            self.assertEqual([('--interactive' in hint) for hint in hints], [False, True], hints)
            self.assertNotIn('--credential', ''.join(hints))
            self.assertIn('credential list', hints[0])
            # Nobody is asked, whatever the command says.
            set_rules(rules('NO').replace('user ==', "user == 'mallory' && action.id.match(/-own-credential$/) && 'mallory' =="))
            hints = self.connect(server)
            self.assertIn('“client” may fit, but polkit denies its use', hints)
            self.assertNotIn('--interactive', hints)
            # The user did not want it.
            set_rules(OWN_RULES)
            hints = self.connect(server, '--credential=')
            self.assertIn("“client” may fit: --credential 'client'", hints)
            self.assertNotIn('polkit', hints)
            # Where nobody is asked: root's rule decides about the machine's.
            set_rules("polkit.addRule(function(action) { if (action.id.endsWith('.use-any-credential')) "
                      "return polkit.Result.NO; });")
            hints = self.hints('connect', *TRUST, '--credential=other', server.address, status=1)
            self.assertEqual([('--interactive' in hint) for hint in hints], [False], hints)

    def test_refused(self):
        """Breaks if a user does not hear that a certificate was none of those that the server wants."""
        set_rules(OWN_RULES)
        self.addCleanup(remove_credentials)
        with OpensslServer('rsa', *INSISTS) as server:
            self.assertIn('you have no credential', self.connect(server))
            path = os.path.join(os.environ['TMPDIR'], 'other.pem')
            with open(path, 'w') as file:
                file.write(read('ecdsa.pem') + read('ecdsa.key'))
            os.chmod(path, 0o644)
            self.assertIn(f'did not accept the certificate in {path}', self.connect(server, '--cert', path))
            import_credential('mallory', 'ecdsa', label='other')
            for options in ((), ('--credential=other',)):
                self.assertIn('“other” does not fit: none of the authorities', self.connect(server, *options))
            import_credential('mallory', 'client')
            self.assertIn("“client” may fit: --credential 'client'", self.connect(server, '--credential=other'))
        # One that names no authorities.
        with OpensslServer('rsa', '-Verify', '1', '-verify_return_error') as server:
            self.assertIn('“other” does not fit: the server did not accept its certificate',
                          self.connect(server, '--credential=other'))

    def test_unknown_user(self):
        """Breaks if a user whom the bus does not take is told to look for the bus."""
        done = run('54321', 'status')
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('user id 54321', done.stderr)
        self.assertIn('has no entry in the user database', done.stderr)
        self.assertNotIn('that the system bus runs', done.stderr)

    def test_owner(self):
        """Breaks if the hint advises to name an owner to a user who named one."""
        hints = self.hints('credential', 'show', 'nothing', status=1)
        self.assertIn('--owner', ''.join(hints))
        hints = self.hints('credential', 'remove', '--owner=alice', 'nothing', user='root', status=1)
        self.assertEqual(len(hints), 1)
        self.assertNotIn('--owner', hints[0])

    def test_words(self):
        """Breaks if an error has the words of the D-Bus interface, which the command's users do not know."""
        set_rules(OWN_RULES)
        self.addCleanup(remove_credentials)
        self.assertEqual(run('mallory', 'credential', 'generate', '--label', 'k').returncode, 0)
        for arguments, ours, theirs in (
                (('credential', 'generate', '--label', 'a', '--type', 'rsa2048'), '--type', 'key_type'),
                (('credential', 'generate', '--label', 'a/b'), '--label', ' label: '),
                (('credential', 'request', 'k'), '--dns', 'dns-names'),
                (('credential', 'request', '--subject', 'none', 'k'), '--subject', 'Option'),
                (('credential', 'link', '--no-pin', '--label', 'a', 'none'), 'URI', ' uri: '),
                (('credential', 'import', '--label', 'a', certificate('ca.pem')), 'FILE', ' data: ')):
            done = run('mallory', *arguments)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(ours, done.stderr)
            self.assertNotIn(theirs, done.stderr)

    def test_files(self):
        """Breaks if help with the command line is offered where only a file is missing."""
        for arguments in (('serve', '--client-ca=/missing', '--', 'cat'), ('serve', '--cert=/missing', '--', 'cat'),
                          ('probe', '--trust=/missing', 'localhost:1'), ('probe', '--cert=/missing', 'localhost:1')):
            self.assertEqual(self.hints(*arguments, status=2), [], arguments)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
