#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What a handshaker can do that somebody has taken over: it is started here as the broker starts it, and the test is the
broker. What the real one makes of it is attack.py's matter."""

import fcntl
import os
import select
import signal
import socket
import struct
import sys
import threading
import unittest

from gi.repository import GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from attacker import (FORBIDDEN, MAX_MESSAGE, NOTICE, REPLY, REQUEST, Program, Shell, arguments_for, packet, read_rows)
from caller import RECIPIENT_KEY, TIMEOUT, connect
from channel import Channel
from channel_test import OPTIONS
from command import read
from programs import read_descriptors
from tls_server import TlsServer

UID, CALLER, CHANNEL = 60101, 1, 1
PLAIN_YES = 2  # HandoffHandshakerAnswer
CONFIGURATION = b'[Limits]\nHandshakesPerUser=100\n'
ALL_SEALS = 0xf


def sealed_file(data):
    """The descriptor of a memory file that nobody changes any more."""
    fd = os.memfd_create('test', os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, ALL_SEALS)
    return fd


class OwnChannel(Channel):
    """Whose service's end the test has handed over itself."""

    def __init__(self, end):  # pylint: disable=super-init-not-called
        self.socket = end
        self.socket.settimeout(TIMEOUT)
        self.serial = 0
        self.answers = {}


class Handshaker(Program):
    """That is alice's; it is allowed everything that it asks for."""

    def __init__(self):
        super().__init__('handshaker')
        self.place_rows = read_rows('places')
        self.serial = 0
        self.answers = {}
        self.has_answer = threading.Condition()
        self.places, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.reader = threading.Thread(target=self.run, daemon=True)
        self.reader.start()
        files = [sealed_file(CONFIGURATION), sealed_file(read('ca.pem').encode())]
        assert self.request('policy', GLib.Variant('(ss)', ('test.conf', 'ca.pem')), files), 'it ended'
        for fd in files:
            os.close(fd)
        with end:
            self.tell('user', GLib.Variant('(uut)', (UID, 0, 1)), fds=[end.fileno()])
        self.tell('caller', GLib.Variant('(tsu)', (CALLER, ':1.1', os.getpid())))

    def request(self, name, body, fds=()):
        """The answer's packet; None if the program has ended."""
        self.serial += 1
        self.tell(name, body, self.serial, fds)
        with self.has_answer:
            assert self.has_answer.wait_for(lambda: self.serial in self.answers or None in self.answers, TIMEOUT), name
            return self.answers.pop(self.serial, None)

    def run(self):
        """What the broker would do."""
        names = {row.number: row for row in self.rows.values()}
        while True:
            ready, _, _ = select.select([self.link, self.places], [], [])
            for end in ready:
                try:
                    data = end.recv(MAX_MESSAGE)
                except OSError:
                    data = b''
                if not data and end is self.places:
                    continue
                if not data:
                    with self.has_answer:
                        self.answers[None] = None
                        self.has_answer.notify_all()
                    return
                kind, number, _, serial = struct.unpack('=BBHI', data[:8])
                if end is self.places and kind == REQUEST:
                    _, wanted = struct.unpack('=II', data[8:16])
                    end.send(packet(REPLY, number, serial, GLib.Variant('(u)', (wanted,))))
                elif end is self.link and kind == REQUEST:
                    assert names[number].name == 'ask', names[number]
                    self.link.send(packet(REPLY, number, serial, GLib.Variant(
                        names[number].reply, (PLAIN_YES, '', False, '', (0, 0, 0, 0)))))
                elif end is self.link and kind != NOTICE:
                    with self.has_answer:
                        self.answers[serial] = data
                        self.has_answer.notify_all()

    def open_channel(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        theirs.setblocking(False)
        with theirs:
            answer = self.request('open-channel', GLib.Variant('(ttay)', (CHANNEL, CALLER, RECIPIENT_KEY)),
                                  [theirs.fileno()])
        assert answer[0] == REPLY, answer
        return OwnChannel(ours)


class AttackHandshaker(unittest.TestCase):
    def take_over(self):
        """(handshaker, shell)"""
        handshaker = Handshaker()
        channel = handshaker.open_channel()
        shell = Shell(channel, options=OPTIONS)
        self.addCleanup(channel.close)
        self.addCleanup(shell.close)
        return handshaker, shell

    def test_works(self):
        """It is a handshaker, locked up as it is."""
        server = TlsServer()
        handshaker = Handshaker()
        channel = handshaker.open_channel()
        for _ in range(3):
            with connect(server.port) as end:
                self.assertEqual(channel.wait(channel.start_handshake(end, options=OPTIONS)).unpack()[0], 'complete')
        channel.close()
        handshaker.end()

    def test_calls(self):
        """Breaks if any call of the system that gives more than the program has does not end it."""
        for name, arguments, instead in FORBIDDEN:
            with self.subTest(name, arguments=arguments):
                handshaker, shell = self.take_over()
                answer = shell.call(name, *arguments_for(arguments, os.getpid()))
                if instead:
                    self.assertEqual(answer, instead)
                    handshaker.process.kill()
                    handshaker.end()
                else:
                    self.assertIsNone(answer)
                    self.assertEqual(handshaker.end(), -signal.SIGSYS)

    def test_holds_nothing(self):
        """Breaks if it has a descriptor that it was not sent, and that leads anywhere."""
        handshaker, shell = self.take_over()
        pid = handshaker.process.pid
        self.assertEqual(shell.get_pid(), pid)
        for number, target in read_descriptors(pid).items():
            if number != 2:  # the log
                self.assertRegex(target, r'^(socket:|anon_inode:\[event|/dev/null$|/memfd:|pipe:)', number)
        handshaker.process.kill()
        handshaker.end()


if __name__ == '__main__':
    unittest.main()
