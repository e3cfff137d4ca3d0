#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What is not there and what is not the caller's: one answer, on one way. All methods that the service has are tried,
from the introspection data, with all that in them may name something of another user's: the same call, once with the
name of what is there and once with a name of nothing, must end in the same words, after the same questions to polkit;
it is these that take time."""

import os
import socket
import sys
import unittest
import xml.etree.ElementTree

from gi.repository import GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from caller import CREDENTIAL, MANAGER, PROPERTIES, RECIPIENT_KEY, ROOT, SESSION, Caller, Failure, Questions
from command import OWN_RULES, certificate, import_credential, list_all_credentials, remove_credentials, set_rules

INTERFACES = '/usr/share/dbus-1/interfaces/org.tlshandoff.Handoff1.xml'
NOTHING = 'ab' * 16
# What may succeed all the same.
HARMLESS = ('Introspect', 'Ping', 'GetManagedObjects', 'ListCredentials')

# Arguments for each method of an object: right ones, and wrong ones.
ON_OBJECTS = {
    (SESSION, 'Step'): [GLib.Variant('(ay)', (b'',)), GLib.Variant('(ay)', (bytes(200000),))],
    (SESSION, 'ReviewCertificate'): [GLib.Variant('(b)', (True,)), GLib.Variant('(b)', (False,))],
    (SESSION, 'ProvideCredential'): [
        GLib.Variant('(a{sv})', ({},)), GLib.Variant('(a{sv})', ({'credential': GLib.Variant('s', 'mine')},)),
        GLib.Variant('(a{sv})', ({'credential-pem': GLib.Variant('h', 0)},)),
        GLib.Variant('(a{sv})', ({'credential': GLib.Variant('s', '')},))],
    (SESSION, 'ExportKeys'): [GLib.Variant('(ay)', (RECIPIENT_KEY,)), GLib.Variant('(ay)', (b'short',))],
    (SESSION, 'PostHandshake'): [GLib.Variant('(ay)', (b'x',)), GLib.Variant('(ay)', (bytes(200000),))],
    (SESSION, 'Close'): [None],
    (CREDENTIAL, 'CreateCertificateRequest'): [
        GLib.Variant('(a{sv})', ({'subject': GLib.Variant('s', 'CN=x')},)), GLib.Variant('(a{sv})', ({},))],
    (CREDENTIAL, 'SelfSign'): [
        GLib.Variant('(a{sv})', ({'subject': GLib.Variant('s', 'CN=x')},)), GLib.Variant('(a{sv})', ({},))],
    (CREDENTIAL, 'SetCertificates'): [GLib.Variant('(aay)', ([b'x'],)), GLib.Variant('(aay)', ([],))],
    (CREDENTIAL, 'SetOcspResponse'): [GLib.Variant('(ay)', (b'x',)), GLib.Variant('(ay)', (b'',))],
    (CREDENTIAL, 'Unlock'): [GLib.Variant('(h)', (0,)), GLib.Variant('(h)', (7,))],
    (CREDENTIAL, 'Remove'): [None],
}


def on_properties(interface, properties):
    yield PROPERTIES, 'GetAll', GLib.Variant('(s)', (interface,))
    yield PROPERTIES, 'GetAll', GLib.Variant('(s)', ('x.y',))
    for name in [*properties, 'Nonesuch']:
        yield PROPERTIES, 'Get', GLib.Variant('(ss)', (interface, name))
        yield PROPERTIES, 'Set', GLib.Variant('(ssv)', (interface, name, GLib.Variant('s', 'x')))
    yield 'org.freedesktop.DBus.Introspectable', 'Introspect', None
    yield 'org.freedesktop.DBus.Peer', 'Ping', None
    yield 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects', None
    yield interface, 'Nonesuch', None


def with_credential(name):
    return {'credential': GLib.Variant('s', name)}


# For each of the manager's methods how it may name something: (what, function: (name) -> arguments). A label is one of
# Alice's; a path may also be where a list goes on, and a credential's name is either.
def client(options):
    return GLib.Variant('(hsaya{sv})', (0, 'localhost', RECIPIENT_KEY, options))


def server(options):
    return GLib.Variant('(haya{sv})', (0, RECIPIENT_KEY, options))


def session(role):
    return lambda name: GLib.Variant('(ssa{sv})', (role, 'localhost' if role == 'client' else '',
                                                   with_credential(name)))


def of_alice(method):
    """Makes a credential of alice's, whose label she may use already."""
    options = {'owner': GLib.Variant('u', 60101)}
    return {'ImportCredential': lambda name: GLib.Variant('(sha{sv})', (name, 0, options)),
            'GenerateCredential': lambda name: GLib.Variant('(ssa{sv})', (name, 'ecdsa-p256', options)),
            'LinkCredential': lambda name: GLib.Variant('(ssa{sv})', (
                name, 'pkcs11:token=x;object=y;type=private', options))}[method]


