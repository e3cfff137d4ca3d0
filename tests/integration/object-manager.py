#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""org.freedesktop.DBus.ObjectManager, PropertiesChanged, and the objects in ListSessions(): each caller sees his own."""

import os
import sys
import unittest

from gi.repository import Gio, GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from caller import CREDENTIAL, MANAGER, NAME, ROOT, SESSION, Caller, wait_until
from command import OWN_RULES, certificate, import_credential, remove_credentials, run, set_rules

OBJECT_MANAGER = 'org.freedesktop.DBus.ObjectManager'


class Watcher:
    """A caller that hears signals."""

    def __init__(self, user):
        self.caller = Caller(user)
        self.signals = []
        self.caller.connection.signal_subscribe(NAME, None, None, None, None, Gio.DBusSignalFlags.NO_MATCH_RULE,
                                                lambda _c, _s, path, interface, name, body: self.signals.append(
                                                    (path, f'{interface}.{name}', *body.unpack())))

    def call(self, path, interface, method, arguments=None):
        return self.caller.connection.call_sync(NAME, path, interface, method, arguments, None, 0, -1, None).unpack()

    def objects(self):
        return self.call(ROOT, OBJECT_MANAGER, 'GetManagedObjects')[0]

    def create_session(self, options=None):
        return self.call(ROOT, MANAGER, 'CreateSession',
                         GLib.Variant('(ssa{sv})', ('client', 'localhost', options or {})))[0]

    def wait(self, name):
        """The first signal of that name; all that came are forgotten."""
        def find():
            return [signal for signal in self.signals if signal[1].endswith(f'.{name}')]

        wait_until(find, f'{name} comes')
        found = find()[0]
        self.signals.clear()
        return found

    def settle(self):
        """What was sent before has arrived: the service's answer comes after it."""
        self.call(ROOT, 'org.freedesktop.DBus.Peer', 'Ping')
        while GLib.MainContext.default().iteration(False):
            pass


class ObjectManager(unittest.TestCase):
    def setUp(self):
        set_rules(OWN_RULES)
        self.alice, self.bob = Watcher('alice'), Watcher('bob')
        self.addCleanup(remove_credentials)
        for watcher in (self.alice, self.bob):
            self.addCleanup(watcher.caller.close)

    def test_sessions(self):
        """Breaks if a session is not told of, or to another caller, or by another name than ListSessions() has."""
        self.assertEqual(self.alice.objects(), {})
        self.assertEqual(self.bob.objects(), {})
        path = self.alice.create_session()
        added = self.alice.wait('InterfacesAdded')
        self.assertEqual(added[:3:2], (ROOT, path))
        self.assertEqual(added[3][SESSION]['State'], 'continue')
        self.assertEqual(added[3][SESSION]['ServerIdentity'], 'localhost')
        self.assertEqual(self.alice.objects(), {path: added[3]})
        sessions, = self.alice.call(ROOT, MANAGER, 'ListSessions', GLib.Variant('(a{sv})', ({},)))
        self.assertEqual([session['object'] for session in sessions], [path])

        # No TLS: it fails.
        with self.assertRaises(GLib.Error):
            self.alice.call(path, SESSION, 'ExportKeys', GLib.Variant('(ay)', (b'x',)))
        self.alice.call(path, SESSION, 'Step', GLib.Variant('(ay)', (b'',)))
        self.alice.call(path, SESSION, 'Step', GLib.Variant('(ay)', (64 * b'x',)))
        changed = self.alice.wait('PropertiesChanged')
        self.assertEqual(changed[0], path)
        self.assertEqual(changed[2:], (SESSION, {'State': 'failed'}, []))

        self.alice.call(path, SESSION, 'Close')
        removed = self.alice.wait('InterfacesRemoved')
        self.assertEqual(removed[2:], (path, [SESSION]))
        self.bob.settle()
        self.assertEqual(self.bob.signals, [])

    def test_others(self):
        """Breaks if an administrator is shown an object that does not exist for him."""
        root = Watcher('root')
        self.addCleanup(root.caller.close)
        path = self.alice.create_session({'outlive-caller': GLib.Variant('b', True)})
        options = GLib.Variant('(a{sv})', ({'all': GLib.Variant('b', True)},))
        sessions, = root.call(ROOT, MANAGER, 'ListSessions', options)
        self.assertEqual(len(sessions), 1)
        self.assertNotIn('object', sessions[0])
        self.alice.call(path, SESSION, 'Close')

    def test_timeout(self):
        """Breaks if it is not told that a session fails while nobody calls."""
        self.alice.objects()
        path = self.alice.create_session({'timeout': GLib.Variant('u', 2)})
        changed = self.alice.wait('PropertiesChanged')
        self.assertEqual((changed[0], changed[3]), (path, {'State': 'failed'}))

    def test_credentials(self):
        """Breaks if a credential is not told of, or to somebody who may not see it, or to somebody who has not asked."""
        silent = Watcher('alice')
        self.addCleanup(silent.caller.close)
        silent.settle()
        self.alice.objects()
        self.bob.objects()
        done = run('alice', 'credential', 'generate', '--label', 'mine')
        self.assertEqual(done.returncode, 0, done.stderr)
        added = self.alice.wait('InterfacesAdded')
        self.assertEqual(added[3][CREDENTIAL]['Label'], 'mine')
        self.assertEqual(added[3][CREDENTIAL]['Problem'], 'no-certificate')
        self.assertIn(added[2], self.alice.objects())
        self.assertEqual(run('alice', 'credential', 'remove', 'mine').returncode, 0)
        removed = self.alice.wait('InterfacesRemoved')
        self.assertEqual(removed[2:], (added[2], [CREDENTIAL]))
        for watcher in (self.bob, silent):
            watcher.settle()
            self.assertEqual(watcher.signals, [])

    def test_staple(self):
        """Breaks if who shows until when there is an OCSP response does not hear of another one."""
        import_credential('alice', 'ecdsa')
        self.alice.objects()
        self.assertEqual(run('alice', 'credential', 'staple', 'ecdsa', certificate('ecdsa.ocsp')).returncode, 0)
        changed = self.alice.wait('PropertiesChanged')
        self.assertEqual((changed[2], list(changed[3]), changed[4]), (CREDENTIAL, ['OcspNotAfter'], []))
        self.assertGreater(changed[3]['OcspNotAfter'], 0)
        self.assertEqual(run('alice', 'credential', 'staple', '--remove', 'ecdsa').returncode, 0)
        self.assertEqual(self.alice.wait('PropertiesChanged')[2:], (CREDENTIAL, {'OcspNotAfter': 0}, []))


if __name__ == '__main__':
    unittest.main()
