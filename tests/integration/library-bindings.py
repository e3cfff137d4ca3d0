#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Every public function, called from Python and from JavaScript, with what comes back used. The introspection data says
which there are: one that no program here calls is a failure. The program in Python is this file with an argument; it
runs under valgrind too, since a lent pointer that is kept shows only there. The one in JavaScript, which valgrind cannot
follow, has its freed memory overwritten."""

import os
import ssl
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from tls_server import TlsServer

GIR = '/usr/share/gir-1.0/TlsHandoff-1.gir'
CERTS = os.environ['HANDOFF_TEST_CERTS']
TIMEOUT = 200


def list_functions():
    """All that bindings can call, as Type.function; or function."""
    core = '{http://www.gtk.org/introspection/core/1.0}'
    names = set()

    def collect(element, prefix):
        for child in element:
            tag = child.tag.replace(core, '')
            # Those of an enumeration are the namespace's once more.
            if tag in ('class', 'record', 'interface'):
                collect(child, child.get('name') + '.')
            elif tag in ('function', 'method', 'constructor') and child.get('introspectable') != '0' and \
                    child.get('shadowed-by') is None:
                names.add(prefix + (child.get('shadows') or child.get('name')))

    collect(ElementTree.parse(GIR).getroot().find(core + 'namespace'), '')
    return names


class LibraryBindings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = TlsServer()
        cls.functions = list_functions()

    def tearDown(self):
        remove_credentials()

    def check(self, *argv, **variables):
        environment = dict(os.environ, G_DEBUG='fatal-criticals', G_SLICE='always-malloc', MALLOC_PERTURB_='165',
                           GSETTINGS_BACKEND='memory', **variables)
        done = subprocess.run([*argv, str(self.server.port)], env=environment, timeout=TIMEOUT, text=True,
                              stdout=subprocess.PIPE)
        self.assertEqual(done.returncode, 0)
        called = set(done.stdout.split())
        self.assertGreater(len(called), 60)
        self.assertEqual(self.functions - called, set(), 'nobody calls these')
        self.assertEqual(called - self.functions, set(), 'there are no such functions')

    def test_python(self):
        self.check(sys.executable, '-W', 'error::RuntimeWarning', __file__)

    def test_python_memory(self):
        self.check('valgrind', '-q', '--error-exitcode=9', '--undef-value-errors=no', sys.executable, __file__,
                   PYTHONMALLOC='malloc')

    def test_javascript(self):
        self.check('gjs', os.path.splitext(__file__)[0] + '.js')


def program(port):
    import gi
    gi.require_version('TlsHandoff', '1')
    from gi.repository import Gio, GLib, TlsHandoff

    called = set()

    def call(owner, name, *arguments):
        """owner.name(*arguments). owner: an object of the library's, one of its types, or the namespace"""
        if owner is TlsHandoff:
            called.add(name)
        else:
            owner_type = owner if isinstance(owner, type) else type(owner)
            # The type that has it, which may be a parent.
            named = next(t for t in owner_type.__mro__ if name in vars(t))
            called.add(f'{named.__name__}.{name}')
        return getattr(owner, name)(*arguments)

    def wait(owner, name, *arguments, before_last=lambda: None):
        """The same of name_async and name_finish."""
        loop = GLib.MainLoop()
        results = []

        def done(_, result, *__):
            results.append(result)
            loop.quit()

        call(owner, name + '_async', *arguments, None, done)
        before_last()
        if not results:
            loop.run()
        return call(owner, name + '_finish', results[0])

    def fails(code, function):
        try:
            function()
        except GLib.Error as error:
            assert error.matches(call(TlsHandoff, 'error_quark'), code), error
            return error
        raise AssertionError('no error')

    def read(name):
        with open(f'{CERTS}/{name}') as file:
            return file.read()

    def der(name):
        """Alive for the call alone."""
        return GLib.Bytes.new(ssl.PEM_cert_to_DER_cert(read(name)))

    def churn():
        """What was freed is used again."""
        return [GLib.Bytes.new(b'\xa5' * 600) for _ in range(200)]

    def connect(to_port):
        client = Gio.SocketClient()
        client.set_enable_proxy(False)
        return client.connect_to_host('127.0.0.1', to_port)

    Flags, Roles, Error = TlsHandoff.HandshakeFlags, TlsHandoff.CredentialRoles, TlsHandoff.Error
    NONE = Flags(0)

    # Managers and what they tell.
    manager = call(TlsHandoff.Manager, 'new_sync', None, None)
    loop = GLib.MainLoop()
    results = []
    call(TlsHandoff.Manager, 'new_async', None, None, lambda _, result: (results.append(result), loop.quit()))
    loop.run()
    other = call(TlsHandoff.Manager, 'new_finish', results[0])
    assert call(other, 'get_connection') == call(manager, 'get_connection')
    assert 'TLS1.3' in call(manager, 'get_status_sync', None).unpack()['Protocols']
    assert call(manager, 'get_statistics_sync', NONE, None).unpack()
    assert call(manager, 'reload_sync', NONE, None)
    assert wait(manager, 'get_status').unpack() == call(manager, 'get_status_sync', None).unpack()
    assert 'handshakes-completed' in wait(manager, 'get_statistics', NONE).unpack()
    log = call(manager, 'get_log_sync', False, NONE, None).unpack()
    assert log[0]['message'] and wait(manager, 'get_log', False, NONE).unpack()[0] == log[0]
    assert wait(manager, 'reload', NONE)

    # Credentials.
    pem = GLib.Bytes.new((read('ecdsa.pem') + read('ecdsa.key')).encode())
    imported = call(manager, 'import_credential_sync', 'site', pem, None, Roles.SERVER, -1, NONE, None)
    client_pem = GLib.Bytes.new((read('client.pem') + read('client.key')).encode())
    mine = wait(manager, 'import_credential', 'me', client_pem, None, Roles.CLIENT, -1, NONE)
    made = call(manager, 'generate_credential_sync', 'made', 'ed25519', Roles(0), -1, NONE, None)
    made_too = wait(manager, 'generate_credential', 'made too', 'ecdsa-p256', Roles(0), -1, NONE)
    fails(Error.CREDENTIAL_NOT_FOUND,
          lambda: call(manager, 'link_credential_sync', 'x', 'pkcs11:token=a;object=b', '1', [der('ecdsa.pem')], Roles(0), -1,
                       NONE, None))
    fails(Error.CREDENTIAL_NOT_FOUND,
          lambda: wait(manager, 'link_credential', 'x', 'pkcs11:token=a;object=b', None, None, Roles(0), -1, NONE))
    assert {c.get_label() for c in call(manager, 'list_credentials_sync', False, NONE, None)} >= {'site', 'made too'}
    for credential in wait(manager, 'list_credentials', False, NONE):
        assert call(credential, 'get_label') in ('site', 'me', 'made', 'made too')
        assert call(credential, 'get_object_path').startswith('/org/tlshandoff/Handoff1/')
        assert call(credential, 'get_owner') == os.getuid()
        assert call(credential, 'get_storage') == 'file'
        assert call(credential, 'get_token') is None
    assert call(imported, 'get_roles') == Roles.SERVER
    assert call(imported, 'get_key_algorithm') and call(made, 'get_key_algorithm').lower() == 'ed25519', \
        made.get_key_algorithm()
    assert call(imported, 'get_not_after') > 0 and call(made, 'get_not_after') == 0
    assert call(made, 'get_problem')
    assert call(imported, 'get_certificates')[0].equal(der('ecdsa.pem'))
    standing_for_it = call(imported, 'get_certificate')
    assert standing_for_it.is_same(Gio.TlsCertificate.new_from_file(f'{CERTS}/ecdsa.pem'))
    assert standing_for_it.props.private_key_pem is None and call(made, 'get_certificate') is None
    request = call(made, 'create_certificate_request_sync', 'CN=x', ['x.test'], None, ['x@x.test'], NONE, None)
    assert request.get_data()[0] == 0x30
    request = wait(made_too, 'create_certificate_request', None, None, ['192.0.2.1'], None, NONE)
    assert request.get_data()[0] == 0x30
    assert call(imported, 'set_certificates_sync', [der('ecdsa.pem')], NONE, None)
    assert wait(imported, 'set_certificates', [der('ecdsa.pem'), der('ca.pem')], NONE)
    fails(Error.INVALID_ARGUMENT, lambda: call(imported, 'set_certificates_sync', [None], NONE, None))
    fails(Error.INVALID_ARGUMENT, lambda: call(imported, 'set_certificates_sync', [], NONE, None))
    assert call(made, 'self_sign_sync', 'CN=x', ['x.test'], None, None, 2, NONE, None)
    assert wait(made_too, 'self_sign', None, ['x.test'], None, None, 0, NONE)
    response = GLib.Bytes.new(open(f'{CERTS}/ecdsa.ocsp', 'rb').read())
    assert call(imported, 'set_ocsp_response_sync', response, NONE, None)
    stapled = [c for c in call(manager, 'list_credentials_sync', False, NONE, None) if c.get_label() == 'site'][0]
    assert call(stapled, 'get_ocsp_not_after') > 0 and call(imported, 'get_ocsp_not_after') == 0
    assert wait(imported, 'set_ocsp_response', None, NONE)
    fails(Error.INVALID_ARGUMENT, lambda: call(imported, 'set_ocsp_response_sync', der('ecdsa.pem'), NONE, None))
    for unlock in (lambda: call(made, 'unlock_sync', '1', NONE, None), lambda: wait(made, 'unlock', '1', NONE)):
        try:
            unlock()
            raise AssertionError('a key in a file has no PIN')
        except GLib.Error:
            pass
    assert call(made, 'remove_sync', NONE, None)
    assert wait(made_too, 'remove', NONE)

    # Options.
    options = call(TlsHandoff.HandshakeOptions, 'new')
    call(options, 'set_trust_anchors', [der('other-ca.pem'), der('ca.pem')])
    call(options, 'set_application_protocols', ['h' + '2', 'http/' + '1.1'])
    call(options, 'set_credential', 'm' + 'e')
    kept = churn()
    anchors = call(options, 'dup_trust_anchors')
    assert len(anchors) == 2 and anchors[1].equal(der('ca.pem'))
    call(options, 'set_protocol_range', Gio.TlsProtocolVersion.TLS_1_3, Gio.TlsProtocolVersion.TLS_1_3)
    call(options, 'set_timeout', 20)
    call(options, 'set_resumption', True)
    call(options, 'set_review', lambda certificates, errors: False)
    call(options, 'set_credential_choice', TlsHandoff.CredentialChoice.AUTOMATIC)
    assert options.props.credential_choice == TlsHandoff.CredentialChoice.AUTOMATIC
    server_options = TlsHandoff.HandshakeOptions.new()
    server_options.set_application_protocols(['http/1.1'])
    server_options.set_trust_anchors([der('client-ca.pem')])
    call(server_options, 'set_client_certificate', Gio.TlsAuthenticationMode.REQUIRED)
    call(server_options, 'set_credential_pem', GLib.Bytes.new((read('ecdsa.pem') + read('ecdsa.key')).encode()))
    plain = TlsHandoff.HandshakeOptions.new()
    plain.set_trust_anchors([])
    call(plain, 'unset_trust_anchors')
    call(plain, 'set_server_name', 'www.handoff.test')
    assert call(plain, 'set_cipher_suites', ['TLS_AES_256_GCM_SHA384'])
    fails(Error.INVALID_ARGUMENT, lambda: call(plain, 'set_cipher_suites', ['TLS_NULL']))
    assert not plain.dup_trust_anchors()
    call(plain, 'set_trust_anchors_pem', GLib.Bytes.new((read('other-ca.pem') + read('ca.pem')).encode()))
    assert [der('ca.pem').equal(anchor) for anchor in plain.dup_trust_anchors()] == [False, True]
    fails(Error.INVALID_ARGUMENT, lambda: plain.set_trust_anchors_pem(GLib.Bytes.new(b'none')))

    # Handshakes: of both sides at once, and with OpenSSL.
    listener = Gio.SocketListener()
    listening = listener.add_any_inet_port(None)
    here = connect(listening)
    there = listener.accept(None)[0]
    results = []
    loop = GLib.MainLoop()

    def done(_, result):
        results.append(result)
        if len(results) == 2:
            loop.quit()

    call(manager, 'handshake_as_server_async', there.get_socket(), server_options, NONE, None, done)
    call(other, 'handshake_as_client_async', here.get_socket(), 'localhost', options, NONE, None, done)
    loop.run()
    results.sort(key=lambda result: result.get_source_object() != manager)
    served = call(manager, 'handshake_as_server_finish', results[0])
    client = call(other, 'handshake_as_client_finish', results[1])

    opened = call(manager, 'handshake_as_client_sync', connect(port).get_socket(), 'localhost', options, NONE, None)
    peer = Gio.Subprocess.new(['openssl', 's_client', '-connect', f'127.0.0.1:{listening}', '-cert',
                               CERTS + '/client.pem', '-key', CERTS + '/client.key'],
                              Gio.SubprocessFlags.STDIN_PIPE | Gio.SubprocessFlags.STDOUT_SILENCE |
                              Gio.SubprocessFlags.STDERR_SILENCE)
    accepted = listener.accept(None)[0]
    answered = call(manager, 'handshake_as_server_sync', accepted.get_socket(), server_options, NONE, None)
    assert len(answered.get_peer_certificates()) == 1
    peer.force_exit()
    peer.wait()

    # Results.
    assert call(client, 'get_application_protocol') == 'http/1.1'
    assert call(client, 'get_ciphersuite_name').startswith('TLS_')
    assert call(client, 'get_credential') == 'me' and call(served, 'get_credential') is None
    assert 'seal' in call(client, 'get_key_blob_seals')
    assert 0 < call(client, 'get_key_blob_size') < 65536
    assert call(client, 'get_ocsp_status') == 'none' and call(client, 'get_ocsp_problem') is None
    certificates = call(client, 'get_peer_certificates')
    assert certificates[0].equal(der('ecdsa.pem')) and served.get_peer_certificates()[0].equal(der('client.pem'))
    assert len(call(client, 'get_verified_chain')) == 1 and call(client, 'get_certificate_requested')
    assert call(client, 'get_certificate_authorities') and not served.get_certificate_authorities()
    assert call(client, 'get_protocol_version') == Gio.TlsProtocolVersion.TLS_1_3
    assert not call(client, 'get_resumed')
    assert call(client, 'get_server_name') == 'localhost'
    assert len(call(manager, 'list_sessions_sync', False, NONE, None).unpack()) >= 0
    assert len(wait(manager, 'list_sessions', False, NONE).unpack()) >= 0

    # Record layers, whose records are handed over directly. First what the sockets hold already: the tickets.
    ours, theirs = call(client, 'get_record_layer'), call(served, 'get_record_layer')
    assert call(ours, 'get_protocol_version') == Gio.TlsProtocolVersion.TLS_1_3
    assert call(ours, 'get_ciphersuite_name') == client.get_ciphersuite_name()
    assert call(ours, 'get_protected_size', 1000) > 1000

    waiting = here.get_input_stream().read_bytes(65536, None)
    data, consumed, status = call(ours, 'unprotect_bytes', waiting)
    assert data.get_size() == 0 and consumed == waiting.get_size() and status == TlsHandoff.RecordStatus.DATA
    assert call(ours, 'take_session_tickets').get_data()[0] == 4
    call(client, 'forward_session_tickets')
    call(ours, 'update_keys', False)
    update = call(ours, 'take_output')
    assert theirs.unprotect_bytes(update)[1] == update.get_size()
    for size in (5, 20000):
        records = call(ours, 'protect_bytes', GLib.Bytes.new(b'x' * size))
        assert records.get_size() > size
        data, consumed, status = theirs.unprotect_bytes(records)
        assert data.get_data() == b'x' * size and consumed == records.get_size()
    exporter = call(ours, 'dup_channel_binding_data', Gio.TlsChannelBindingType.EXPORTER)
    assert exporter.get_size() == 32
    assert theirs.dup_channel_binding_data(Gio.TlsChannelBindingType.EXPORTER).equal(exporter)
    key = call(TlsHandoff.ImportKey, 'new')
    fd = call(ours, 'export', call(key, 'dup_public_key'), GLib.Bytes.new(b'read'), GLib.Bytes.new(b'\x17\x03'))
    moved = call(TlsHandoff.RecordLayer, 'new_from_key_blob', key, fd)
    os.close(fd)
    assert call(moved, 'take_unread_data').get_data() == b'read'
    assert call(moved, 'take_unread_records').get_data() == b'\x17\x03'
    assert moved.dup_channel_binding_data(Gio.TlsChannelBindingType.EXPORTER).equal(exporter)
    fails(Error.CLOSED, lambda: ours.protect_bytes(GLib.Bytes.new(b'again')))
    fails(Error.KEY_USED, lambda: TlsHandoff.RecordLayer.new_from_key_blob(key, 0))
    assert theirs.unprotect_bytes(moved.protect_bytes(GLib.Bytes.new(b'on')))[0].get_data() == b'on'
    call(moved, 'close')
    assert theirs.unprotect_bytes(moved.take_output())[2] == TlsHandoff.RecordStatus.CLOSED
    failed = fails(Error.RECORD_INVALID, lambda: opened.get_record_layer().unprotect_bytes(GLib.Bytes.new(b'\x17\x03\x03\xff\xff')))

    # Connections.
    base = connect(port)
    connection = call(TlsHandoff.ClientConnection, 'new', base, Gio.NetworkAddress.new('localhost', port), manager)
    call(connection, 'set_options', options)
    call(connection, 'set_flags', Flags.INTERACTIVE)
    assert call(connection, 'get_result') is None
    connection.handshake()
    connection.get_output_stream().write_all(b'echo', None)
    assert connection.get_input_stream().read_bytes(4, None).get_data() == b'echo'
    assert connection.get_result().get_record_layer()
    connection.close()
    here, there = connect(listening), listener.accept(None)[0]
    certificate = Gio.TlsCertificate.new_from_files(CERTS + '/ecdsa.pem', CERTS + '/ecdsa.key')
    server = call(TlsHandoff.ServerConnection, 'new', there, certificate, None)
    connection = TlsHandoff.ClientConnection.new(here, Gio.NetworkAddress.new('localhost', listening), None)
    options.set_application_protocols(None)
    connection.set_options(options)
    results = []
    loop = GLib.MainLoop()
    server.handshake_async(GLib.PRIORITY_DEFAULT, None, done)
    connection.handshake_async(GLib.PRIORITY_DEFAULT, None, done)
    loop.run()
    assert server.get_result().get_server_name() == 'localhost'

    # PyGObject makes another error of what it was given, without the details; a connection has them.
    assert call(TlsHandoff, 'error_get_details', failed) is None
    assert call(TlsHandoff, 'error_get_original_message', failed) is None  # it is no translation
    assert call(connection, 'dup_error_details') is None
    connection = TlsHandoff.ClientConnection.new(connect(port), Gio.NetworkAddress.new('localhost', port), None)
    connection.set_database(None)
    try:
        connection.handshake()
        raise AssertionError('nobody was trusted')
    except GLib.Error as error:
        assert error.matches(Gio.tls_error_quark(), Gio.TlsError.BAD_CERTIFICATE), error
    assert 'unknown-authority' in connection.dup_error_details().unpack()['verification-errors']
    assert len(kept) == 200

    for credential in (imported, mine):
        credential.remove_sync(NONE, None)
    print('\n'.join(sorted(called)))


if __name__ == '__main__':
    if len(sys.argv) == 2 and sys.argv[1].isdigit():
        program(int(sys.argv[1]))
    else:
        from command import remove_credentials
        unittest.main(verbosity=2)