MANAGERS = {
    'HandshakeAsClient': [('credential', lambda name: client(with_credential(name)))],
    'HandshakeAsServer': [('credential', lambda name: server(with_credential(name)))],
    'CreateSession': [('credential', session('client')), ('credential', session('server'))],
    'ImportCredential': [('label', of_alice('ImportCredential'))],
    'GenerateCredential': [('label', of_alice('GenerateCredential'))],
    'LinkCredential': [('label', of_alice('LinkCredential'))],
    'ListCredentials': [('path', lambda name: GLib.Variant('(a{sv})', ({
        'after': GLib.Variant('(so)', ('alices', name))},)))],
    'ListSessions': [],
    'GetLog': [],  # its numbers are times
    'GetStatistics': [],
    'OpenChannel': [],  # names nothing: docs/CHANNEL.md; its calls are those of the bus
    'Reload': [],
}


class Oracles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.interfaces = {interface.get('name'): interface
                          for interface in xml.etree.ElementTree.parse(INTERFACES).iter('interface')}

    def setUp(self):
        # Mallory manages credentials of her own, so that a denial is one for what is not hers.
        set_rules(OWN_RULES)
        self.root = Caller('root')
        self.alice = Caller('alice')
        self.mallory = Caller('mallory')
        self.questions = Questions()
        import_credential('alice', 'client', label='alices')
        import_credential('root', 'ecdsa', label='machines')
        self.credentials = {properties.unpack()['Label']: path for path, properties in list_all_credentials()}
        ends = socket.socketpair()
        for end in ends:
            self.addCleanup(end.close)
        self.end = ends[0]
        # Where a PIN or a key would be.
        self.file = open(certificate('rsa.key'), 'rb')
        self.addCleanup(self.file.close)

    def tearDown(self):
        remove_credentials()
        for caller in (self.root, self.alice, self.mallory):
            caller.close()

    def find_out(self, path, interface, method, parameters, name, interactive):
        """What mallory sees of a call, with the name itself taken out."""
        self.questions.take(self.root)
        end = self.end if method.startswith('Handshake') else self.file
        try:
            said = 'done', str(self.mallory.call(path, interface, method, parameters, [end.fileno()],
                                                 interactive=interactive).unpack())
        except Failure as failure:
            said = failure.name, failure.message
        # Of the details that polkit's rules see, the label is for them alone. What polkit does not answer for two
        # seconds it is asked once more.
        asked = []
        for action, details, prompt in self.questions.take(self.root):
            question = action, {key: value for key, value in details.items() if key != 'credential'}, prompt
            if question not in asked:
                asked.append(question)
        return said[0], said[1].replace(name, 'NAME').replace(name.rsplit('/', 1)[-1], 'NAME'), asked

    def assert_same(self, there, nothing, call):
        """call: (name) -> (path, interface, method, parameters)"""
        for interactive in (False, True):
            with self.subTest(call=call(there), interactive=interactive):
                found = self.find_out(*call(there), there, interactive)
                self.assertEqual(found, self.find_out(*call(nothing), nothing, interactive))
                if found[0] == 'done':
                    self.assertIn(call(there)[2], HARMLESS)

    def get_methods(self, interface):
        return [method.get('name') for method in self.interfaces[interface].iter('method')]

    def get_properties(self, interface):
        return [method.get('name') for method in self.interfaces[interface].iter('property')]

    def assert_object(self, there, nothing, interface):
        calls = [(interface, method, arguments) for method in self.get_methods(interface)
                 for arguments in ON_OBJECTS[interface, method]]
        for other, method, arguments in [*calls, *on_properties(interface, self.get_properties(interface))]:
            self.assert_same(there, nothing, lambda path: (path, other, method, arguments))

    def test_all_are_known(self):
        """A new method has to be added to what is tried here."""
        self.assertEqual(sorted(self.interfaces), sorted([MANAGER, SESSION, CREDENTIAL]))
        self.assertEqual(sorted(MANAGERS), sorted(self.get_methods(MANAGER)))
        self.assertEqual(sorted(ON_OBJECTS), sorted((interface, method) for interface in (SESSION, CREDENTIAL)
                                                    for method in self.get_methods(interface)))

    def test_sessions(self):
        """Of a process, and of a user."""
        # All that is tried takes a slow machine its time.
        time = {'timeout': GLib.Variant('u', 300)}
        for options in (time, {**time, 'outlive-caller': GLib.Variant('b', True)}):
            for role, identity in (('client', 'localhost'), ('server', '')):
                there, = self.alice.call(ROOT, MANAGER, 'CreateSession', GLib.Variant('(ssa{sv})', (
                    role, identity, {**options, **with_credential('alices')}))).unpack()
                self.assert_object(there, f'{ROOT}/sessions/{NOTHING}', SESSION)
                self.assertEqual(self.alice.call(there, PROPERTIES, 'Get', GLib.Variant('(ss)', (
                    SESSION, 'State'))).unpack(), ('continue',))
                self.alice.call(there, SESSION, 'Close')

    def test_credentials(self):
        """Another user's, and the machine's."""
        for path in self.credentials.values():
            self.assert_object(path, f'{ROOT}/credentials/{NOTHING}', CREDENTIAL)
        self.assertEqual(len(list_all_credentials()), 2)

    def test_names(self):
        """In what the manager is asked to do."""
        paths = [(path, f'{ROOT}/credentials/{NOTHING}') for path in self.credentials.values()]
        names = {'path': paths, 'label': [('alices', 'nonesuch')],
                 'credential': [*paths, *((label, 'nonesuch') for label in self.credentials)]}
        for method, ways in MANAGERS.items():
            for what, make in ways:
                for there, nothing in names[what]:
                    self.assert_same(there, nothing, lambda name: (ROOT, MANAGER, method, make(name)))

    def test_numbers(self):
        """A session's number does not tell how many sessions others made."""
        def number():
            session, = self.mallory.call(ROOT, MANAGER, 'CreateSession', GLib.Variant('(ssa{sv})', (
                'client', 'localhost', {}))).unpack()
            listed, = self.mallory.call(ROOT, MANAGER, 'ListSessions', GLib.Variant('(a{sv})', ({},))).unpack()
            self.mallory.call(session, SESSION, 'Close')
            return listed[-1]['number']

        first = number()
        for _ in range(5):
            self.alice.call(ROOT, MANAGER, 'CreateSession', GLib.Variant('(ssa{sv})', ('client', 'localhost', {})))
        # Microseconds, of which each call takes many.
        self.assertGreater(number() - first, 100)

    def test_lists(self):
        """Lists tell nothing, and introspection tells nothing either."""
        self.alice.call(ROOT, MANAGER, 'CreateSession', GLib.Variant('(ssa{sv})', ('client', 'localhost', {})))
        for method in ('ListCredentials', 'ListSessions'):
            reply = self.mallory.call(ROOT, MANAGER, method, GLib.Variant('(a{sv})', ({},))).unpack()
            self.assertEqual(reply[0], [])
            with self.assertRaises(Failure) as caught:
                self.mallory.call(ROOT, MANAGER, method, GLib.Variant('(a{sv})', ({'all': GLib.Variant('b', True)},)))
            self.assertTrue(caught.exception.is_ours('NotAuthorized'), caught.exception)
        for path in ('/', ROOT, f'{ROOT}/sessions', f'{ROOT}/credentials'):
            text, = self.mallory.call(path, 'org.freedesktop.DBus.Introspectable', 'Introspect').unpack()
            self.assertNotRegex(text, '[0-9a-f]{32}')


if __name__ == '__main__':
    unittest.main(verbosity=2)
