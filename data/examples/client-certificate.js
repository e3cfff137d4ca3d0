// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The TLS Handoff developers

// Fetches a page as somebody: with a credential that the service keeps ("tls-handoff credential" makes one), whose key
// never comes here: gjs -m client-certificate.js intranet.example.com work

import Gio from 'gi://Gio';
import TlsHandoff from 'gi://TlsHandoff?version=1';
import System from 'system';

function fetch(host, credential) {
    const server = Gio.NetworkAddress.parse(host, 443);
    const plain = new Gio.SocketClient().connect(server, null);
    const tls = TlsHandoff.ClientConnection.new(plain, server, null);
    const page = Gio.MemoryOutputStream.new_resizable();

    tls.set_options(new TlsHandoff.HandshakeOptions({credential}));
    tls.handshake(null);
    // null: the server did not ask who we are.
    printerr(`credential: ${tls.get_result().get_credential() ?? 'none'}`);
    tls.get_output_stream().write_all(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`, null);
    page.splice(tls.get_input_stream(), Gio.OutputStreamSpliceFlags.CLOSE_TARGET, null);
    print(new TextDecoder().decode(page.steal_as_bytes().toArray()));
}

try {
    if (System.programArgs.length !== 2)
        throw new Error('give a host and a credential');
    fetch(...System.programArgs);
} catch (error) {
    printerr(`client-certificate: ${error.message}`);
    System.exit(1);
}
