#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What a client authenticates with when a server wants a certificate: GTlsConnection:certificate, GTlsInteraction, and a
credential of the service's. What is right is what GIO's own connection does in the same place."""

import ctypes
import itertools
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

import gi

gi.require_version('TlsHandoff', '1')
from gi.repository import Gio, GLib, TlsHandoff  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import OWN_RULES, TIMEOUT, certificate, get_free_port, set_rules, wait_for_port  # noqa: E402
from tls_client import connect, run_handshake  # noqa: E402
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


class AsyncCalls:
    """Who waits for asynchronous interactions. PyGObject 3.50 forgets the data of a callback that C gives to Python."""

    FUNCTION = ctypes.CFUNCTYPE(None, *3 * [ctypes.c_void_p])
    METHOD = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, *3 * [ctypes.c_void_p])
    # Of GTlsInteractionClass.request_certificate_async: behind GObjectClass and four methods.
    PLACE = 21 * ctypes.sizeof(ctypes.c_void_p)
    methods, waiting = {}, {}

    @classmethod
    def watch(cls, kind):
        if kind in cls.methods:
            return
        class_ref = ctypes.CDLL('libgobject-2.0.so.0').g_type_class_ref
        class_ref.argtypes, class_ref.restype = [ctypes.c_size_t], ctypes.c_void_p
        place = ctypes.c_void_p.from_address(class_ref(hash(kind.__gtype__)) + cls.PLACE)
        inner = cls.METHOD(place.value)

        def method(interaction, *arguments):
            cls.waiting[interaction] = arguments[-2:]
            inner(interaction, *arguments)

        cls.methods[kind] = cls.METHOD(method)
        place.value = ctypes.cast(cls.methods[kind], ctypes.c_void_p).value

    @classmethod
    def answer(cls, interaction, result):
        callback, data = cls.waiting.pop(hash(interaction))
        cls.FUNCTION(callback)(hash(interaction), hash(result), data)


class Interaction(Gio.TlsInteraction):
    """Says what the test says: a certificate, a result, or an error."""

    def __init__(self, chosen=None, result=RESULT.HANDLED, error=None):
        super().__init__()
        if isinstance(self, Late):
            AsyncCalls.watch(type(self))
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
            task = Gio.Task.new(self, cancellable, lambda _, result, *__: AsyncCalls.answer(self, result))
            try:
                task.return_int(int(self.choose(connection)))
            except GLib.Error as error:
                task.return_error(error)
            return False

        self.turns = 5
        GLib.idle_add(answer)

    def do_request_certificate_finish(self, result):
        return RESULT(result.propagate_int())


class Deaf(Late):
    """Does not answer before it is cancelled."""

    def do_request_certificate_async(self, connection, flags, cancellable, callback, user_data):
        def cancelled(_):
            task = Gio.Task.new(self, None, lambda _, result, *__: AsyncCalls.answer(self, result))
            task.return_error(GLib.Error.new_literal(Gio.io_error_quark(), 'cancelled', Gio.IOErrorEnum.CANCELLED))
            return False

        self.asked.append(None)
        self.when_asked()
        source = cancellable.source_new()
        source.set_callback(cancelled)
        source.attach()


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

    def connect(self, server, ours, pipes=False, timeout=0):
        return connect(self, server if isinstance(server, int) else self.servers[server].port, ours, pipes, timeout)

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

    def start_asking_server(self, protocol):
        """One that names the authorities it wants. Its port."""
        port = get_free_port()
        server = subprocess.Popen(
            ['openssl', 's_server', '-accept', f'127.0.0.1:{port}', '-quiet', '-www', '-cert', certificate('ecdsa.pem'),
             '-key', certificate('ecdsa.key'), '-CAfile', certificate('client-ca.pem'), '-verify', '1', '-no_ticket',
             protocol], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        wait_for_port(port)
        return port

    def test_authorities(self):
        """Breaks if the authorities that the server names are not told, or too late for an interaction. Who set a
        certificate is told as well."""
        for protocol in ('-tls1_2', '-tls1_3'):
            port = self.start_asking_server(protocol)
            with open(certificate('client-ca.pem')) as file:
                name = ssl.PEM_cert_to_DER_cert(file.read())
            for client in ('nothing', 'certificate', 'handled', 'both'):
                with self.subTest(protocol=protocol, client=client):
                    outcome = self.compare(port, client, Blocking, False)
                    self.assertEqual(len(outcome.accepted_cas), 1)
                    self.assertIn(outcome.accepted_cas[0], name)
                    if client == 'handled':
                        self.assertEqual(outcome.asked, [outcome.accepted_cas])

    def test_cancelled(self):
        """Breaks if a handshake cannot be cancelled or closed while a person thinks."""
        for protocol, ours, pipes in itertools.product((ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3), (True, False),
                                                       (True, False)):
            connection = self.connect((protocol, ssl.CERT_REQUIRED), ours, pipes)
            connection.set_database(Gio.TlsFileDatabase.new(certificate('ca.pem')))
            cancellable = Gio.Cancellable()
            interaction = Deaf()
            interaction.when_asked = cancellable.cancel
            connection.set_interaction(interaction)
            with self.assertRaises(GLib.Error) as raised:
                run_handshake(connection, True, cancellable)
            self.assertEqual(len(interaction.asked), 1)
            # GIO's own may say that the server wanted a certificate.
            if ours:
                self.assertTrue(raised.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))

    def test_cancelled_in_vain(self):
        """Breaks if an interaction that does not look at its cancellable holds the handshake."""
        class Stubborn(Late):
            def do_request_certificate_async(self, connection, flags, cancellable, *rest):
                self.answer_now = lambda: Late.do_request_certificate_async(self, connection, flags, None, *rest)
                handshake_cancellable.cancel()

        for pipes in (False, True):
            connection = self.connect((ssl.TLSVersion.TLSv1_3, ssl.CERT_REQUIRED), True, pipes)
            connection.set_database(Gio.TlsFileDatabase.new(certificate('ca.pem')))
            handshake_cancellable = Gio.Cancellable()
            interaction = Stubborn(with_key)
            connection.set_interaction(interaction)
            with self.assertRaises(GLib.Error) as raised:
                run_handshake(connection, True, handshake_cancellable)
            self.assertTrue(raised.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))
            # An answer that comes too late does no harm.
            interaction.answer_now()
            while not interaction.asked:
                GLib.MainContext.default().iteration(True)

    def test_time(self):
        """Breaks if the time in which a person thinks counts against the handshake, or against the socket's timeout."""
        class Slow(Late):
            def do_request_certificate_async(self, *arguments):
                GLib.timeout_add(1500, lambda: Late.do_request_certificate_async(self, *arguments))

        options = TlsHandoff.HandshakeOptions.new()
        options.set_timeout(1)
        for pipes in (False, True):
            connection = self.connect((ssl.TLSVersion.TLSv1_3, ssl.CERT_REQUIRED), True, pipes, timeout=1)
            connection.set_options(options)
            self.assertEqual(Outcome(connection, (None, lambda _: Slow(with_key)), None, True).said, b'client')

    def make_credential(self, name, role):
        manager = TlsHandoff.Manager.new_sync(None, None)
        with open(certificate(name + '.pem')) as chain, open(certificate(name + '.key')) as key:
            pem = GLib.Bytes.new((chain.read() + key.read()).encode())
        flags = TlsHandoff.HandshakeFlags.NONE
        credential = manager.import_credential_sync(f'{name} {self.id()}', pem, None, role, -1, flags, None)
        self.addCleanup(credential.remove_sync, flags, None)
        return credential

    def test_credential(self):
        """Breaks if a certificate that stands for a credential is not as good as one with its key, wherever GIO takes
        one."""
        credential = self.make_credential('client', TlsHandoff.CredentialRoles.CLIENT)
        stands = credential.get_certificate()
        self.assertIsNone(stands.props.private_key_pem)
        clients = {'set': (lambda: stands, None), 'chosen': (None, lambda kind: kind(lambda: stands))}
        for protocol, client, kind, pipes in itertools.product(
                (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3), clients.values(), (Blocking, Late), (False, True)):
            connection = self.connect((protocol, ssl.CERT_REQUIRED), True, pipes)
            self.assertEqual(Outcome(connection, client, kind, kind is Late).said, b'client')
            self.assertEqual(connection.get_result().get_credential(), credential.get_label())

    def test_choice(self):
        """Breaks if a server learns who the user is although neither the application nor the administrator said so, or
        does not although one of them did."""
        credential = self.make_credential('client', TlsHandoff.CredentialRoles.CLIENT)
        choice = TlsHandoff.CredentialChoice
        for protocol in ('-tls1_2', '-tls1_3'):
            port = self.start_asking_server(protocol)
            for set_choice, interaction, used in ((choice.DEFAULT, None, False), (choice.CONFIGURED, None, False),
                                                  (choice.AUTOMATIC, None, True),
                                                  (choice.DEFAULT, RESULT.UNHANDLED, False),
                                                  (choice.AUTOMATIC, RESULT.UNHANDLED, True),
                                                  (choice.AUTOMATIC, RESULT.FAILED, True),
                                                  (choice.AUTOMATIC, OWN_ERROR, False)):
                with self.subTest(protocol=protocol, choice=set_choice, interaction=interaction):
                    connection = self.connect(port, True)
                    options = TlsHandoff.HandshakeOptions.new()
                    options.set_credential_choice(set_choice)
                    options.set_resumption(False)
                    connection.set_options(options)
                    make = None
                    if interaction is OWN_ERROR:
                        def make(_):
                            return Blocking(None, RESULT.FAILED, OWN_ERROR)
                    elif interaction is not None:
                        def make(_, result=interaction):
                            return Blocking(None, result)
                    Outcome(connection, (None, make), None, False, reads=False)
                    self.assertEqual(connection.get_result().get_credential(),
                                     credential.get_label() if used else None)

    def test_token(self):
        """Breaks if a certificate whose key is in a token is passed over in silence, or is an error where nobody wants
        it."""
        token = 'pkcs11:token=Handoff%20test;object=client-ecdsa'
        make = os.path.join(os.path.dirname(__file__), '../lib/make-token')
        directory = tempfile.mkdtemp()
        subprocess.run([make, directory, os.environ['HANDOFF_TEST_CERTS']], check=True)
        os.makedirs('/etc/pkcs11/modules', exist_ok=True)
        with open('/etc/pkcs11/modules/handoff-test.module', 'w') as file:
            file.write('module: /usr/lib/softhsm/libsofthsm2.so\n')
        # GnuTLS reads it once a process.
        done = subprocess.run([sys.executable, __file__, 'in-token', token]
                              + [str(self.servers[ssl.TLSVersion.TLSv1_3, mode].port)
                                 for mode in (ssl.CERT_NONE, ssl.CERT_OPTIONAL)],
                              env=dict(os.environ, SOFTHSM2_CONF=directory + '/softhsm2.conf'), timeout=TIMEOUT)
        self.assertEqual(done.returncode, 0)

    def serve(self, ours, certificate_of_server, version):
        """What becomes of a server that insists, whose client has no certificate; and the client's view."""
        here, there = socket.socketpair()
        context = ssl.create_default_context(cafile=certificate('ca.pem'))
        context.minimum_version = context.maximum_version = version
        views = []

        def talk():
            try:
                with context.wrap_socket(here, server_hostname='localhost') as tls:
                    views.append(tls.getpeercert()['subject'])
                    tls.recv(1)
            except (OSError, ssl.SSLError) as error:
                views.append(error)

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        base = Gio.Socket.new_from_fd(there.detach()).connection_factory_create_connection()
        connection = (TlsHandoff.ServerConnection.new(base, certificate_of_server, None) if ours
                      else Gio.TlsServerConnection.new(base, certificate_of_server))
        if certificate_of_server.props.private_key_pem is not None:
            connection.props.authentication_mode = Gio.TlsAuthenticationMode.REQUIRED
        error = None
        try:
            run_handshake(connection, True)
        except GLib.Error as failure:
            error = failure
        try:
            connection.close()
        except GLib.Error:
            pass
        thread.join()
        return error, views

    def test_server(self):
        """Breaks if a server that insists does not say that it is a certificate that it misses; or if a credential is no
        server's certificate."""
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for ours in (True, False):
                error, _ = self.serve(ours, with_key('ecdsa'), version)
                self.assertTrue(error.matches(Gio.tls_error_quark(), Gio.TlsError.CERTIFICATE_REQUIRED), (ours, error))
            stands = self.make_credential('ecdsa', TlsHandoff.CredentialRoles.SERVER).get_certificate()
            error, views = self.serve(True, stands, version)
            self.assertIsNone(error)
            self.assertEqual(views[0][0][0][0], 'commonName')
            self.doCleanups()
        error, _ = self.serve(True, without_key('ecdsa'), version)
        self.assertTrue(error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_SUPPORTED), error)


def use_token(uri, *ports):
    """A program whose certificate has its key in a token."""
    own = Gio.TlsCertificate.new_from_pkcs11_uris(uri + ';type=cert', uri + ';type=private')
    for port, expected in zip(ports, (b'nobody', None)):
        client = Gio.SocketClient()
        client.set_enable_proxy(False)
        base = client.connect_to_host('127.0.0.1', int(port))
        connection = TlsHandoff.ClientConnection.new(base, Gio.NetworkAddress.new('localhost', int(port)), None)
        outcome = Outcome(connection, (lambda: own, None), None, False)
        assert outcome.said == expected, (outcome.said, outcome.error)
        if expected is None:
            assert outcome.error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_SUPPORTED), outcome.error
            assert 'credential link' in outcome.error.message


if __name__ == '__main__':
    if sys.argv[1:2] == ['in-token']:
        use_token(*sys.argv[2:])
    else:
        unittest.main(verbosity=2)
