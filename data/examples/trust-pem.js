// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The TLS Handoff developers

// Fetches a page from a server that is trusted because of the authorities in a file, in place of the system's:
// gjs -m trust-pem.js intranet.example.com authorities.pem

import Gio from 'gi://Gio';
import TlsHandoff from 'gi://TlsHandoff?version=1';
import System from 'system';

function fetch(host, path) {
    const options = new TlsHandoff.HandshakeOptions();
    const server = Gio.NetworkAddress.parse(host, 443);
    const page = Gio.MemoryOutputStream.new_resizable();

    options.set_trust_anchors_pem(Gio.File.new_for_path(path).load_bytes(null)[0]);
    const plain = new Gio.SocketClient().connect(server, null);
    const tls = TlsHandoff.ClientConnection.new(plain, server, null);
    tls.set_options(options);
    tls.get_output_stream().write_all(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`, null);
    page.splice(tls.get_input_stream(), Gio.OutputStreamSpliceFlags.CLOSE_TARGET, null);
    print(new TextDecoder().decode(page.steal_as_bytes().toArray()));
}

try {
    if (System.programArgs.length !== 2)
        throw new Error('give a host and a file in PEM');
    fetch(...System.programArgs);
} catch (error) {
    printerr(`trust-pem: ${error.message}`);
    System.exit(1);
}
