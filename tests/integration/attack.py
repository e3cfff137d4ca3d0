#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What somebody can do who has taken over alice's handshaker: nothing that matters to anybody else."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import unittest

from gi.repository import GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from attacker import (FORBIDDEN, MAX_MESSAGE, NOTICE, REPLY, REQUEST, Shell, arguments_for, call_line, packet, read_rows,
                      zeros)
from caller import MANAGER, ROOT, Caller, Failure, connect, wait_until
from channel import Channel
from channel_test import OPTIONS, Log
from command import (OWN_RULES, as_user, certificate, get_service_pid, import_credential, remove_credentials, set_rules,
                     stop_service)
from needles import freed_private_parts
from programs import HANDSHAKER, IMPORTER, KEEPER, find_programs, let_die, read_descriptors, who_has
from tls_server import TlsServer

MUCH = 1000  # handshakes of somebody else meanwhile
# Of the audit log.
ENTRY = r'uid=60101 pid=\d+ tls-handoff-handshaker broke the rules of its link, and was ended: '
NOBODY_ASKED = 4711  # a serial number
MOST_FDS = 8
ANSWER_PLAIN_YES = 2  # service/link/handshaker-messages.h
# Bits of a credential's use, and what a signature is for (service/grant/signature-form.h).
SIGN_AS_CLIENT, SIGN_AS_SERVER = 1, 2
ROLE_CLIENT, ROLE_SERVER = 0, 1  # HandoffRole
RSA_PSS_SHA256, ECDSA_SHA256 = 0x0804, 0x0403
NEIGHBOURS_GRANT = 1  # the first that was given
AS_SERVER = 'org.tlshandoff.Handoff1.handshake-as-server'


def to_be_signed(role):
    """What TLS 1.3 signs (RFC 8446 4.4.3)."""
    return 64 * b' ' + f'TLS 1.3, {role} CertificateVerify'.encode() + b'\0' + 32 * b'h'


class Neighbour:
    """Another user, whose handshakes, with a key of his own, go on while the test attacks."""

    def __init__(self, user='bob', credential='client'):
        self.options = {**OPTIONS, 'credential': GLib.Variant('s', credential)}
        self.caller = Caller(user)
        self.channel = Channel(self.caller.connection)
        self.server = TlsServer()
        self.server.context.verify_mode = ssl.CERT_REQUIRED
        self.server.context.load_verify_locations(certificate('client-ca.pem'))
        self.n_done = 0
        self.failure = None
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while not self.is_over.is_set() or self.n_done < MUCH:
                with connect(self.server.port) as end:
                    state, session, _ = self.channel.wait(self.channel.start_handshake(end, options=self.options)).unpack()
                assert state == 'complete', state
                self.channel.call(session, 'Close')
                self.n_done += 1
        except (Failure, EOFError, OSError, AssertionError) as failure:
            self.failure = failure

    def check(self):
        """Call it once. Breaks if anything ever went wrong."""
        self.is_over.set()
        self.thread.join()
        self.channel.close()
        self.caller.close()
        if self.failure:
            raise self.failure


