// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The TLS Handoff developers

// Fetches a page over something that is no socket: the pipes of a command, as ssh's ProxyCommand. Any Gio.IOStream will
// do; the library carries the handshake's bytes between it and the service:
// gjs -m own-transport.js www.example.com ssh gate nc www.example.com 443

import Gio from 'gi://Gio';
import TlsHandoff from 'gi://TlsHandoff?version=1';
import System from 'system';

function fetch(host, ...command) {
    const server = Gio.NetworkAddress.parse(host, 443);
    const process = Gio.Subprocess.new(command, Gio.SubprocessFlags.STDIN_PIPE | Gio.SubprocessFlags.STDOUT_PIPE);
    const pipes = Gio.SimpleIOStream.new(process.get_stdout_pipe(), process.get_stdin_pipe());
    const tls = TlsHandoff.ClientConnection.new(pipes, server, null);
    const page = Gio.MemoryOutputStream.new_resizable();

    tls.get_output_stream().write_all(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`, null);
    page.splice(tls.get_input_stream(), Gio.OutputStreamSpliceFlags.CLOSE_TARGET, null);
    print(new TextDecoder().decode(page.steal_as_bytes().toArray()));
}

try {
    if (System.programArgs.length < 2)
        throw new Error('give a host and a command');
    fetch(...System.programArgs);
} catch (error) {
    printerr(`own-transport: ${error.message}`);
    System.exit(1);
}
