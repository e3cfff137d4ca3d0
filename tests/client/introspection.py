#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The library as a language binding sees it, through the typelib."""

import socket
import unittest

import gi

gi.require_version('TlsHandoff', '1')
from gi.repository import Gio, GLib, TlsHandoff  # noqa: E402


class Introspection(unittest.TestCase):

    def test_namespace(self):
        """Breaks if a type or function is not where bindings look for it."""
        for name in ('ClientConnection', 'HandshakeOptions', 'HandshakeResult', 'ImportKey', 'Manager',
                     'RecordLayer', 'HandshakeFlags', 'RecordStatus', 'Error', 'Connection', 'ServerConnection',
                     'Credential', 'CredentialRoles'):
            self.assertTrue(hasattr(TlsHandoff, name), name)
        for name in ('new_sync', 'new_async', 'new_finish', 'handshake_as_client_sync',
                     'handshake_as_client_async', 'handshake_as_client_finish', 'get_status_sync'):
            self.assertTrue(hasattr(TlsHandoff.Manager, name), name)
        for name in ('import_credential', 'generate_credential', 'link_credential', 'list_credentials', 'list_sessions',
                     'get_log', 'handshake_as_server', 'get_status', 'get_statistics', 'reload'):
            for suffix in ('_sync', '_async', '_finish'):
                self.assertTrue(hasattr(TlsHandoff.Manager, name + suffix), name + suffix)
        for name in ('create_certificate_request', 'self_sign', 'set_certificates', 'set_ocsp_response', 'unlock', 'remove'):
            for suffix in ('_sync', '_async', '_finish'):
                self.assertTrue(hasattr(TlsHandoff.Credential, name + suffix), name + suffix)
        self.assertEqual(TlsHandoff.MAJOR_VERSION, 0)

    def test_types(self):
        """Breaks if existing code cannot use the connection as what it is."""
        self.assertTrue(issubclass(TlsHandoff.ClientConnection, Gio.TlsConnection))
        self.assertTrue(issubclass(TlsHandoff.ClientConnection, Gio.TlsClientConnection))
        self.assertTrue(issubclass(TlsHandoff.ServerConnection, Gio.TlsServerConnection))
        for connection in (TlsHandoff.ClientConnection, TlsHandoff.ServerConnection):
            self.assertTrue(issubclass(connection, TlsHandoff.Connection))
        both = TlsHandoff.CredentialRoles.CLIENT | TlsHandoff.CredentialRoles.SERVER
        self.assertEqual(int(both), 3)

    def test_options(self):
        """Breaks if an annotation makes a setter unusable."""
        options = TlsHandoff.HandshakeOptions.new()
        options.set_application_protocols(['h2', 'http/1.1'])
        self.assertEqual(options.props.application_protocols, ['h2', 'http/1.1'])
        options.set_protocol_range(Gio.TlsProtocolVersion.TLS_1_2, Gio.TlsProtocolVersion.TLS_1_3)
        self.assertEqual(options.props.maximum_protocol, Gio.TlsProtocolVersion.TLS_1_3)
        options.set_timeout(5)
        self.assertEqual(options.props.timeout, 5)
        options.set_trust_anchors([GLib.Bytes.new(b'certificate')])
        options.set_credential('site')
        self.assertEqual(options.props.credential, 'site')
        options.set_credential(None)
        options.set_credential_pem(GLib.Bytes.new(b'certificate and key'))
        options.set_client_certificate(Gio.TlsAuthenticationMode.REQUIRED)
        self.assertEqual(options.props.client_certificate, Gio.TlsAuthenticationMode.REQUIRED)

    def test_import_key(self):
        """Breaks if a binding cannot make the key that a handshake needs."""
        key = TlsHandoff.ImportKey.new().dup_public_key()
        self.assertEqual(key.get_size(), 32)

    def test_error(self):
        """Breaks if errors of the domain cannot be told apart."""
        error = GLib.Error.new_literal(TlsHandoff.error_quark(), 'text', TlsHandoff.Error.TIMED_OUT)
        self.assertTrue(error.matches(TlsHandoff.error_quark(), TlsHandoff.Error.TIMED_OUT))
        self.assertFalse(error.matches(TlsHandoff.error_quark(), TlsHandoff.Error.FAILED))

    def test_connection(self):
        """Breaks if a binding cannot make a connection, or does not get its errors."""
        here, there = socket.socketpair()
        stream = Gio.Socket.new_from_fd(here.detach()).connection_factory_create_connection()
        identity = Gio.NetworkAddress.new('localhost', 443)
        connection = TlsHandoff.ClientConnection.new(stream, identity, None)
        self.assertIsInstance(connection, TlsHandoff.ClientConnection)
        self.assertIsNone(connection.get_result())
        options = TlsHandoff.HandshakeOptions.new()
        options.set_trust_anchors([GLib.Bytes.new(b'certificate')])
        connection.set_options(options)
        connection.props.use_system_certdb = False
        with self.assertRaises(GLib.Error) as caught:
            connection.handshake(None)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_SUPPORTED))
        there.close()


if __name__ == '__main__':
    unittest.main()