class Attack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        let_die()
        set_rules(OWN_RULES)

    def setUp(self):
        self.n_taken = 0
        self.alice = Caller('alice')
        for user, name in (('alice', 'rsa'), ('bob', 'ecdsa'), ('bob', 'client')):
            import_credential(user, name)
        self.neighbour = Neighbour()
        wait_until(lambda: self.neighbour.n_done > 0 or self.neighbour.failure, 'bob is served')
        self.broker = get_service_pid()

    def tearDown(self):
        try:
            self.neighbour.check()
            self.assertEqual(get_service_pid(), self.broker)
        finally:
            self.alice.close()
            remove_credentials()
            stop_service()

    def take_over(self):
        channel = Channel(self.alice.connection)
        self.n_taken += 1
        shell = Shell(channel, options=OPTIONS)
        self.addCleanup(shell.close)
        return shell

    def assert_ended(self, shell):
        """Whose program was ended learns it at once."""
        with self.assertRaises((Failure, EOFError)) as caught:
            shell.channel.wait(shell.serial)
        if isinstance(caught.exception, Failure):
            self.assertTrue(caught.exception.is_ours('Failed'), caught.exception)
            self.assertIn(HANDSHAKER, caught.exception.message)

    def test_calls(self):
        """Breaks if any call of the system that gives more than the program has does not end it."""
        for name, arguments, instead in FORBIDDEN:
            with self.subTest(name, arguments=arguments):
                with self.take_over() as shell:
                    got = shell.call(name, *arguments_for(arguments, self.broker))
                    if instead:
                        self.assertEqual(got, instead)
                    else:
                        self.assertIsNone(got)
                        self.assert_ended(shell)

    def attack_link(self, act):
        """act(shell, link) on the link to the broker, which has to end the program."""
        log = Log()
        with self.take_over() as shell:
            link = shell.seize_link()
            act(shell, link)
            self.assert_ended(shell)
        log.wait_for(ENTRY, 1)

    def test_out_of_turn(self):
        """Breaks if the broker takes anything on a handshaker's link that the link's table does not have for it."""
        rows = read_rows('handshaker')
        for row in rows.values():
            kind = REQUEST if row.reply else NOTICE
            body = zeros(row.type)
            acts = {
                'an answer to nothing': lambda shell, link, row=row: shell.send(
                    link, packet(REPLY, row.number, NOBODY_ASKED, zeros(row.reply or '()'))),
                'too many descriptors': lambda shell, link, row=row, kind=kind, body=body: shell.send(
                    link, packet(kind, row.number, kind == REQUEST, body), row.max_fds + 1),
                'too large': lambda shell, link, row=row, kind=kind, body=body: shell.send(
                    link, packet(kind, row.number, kind == REQUEST, body), row.min_fds, MAX_MESSAGE + 1),
                'the other kind': lambda shell, link, row=row, kind=kind, body=body: shell.send(
                    link, packet(NOTICE + REQUEST - kind, row.number, kind == NOTICE, body), row.min_fds),
            }
            if row.direction == 'down':
                acts['the wrong direction'] = lambda shell, link, row=row, kind=kind, body=body: shell.send(
                    link, packet(kind, row.number, kind == REQUEST, body), row.min_fds)
            elif row.min_fds > 0:
                acts['too few descriptors'] = lambda shell, link, row=row, kind=kind, body=body: shell.send(
                    link, packet(kind, row.number, kind == REQUEST, body))
            for what, act in acts.items():
                with self.subTest(row.name, what=what):
                    self.attack_link(act)
        # A message of no bytes is how a link ends.
        for what, data in {'half a head': b'\1\0\0', 'an unknown kind': packet(9, 0, 1, b''),
                           'an unknown number': packet(NOTICE, 255, 0, b''),
                           'no normal form': packet(NOTICE, rows['idle'].number, 0, b'\1\2\3')}.items():
            with self.subTest(what):
                self.attack_link(lambda shell, link, data=data: shell.send(link, data))

    def test_in_turn(self):
        """Messages that it may send, with nothing that makes sense in them. Breaks if one does more than end the program."""
        for row in read_rows('handshaker').values():
            if row.direction == 'up':
                with self.subTest(row.name):
                    with self.take_over() as shell:
                        link = shell.seize_link()
                        kind = REQUEST if row.reply else NOTICE
                        shell.send(link, packet(kind, row.number, 1 << 20, zeros(row.type)) if kind == REQUEST else
                                   packet(kind, row.number, 0, zeros(row.type)), row.min_fds)
                        # The broker has read it when it answers anybody.
                        self.alice.round_trip()

    def ask(self, shell, link, caller, credential='rsa', is_name=True):
        """What comes of a question to polkit in the name of the caller of that number."""
        row = read_rows('handshaker')['ask']
        serial = shell.next_serial()
        question = GLib.Variant(row.type, ((1 << 40) + serial, caller, AS_SERVER, credential, is_name, {}, False, ROLE_SERVER,
                                           False))
        return shell.ask(link, row, question, serial)

    def find_callers(self, shell, link):
        """{number: answer} of those in whose names this handshaker may ask polkit: for alice's key."""
        # Numbers count up, over all users: this one is above all that were given.
        most = 64 + 8 * self.n_taken
        answers = {number: self.ask(shell, link, number) for number in range(1, most)}
        for kind, body, _ in answers.values():
            self.assertTrue(kind == REPLY or body.unpack()[0].endswith('.Cancelled'), body)
        return {number: body.unpack() for number, (kind, body, _) in answers.items() if kind == REPLY}

    def test_other_caller(self):
        """Breaks if a handshaker can ask polkit, or have a credential, in the name of anybody but its own user's callers."""
        with self.take_over() as shell:
            link = shell.seize_link()
            found = self.find_callers(shell, link)
            self.assertEqual(len(found), 1, found)
            # Whatever alice's handshaker asks, it asks for alice; bob's credential is not hers.
            kind, answer, _ = self.ask(shell, link, next(iter(found)), credential='ecdsa')
            self.assertNotEqual(answer.unpack()[0] if kind == REPLY else None, ANSWER_PLAIN_YES)
            self.assertTrue(kind != REPLY or answer.unpack()[4][0] == 0, answer)

    def get_grant(self):
        """(shell, link, descriptor of a signing socket, grant): what alice is allowed."""
        rows = read_rows('handshaker')
        shell = self.take_over()
        link = shell.seize_link()
        (answer,) = self.find_callers(shell, link).values()
        grant, _, _, signer = answer[4]
        self.assertNotEqual(grant, 0)
        before = shell.list_descriptors()
        kind, _, n_fds = shell.ask(link, rows['open-signing'], GLib.Variant('(t)', (signer,)), shell.next_serial())
        self.assertEqual((kind, n_fds), (REPLY, 1))
        socket_fd = next(number for number in shell.list_descriptors() if number not in before)
        return shell, link, socket_fd, grant

    def test_signatures(self):
        """Breaks if the keeper signs for somebody who has taken over a handshaker what TLS would not have signed then."""
        sign = read_rows('signing')['sign']
        good = (SIGN_AS_SERVER, RSA_PSS_SHA256, to_be_signed('server'))
        with open(certificate('rsa.pem')) as file:
            a_certificate = file.read().encode()

        def request(shell, fd, grant, role, scheme, data, serial=1):
            return shell.ask(fd, sign, GLib.Variant(sign.type, (grant, role, scheme, data)), serial)

        def over(shell, link, fd, grant):
            shell.send(link, packet(NOTICE, read_rows('handshaker')['grant-over'].number, 0, GLib.Variant('(t)', (grant,))))
            self.alice.round_trip()
            return request(shell, fd, grant, *good)

        def twice(shell, link, fd, grant):
            self.assertEqual(request(shell, fd, grant, *good)[0], REPLY)
            return request(shell, fd, grant, *good, serial=2)

        attacks = {
            'without a grant': lambda shell, link, fd, grant: request(shell, fd, grant + 1000, *good),
            # His channel remembers it: nothing but its holder is in the way.
            'somebody else\'s grant': lambda shell, link, fd, grant: request(
                shell, fd, NEIGHBOURS_GRANT, SIGN_AS_CLIENT, ECDSA_SHA256, to_be_signed('client')),
            'in the other role': lambda shell, link, fd, grant: request(
                shell, fd, grant, SIGN_AS_CLIENT, RSA_PSS_SHA256, to_be_signed('client')),
            'the other role\'s words': lambda shell, link, fd, grant: request(
                shell, fd, grant, SIGN_AS_SERVER, RSA_PSS_SHA256, to_be_signed('client')),
            'a certificate': lambda shell, link, fd, grant: request(
                shell, fd, grant, SIGN_AS_SERVER, RSA_PSS_SHA256, a_certificate),
            'a hash': lambda shell, link, fd, grant: request(shell, fd, grant, SIGN_AS_SERVER, RSA_PSS_SHA256, 32 * b'h'),
            'twice': twice,
            'what is over': over,
        }
        shell, _, fd, grant = self.get_grant()
        with shell:
            kind, signature, _ = request(shell, fd, grant, *good)
            self.assertEqual(kind, REPLY)
            self.assertEqual(len(signature.unpack()[0]), 256)
        for what, attack in attacks.items():
            with self.subTest(what):
                log = Log()
                shell, link, fd, grant = self.get_grant()
                self.assertGreater(grant, NEIGHBOURS_GRANT)
                with shell:
                    answer = attack(shell, link, fd, grant)
                    self.assertTrue(answer is None or answer[0] != REPLY, answer)
                    self.assert_ended(shell)
                # The audit log has it.
                log.wait_for(ENTRY + 'a signature that it may not have: ', 1)

    def import_deeds(self, caller, *deeds):
        """What comes of the deeds in what parses this caller's import: a line each; or the error that he gets."""
        reader, writer = os.pipe()
        with open(writer, 'w') as pipe:
            pipe.write('\n'.join(['DEED', *deeds, '']))
        try:
            caller.call(ROOT, MANAGER, 'ImportCredential', GLib.Variant('(sha{sv})', ('taken', 0, {})), [reader])
        except Failure as failure:
            self.assertTrue(failure.is_ours('Failed'), failure)
            return failure.message
        finally:
            os.close(reader)
        raise AssertionError('deeds are no credential')

    def test_importer(self):
        """Breaks if somebody who has taken over what parses alice's imports has more than those, or if it costs anybody
        else anything that hers died."""
        probes = [(name, arguments, instead) for name, arguments, instead in FORBIDDEN if instead]
        lines = [call_line(name, *arguments) for name, arguments, _ in probes]
        answers = self.import_deeds(self.alice, *lines, 'descriptors').splitlines()
        self.assertEqual(answers[:-1], [f'failed {instead}' for _, _, instead in probes])
        # Nothing but the link, what it was sent, and what makes threads wait.
        self.assertNotRegex(answers[-1], ':unknown')
        for deed in ('crash', f'call kill {self.broker} 9', 'call clone 17 0 0 0 0', 'call socket 1 1 0',
                     'call mmap 0 4096 7 34 -1 0'):
            with self.subTest(deed):
                self.assertIn(IMPORTER, self.import_deeds(self.alice, deed))
                # Nobody waits for what she has broken.
                import_credential('bob', 'ed25519', label='more')
                subprocess.run(as_user('bob', 'tls-handoff', 'credential', 'remove', 'more'), check=True)
        wait_until(lambda: find_programs(IMPORTER) == [], 'what nobody needs has ended')

    def test_holds_nothing(self):
        """Breaks if there is a key, or a way to a file or another user's process, in a handshaker."""
        shell = self.take_over()
        pid = shell.get_pid()
        for number, target in read_descriptors(pid).items():
            # Standard error is the log, which the test has in a file.
            if number != 2:
                self.assertRegex(target, r'^(socket:|anon_inode:\[event|/memfd:|/dev/null|pipe:)', number)
        # In no other program either.
        wait_until(lambda: find_programs(IMPORTER) == [], 'what read them has ended')
        for name in ('rsa', 'ecdsa', 'client'):
            self.assertEqual(who_has(freed_private_parts(name)), {KEEPER})

    def test_allowed(self):
        """What the program needs is there: the shell would tell of death otherwise, whatever is asked."""
        shell = self.take_over()
        self.assertIn(shell.get_pid(), find_programs(HANDSHAKER))
        self.assertEqual(shell.call('getrandom', None, 16, 0), 16)


if __name__ == '__main__':
    unittest.main()
