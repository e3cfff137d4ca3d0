// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The TLS Handoff developers

// Every public function, called from JavaScript, with what comes back used: see library-bindings.py, which runs this.
// Prints what was called. Argument: the port of a server that sends back what it gets.

imports.gi.versions.TlsHandoff = '1';
const {Gio, GLib, GObject, TlsHandoff} = imports.gi;
const System = imports.system;

const CERTS = GLib.getenv('HANDOFF_TEST_CERTS');
const port = parseInt(ARGV[0]);
const called = new Set();
const {CredentialRoles: Roles, Error: Code, HandshakeFlags: Flags} = TlsHandoff;
const OWNERS = ['ClientConnection', 'ServerConnection', 'Connection', 'Credential', 'HandshakeOptions', 'HandshakeResult',
    'ImportKey', 'Manager', 'RecordLayer'];

function check(condition, what) {
    if (!condition)
        throw new Error(`wrong: ${what}`);
}

// owner[name](...); owner: an object of the library's, one of its types, or the namespace
function call(owner, name, ...args) {
    let found = null;
    if (owner === TlsHandoff)
        found = name;
    for (const type of OWNERS) {
        if (found === null && (owner === TlsHandoff[type] ? Object.hasOwn(owner, name)
            : owner instanceof TlsHandoff[type] && Object.hasOwn(TlsHandoff[type].prototype, name)))
            found = `${type}.${name}`;
    }
    check(found !== null, `nobody has ${name}`);
    called.add(found);
    const result = owner[name](...args);
    System.gc();
    return result;
}

// The same of name_async and name_finish.
function wait(owner, name, ...args) {
    const loop = new GLib.MainLoop(null, false);
    let result = null;
    call(owner, `${name}_async`, ...args, null, (_, r) => {
        result = r;
        loop.quit();
    });
    if (result === null)
        loop.run();
    return call(owner, `${name}_finish`, result);
}

function fails(code, run) {
    try {
        run();
    } catch (error) {
        check(error.matches(call(TlsHandoff, 'error_quark'), code), error);
        return error;
    }
    throw new Error('no error');
}

const read = name => new TextDecoder().decode(GLib.file_get_contents(`${CERTS}/${name}`)[1]);
const bytes = data => new GLib.Bytes(typeof data === 'string' ? new TextEncoder().encode(data) : data);
const der = name => bytes(Gio.TlsCertificate.new_from_file(`${CERTS}/${name}`).certificate);
const text = data => new TextDecoder().decode(data.get_data());
// What was freed is used again.
const churn = () => {
    System.gc();
    return Array.from({length: 200}, () => bytes('x'.repeat(600)));
};

function connect(to) {
    const client = new Gio.SocketClient({enable_proxy: false});
    return client.connect_to_host('127.0.0.1', to, null);
}

// Managers and what they tell.
const manager = call(TlsHandoff.Manager, 'new_sync', null, null);
let loop = new GLib.MainLoop(null, false);
let made_result = null;
call(TlsHandoff.Manager, 'new_async', null, null, (_, r) => {
    made_result = r;
    loop.quit();
});
loop.run();
const other = call(TlsHandoff.Manager, 'new_finish', made_result);
check(call(other, 'get_connection') === call(manager, 'get_connection'), 'the connection');
check(call(manager, 'get_status_sync', null).deepUnpack().Protocols.deepUnpack().includes('TLS1.3'), 'status');
check(call(manager, 'get_statistics_sync', Flags.NONE, null), 'statistics');
check(call(manager, 'reload_sync', Flags.NONE, null), 'reload');
check(wait(manager, 'get_status').deepUnpack().Protocols.deepUnpack().includes('TLS1.3'), 'status');
check('handshakes-completed' in wait(manager, 'get_statistics', Flags.NONE).deepUnpack(), 'statistics');
check('message' in call(manager, 'get_log_sync', false, Flags.NONE, null).deepUnpack()[0], 'log');
check('message' in wait(manager, 'get_log', false, Flags.NONE).deepUnpack()[0], 'log');
check(wait(manager, 'reload', Flags.NONE), 'reload');

// Credentials.
const imported = call(manager, 'import_credential_sync', 'site', bytes(read('ecdsa.pem') + read('ecdsa.key')), null,
    Roles.SERVER, -1, Flags.NONE, null);
const mine = wait(manager, 'import_credential', 'me', bytes(read('client.pem') + read('client.key')), null, Roles.CLIENT,
    -1, Flags.NONE);
