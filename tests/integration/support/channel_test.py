# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""For tests in Python on the private system: what a channel remembers of polkit's answers."""

import os
import re
import shutil
import ssl
import subprocess
import time
import unittest

from gi.repository import Gio, GLib

from caller import AUTHORITY, MANAGER, POLKIT, ROOT, Caller, Failure, Polkitd, Questions, bus_call, connect, wait_until
from channel import Channel
from command import (OWN_RULES, RULES, certificate, get_free_port, read, remove_credentials, set_rules, stop_service,
                     wait_for_port)

CONFIGURATION = '/etc/tls-handoff/tls-handoffd.conf'
TIMEOUT = 30  # below AuthorizationMemory: what is in time here was not the minute
OPTIONS = {'trust-anchors': GLib.Variant('aay', [ssl.PEM_cert_to_DER_cert(read('ca.pem'))])}
AS_CLIENT, AS_SERVER = 'handshake-as-client', 'handshake-as-server'
USE_OWN = 'use-own-credential'


def rule(condition, result):
    return OWN_RULES + f'''polkit.addRule(function(action, subject) {{
      if (action.id == 'org.tlshandoff.Handoff1.{AS_CLIENT}' && {condition}) return polkit.Result.{result}; }});
    '''


class Log:
    """What the service writes from now on."""

    def __init__(self):
        self.start = len(self.read_all())

    @staticmethod
    def read_all():
        with open(os.environ['HANDOFF_TEST_LOG']) as file:
            return file.read()

    def wait_for(self, pattern, number):
        """What the pattern finds, once it finds so many: an entry comes after the reply that it is about."""
        found = []

        def is_there():
            found[:] = re.findall(pattern, self.read_all()[self.start:])
            return len(found) >= number

        wait_until(is_there, f'{number} of “{pattern}” in the log')
        return found


class Rules:
    """polkit's, in a file that is there. To write it makes polkitd read its rules once, and say so once; to put another
    file in its place makes it do so twice, and the second time could end what a test wants to see remembered."""

    def __init__(self):
        set_rules(OWN_RULES)
        self.caller = Caller('root')
        self.n_changes = 0
        self.caller.connection.signal_subscribe(POLKIT, f'{POLKIT}.Authority', 'Changed', AUTHORITY, None,
                                                Gio.DBusSignalFlags.NONE, self.changed)

    def changed(self, *_):
        self.n_changes += 1

    def write(self, text):
        """Returns when polkitd has read it."""
        bus_call(self.caller, 'GetId', None)  # what polkitd said before comes first
        before = self.n_changes
        with open(RULES, 'w') as file:
            file.write(text)
        wait_until(lambda: self.n_changes != before, 'polkitd reads the rules')


class ChannelTest(unittest.TestCase):
    """A caller and a channel of alice's, and servers."""

    @classmethod
    def setUpClass(cls):
        cls.servers = []
        cls.port = cls.serve()
        # It wants to know who connects, and goes on if nobody says.
        cls.curious_port = cls.serve('-verify', '1', '-CAfile', certificate('client-ca.pem'))
        cls.questions = Questions()
        cls.rules = Rules()

    @classmethod
    def serve(cls, *options):
        port = get_free_port()
        cls.servers.append(subprocess.Popen(['openssl', 's_server', '-quiet', '-accept', str(port),
                                             '-cert', certificate('ecdsa.pem'), '-key', certificate('ecdsa.key'), *options],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wait_for_port(port)
        return port

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers:
            server.kill()
            server.wait()

    def setUp(self):
        self.rules.write(OWN_RULES)
        shutil.copy(CONFIGURATION, CONFIGURATION + '.saved')
        self.root = Caller('root')
        self.polkitd = Polkitd(self.root)
        self.alice = Caller('alice')
        self.channel = self.open(self.alice)
        self.take()

    def tearDown(self):
        remove_credentials()
        os.rename(CONFIGURATION + '.saved', CONFIGURATION)
        stop_service()
        self.alice.close()
        self.root.close()

    def open(self, caller):
        channel = Channel(caller.connection)
        self.addCleanup(channel.close)
        return channel

    def take(self):
        """What polkit was asked since the last time: actions."""
        return [action for action, _, _ in self.questions.take(self.root)]

    def handshake(self, channel=None, identity='localhost', port=None, **options):
        """How it ends: the state, or the error's name."""
        named = {key.replace('_', '-'): value for key, value in options.items()}
        channel = channel or self.channel
        with connect(port or self.port) as end:
            try:
                return channel.wait(channel.start_handshake(end, identity, {**OPTIONS, **named})).unpack()[0]
            except Failure as failure:
                return failure.name.rsplit('.', 1)[1]

    def assert_remembered(self, *arguments, **options):
        """Handshakes are done without polkit; not at once, if news of polkit's comes in between."""
        deadline = time.monotonic() + TIMEOUT
        asked = None
        while asked != []:
            self.assertLess(time.monotonic(), deadline, f'polkit is still asked {asked}')
            self.take()
            self.assertEqual(self.handshake(*arguments, **options), 'complete')
            asked = self.take()

    def assert_asked(self, *arguments, actions=(AS_CLIENT,), **options):
        """A handshake is done with polkit's permission."""
        self.take()
        self.assertEqual(self.handshake(*arguments, **options), 'complete')
        self.assertEqual(self.take(), list(actions))

    def heard(self):
        """What the bus had for the service has arrived there."""
        self.alice.round_trip()

    def reload(self):
        self.root.call(ROOT, MANAGER, 'Reload')

    def wait_for_end(self, end):
        """Handshakes end so, with what polkit has to be told by the kernel or the clock."""
        deadline = time.monotonic() + TIMEOUT
        while self.handshake() != end:
            self.assertLess(time.monotonic(), deadline)
