// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The TLS Handoff developers

// Connects twice: the second handshake is short, since the service kept what the server gave the first time. A program
// has nothing to do for it but read to the end: gjs -m resumption.js www.example.com

import Gio from 'gi://Gio';
import TlsHandoff from 'gi://TlsHandoff?version=1';
import System from 'system';

function fetch(host) {
    const server = Gio.NetworkAddress.parse(host, 443);
    const plain = new Gio.SocketClient().connect(server, null);
    const tls = TlsHandoff.ClientConnection.new(plain, server, null);

    tls.get_output_stream().write_all(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`, null);
    // The server's tickets come with its data, and go to the service.
    while (tls.get_input_stream().read_bytes(4096, null).get_size() > 0)
        continue;
    tls.close(null);
    return tls.get_result().get_resumed();
}

try {
    if (System.programArgs.length !== 1)
        throw new Error('give one host');
    for (const which of ['first', 'second'])
        print(`${which}: ${fetch(System.programArgs[0]) ? 'resumed' : 'new'}`);
} catch (error) {
    printerr(`resumption: ${error.message}`);
    System.exit(1);
}