const made = call(manager, 'generate_credential_sync', 'made', 'ed25519', 0, -1, Flags.NONE, null);
const made_too = wait(manager, 'generate_credential', 'made too', 'ecdsa-p256', 0, -1, Flags.NONE);
fails(Code.CREDENTIAL_NOT_FOUND, () => call(manager, 'link_credential_sync', 'x', 'pkcs11:token=a;object=b', '1',
    [der('ecdsa.pem')], 0, -1, Flags.NONE, null));
fails(Code.CREDENTIAL_NOT_FOUND, () => wait(manager, 'link_credential', 'x', 'pkcs11:token=a;object=b', null, null, 0, -1,
    Flags.NONE));
check(call(manager, 'list_credentials_sync', false, Flags.NONE, null).length === 4, 'list');
for (const credential of wait(manager, 'list_credentials', false, Flags.NONE)) {
    check(['site', 'me', 'made', 'made too'].includes(call(credential, 'get_label')), 'label');
    check(call(credential, 'get_object_path').startsWith('/org/tlshandoff/Handoff1/'), 'path');
    check(call(credential, 'get_owner') === 0, 'owner');
    check(call(credential, 'get_storage') === 'file', 'storage');
    check(call(credential, 'get_token') === null, 'token');
}
check(call(imported, 'get_roles') === Roles.SERVER, 'roles');
check(call(imported, 'get_key_algorithm').length > 0, 'algorithm');
check(call(imported, 'get_not_after') > 0, 'end');
check(call(made, 'get_problem').length > 0, 'problem');
check(call(imported, 'get_certificates')[0].equal(der('ecdsa.pem')), 'certificates');
check(call(imported, 'get_certificate').private_key_pem === null, 'certificate that stands for the credential');
check(call(made, 'get_certificate') === null, 'no certificate yet');
check(call(made, 'create_certificate_request_sync', 'CN=x', ['x.test'], null, ['x@x.test'], Flags.NONE, null)
    .get_data()[0] === 0x30, 'request');
check(wait(made_too, 'create_certificate_request', null, null, ['192.0.2.1'], null, Flags.NONE).get_data()[0] === 0x30,
    'request');
check(call(imported, 'set_certificates_sync', [der('ecdsa.pem')], Flags.NONE, null), 'set');
check(wait(imported, 'set_certificates', [der('ecdsa.pem'), der('ca.pem')], Flags.NONE), 'set');
fails(Code.INVALID_ARGUMENT, () => call(imported, 'set_certificates_sync', [], Flags.NONE, null));
check(call(made, 'self_sign_sync', 'CN=x', ['x.test'], null, null, 2, Flags.NONE, null), 'self-signed');
check(wait(made_too, 'self_sign', null, ['x.test'], null, null, 0, Flags.NONE), 'self-signed');
const [, response] = GLib.file_get_contents(`${CERTS}/ecdsa.ocsp`);
check(call(imported, 'set_ocsp_response_sync', bytes(response), Flags.NONE, null), 'staple');
const stapled = call(manager, 'list_credentials_sync', false, Flags.NONE, null).find(c => c.get_label() === 'site');
check(call(stapled, 'get_ocsp_not_after') > 0, 'stapled until');
check(wait(imported, 'set_ocsp_response', null, Flags.NONE), 'no staple');
fails(Code.INVALID_ARGUMENT, () => call(imported, 'set_ocsp_response_sync', der('ecdsa.pem'), Flags.NONE, null));
for (const unlock of [() => call(made, 'unlock_sync', '1', Flags.NONE, null), () => wait(made, 'unlock', '1', Flags.NONE)]) {
    let unlocked = true;
    try {
        unlock();
    } catch (error) {
        unlocked = false;
    }
    check(!unlocked, 'a key in a file has no PIN');
}
check(call(made, 'remove_sync', Flags.NONE, null), 'remove');
check(wait(made_too, 'remove', Flags.NONE), 'remove');

