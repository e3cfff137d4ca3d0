// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The TLS Handoff developers

// Serves with a credential that the service keeps ("tls-handoff credential" makes one): each client gets its handshake
// and an answer, all of them in one thread: gjs -m serve.js site 8443

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import TlsHandoff from 'gi://TlsHandoff?version=1';
import System from 'system';

Gio._promisify(Gio.InputStream.prototype, 'read_bytes_async');
Gio._promisify(Gio.OutputStream.prototype, 'write_bytes_async');
Gio._promisify(Gio.IOStream.prototype, 'close_async');

const REPLY = new TextEncoder().encode('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nHello\n');

async function answer(client, options) {
    const tls = TlsHandoff.ServerConnection.new(client, null, null);

    tls.set_options(options);
    await tls.get_input_stream().read_bytes_async(4096, GLib.PRIORITY_DEFAULT, null);
    await tls.get_output_stream().write_bytes_async(REPLY, GLib.PRIORITY_DEFAULT, null);
    await tls.close_async(GLib.PRIORITY_DEFAULT, null);
}

try {
    if (System.programArgs.length !== 2)
        throw new Error('give a credential and a port');
    const [credential, port] = System.programArgs;
    const options = new TlsHandoff.HandshakeOptions({credential});
    const service = new Gio.SocketService();
    service.connect('incoming', (_, client) => {
        answer(client, options).catch(error => printerr(`serve: a client: ${error.message}`));
        return true;
    });
    service.add_inet_port(parseInt(port), null);
    new GLib.MainLoop(null, false).run();
} catch (error) {
    printerr(`serve: ${error.message}`);
    System.exit(1);
}
