#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What somebody can do who has taken over an importer, which is started here as the broker starts it."""

import os
import signal
import socket
import sys
import unittest

from gi.repository import GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from attacker import (ERROR, FORBIDDEN, MAX_MESSAGE, MOVED_LINK, NOTICE, REQUEST, Program, arguments_for, call_line, packet,
                      read_rows, zeros)
from programs import read_descriptors

UID = 60101


class Importer(Program):
    def __init__(self):
        super().__init__('importer')
        self.tell('user', GLib.Variant('(u)', (UID,)))

    def do(self, *deeds):
        """What came of them, a line for each; None if the program has ended."""
        reader, writer = os.pipe()
        key, keeper = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with key, keeper:
            self.tell('import', GLib.Variant('(tb)', (1, False)), 1, [reader, key.fileno()])
            os.close(reader)
            with open(writer, 'w') as pipe:
                pipe.write('\n'.join(['DEED', *deeds, '']))
            try:
                data = self.link.recv(MAX_MESSAGE)
            except ConnectionError:
                data = b''
        if not data:
            return None
        assert data[0] == ERROR, data
        body = GLib.Variant.new_from_bytes(GLib.VariantType('(ssa{sv})'), GLib.Bytes.new(data[8:]), False)
        return body.unpack()[1].splitlines()


class AttackImporter(unittest.TestCase):
    def test_calls(self):
        """Breaks if any call of the system that gives more than the program has does not end it."""
        for name, arguments, instead in FORBIDDEN:
            with self.subTest(name, arguments=arguments):
                importer = Importer()
                answers = importer.do(call_line(name, *arguments_for(arguments, os.getpid())))
                status = importer.end()
                if instead:
                    self.assertEqual((answers, status), ([f'failed {instead}'], 0))
                else:
                    self.assertEqual((answers, status), (None, -signal.SIGSYS))

    def test_holds_nothing(self):
        """Breaks if it has a descriptor that it was not sent, and that leads anywhere."""
        importer = Importer()
        answers = importer.do('descriptors')
        held = read_descriptors(importer.process.pid)
        for number, target in held.items():
            if number != 2:  # the log
                self.assertRegex(target, r'^(socket:|anon_inode:\[event|/dev/null$|pipe:)', number)
        self.assertRegex(answers[0], r'^descriptors 0:device 1:device 2:\w+ ')
        self.assertRegex(held[MOVED_LINK], '^socket:')
        self.assertEqual(importer.end(), 0)

    def test_crash(self):
        importer = Importer()
        self.assertIsNone(importer.do('crash'))
        self.assertEqual(importer.end(), -signal.SIGSEGV)

    def test_out_of_turn(self):
        """Breaks if it takes anything that its link's table does not have: the broker could be taken over as well."""
        for row in read_rows('importer').values():
            kind = REQUEST if row.reply else NOTICE
            for what, data, size in (
                    ('too large', packet(kind, row.number, kind == REQUEST, zeros(row.type)), MAX_MESSAGE + 8),
                    ('another kind', packet(NOTICE + REQUEST - kind, row.number, kind == NOTICE, zeros(row.type)), 0),
                    ('no normal form', packet(kind, row.number, kind == REQUEST, b'\7\7\7'), 0)):
                with self.subTest(row.name, what=what):
                    importer = Importer()
                    importer.link.send(data.ljust(size, b'\0'))
                    self.assertEqual(importer.link.recv(MAX_MESSAGE), b'')
                    importer.end()


if __name__ == '__main__':
    unittest.main()