// Options.
const options = call(TlsHandoff.HandshakeOptions, 'new');
call(options, 'set_trust_anchors', [der('other-ca.pem'), der('ca.pem')]);
call(options, 'set_application_protocols', ['h2', 'http/1.1']);
call(options, 'set_credential', 'me');
const kept = churn();
const anchors = call(options, 'dup_trust_anchors');
check(anchors.length === 2 && anchors[1].equal(der('ca.pem')), 'anchors');
call(options, 'set_protocol_range', Gio.TlsProtocolVersion.TLS_1_3, Gio.TlsProtocolVersion.TLS_1_3);
call(options, 'set_timeout', 20);
call(options, 'set_resumption', true);
call(options, 'set_review', (_certificates, _errors) => false);
call(options, 'set_credential_choice', TlsHandoff.CredentialChoice.AUTOMATIC);
check(options.credential_choice === TlsHandoff.CredentialChoice.AUTOMATIC, 'choice');
const server_options = new TlsHandoff.HandshakeOptions();
server_options.set_application_protocols(['http/1.1']);
server_options.set_trust_anchors([der('client-ca.pem')]);
call(server_options, 'set_client_certificate', Gio.TlsAuthenticationMode.REQUIRED);
call(server_options, 'set_credential_pem', bytes(read('ecdsa.pem') + read('ecdsa.key')));
const plain = new TlsHandoff.HandshakeOptions();
plain.set_trust_anchors([]);
call(plain, 'unset_trust_anchors');
call(plain, 'set_trust_anchors_pem', bytes(read('other-ca.pem') + read('ca.pem')));
check(plain.dup_trust_anchors()[1].equal(der('ca.pem')), 'anchors in PEM');
fails(Code.INVALID_ARGUMENT, () => plain.set_trust_anchors_pem(bytes('none')));
call(plain, 'set_server_name', 'www.handoff.test');
check(call(plain, 'set_cipher_suites', ['TLS_AES_256_GCM_SHA384']), 'suites');
fails(Code.INVALID_ARGUMENT, () => call(plain, 'set_cipher_suites', ['TLS_NULL']));

// Handshakes: of both sides at once, and with OpenSSL.
const listener = new Gio.SocketListener();
const listening = listener.add_any_inet_port(null);
let here = connect(listening);
let there = listener.accept(null)[0];
let results = {};
loop = new GLib.MainLoop(null, false);
const done = name => (_, result) => {
    results[name] = result;
    if (Object.keys(results).length === 2)
        loop.quit();
};
call(manager, 'handshake_as_server_async', there.get_socket(), server_options, Flags.NONE, null, done('server'));
call(other, 'handshake_as_client_async', here.get_socket(), 'localhost', options, Flags.NONE, null, done('client'));
loop.run();
const served = call(manager, 'handshake_as_server_finish', results.server);
const client = call(other, 'handshake_as_client_finish', results.client);
const plain_socket = connect(port);
const opened = call(manager, 'handshake_as_client_sync', plain_socket.get_socket(), 'localhost', options, Flags.NONE, null);
const peer = Gio.Subprocess.new(['openssl', 's_client', '-connect', `127.0.0.1:${listening}`, '-cert',
    `${CERTS}/client.pem`, '-key', `${CERTS}/client.key`],
Gio.SubprocessFlags.STDIN_PIPE | Gio.SubprocessFlags.STDOUT_SILENCE | Gio.SubprocessFlags.STDERR_SILENCE);
const accepted = listener.accept(null)[0];
const answered = call(manager, 'handshake_as_server_sync', accepted.get_socket(), server_options, Flags.NONE, null);
check(answered.get_peer_certificates().length === 1, 'certificates');
peer.force_exit();
peer.wait(null);

// Results.
check(call(client, 'get_application_protocol') === 'http/1.1', 'protocol');
check(call(client, 'get_ciphersuite_name').startsWith('TLS_'), 'suite');
check(call(client, 'get_credential') === 'me' && served.get_credential() === null, 'credential');
check(call(client, 'get_key_blob_seals').includes('seal'), 'seals');
check(call(client, 'get_key_blob_size') > 0, 'size');
check(call(client, 'get_ocsp_status') === 'none', 'status');
check(call(client, 'get_ocsp_problem') === null, 'problem');
const certificates = call(client, 'get_peer_certificates');
check(certificates[0].equal(der('ecdsa.pem')) && served.get_peer_certificates()[0].equal(der('client.pem')), 'certificates');
check(call(client, 'get_verified_chain').length === 1 && call(client, 'get_certificate_requested'), 'chain');
check(call(client, 'get_certificate_authorities').length > 0, 'authorities');
check(call(client, 'get_protocol_version') === Gio.TlsProtocolVersion.TLS_1_3, 'version');
check(call(client, 'get_resumed') === false, 'resumed');
check(call(client, 'get_server_name') === 'localhost', 'name');
check(call(manager, 'list_sessions_sync', false, Flags.NONE, null).n_children() >= 0, 'sessions');
check(wait(manager, 'list_sessions', false, Flags.NONE).n_children() >= 0, 'sessions');

