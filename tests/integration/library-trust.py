#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What an application says about trust: GTlsConnection:database and what belongs to it. What is right is what GIO's own
connection does in the same place."""

import itertools
import os
import socket
import ssl
import sys
import threading
import unittest
import weakref

import gi

gi.require_version('TlsHandoff', '1')
from gi.repository import Gio, GLib, TlsHandoff  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import OWN_RULES, certificate, read, set_rules  # noqa: E402
from tls_client import connect, run_handshake  # noqa: E402
from tls_server import TlsServer  # noqa: E402

ALL = Gio.TlsCertificateFlags.VALIDATE_ALL
NONE = Gio.TlsCertificateFlags.NO_FLAGS
UNKNOWN_CA = Gio.TlsCertificateFlags.UNKNOWN_CA
ALL_BUT_UNKNOWN_CA = Gio.TlsCertificateFlags(ALL & ~UNKNOWN_CA)


def say_here(connection):
    connection.sendall(b'here')
    connection.unwrap()


def start_server(name):
    """Says that it is there, on each connection, with one certificate."""
    server = TlsServer(name, say_here)
    # GIO's own connections resume what was accepted, whoever accepts it now.
    server.context.num_tickets = 0
    return server


def der(name):
    return GLib.Bytes.new(ssl.PEM_cert_to_DER_cert(read(name)))


class OwnDatabase(Gio.TlsDatabase):
    """Says what the test says."""

    def __init__(self, verdict):
        super().__init__()
        self.verdict = verdict
        self.asked = []

    def do_verify_chain(self, chain, purpose, identity, interaction, flags, cancellable):
        self.asked.append((chain.props.certificate_pem, purpose, identity and identity.to_string()))
        return self.verdict


def databases():
    """Name → makes what is set as the database."""
    return {
        'nobody': lambda: None,
        'file': lambda: Gio.TlsFileDatabase.new(certificate('ca.pem')),
        'other-file': lambda: Gio.TlsFileDatabase.new(certificate('other-ca.pem')),
        'default': lambda: Gio.TlsBackend.get_default().get_default_database(),
        'own-yes': lambda: OwnDatabase(NONE),
        'own-no': lambda: OwnDatabase(Gio.TlsCertificateFlags.INSECURE | Gio.TlsCertificateFlags.EXPIRED),
    }


def get_error(connection, asynchronous):
    """What the handshake fails with, or None."""
    try:
        run_handshake(connection, asynchronous)
        return None
    except GLib.Error as error:
        return error


class Outcome:
    """What becomes of a handshake that is set up by set_up(connection). answer: of accept-certificate; None: no
    handler."""

    def __init__(self, connection, set_up, answer, asynchronous):
        self.asked = []
        set_up(connection)
        if answer is not None:
            connection.connect('accept-certificate', self.accept, answer)
        error = get_error(connection, asynchronous)
        self.error = error
        self.accepted = error is None
        self.bad_certificate = error is not None and error.matches(Gio.tls_error_quark(), Gio.TlsError.BAD_CERTIFICATE)
        self.errors = connection.get_peer_certificate_errors()
        self.has_certificate = connection.get_peer_certificate() is not None
        if error is None:
            assert connection.get_input_stream().read_bytes(4, None).get_data() == b'here'
        try:
            connection.close()
        except GLib.Error:
            assert error is not None

    def accept(self, _, __, errors, answer):
        self.asked.append(int(errors))
        return answer

    def of_interest(self):
        return self.accepted, self.bad_certificate, int(self.errors), self.has_certificate, self.asked


class LibraryTrust(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        set_rules(OWN_RULES)
        cls.servers = {name: start_server(name) for name in ('ecdsa', 'expired', 'wrong-name', 'self-signed')}

    def connect(self, server, ours, pipes=False):
        return connect(self, self.servers[server].port, ours, pipes)

    def compare(self, server, make_database, flags, answer, asynchronous, pipes=False):
        def set_up(connection):
            if make_database is not None:
                connection.set_database(make_database())
            connection.set_validation_flags(flags)

        theirs = Outcome(self.connect(server, False), set_up, answer, asynchronous)
        ours = Outcome(self.connect(server, True, pipes), set_up, answer, asynchronous)
        self.assertEqual(ours.of_interest(), theirs.of_interest(), f'{ours.error} / {theirs.error}')
        return ours

    def compare_all(self, servers, all_flags, asynchronous, pipes):
        for name, server, flags, answer in itertools.product(databases(), servers, all_flags, (None, True, False)):
            if (name, server) == ('nobody', 'expired'):
                # There GIO's own does not look at the date.
                continue
            with self.subTest(database=name, server=server, flags=hex(flags), answer=answer):
                self.compare(server, databases()[name], flags, answer, asynchronous, pipes)

    def test_client(self):
        """Breaks if anything that the application says is ignored: another authority is trusted, or another database is
        asked."""
        self.compare_all(self.servers, (ALL, ALL_BUT_UNKNOWN_CA, NONE), False, False)

    def test_client_async(self):
        self.compare_all(self.servers, (ALL,), True, False)

    def test_client_on_a_stream(self):
        self.compare_all(('ecdsa', 'wrong-name'), (ALL,), True, True)

    def test_positive(self):
        """Breaks if the comparison compares failures alone."""
        self.assertTrue(self.compare('ecdsa', databases()['file'], ALL, None, False).accepted)
        self.assertTrue(self.compare('expired', databases()['own-yes'], ALL, None, True).accepted)
        nobody = self.compare('ecdsa', databases()['nobody'], ALL, None, False)
        self.assertTrue(nobody.bad_certificate)
        self.assertTrue(nobody.errors & UNKNOWN_CA)

    def test_own_database_is_asked(self):
        """Breaks if the database is not told what it is to judge, or is asked twice."""
        for asynchronous in (False, True):
            database = OwnDatabase(NONE)
            self.compare('ecdsa', lambda: database, ALL, None, asynchronous)
            # GIO's own, and ours.
            self.assertEqual(len(database.asked), 2)
            self.assertEqual(database.asked[0], database.asked[1])

    def test_words(self):
        """Breaks if the error blames a database that accepts the certificate, or that could not be asked; or if it
        does not say what the database has against it, or that it was the application who chose whom to trust."""
        class Broken(OwnDatabase):
            def do_verify_chain(self, *_):
                raise GLib.Error.new_literal(Gio.io_error_quark(), 'the disk is gone', Gio.IOErrorEnum.FAILED)

        for asynchronous in (False, True):
            connection = self.connect('ecdsa', True)
            connection.set_database(Broken(NONE))
            self.assertIn('the disk is gone', get_error(connection, asynchronous).message)
            self.assertTrue(connection.get_peer_certificate_errors() & Gio.TlsCertificateFlags.GENERIC_ERROR)
        connection = self.connect('ecdsa', True)
        connection.set_database(databases()['own-no']())
        self.assertRegex(get_error(connection, False).message,
                         'database does not trust .*: it has expired; its signature or its key is too weak$')
        for database, server, trusted in (('other-file', 'ecdsa', "the application's certificate database"),
                                          ('nobody', 'ecdsa', 'the property database to NULL'),
                                          ('file', 'wrong-name', None)):
            connection = self.connect(server, True)
            connection.set_database(databases()[database]())
            message = get_error(connection, False).message
            self.assertEqual('trusted authorities: ' in message, trusted is not None, message)
            self.assertIn(trusted or 'name', message)
        database = OwnDatabase(NONE)
        outcome = self.serve(True, lambda connection: connection.set_database(database), 'client', None)
        self.assertIn('accept-certificate', outcome.error.message)
        self.assertNotIn('does not trust', outcome.error.message)
        # A server's application that has no database is not said to have one.
        outcome = self.serve(True, lambda connection: None, 'client', None)
        self.assertIn("GIO's default certificate database does not trust", outcome.error.message)

    def test_session_state(self):
        """Breaks if an application that copies sessions, as GIO's own connections want it, gets a critical warning."""
        def count(domain, level, *_):
            criticals.append(domain)

        criticals = []
        handler = GLib.log_set_handler('GLib-GIO', GLib.LogLevelFlags.LEVEL_CRITICAL, count, None)
        self.connect('ecdsa', True).copy_session_state(self.connect('ecdsa', True))
        GLib.log_remove_handler('GLib-GIO', handler)
        self.assertEqual(criticals, [])

    def test_properties(self):
        """Breaks if the two properties contradict each other, or what is read is not what was set."""
        default = Gio.TlsBackend.get_default().get_default_database()
        own = OwnDatabase(NONE)
        connection = self.connect('ecdsa', True)
        self.assertEqual(connection.get_database(), default)
        self.assertTrue(connection.props.use_system_certdb)
        for database, system in ((own, False), (None, False), (default, True)):
            connection.set_database(database)
            self.assertEqual(connection.get_database(), database)
            self.assertEqual(connection.props.use_system_certdb, system)
        connection.props.use_system_certdb = False
        self.assertIsNone(connection.get_database())
        connection.props.use_system_certdb = True
        self.assertEqual(connection.get_database(), default)
        connection.set_database(own)
        connection.props.use_system_certdb = False
        self.assertEqual(connection.get_database(), own)

    def test_no_system_certdb(self):
        """Breaks if the deprecated way to say “nobody” is passed over."""
        def set_up(connection):
            connection.props.use_system_certdb = False

        for answer in (None, True):
            ours = Outcome(self.connect('ecdsa', True), set_up, answer, False)
            theirs = Outcome(self.connect('ecdsa', False), set_up, answer, False)
            self.assertEqual(ours.of_interest(), theirs.of_interest())
            self.assertTrue(ours.errors & UNKNOWN_CA)

    def test_replaced_default(self):
        """Breaks if a connection without a database of its own trusts the system although the application replaced the
        default database."""
        backend = Gio.TlsBackend.get_default()
        for verdict in (NONE, Gio.TlsCertificateFlags.REVOKED):
            backend.set_default_database(OwnDatabase(verdict))
            try:
                self.compare('ecdsa', None, ALL, None, False)
                self.compare('ecdsa', backend.get_default_database, ALL, None, True)
            finally:
                backend.set_default_database(None)
        self.assertFalse(self.compare('ecdsa', None, ALL, None, False).accepted)

    def test_both(self):
        """Breaks if one of two contradicting settings is ignored."""
        options = TlsHandoff.HandshakeOptions.new()
        options.set_trust_anchors([GLib.Bytes.new(ssl.PEM_cert_to_DER_cert(read('ca.pem')))])
        for name in ('nobody', 'file', 'own-yes'):
            connection = self.connect('ecdsa', True)
            connection.set_options(options)
            connection.set_database(databases()[name]())
            error = get_error(connection, False)
            self.assertTrue(error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_SUPPORTED), error)
        connection = self.connect('ecdsa', True)
        connection.set_options(options)
        self.assertIsNone(get_error(connection, False))

    def test_nobody_by_options(self):
        """Breaks if an empty list of authorities, for which bindings have no other form, means the system's."""
        options = TlsHandoff.HandshakeOptions.new()
        options.set_trust_anchors([])
        ours = Outcome(self.connect('ecdsa', True), lambda connection: connection.set_options(options), None, False)
        self.assertTrue(ours.bad_certificate)
        self.assertTrue(ours.errors & UNKNOWN_CA)
        self.assertIn('handshake option trust-anchors', ours.error.message)

    def test_server_with_trusting_system(self):
        """Breaks if a server's application is not asked about a client that the system trusts: anybody can be such a
        client."""
        backend = Gio.TlsBackend.get_default()
        backend.set_default_database(OwnDatabase(NONE))
        try:
            for answer in (True, False):
                theirs = self.serve(False, lambda connection: None, 'client', answer)
                ours = self.serve(True, lambda connection: None, 'client', answer)
                self.assertEqual(ours.of_interest(), theirs.of_interest(), f'{ours.error} / {theirs.error}')
                self.assertEqual(ours.accepted, answer)
        finally:
            backend.set_default_database(None)

    def serve(self, ours, set_up, client, answer):
        """A server's handshake with a client of OpenSSL's that has that certificate."""
        here, there = socket.socketpair()
        context = ssl.create_default_context(cafile=certificate('ca.pem'))
        # So that the client's handshake waits for the server's.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate(client + '.pem'), certificate(client + '.key'))

        def talk():
            try:
                with context.wrap_socket(here, server_hostname='localhost') as tls:
                    tls.sendall(b'here')
                    tls.recv(1)
            except (OSError, ssl.SSLError):
                pass

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        base = Gio.Socket.new_from_fd(there.detach()).connection_factory_create_connection()
        own = Gio.TlsCertificate.new_from_files(certificate('ecdsa.pem'), certificate('ecdsa.key'))
        connection = (TlsHandoff.ServerConnection.new(base, own, None) if ours
                      else Gio.TlsServerConnection.new(base, own))
        connection.props.authentication_mode = Gio.TlsAuthenticationMode.REQUIRED
        outcome = Outcome(connection, set_up, answer, True)
        thread.join()
        return outcome

    def test_server(self):
        """Breaks if a server verifies its clients in another way than it was told to."""
        own = {
            'nobody': lambda: None,
            'file': lambda: Gio.TlsFileDatabase.new(certificate('client-ca.pem')),
            'other-file': lambda: Gio.TlsFileDatabase.new(certificate('other-ca.pem')),
            'own-yes': lambda: OwnDatabase(NONE),
            'own-no': lambda: OwnDatabase(Gio.TlsCertificateFlags.INSECURE),
            'default': lambda: Gio.TlsBackend.get_default().get_default_database(),
        }
        accepted = set()
        for name, answer in itertools.product(own, (None, True, False)):
            with self.subTest(database=name, answer=answer):
                def set_up(connection, name=name):
                    connection.set_database(own[name]())

                if (name, answer) == ('default', None):
                    continue  # refused at once, with an error that says what to set
                theirs = self.serve(False, set_up, 'client', answer)
                ours = self.serve(True, set_up, 'client', answer)
                self.assertEqual(ours.of_interest(), theirs.of_interest(), f'{ours.error} / {theirs.error}')
                if ours.accepted:
                    accepted.add((name, answer))
        # As GIO documents it: a server's application has to accept even what verifies.
        self.assertEqual(accepted, {(name, True) for name in own})


