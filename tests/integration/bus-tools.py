#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The tools that one reaches for to look at a service on the bus: busctl, gdbus, dbus-send, dbus-monitor; as an ordinary
user, who sees what is his own, and nothing of others."""

import os
import subprocess
import sys
import unittest

from gi.repository import Gio, GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from caller import MANAGER, NAME, ROOT, Caller
from command import OWN_RULES, as_user, certificate, remove_credentials, run, set_rules

OBJECT_MANAGER = 'org.freedesktop.DBus.ObjectManager'
DESTINATION = ('--system', '--dest', NAME, '--object-path', ROOT)


def tool(user, *arguments, fds=()):
    return subprocess.run(as_user(user, *arguments), pass_fds=fds, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)


def create_session(caller):
    return caller.connection.call_sync(NAME, ROOT, MANAGER, 'CreateSession',
                                       GLib.Variant('(ssa{sv})', ('client', 'localhost', {})), None, 0, -1,
                                       None).unpack()[0]


def pipe_with(data):
    """The end to read from."""
    read, write = os.pipe()
    os.write(write, data)
    os.close(write)
    return read


class BusTools(unittest.TestCase):
    def setUp(self):
        set_rules(OWN_RULES)
        self.addCleanup(remove_credentials)
        self.callers = [Caller('alice'), Caller('bob')]
        for caller in self.callers:
            self.addCleanup(caller.close)

    def succeeded(self, *arguments, **keywords):
        done = tool('alice', *arguments, **keywords)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_look(self):
        """Breaks if a tool cannot show what there is, or shows what somebody else has."""
        self.assertEqual(run('alice', 'credential', 'generate', '--label', 'mine').returncode, 0)
        self.assertEqual(run('bob', 'credential', 'generate', '--label', 'hers').returncode, 0)
        others = create_session(self.callers[1])
        tree = self.succeeded('busctl', '--system', 'tree', '--list', NAME).split()
        self.assertIn(ROOT, tree)
        # A session is its connection's, and busctl has one of its own; credentials are told by methods alone.
        self.assertEqual([path for path in tree if path.startswith(f'{ROOT}/sessions/')], [])
        self.assertEqual([path for path in tree if path.startswith(f'{ROOT}/credentials/')], [])
        self.assertIn('There is no object', tool('alice', 'busctl', '--system', 'introspect', NAME, others).stdout)

        shown = self.succeeded('busctl', '--system', 'introspect', NAME, ROOT)
        for what in (MANAGER, '.HandshakeAsClient', '.GetLog', '.CipherSuites', OBJECT_MANAGER, '.GetManagedObjects',
                     '.InterfacesAdded', 'org.freedesktop.DBus.Properties', '.PropertiesChanged'):
            self.assertIn(what, shown.split())
        managed = self.succeeded('busctl', '--system', 'call', NAME, ROOT, OBJECT_MANAGER, 'GetManagedObjects')
        self.assertTrue(managed.startswith('a{oa{sa{sv}}} 1 '), managed)
        self.assertIn('"mine"', managed)
        self.assertNotIn('"hers"', managed)
        own, = [word.strip('"') for word in managed.split() if '/credentials/' in word]
        shown = self.succeeded('busctl', '--system', 'introspect', NAME, own)
        self.assertRegex(shown, r'\.Label +property +s +"mine"')
        shown = self.succeeded('gdbus', 'introspect', '--system', '--dest', NAME, '--object-path', own)
        self.assertIn('interface org.tlshandoff.Handoff1.Credential', shown)
        self.assertIn("readonly s Label = 'mine'", shown)
        sent = self.succeeded('dbus-send', '--system', '--print-reply', f'--dest={NAME}', ROOT,
                              f'{OBJECT_MANAGER}.GetManagedObjects')
        self.assertIn('string "mine"', sent)

    def test_descriptors(self):
        """Breaks if what the D-Bus reference says of descriptors is wrong: gdbus passes those that it inherited."""
        with open(certificate('client.pem'), 'rb') as chain, open(certificate('client.key'), 'rb') as key:
            read = pipe_with(key.read() + chain.read())
        shown = self.succeeded('gdbus', 'call', *DESTINATION, '--method', f'{MANAGER}.ImportCredential', 'site',
                               str(read), '{}', fds=[read])
        os.close(read)
        self.assertIn('/credentials/', shown)
        refused = tool('alice', 'busctl', '--system', 'call', NAME, ROOT, MANAGER, 'ImportCredential', 'sha{sv}', 'other',
                       '0', '0')
        self.assertNotEqual(refused.returncode, 0, refused.stdout)
        self.assertNotEqual(run('alice', 'credential', 'show', 'other').returncode, 0)

    def test_listen(self):
        """Breaks if somebody hears the signals, or the calls, of another user."""
        monitors = [
            subprocess.Popen(as_user('bob', *command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for command in (('gdbus', 'monitor', '--system', '--dest', NAME),
                            ('dbus-monitor', '--system', f"sender='{NAME}'"),
                            ('busctl', '--system', 'monitor', NAME))
        ]
        # The bus lets root alone watch.
        output, _ = monitors[2].communicate(timeout=60)
        self.assertNotEqual(monitors[2].returncode, 0)
        self.assertRegex(output, 'Access denied|denied|not allowed')
        for monitor in monitors[:2]:
            # It listens.
            monitor.stdout.readline()
        told = []
        alice = self.callers[0].connection
        alice.signal_subscribe(NAME, OBJECT_MANAGER, None, ROOT, None, Gio.DBusSignalFlags.NO_MATCH_RULE,
                               lambda *signal: told.append(signal[5].unpack()[0]))
        alice.call_sync(NAME, ROOT, OBJECT_MANAGER, 'GetManagedObjects', None, None, 0, -1, None)
        path = create_session(self.callers[0])
        while path not in told:
            GLib.MainContext.default().iteration(True)
        for monitor in monitors[:2]:
            monitor.terminate()
            output, _ = monitor.communicate(timeout=60)
            self.assertNotIn(os.path.basename(path), output)


if __name__ == '__main__':
    unittest.main()
