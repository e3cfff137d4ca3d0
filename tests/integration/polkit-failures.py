#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The real polkitd dies, hangs, answers with an error, is missing, or ends in the middle. Whatever needs its yes is not
done, the error says what went wrong, and once polkitd is back everybody is served."""

import os
import shutil
import socket
import ssl
import stat
import subprocess
import sys
import unittest

from gi.repository import GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from caller import CREDENTIAL, MANAGER, ROOT, Caller, Failure, Polkitd, Questions, connect, wait_until
from command import (OWN_RULES, certificate, get_free_port, import_credential, list_all_credentials, read,
                     remove_credentials, run, set_rules, wait_for_port)

POLICY = '/usr/share/polkit-1/actions/org.tlshandoff.Handoff1.policy'
HERE = '/run/handoff-test/polkit-failures'
OPTIONS = {'trust-anchors': GLib.Variant('aay', [ssl.PEM_cert_to_DER_cert(read('ca.pem'))])}
# What polkit gets for an answer; its rules have 15 seconds of polkit's.
PATIENCE = 20


class Ends:
    """Sockets that are closed at the end."""

    def __init__(self, test):
        self.test = test

    def new(self):
        pair = socket.socketpair()
        for end in pair:
            self.test.addCleanup(end.close)
        return pair[0]


def start_everything(test, alices_credential):
    """A call of each kind that needs polkit, by a caller of its own each, so that no question is like another; as many
    of each user as polkit is asked at once: [(name, Pending)]"""
    ends = Ends(test)
    empty = GLib.Variant('a{sv}', {})
    everybody = GLib.Variant('(a{sv})', ({'all': GLib.Variant('b', True)},))
    key_file = open(certificate('rsa.key'), 'rb')
    test.addCleanup(key_file.close)
    named = {**OPTIONS, 'credential': GLib.Variant('s', 'alices')}

    def a_caller(user):
        caller = Caller(user)
        test.addCleanup(caller.close)
        return caller

    def manager(user, method, parameters, fds=()):
        return method, a_caller(user).start(ROOT, MANAGER, method, parameters, fds)

    def on_credential(user, method, parameters=None):
        return method, a_caller(user).start(alices_credential, CREDENTIAL, method, parameters)

    return [
        ('HandshakeAsClient', a_caller('alice').start_handshake(ends.new(), options=OPTIONS)),
        ('HandshakeAsServer', a_caller('alice').start_handshake(ends.new(), options={'credential': named['credential']},
                                                    role='server')),
        manager('alice', 'CreateSession', GLib.Variant('(ssa{sv})', ('client', 'localhost', {}))),
        manager('alice', 'ImportCredential', GLib.Variant('(sha{sv})', ('new', 0, {})), [key_file.fileno()]),
        manager('alice', 'GenerateCredential', GLib.Variant('(ssa{sv})', ('made', 'ecdsa-p256', {}))),
        on_credential('alice', 'SetCertificates', GLib.Variant('(aay)', ([b'x'],))),
        on_credential('alice', 'CreateCertificateRequest',
                      GLib.Variant('(a{sv})', ({'subject': GLib.Variant('s', 'CN=x')},))),
        on_credential('alice', 'Remove'),
        manager('bob', 'LinkCredential', GLib.Variant.new_tuple(
            GLib.Variant('s', 'linked'), GLib.Variant('s', 'pkcs11:token=x;object=y;type=private'), empty)),
        manager('bob', 'ListCredentials', everybody),
        manager('bob', 'ListSessions', everybody),
        manager('bob', 'GetStatistics', None),
        manager('bob', 'Reload', None),
        # Not alice's: polkit is asked about so many calls of a user at a time, and no more.
        on_credential('bob', 'SelfSign', GLib.Variant('(a{sv})', ({'subject': GLib.Variant('s', 'CN=x')},))),
        on_credential('bob', 'Remove'),
    ]


class PolkitFailures(unittest.TestCase):
    def setUp(self):
        set_rules(OWN_RULES)
        self.root = Caller('root')
        self.alice = Caller('alice')
        self.polkitd = Polkitd(self.root)
        import_credential('alice', 'client', label='alices')
        self.credential = list_all_credentials()[0][0]
        os.makedirs(HERE, exist_ok=True)

    def tearDown(self):
        self.polkitd.go_on()
        remove_credentials()
        shutil.rmtree(HERE)
        for caller in (self.root, self.alice):
            caller.close()

    def serve(self, *options):
        """A server of OpenSSL's: its port."""
        port = get_free_port()
        server = subprocess.Popen(['openssl', 's_server', '-quiet', '-accept', str(port), '-cert',
                                   certificate('ecdsa.pem'), '-key', certificate('ecdsa.key'), *options],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        wait_for_port(port)
        return port

    def assert_served(self):
        """polkit is back: a handshake succeeds, and nothing is left of the calls about which polkit could not be
        asked."""
        with connect(self.serve()) as end:
            state, _, _ = self.alice.start_handshake(end, options=OPTIONS).wait().unpack()
        self.assertEqual(state, 'complete')
        wait_until(lambda: self.root.call(ROOT, MANAGER, 'GetStatistics').unpack()[0]['handshakes-in-flight'] == 0,
                   'no handshake is left', PATIENCE)
        self.assertEqual([path for path, _ in list_all_credentials()], [self.credential])

    def assert_all_fail(self, calls, *texts):
        for name, pending in calls:
            with self.subTest(name):
                with self.assertRaises(Failure) as caught:
                    pending.wait()
                self.assertTrue(caught.exception.is_ours('AuthorityUnavailable'), caught.exception)
                for text in texts:
                    self.assertIn(text, caught.exception.message)

    def start_all(self):
        """Returns when polkit was asked about each."""
        questions = Questions()
        calls = start_everything(self, self.credential)
        questions.wait_for(len(calls))
        return calls

    def test_killed(self):
        """polkitd dies while it is asked."""
        self.polkitd.stop()
        calls = self.start_all()
        self.assertFalse([name for name, pending in calls if pending.is_done()])
        self.polkitd.kill()
        self.assert_all_fail(calls, 'polkit went away before it answered')
        self.assert_served()

    def test_hangs(self):
        """polkitd does not answer, and nobody waits for ever."""
        self.polkitd.stop()
        calls = self.start_all()
        self.assert_all_fail(calls, f'polkit has not answered for {PATIENCE} seconds')
        for name, pending in calls:
            self.assertGreater(pending.seconds, PATIENCE - 1, name)
            self.assertLess(pending.seconds, 2 * PATIENCE, name)
        # Whoever comes while it hangs is served as soon as it goes on.
        with connect(self.serve()) as end:
            late = self.alice.start_handshake(end, options=OPTIONS)
            self.alice.round_trip()
            self.assertFalse(late.is_done())
            self.polkitd.go_on()
            self.assertEqual(late.wait().unpack()[0], 'complete')
        self.assert_served()

    def test_error(self):
        """polkitd answers with an error: it does not know the actions."""
        os.rename(POLICY, POLICY + '.away')
        self.polkitd.kill()
        try:
            self.assert_all_fail(self.start_all(), 'polkit answered with an error', 'Only trusted callers')
        finally:
            os.rename(POLICY + '.away', POLICY)
        self.polkitd.kill()
        self.assert_served()

    def test_absent(self):
        """polkit is not installed; or it does not start."""
        for command, text in ((None, 'polkit is not installed'), ('/bin/false', 'polkit did not start')):
            self.polkitd.get_pid()
            self.polkitd.install(command)
            try:
                self.polkitd.kill()
                self.assert_all_fail(self.start_all(), text)
                done = run('alice', 'credential', 'generate', '--label', 'made')
                self.assertEqual(done.returncode, 5, done.stderr)
                self.assertIn(text, done.stderr)
                self.assertNotIn('Not authorized', done.stderr)
            finally:
                self.polkitd.install_again()
            self.assert_served()

    def test_in_the_middle(self):
        """polkit ends while the handshake is under way and the server wants to know who the client is. Going on without
        a certificate would turn the user into somebody else."""
        os.chmod(HERE, 0o777)
        script = f'{HERE}/slow'
        with open(script, 'w') as file:
            file.write(f'#!/bin/sh\ntouch {HERE}/asked\nexec sleep 60\n')
        os.chmod(script, stat.S_IRUSR | stat.S_IXUSR | stat.S_IROTH | stat.S_IXOTH)
        set_rules(OWN_RULES.replace('polkit.addRule(function(action, subject) {', f'''
            polkit.addRule(function(action, subject) {{
              if (action.id.match(/use-own-credential$/)) polkit.spawn(["{script}"]);''', 1))
        port = self.serve('-verify', '1', '-CAfile', certificate('client-ca.pem'))
        with connect(port) as end:
            handshake = self.alice.start_handshake(end, options=OPTIONS)
            wait_until(lambda: handshake.is_done() or os.path.exists(f'{HERE}/asked'),
                       'polkit is asked about the certificate')
            self.assertFalse(handshake.is_done())
            self.polkitd.kill()
            self.assert_all_fail([('handshake', handshake)], 'polkit went away before it answered')
        set_rules(OWN_RULES)
        self.assert_served()


if __name__ == '__main__':
    unittest.main(verbosity=2)
