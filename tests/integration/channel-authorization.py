#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What a channel remembers of polkit's answers: a plain yes, for this caller, to the same question, until something
happens after which polkit may think otherwise, and for AuthorizationMemory at the longest."""

import fcntl
import os
import pwd
import signal
import socket
import struct
import sys
import termios
import unittest

from gi.repository import GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from caller import CREDENTIAL, RECIPIENT_KEY, ROOT, Caller, Failure, connect, wait_until
from channel_test import AS_CLIENT, AS_SERVER, OPTIONS, TIMEOUT, USE_OWN, ChannelTest, Log, rule
from command import OWN_RULES, RULES, configure, get_service_pid, import_credential, list_all_credentials, read

MEMBER = '/etc/handoff-test-member'


class ChannelAuthorization(ChannelTest):
    def test_once(self):
        """Breaks if polkit is asked each time, or if the audit log does not say of each handshake that it was allowed,
        and how."""
        log = Log()
        self.assert_asked()
        for _ in range(3):
            self.assert_remembered()
        ends = log.wait_for(r'action=\S+handshake-as-client role=client server-identity=localhost.*: (allowed.*)', 4)
        self.assertEqual(sorted(ends), ['allowed', *3 * ['allowed (remembered)']])
        # On the bus, as before.
        for _ in range(2):
            with connect(self.port) as end:
                self.alice.start_handshake(end, options=OPTIONS).wait()
            self.assertEqual(self.take(), [AS_CLIENT])
        # In steps: the same question.
        self.channel.call(ROOT, 'CreateSession', GLib.Variant('(ssa{sv})', ('client', 'localhost', OPTIONS)))
        self.assertEqual(self.take(), [])

    def test_another_question(self):
        """Breaks if a yes counts for anything else that rules can tell apart."""
        import_credential('alice', 'client', label='mine')
        questions = [
            ({}, [AS_CLIENT]),
            ({'identity': 'www.handoff.test'}, [AS_CLIENT]),
            ({'review_certificate': GLib.Variant('b', True)}, [AS_CLIENT]),
            ({'credential_choice': GLib.Variant('s', 'configured')}, [AS_CLIENT]),
            ({'credential': GLib.Variant('s', '')}, [AS_CLIENT]),
            ({'credential': GLib.Variant('s', 'mine')}, [AS_CLIENT, USE_OWN]),
            # The same one, but rules do not see by which name.
            ({'credential': GLib.Variant('s', list_all_credentials()[0][0])}, [AS_CLIENT, USE_OWN]),
        ]
        for options, actions in questions:
            self.assert_asked(actions=actions, **options)
        for options, _ in questions:
            self.assert_remembered(**options)
        # Who may be a client need not be a server.
        ends = socket.socketpair()
        ends[1].close()
        with ends[0], self.assertRaises(Failure):
            self.channel.wait(self.channel.start_handshake(ends[0], role='server', options=OPTIONS))
        self.assertEqual(self.take(), [AS_SERVER])

    def test_another_caller(self):
        """Breaks if what one caller may do is taken for what another one may, or if it outlives the channel."""
        self.assert_asked()
        self.assert_asked(self.open(self.alice))
        other = Caller('alice')
        self.addCleanup(other.close)
        self.assert_asked(self.open(other))
        bob = Caller('bob')
        self.addCleanup(bob.close)
        self.rules.write(rule("subject.user == 'bob'", 'NO'))
        self.heard()
        self.assert_asked()
        self.assertEqual(self.handshake(self.open(bob)), 'NotAuthorized')
        self.assert_remembered()

    def test_rule_written(self):
        """Breaks if a handshake is done that a rule denies which polkit has read, or if a no is remembered."""
        self.assert_asked()
        self.rules.write(rule('true', 'NO'))
        self.heard()
        self.assertEqual(self.handshake(), 'NotAuthorized')
        self.assertEqual(self.handshake(), 'NotAuthorized')
        self.assertEqual(self.take(), [AS_CLIENT, AS_CLIENT])
        self.rules.write(OWN_RULES)
        self.heard()
        self.assert_asked()
        self.assert_remembered()

    def test_rule_removed(self):
        """Breaks if the yes of a rule outlives the rule's file."""
        self.rules.write(rule('true', 'NO'))
        path = RULES.replace('50-', '40-')
        with open(path, 'w') as file:
            file.write(rule("subject.user == 'alice'", 'YES'))
        self.wait_for_end('complete')
        self.assert_remembered()
        os.unlink(path)
        self.wait_for_end('NotAuthorized')

    def test_unannounced(self):
        """polkit says nothing of what a program says that a rule runs. Breaks if a yes counts longer than
        AuthorizationMemory says."""
        configure('[Timeouts]\nAuthorizationMemory=1\n')
        self.reload()
        with open(MEMBER, 'w'):
            pass
        self.rules.write(rule(f"""(function() {{
          try {{ polkit.spawn(['test', '-e', '{MEMBER}']); return false; }} catch (error) {{ return true; }} }})()""", 'NO'))
        self.heard()
        self.assert_remembered()
        os.unlink(MEMBER)
        self.wait_for_end('NotAuthorized')

    def test_polkitd_restarted(self):
        """Another polkitd tells nobody what is different. Breaks if the service waits for that."""
        self.assert_asked()
        self.polkitd.kill()
        with open(RULES, 'w') as file:
            file.write(rule('true', 'NO'))
        self.heard()
        self.assertEqual(self.handshake(), 'NotAuthorized')

    def test_polkitd_gone(self):
        """Breaks if handshakes are allowed while nobody can say no."""
        self.assert_asked()
        self.polkitd.install('/bin/false')
        try:
            self.polkitd.kill()
            self.heard()
            self.assertEqual(self.handshake(), 'AuthorityUnavailable')
        finally:
            self.polkitd.install_again()

    def test_answer_before_change(self):
        """Breaks if a yes is remembered that polkit gave before a rule said no, and that arrived after it was asked
        for anew."""
        self.polkitd.stop()
        with connect(self.port) as first, connect(self.port) as second:
            pending = [self.channel.start_handshake(end, options=OPTIONS) for end in (first, second)]
            with open(RULES, 'w') as file:
                file.write(rule('true', 'NO'))
            self.polkitd.go_on()
            for serial in pending:
                try:
                    self.channel.wait(serial)
                except Failure as failure:
                    self.assertTrue(failure.is_ours('NotAuthorized'), failure)
        self.wait_for_end('NotAuthorized')

    def test_reload(self):
        """Breaks if anything is remembered over a reload, or if AuthorizationMemory is read at the start alone."""
        self.assert_asked()
        self.reload()
        self.assert_asked()
        self.assert_remembered()
        configure('[Timeouts]\nAuthorizationMemory=0\n')
        self.reload()
        for _ in range(3):
            self.assert_asked()

    def test_credential(self):
        """Breaks if a credential is used that is not there any more, or that is another one now; or if a credential of
        somebody else's makes polkit asked anew."""
        named = {'credential': GLib.Variant('s', 'mine')}
        both = [AS_CLIENT, USE_OWN]
        import_credential('alice', 'client', label='mine')
        self.assert_asked(actions=both, **named)
        log = Log()
        n = 20
        for _ in range(n):
            self.assert_remembered(**named)
        # An entry for each yes, as if polkit had said it; also of a handshake that was faster than its entry.
        self.assertEqual(log.wait_for(r'action=\S+\.(\S+) .*credential=mine: allowed \(remembered\)', 2 * n), n * both)
        import_credential('bob', 'client', label='mine')
        self.assert_remembered(**named)
        self.remove('alice')
        self.assertEqual(self.handshake(**named), 'CredentialNotFound')
        import_credential('alice', 'below-renewed', label='mine')
        self.assert_asked(actions=both, **named)
        self.assert_remembered(**named)
        # One that the machine has, and that everybody may name, may be meant now.
        import_credential('root', 'client', label='another')
        self.assert_asked(actions=both, **named)

    def test_choice(self):
        """A credential that nobody named, in the middle of a handshake. Breaks if polkit is asked each time, or if its
        yes outlives what it was about."""
        port = self.curious_port
        both = [AS_CLIENT, USE_OWN]
        self.assert_asked(port=port)
        import_credential('alice', 'client', label='mine')
        self.assert_asked(port=port, actions=both)
        log = Log()
        self.assert_remembered(port=port)
        log.wait_for(r'use-own-credential role=client .*credential=mine .*\(remembered\)', 1)
        # What rules say of the one that is named is something else.
        self.assert_asked(credential=GLib.Variant('s', 'mine'), actions=both)
        self.rules.write('polkit.addRule(function(action, subject) {'
                         f' if (action.id.match(/{USE_OWN}$/)) return polkit.Result.NO; }});')
        self.heard()
        self.assert_asked(port=port, actions=both)
        self.assert_asked(port=port, actions=[USE_OWN])
        self.rules.write(OWN_RULES)
        self.heard()
        self.assert_asked(port=port, actions=both)
        self.remove('alice')
        self.assert_asked(port=port)

    def remove(self, owner):
        uid = pwd.getpwnam(owner).pw_uid
        for path, properties in list_all_credentials():
            if properties.unpack()['Owner'] == uid:
                self.root.call(path, CREDENTIAL, 'Remove')

    def test_line(self):
        """A handshake that waits for its turn was allowed before. Breaks if it is done although what was remembered is
        forgotten when its turn comes."""
        configure('[Limits]\nHandshakesPerUser=1\n')
        import_credential('alice', 'client', label='mine')
        self.reload()
        named = {'credential': GLib.Variant('s', 'mine')}
        waiting = {**OPTIONS, **named, 'wait': GLib.Variant('b', True), 'timeout': GLib.Variant('u', TIMEOUT)}
        no = "polkit.addRule(function(action, subject) { if (action.id.match(/%s$/)) return polkit.Result.NO; });"
        for rules, end in ('', 'complete'), (no % AS_CLIENT, 'NotAuthorized'), (no % USE_OWN, 'NotAuthorized'):
            with self.subTest(rules):
                self.rules.write(OWN_RULES)
                self.assert_remembered(**named)
                ours, silent = socket.socketpair()
                with ours, connect(self.port) as second:
                    pending = self.channel.start_handshake(ours, options={**OPTIONS, **named})
                    # In the order in which they come; this one was sent all that is remembered.
                    serial = self.channel.start_handshake(second, options=waiting)
                    self.wait_for_line()
                    if rules:
                        self.rules.write(rules + OWN_RULES)
                        self.heard()
                    self.take()
                    silent.close()
                    with self.assertRaises(Failure):
                        self.channel.wait(pending)
                    try:
                        state = self.channel.wait(serial).unpack()[0]
                    except Failure as failure:
                        state = failure.name.rsplit('.', 1)[1]
                    self.assertEqual(state, end)
                    if not rules:
                        self.assertEqual(self.take(), [])

    def test_line_choice(self):
        """Breaks if a handshake that waited for its turn resumes a session without a certificate, although there is one
        now that could be chosen."""
        # With its ticket in the handshake itself.
        options = {**OPTIONS, 'maximum-protocol': GLib.Variant('s', 'TLS1.2')}
        waiting = {**options, 'wait': GLib.Variant('b', True), 'timeout': GLib.Variant('u', TIMEOUT)}

        def start(options):
            with connect(self.curious_port) as end:
                return self.channel.start_handshake(end, options=options)

        # Whether what it was allowed is remembered, or was asked before it waited.
        for seconds, asked_again in (60, [AS_CLIENT]), (0, []):
            with self.subTest(seconds):
                configure('[Limits]\nHandshakesPerUser=1\n[Resumption]\nMinimumProtocol=TLS1.2\n'
                          f'[Timeouts]\nAuthorizationMemory={seconds}\n')
                self.reload()
                self.channel.wait(start(options))
                self.assertTrue(self.channel.wait(start(options)).unpack()[2]['resumed'])
                ours, silent = socket.socketpair()
                with ours:
                    pending = self.channel.start_handshake(ours, options=OPTIONS)
                    serial = start(waiting)
                    self.wait_for_line()
                    import_credential('alice', 'client', label='mine')
                    self.take()
                    silent.close()
                    with self.assertRaises(Failure):
                        self.channel.wait(pending)
                state, _, details = self.channel.wait(serial).unpack()
                self.assertEqual(state, 'complete')
                self.assertFalse(details['resumed'])
                self.assertEqual(self.take(), [*asked_again, USE_OWN])
                self.remove('alice')

    def test_pem(self):
        """Who sends a key for one handshake can keep the service waiting for it. Breaks if the handshake is done although
        what was remembered is forgotten when the key has come."""
        pem = (read('client.pem') + read('client.key')).encode()

        def start(end, reader):
            options = {**OPTIONS, 'credential-pem': GLib.Variant('h', 1)}
            arguments = GLib.Variant('(hsaya{sv})', (0, 'localhost', RECIPIENT_KEY, options))
            return self.channel.start(ROOT, 'HandshakeAsClient', arguments, [end.fileno(), reader])

        for result, end in ('YES', 'complete'), ('NO', 'NotAuthorized'):
            for is_asked in True, False:
                with self.subTest(result, is_asked=is_asked), connect(self.port) as socket_end:
                    reader, writer = os.pipe()
                    self.take()
                    serial = start(socket_end, reader)
                    os.close(reader)
                    if is_asked:
                        self.questions.wait_for(1)
                    self.heard()
                    if not is_asked:
                        self.rules.write(rule('true', result))
                        self.heard()
                    os.write(writer, pem)
                    os.close(writer)
                    try:
                        state = self.channel.wait(serial).unpack()[0]
                    except Failure as failure:
                        state = failure.name.rsplit('.', 1)[1]
                    self.assertEqual(state, 'complete' if is_asked else end)
            self.rules.write(OWN_RULES)
            self.heard()

    def wait_for_line(self):
        """Until the call that was sent last stands in line: the channel reads in order, and the next call is refused at
        once, since the line has come to the service."""
        ours, silent = socket.socketpair()
        with ours, silent:
            with self.assertRaises(Failure) as caught:
                self.channel.wait(self.channel.start_handshake(ours, identity='www.handoff.test', options=OPTIONS))
            self.assertTrue(caught.exception.is_ours('LimitReached'), caught.exception)
        self.heard()

    def test_service_ends(self):
        """When the service ends while polkit is asked, nothing has begun. Breaks if a caller does not learn that, or is
        told that he himself does not wait any more."""
        self.assert_asked()
        self.polkitd.stop()
        try:
            with connect(self.port) as end:
                failure = self.end_service(self.channel.start_handshake(end, 'other', OPTIONS), lambda: self.questions.wait_for(1))
        finally:
            self.polkitd.go_on()
        self.assertEqual(failure.name, 'org.freedesktop.DBus.Error.Disconnected')
        self.assertIn('service', failure.message)

    def test_service_ends_in_key(self):
        """Breaks if a caller is told to call again when a part of his key has been read, which is not there any more."""
        options = {**OPTIONS, 'credential-pem': GLib.Variant('h', 1)}
        arguments = GLib.Variant('(hsaya{sv})', (0, 'localhost', RECIPIENT_KEY, options))
        reader, writer = os.pipe()
        with connect(self.port) as end, open(writer, 'wb', buffering=0) as pipe:
            pending = self.channel.start(ROOT, 'HandshakeAsClient', arguments, [end.fileno(), reader])
            pipe.write(b'-----BEGIN')
            failure = self.end_service(pending, lambda: self.wait_until_read(reader))
        os.close(reader)
        self.assertTrue(failure.is_ours('Cancelled'), failure)
        self.assertIn('service', failure.message)

    def wait_until_read(self, pipe):
        wait_until(lambda: struct.unpack('i', fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0] == 0, 'it is read',
                   TIMEOUT)

    def end_service(self, pending, wait):
        """What becomes of a call when the service ends after that wait."""
        wait()
        os.kill(get_service_pid(), signal.SIGTERM)
        with self.assertRaises(Failure) as context:
            self.channel.wait(pending)
        return context.exception

    def test_left(self):
        """Breaks if a channel goes on when its caller has left the bus: nobody hears of his session then."""
        leaver = Caller('alice')
        channel = self.open(leaver)
        self.assert_asked(channel)
        leaver.close()
        with self.assertRaises((EOFError, ConnectionError)):
            while True:
                with connect(self.port) as end:
                    channel.wait(channel.start_handshake(end, options=OPTIONS))


if __name__ == '__main__':
    unittest.main()
