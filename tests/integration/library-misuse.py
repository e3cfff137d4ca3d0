#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What mistakes that only language bindings make possible do to a program: a message, and nothing worse. Each case is a
program of its own: this file with the case's name, and a server's port."""

import os
import ssl
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree

import gi

gi.require_version('TlsHandoff', '1')
from gi.repository import Gio, GLib, GObject, TlsHandoff  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from tls_server import TlsServer  # noqa: E402

CERTS = os.environ['HANDOFF_TEST_CERTS']
CORE = '{http://www.gtk.org/introspection/core/1.0}'
TIMEOUT = 100

NONE = TlsHandoff.HandshakeFlags.NONE
# Something of each type that a parameter may have, so that the call gets as far as the function.
SOMETHING = {
    'gboolean': True, 'gint': 1, 'guint': 1, 'gsize': 1, 'gint64': 1, 'utf8': 'x', 'GLib.Bytes': GLib.Bytes.new(b'x'),
    'HandshakeFlags': NONE, 'CredentialRoles': TlsHandoff.CredentialRoles.CLIENT,
    'CredentialChoice': TlsHandoff.CredentialChoice(0), 'GLib.Variant': GLib.Variant('a{sv}', {}),
    'Gio.TlsChannelBindingType': Gio.TlsChannelBindingType.EXPORTER, 'HandshakeOptions': TlsHandoff.HandshakeOptions(),
    'Gio.Cancellable': None, 'GLib.HashTable': {}, 'Gio.AsyncReadyCallback': lambda *_: None,
}


def methods():
    """Name of the class, name of the method, and something for each of its parameters."""
    namespace = ElementTree.parse('/usr/share/gir-1.0/TlsHandoff-1.gir').getroot().find(CORE + 'namespace')
    for of in namespace.iter(CORE + 'class'):
        for method in of.iter(CORE + 'method'):
            if method.get('introspectable') == '0' or method.get('shadowed-by'):
                continue
            values = []
            for parameter in method.iter(CORE + 'parameter'):
                kind = parameter.find(CORE + 'type')
                # The data of a callback is what comes behind it.
                if parameter.get('direction') != 'out' and parameter.get('name') not in ('user_data', 'destroy'):
                    values.append([] if kind is None else SOMETHING.get(kind.get('name')))
            yield of.get('name'), method.get('shadows') or method.get('name'), values


def unmade(_port):
    """Objects that no function of the library made."""
    called = 0
    for of, name, values in methods():
        thing = GObject.new(getattr(TlsHandoff, 'ClientConnection' if of == 'Connection' else of))
        print(of, name, values, flush=True)
        try:
            getattr(thing, name)(*values)
        except (GLib.Error, TypeError) as error:
            print('  ', error, flush=True)
        called += 1
        del thing
    assert called > 60, called


def wait(start, *arguments):
    loop = GLib.MainLoop()
    results = []

    def done(source, result):
        results.append((source, result))
        loop.quit()

    start(*arguments, None, done)
    loop.run()
    return results[0]


def wrong_finish(port):
    """The result of one method, given to the _finish of all others: then the right one still has it."""
    manager = TlsHandoff.Manager.new_sync()
    credential = manager.generate_credential_sync('mine', 'ecdsa-p256', TlsHandoff.CredentialRoles.CLIENT, -1, NONE, None)
    with open(CERTS + '/ca.pem') as file:
        options = TlsHandoff.HandshakeOptions.new()
        options.set_trust_anchors([GLib.Bytes.new(ssl.PEM_cert_to_DER_cert(file.read()))])
    client = Gio.SocketClient()
    client.set_enable_proxy(False)
    base = client.connect_to_host('127.0.0.1', port)
    results = {
        'get_status': wait(manager.get_status_async),
        'list_credentials': wait(manager.list_credentials_async, {}, NONE),
        'list_sessions': wait(manager.list_sessions_async, {}, NONE),
        'reload': wait(manager.reload_async, NONE),
        'handshake_as_client': wait(manager.handshake_as_client_async, base.get_socket(), 'localhost', options, NONE),
        'create_certificate_request': wait(credential.create_certificate_request_async, 'CN=x', [], [], [], NONE),
        'remove': wait(credential.remove_async, NONE),
    }
    for method, (source, result) in results.items():
        for name in sorted(name for name in vars(type(source)) if name.endswith('_finish')):
            # A handshake is a handshake.
            if name not in (method + '_finish', 'new_finish') and not ('handshake' in name and 'handshake' in method):
                print(method, name, flush=True)
                taken = getattr(source, name)(result)
                assert not taken, taken
        assert getattr(source, method + '_finish')(result) is not None


class LibraryMisuse(unittest.TestCase):
    def ends_well(self, case):
        # In the other tests the messages that are expected here end a program.
        done = subprocess.run([sys.executable, __file__, case, str(TlsServer().port)], env=dict(os.environ, G_DEBUG=''),
                              timeout=TIMEOUT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stdout[-1000:] + done.stderr[-2000:])
        return done.stderr

    def test_unmade(self):
        """Breaks if TlsHandoff.RecordLayer() and the like, which have nothing in them, are a crash when they are used."""
        said = self.ends_well('unmade')
        self.assertIn("tls_handoff_record_layer_close: assertion 'handoff_record_layer_is_imported (self)' failed", said)
        self.assertIn("tls_handoff_credential_remove: assertion 'handoff_credential_is_of_service (self)' failed", said)

    def test_wrong_finish(self):
        """Breaks if the result of one method, taken for that of another, is a crash."""
        said = self.ends_well('wrong_finish')
        self.assertIn("tls_handoff_manager_list_sessions: assertion 'result is what its callback got' failed", said)


if __name__ == '__main__':
    if len(sys.argv) == 3:
        globals()[sys.argv[1]](int(sys.argv[2]))
    else:
        unittest.main(verbosity=2)
