// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The TLS Handoff developers

// Fetches a page: gjs -m fetch.js www.example.com

import Gio from 'gi://Gio';
import TlsHandoff from 'gi://TlsHandoff?version=1';
import System from 'system';

function fetch(host) {
    const server = Gio.NetworkAddress.parse(host, 443);
    const plain = new Gio.SocketClient().connect(server, null);
    const tls = TlsHandoff.ClientConnection.new(plain, server, null);
    const page = Gio.MemoryOutputStream.new_resizable();

    tls.get_output_stream().write_all(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`, null);
    page.splice(tls.get_input_stream(), Gio.OutputStreamSpliceFlags.CLOSE_TARGET, null);
    print(new TextDecoder().decode(page.steal_as_bytes().toArray()));
}

try {
    if (System.programArgs.length !== 1)
        throw new Error('give one host');
    fetch(System.programArgs[0]);
} catch (error) {
    printerr(`fetch: ${error.message}`);
    System.exit(1);
}
