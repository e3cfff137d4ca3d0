#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What a client authenticates with when a server wants a certificate: GTlsConnection:certificate, GTlsInteraction, and a
credential of the service's. What is right is what GIO's own connection does in the same place."""

import itertools
import os
import ssl
import subprocess
import sys
import unittest

import gi

gi.require_version('TlsHandoff', '1')
from gi.repository import Gio, GLib, TlsHandoff  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import OWN_RULES, TIMEOUT, certificate, get_free_port, set_rules, wait_for_port  # noqa: E402
from tls_server import TlsServer  # noqa: E402

RESULT = Gio.TlsInteractionResult
OWN_ERROR = GLib.Error.new_literal(Gio.io_error_quark(), 'the user went away', Gio.IOErrorEnum.INVALID_DATA)


def tell_name(connection):
    """Says who the client is, in four bytes and more."""
    peer = connection.getpeercert()
    name = dict(item[0] for item in peer['subject'])['commonName'] if peer else 'nobody'
    connection.sendall(name.encode())
    connection.unwrap()


def start_server(protocol, mode):
    server = TlsServer('ecdsa', tell_name)
    server.context.minimum_version = server.context.maximum_version = protocol
    server.context.verify_mode = mode
    server.context.load_verify_locations(certificate('client-ca.pem'))
    # Each connection is to be asked; GIO's own would resume.
    server.context.num_tickets = 0
    server.context.options |= ssl.OP_NO_TICKET
    server.context.set_session_cache = False
    return server


def with_key(name='client'):
    return Gio.TlsCertificate.new_from_files(certificate(name + '.pem'), certificate(name + '.key'))


def without_key(name='client'):
    return Gio.TlsCertificate.new_from_file(certificate(name + '.pem'))


class Interaction(Gio.TlsInteraction):
    """Says what the test says: a certificate, a result, or an error."""

    def __init__(self, chosen=None, result=RESULT.HANDLED, error=None):
        super().__init__()
        self.answer = chosen, result, error
        self.asked = []

    def choose(self, connection):
        chosen, result, error = self.answer
        self.asked.append([bytes(name) for name in connection.get_accepted_cas()])
        if error is not None:
            raise error
        if chosen is not None:
            connection.set_certificate(chosen())
        return result


class Blocking(Interaction):
    def do_request_certificate(self, connection, flags, cancellable):
        return self.choose(connection)


class Late(Interaction):
    """Answers when the main loop has turned a few times."""

    def do_request_certificate_async(self, connection, flags, cancellable, callback, user_data):
        def answer():
            self.turns -= 1
            if self.turns > 0:
                return True
            task = Gio.Task.new(self, cancellable, lambda source, result, *_: callback(source, result))
            try:
                task.return_int(int(self.choose(connection)))
            except GLib.Error as error:
                task.return_error(error)
            return False

        self.turns = 5
        GLib.idle_add(answer)

    def do_request_certificate_finish(self, result):
        return RESULT(result.propagate_int())


# Name → (certificate, interaction): what makes each, or None.
CLIENTS = {
    'nothing': (None, None),
    'certificate': (with_key, None),
    'certificate without a key': (without_key, None),
    'handled': (None, lambda kind: kind(with_key)),
    'unhandled': (None, lambda kind: kind(None, RESULT.UNHANDLED)),
    'failed': (None, lambda kind: kind(None, RESULT.FAILED, OWN_ERROR)),
    'chosen without a key': (None, lambda kind: kind(without_key)),
    'both': (with_key, lambda kind: kind(lambda: with_key('ecdsa'))),
}


def run_handshake(connection, asynchronous):
    """Raises the error."""
    if not asynchronous:
        connection.handshake()
        return
    loop = GLib.MainLoop()
    results = []

    def done(_, result):
        results.append(result)
        loop.quit()

    connection.handshake_async(GLib.PRIORITY_DEFAULT, None, done)
    timer = GLib.timeout_add_seconds(TIMEOUT, os.abort)
    loop.run()
    GLib.source_remove(timer)
    connection.handshake_finish(results[0])


class Outcome:
    """What becomes of a connection: what the server said, or the first error, of the handshake or of the first read."""

    def __init__(self, connection, client, kind, asynchronous, reads=True):
        make_certificate, make_interaction = CLIENTS[client] if isinstance(client, str) else client
        connection.set_database(Gio.TlsFileDatabase.new(certificate('ca.pem')))
        self.notified = 0
        connection.connect('notify::accepted-cas', self.notify)
        if make_certificate is not None:
            connection.set_certificate(make_certificate())
        interaction = None
        if make_interaction is not None:
            interaction = make_interaction(kind)
            connection.set_interaction(interaction)
        self.said = self.error = None
        try:
            run_handshake(connection, asynchronous)
            if reads:
                self.said = connection.get_input_stream().read_bytes(100, None).get_data()
        except GLib.Error as error:
            self.error = error
        self.asked = interaction.asked if interaction is not None else None
        # GIO's own gives Python the names themselves, which are gone the second time.
        self.accepted_cas = self.asked[0] if self.asked else [bytes(name) for name in connection.get_accepted_cas()]
        try:
            connection.close()
        except GLib.Error:
            assert self.error is not None

    def notify(self, *_):
        self.notified += 1

    def of_interest(self):
        return self.said, self.accepted_cas, self.notified > 0, self.asked

    def is_own_error(self):
        return (self.error.domain, self.error.code) == (OWN_ERROR.domain, OWN_ERROR.code)

    def is_tls_error(self, code):
        return self.error.matches(Gio.tls_error_quark(), code)


class LibraryClientCertificate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        set_rules(OWN_RULES)
        cls.servers = {(protocol, mode): start_server(protocol, mode)
                       for protocol in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
                       for mode in (ssl.CERT_NONE, ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED)}

    def setUp(self):
        self.bases = []

    def tearDown(self):
        for base in self.bases:
            base.close()

    def connect(self, server, ours, pipes=False):
        port = server if isinstance(server, int) else self.servers[server].port
        client = Gio.SocketClient()
        client.set_enable_proxy(False)
        base = client.connect_to_host('127.0.0.1', port)
        identity = Gio.NetworkAddress.new('localhost', port)
        if not ours:
            return Gio.TlsClientConnection.new(base, identity)
        if pipes:
            # In the guise of something that is no socket.
            self.bases.append(base)
            base = Gio.SimpleIOStream.new(base.get_input_stream(), base.get_output_stream())
        return TlsHandoff.ClientConnection.new(base, identity, None)

    def compare(self, server, client, kind, asynchronous, pipes=False):
        # The command openssl has nothing to say.
        reads = not isinstance(server, int)
        theirs = Outcome(self.connect(server, False), client, kind, asynchronous, reads)
        ours = Outcome(self.connect(server, True, pipes), client, kind, asynchronous, reads)
        words = f'{ours.error} / {theirs.error}'
        if str(client).endswith('without a key') and theirs.error is not None and ours.error is None:
            # There GIO's own gives up, even if the server does not insist.
            self.assertEqual(ours.said, b'nobody', words)
            self.assertTrue(theirs.is_tls_error(Gio.TlsError.CERTIFICATE_REQUIRED), words)
            return ours
        self.assertEqual(ours.of_interest(), theirs.of_interest(), words)
        if theirs.error is not None:
            def is_reason(outcome):
                return outcome.is_own_error() if client == 'failed' else outcome.is_tls_error(
                    Gio.TlsError.CERTIFICATE_REQUIRED)

            self.assertTrue(is_reason(ours), words)
            # With GIO's own it depends on whether the alert or the end of the stream comes first.
            self.assertTrue(is_reason(theirs) or theirs.is_tls_error(Gio.TlsError.MISC), words)
        return ours

    def compare_all(self, kind, asynchronous, pipes=False):
        for server, client in itertools.product(self.servers, CLIENTS):
            if server[1] == ssl.CERT_NONE and client not in ('nothing', 'both', 'handled'):
                continue
            with self.subTest(server=server, client=client):
                self.compare(server, client, kind, asynchronous, pipes)

    def test_blocking(self):
        """Breaks if an interaction is not asked, is asked in vain, or what it says is ignored."""
        self.compare_all(Blocking, False)

    def test_async(self):
        self.compare_all(Late, True)

    def test_blocking_interaction_of_async_handshake(self):
        self.compare_all(Blocking, True)

    def test_late_interaction_of_blocking_handshake(self):
        self.compare_all(Late, False)

    def test_on_a_stream(self):
        self.compare_all(Late, True, True)

    def test_positive(self):
        """Breaks if the comparison compares failures alone."""
        for protocol in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            outcome = self.compare((protocol, ssl.CERT_REQUIRED), 'handled', Blocking, False)
            self.assertEqual(outcome.said, b'client')
            self.assertEqual(len(outcome.asked), 1)
            outcome = self.compare((protocol, ssl.CERT_REQUIRED), 'nothing', Blocking, False)
            self.assertTrue(outcome.is_tls_error(Gio.TlsError.CERTIFICATE_REQUIRED))
            outcome = self.compare((protocol, ssl.CERT_REQUIRED), 'failed', Late, True)
            self.assertTrue(outcome.is_own_error())

    def test_authorities(self):
        """Breaks if the authorities that the server names are not told, or too late for an interaction. Who set a
        certificate is told as well."""
        for protocol in ('-tls1_2', '-tls1_3'):
            port = get_free_port()
            server = subprocess.Popen(
                ['openssl', 's_server', '-accept', f'127.0.0.1:{port}', '-quiet', '-www', '-cert',
                 certificate('ecdsa.pem'), '-key', certificate('ecdsa.key'), '-CAfile', certificate('client-ca.pem'),
                 '-verify', '1', '-no_ticket', protocol], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
            self.addCleanup(server.wait)
            self.addCleanup(server.kill)
            wait_for_port(port)
            with open(certificate('client-ca.pem')) as file:
                name = ssl.PEM_cert_to_DER_cert(file.read())
            for client in ('nothing', 'certificate', 'handled', 'both'):
                with self.subTest(protocol=protocol, client=client):
                    outcome = self.compare(port, client, Blocking, False)
                    self.assertEqual(len(outcome.accepted_cas), 1)
                    self.assertIn(outcome.accepted_cas[0], name)
                    if client == 'handled':
                        self.assertEqual(outcome.asked, [outcome.accepted_cas])


if __name__ == '__main__':
    unittest.main(verbosity=2)