class TestReview(unittest.TestCase):
    """The handshakes of a manager, which has no connection to ask."""

    def handshake(self, server, options, asynchronous):
        client = Gio.SocketClient()
        client.set_enable_proxy(False)
        base = client.connect_to_host('127.0.0.1', server.port)
        self.addCleanup(base.close)
        manager = TlsHandoff.Manager.new_sync(None, None)
        arguments = base.get_socket(), 'localhost', options, TlsHandoff.HandshakeFlags.NONE, None
        if not asynchronous:
            return manager.handshake_as_client_sync(*arguments)
        loop = GLib.MainLoop()
        results = []
        manager.handshake_as_client_async(*arguments, lambda _, result: (results.append(result), loop.quit()))
        loop.run()
        return manager.handshake_as_client_finish(results[0])

    def test_review(self):
        """Breaks if the function is not asked about a certificate that does not verify, is asked about one that does, or
        its answer does not count."""
        trusted = [der('ca.pem')]
        for asynchronous, accept in itertools.product((False, True), (False, True)):
            for name, anchors, errors in (('self-signed', trusted, ['unknown-authority']), ('expired', trusted, ['expired']),
                                          ('ecdsa', trusted, None), ('ecdsa', [], ['unknown-authority'])):
                with self.subTest(asynchronous=asynchronous, accept=accept, name=name, anchors=len(anchors)):
                    asked = []

                    def review(certificates, found):
                        asked.append(([bytes(one.get_data()) for one in certificates], found))
                        return accept

                    options = TlsHandoff.HandshakeOptions.new()
                    options.set_trust_anchors(anchors)
                    options.set_review(review)
                    if accept or errors is None:
                        result = self.handshake(start_server(name), options, asynchronous)
                        self.assertEqual(result.get_peer_certificates()[0].get_data(), der(name + '.pem').get_data())
                    else:
                        with self.assertRaises(GLib.Error) as caught:
                            self.handshake(start_server(name), options, asynchronous)
                        self.assertTrue(caught.exception.matches(TlsHandoff.error_quark(),
                                                                 TlsHandoff.Error.CERTIFICATE_UNTRUSTED))
                    self.assertEqual(asked, [] if errors is None else [([der(name + '.pem').get_data()], errors)])

    def test_freed(self):
        """Breaks if what the function needs is kept for longer than the options and the handshake."""
        class Needed:
            pass

        needed = Needed()
        gone = weakref.ref(needed)
        options = TlsHandoff.HandshakeOptions.new()
        options.set_review(lambda _certificates, _errors, needed=needed: needed is not None)
        del needed
        self.handshake(start_server('self-signed'), options, False)
        self.assertIsNotNone(gone())
        del options
        self.assertIsNone(gone())


if __name__ == '__main__':
    unittest.main(verbosity=2)