// Record layers, whose records go from hand to hand. First what the sockets have already: the tickets.
const ours = call(client, 'get_record_layer');
const theirs = call(served, 'get_record_layer');
check(call(ours, 'get_protocol_version') === Gio.TlsProtocolVersion.TLS_1_3, 'version');
check(call(ours, 'get_ciphersuite_name') === client.get_ciphersuite_name(), 'suite');
check(call(ours, 'get_protected_size', 1000) > 1000, 'size');
const waiting = here.get_input_stream().read_bytes(65536, null);
let [data, consumed, status] = call(ours, 'unprotect_bytes', waiting);
check(data.get_size() === 0 && consumed === waiting.get_size() && status === TlsHandoff.RecordStatus.DATA, 'tickets');
check(call(ours, 'take_session_tickets').get_data()[0] === 4, 'tickets');
call(client, 'forward_session_tickets');
call(ours, 'update_keys', false);
const update = call(ours, 'take_output');
check(theirs.unprotect_bytes(update)[1] === update.get_size(), 'update');
for (const size of [5, 20000]) {
    const records = call(ours, 'protect_bytes', bytes('x'.repeat(size)));
    [data, consumed] = theirs.unprotect_bytes(records);
    check(text(data) === 'x'.repeat(size) && consumed === records.get_size(), 'data');
}
const exporter = call(ours, 'dup_channel_binding_data', Gio.TlsChannelBindingType.EXPORTER);
check(exporter.get_size() === 32, 'exporter');
check(theirs.dup_channel_binding_data(Gio.TlsChannelBindingType.EXPORTER).equal(exporter), 'the same at the other end');
const key = call(TlsHandoff.ImportKey, 'new');
const fd = call(ours, 'export', call(key, 'dup_public_key'), bytes('read'), bytes(new Uint8Array([0x17, 0x03])));
const moved = call(TlsHandoff.RecordLayer, 'new_from_key_blob', key, fd);
GLib.close(fd);
check(text(call(moved, 'take_unread_data')) === 'read', 'unread data');
check(call(moved, 'take_unread_records').get_size() === 2, 'unread records');
fails(Code.CLOSED, () => ours.protect_bytes(bytes('again')));
check(text(theirs.unprotect_bytes(moved.protect_bytes(bytes('on')))[0]) === 'on', 'the other layer');
call(moved, 'close');
check(theirs.unprotect_bytes(moved.take_output())[2] === TlsHandoff.RecordStatus.CLOSED, 'closed');
fails(Code.RECORD_INVALID,
    () => opened.get_record_layer().unprotect_bytes(bytes(new Uint8Array([0x17, 3, 3, 0xff, 0xff]))));

// Connections, and the details of an error.
const base = connect(port);
const connection = call(TlsHandoff.ClientConnection, 'new', base, Gio.NetworkAddress.new('localhost', port), manager);
call(connection, 'set_options', options);
call(connection, 'set_flags', Flags.INTERACTIVE);
check(call(connection, 'get_result') === null, 'result');
connection.handshake(null);
connection.get_output_stream().write_all('echo', null);
check(text(connection.get_input_stream().read_bytes(4, null)) === 'echo', 'echo');
connection.close(null);
here = connect(listening);
there = listener.accept(null)[0];
const certificate = Gio.TlsCertificate.new_from_files(`${CERTS}/ecdsa.pem`, `${CERTS}/ecdsa.key`);
const server = call(TlsHandoff.ServerConnection, 'new', there, certificate, null);
const to_server = TlsHandoff.ClientConnection.new(here, Gio.NetworkAddress.new('localhost', listening), null);
options.set_application_protocols(null);
to_server.set_options(options);
results = {};
loop = new GLib.MainLoop(null, false);
server.handshake_async(GLib.PRIORITY_DEFAULT, null, done('server'));
to_server.handshake_async(GLib.PRIORITY_DEFAULT, null, done('client'));
loop.run();
check(server.get_result().get_server_name() === 'localhost', 'name');
plain.set_trust_anchors([]);
const untrusted = fails(Code.CERTIFICATE_UNTRUSTED,
    () => manager.handshake_as_client_sync(connect(port).get_socket(), 'localhost', plain, Flags.NONE, null));
const details = call(TlsHandoff, 'error_get_details', untrusted);
check(call(TlsHandoff, 'error_get_original_message', untrusted) === null, 'no translation');
check(details === null || 'verification-errors' in details.deepUnpack(), 'details');
check(call(to_server, 'dup_error_details') === null, 'no error');
const doubted = TlsHandoff.ClientConnection.new(connect(port), Gio.NetworkAddress.new('localhost', port), null);
doubted.set_database(null);
try {
    doubted.handshake(null);
} catch {
    // The error itself is no matter here.
}
check(doubted.dup_error_details().recursiveUnpack()['verification-errors'].includes('unknown-authority'), 'error details');
check(kept.length === 200, 'kept');

for (const credential of [imported, mine])
    credential.remove_sync(Flags.NONE, null);
print([...called].sort().join('\n'));
