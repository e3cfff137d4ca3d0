#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The peer of a refused handshake hears why, each time: also a peer that goes on sending, and although the caller
closes its socket as soon as it has the service's reply. Closing a socket with unread input resets the connection."""

import os
import socket
import ssl
import subprocess
import sys
import threading
import unittest

from gi.repository import Gio, GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../integration/support'))
from command import (OWN_RULES, TIMEOUT, certificate, get_free_port, import_credential, remove_credentials, set_rules,
                     wait_for_port)

RUNS = 50
VERSIONS = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2)
# More than the buffers of both sockets hold.
MUCH = bytes(10 << 20)
NO_SERVERS = OWN_RULES + '''polkit.addRule(function(action, subject) {
  if (action.id == "org.tlshandoff.Handoff1.handshake-as-server") return polkit.Result.NO; });
'''
NO_CREDENTIALS = '''polkit.addRule(function(action, subject) {
  if (action.id.match(/use-own-credential$/)) return polkit.Result.NO;
  if (action.id.match(/-own-credentials$/)) return polkit.Result.YES; });
'''


def connect_as_alice():
    os.seteuid(60101)
    try:
        return Gio.DBusConnection.new_for_address_sync(
            os.environ['DBUS_SYSTEM_BUS_ADDRESS'], Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
            Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
    finally:
        os.seteuid(0)


class Refusals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        set_rules(OWN_RULES)
        cls.bus = connect_as_alice()
        import_credential('alice', 'rsa')

    @classmethod
    def tearDownClass(cls):
        remove_credentials()

    def handshake(self, plain, role, options):
        """The error. The socket plain is closed as soon as the error is there."""
        options = dict(options, timeout=GLib.Variant('u', 20))
        key = b'\x09' + os.urandom(31)
        if role == 'server':
            parameters = GLib.Variant('(haya{sv})', (0, key, options))
        else:
            parameters = GLib.Variant('(hsaya{sv})', (0, 'localhost', key, options))
        message = Gio.DBusMessage.new_method_call('org.tlshandoff.Handoff1', '/org/tlshandoff/Handoff1',
                                                  'org.tlshandoff.Handoff1.Manager',
                                                  'HandshakeAs' + role.capitalize())
        message.set_body(parameters)
        # A copy of the socket: it is closed below, and not when Python decides to.
        fds = Gio.UnixFDList.new_from_array([os.dup(plain.fileno())])
        message.set_unix_fd_list(fds)
        reply, _ = self.bus.send_message_with_reply_sync(message, Gio.DBusSendMessageFlags.NONE, TIMEOUT * 1000)
        for fd in fds.steal_fds():
            os.close(fd)
        plain.close()
        return reply.get_error_name()

    def serve(self, listener, options, error):
        """A thread that serves one client."""
        errors = []

        def serve():
            errors.append(self.handshake(listener.accept()[0], 'server', options))

        thread = threading.Thread(target=serve)
        thread.start()

        def end():
            thread.join(TIMEOUT)
            self.assertEqual(errors, ['org.tlshandoff.Handoff1.Error.' + error])

        return end

    def assert_client_hears(self, context, plain, alert, sent_on):
        """With Python's ssl. sent_on: when the peer goes on sending: right after its hello, or when it thinks that all
        is well."""
        plain.settimeout(TIMEOUT)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname='localhost')
        junk = MUCH if sent_on == 'hello' else b''
        with plain, self.assertRaises(ssl.SSLError) as caught:
            done = False
            while True:
                try:
                    if done:
                        tls.read(1)
                    else:
                        tls.do_handshake()
                        done = True
                        if sent_on == 'finished':
                            tls.write(MUCH)
                except ssl.SSLWantReadError:
                    plain.sendall(outgoing.read() + junk)
                    junk = b''
                    data = plain.recv(65536)
                    if data:
                        incoming.write(data)
                    else:
                        incoming.write_eof()
        self.assertIn(alert, str(caught.exception))

    def assert_gnutls_client_hears(self, port, number):
        done = subprocess.run(['gnutls-cli', '--no-ca-verification', '--port', str(port), 'localhost'],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=TIMEOUT)
        self.assertIn(f'Received alert [{number}]', done.stdout)

    # Breaks if a client of a caller that may not be a server sees its connection closed or reset, without a reason.
    def test_denied(self):
        name = {'credential': GLib.Variant('s', 'rsa')}
        for rules, options in ((NO_SERVERS, {}), (NO_CREDENTIALS, name),
                               (OWN_RULES, {'credential': GLib.Variant('s', 'missing')})):
            set_rules(rules)
            self.addCleanup(set_rules, OWN_RULES)
            error = 'CredentialNotFound' if rules == OWN_RULES else 'NotAuthorized'
            with socket.create_server(('127.0.0.1', 0)) as listener:
                for version in VERSIONS:
                    context = ssl.create_default_context(cafile=certificate('ca.pem'))
                    context.maximum_version = version
                    for _ in range(RUNS):
                        end = self.serve(listener, options, error)
                        plain = socket.create_connection(listener.getsockname())
                        self.assert_client_hears(context, plain, 'access denied', 'hello')
                        end()
                for _ in range(RUNS):
                    end = self.serve(listener, options, error)
                    self.assert_gnutls_client_hears(listener.getsockname()[1], 49)
                    end()

    # Breaks if the socket cannot be used for another try, as the interface promises: no byte was sent before these
    # errors.
    def test_another_try(self):
        with socket.create_server(('127.0.0.1', 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            error = self.handshake(listener.accept()[0], 'server', {'nonsense': GLib.Variant('b', True)})
            self.assertEqual(error, 'org.tlshandoff.Handoff1.Error.InvalidArgument')
            with client:
                client.settimeout(TIMEOUT)
                self.assertEqual(client.recv(1), b'')

    # Breaks if a client that needs a certificate, and goes on without one, is reset before it has heard of that.
    def test_no_client_certificate(self):
        with open(certificate('client-ca.pem')) as file:
            anchor = ssl.PEM_cert_to_DER_cert(file.read())
        options = {'credential': GLib.Variant('s', 'rsa'), 'client-certificate': GLib.Variant('s', 'require'),
                   'trust-anchors': GLib.Variant('aay', [anchor])}
        with socket.create_server(('127.0.0.1', 0)) as listener:
            for version in VERSIONS:
                context = ssl.create_default_context(cafile=certificate('ca.pem'))
                context.maximum_version = version
                for _ in range(RUNS):
                    end = self.serve(listener, options, 'HandshakeFailed')
                    plain = socket.create_connection(listener.getsockname())
                    self.assert_client_hears(context, plain, 'alert', 'finished')
                    end()

    def serve_untrusted(self, plain, version):
        """Goes on sending after the first flight. Returns what the client says then."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate('self-signed.pem'), certificate('self-signed.key'))
        context.maximum_version = version
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        plain.settimeout(TIMEOUT)
        junk = b''
        with plain, self.assertRaises(ssl.SSLError) as caught:
            while True:
                try:
                    tls.do_handshake()
                    tls.read(1)
                except ssl.SSLWantReadError:
                    flight = outgoing.read()
                    junk = MUCH if flight else b''
                    plain.sendall(flight + junk)
                    data = plain.recv(65536)
                    if data:
                        incoming.write(data)
                    else:
                        incoming.write_eof()
        return str(caught.exception)

    # Breaks if a server that goes on sending is reset before it has heard that its certificate is not trusted.
    def test_untrusted_server(self):
        with socket.create_server(('127.0.0.1', 0)) as listener:
            for version in VERSIONS:
                for _ in range(RUNS):
                    errors = []
                    client = socket.create_connection(listener.getsockname())
                    thread = threading.Thread(
                        target=lambda plain=client: errors.append(self.handshake(plain, 'client', {})))
                    thread.start()
                    self.assertIn('unknown ca', self.serve_untrusted(listener.accept()[0], version))
                    thread.join(TIMEOUT)
                    self.assertEqual(errors, ['org.tlshandoff.Handoff1.Error.CertificateUntrusted'])

    def test_untrusted_gnutls_server(self):
        port = get_free_port()
        with subprocess.Popen(['gnutls-serv', '--port', str(port), '--x509certfile', certificate('self-signed.pem'),
                               '--x509keyfile', certificate('self-signed.key'), '--echo'], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
            wait_for_port(port)
            for _ in range(RUNS):
                error = self.handshake(socket.create_connection(('127.0.0.1', port)), 'client', {})
                self.assertEqual(error, 'org.tlshandoff.Handoff1.Error.CertificateUntrusted')
            timer = threading.Timer(TIMEOUT, server.kill)
            timer.start()
            n = 0
            for line in server.stdout:
                n += 'fatal alert has been received' in line
                if n == RUNS:
                    break
            timer.cancel()
            server.kill()
        self.assertEqual(n, RUNS)


unittest.main()
