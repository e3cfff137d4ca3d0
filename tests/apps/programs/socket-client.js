// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The TLS Handoff developers

// A client in JavaScript: socket-client.js PORT. By GIO's sockets, and by libsoup as GNOME's applications use it. Prints
// as JSON what came of it.

imports.gi.versions.Soup = '3.0';
const {Gio, GLib, Soup} = imports.gi;

const port = parseInt(ARGV[0]);
const loop = new GLib.MainLoop(null, false);
const results = [];

Gio._promisify(Gio.SocketClient.prototype, 'connect_to_host_async', 'connect_to_host_finish');
Gio._promisify(Gio.InputStream.prototype, 'read_bytes_async', 'read_bytes_finish');
Gio._promisify(Soup.Session.prototype, 'send_and_read_async', 'send_and_read_finish');

function decode(bytes) {
    return new TextDecoder().decode(bytes.toArray());
}

async function fetchBySocket() {
    const client = new Gio.SocketClient({tls: true});
    const connection = await client.connect_to_host_async('localhost', port, null);
    connection.get_output_stream().write_all('GET / HTTP/1.0\r\n\r\n', null);
    let text = '';
    for (;;) {
        const bytes = await connection.get_input_stream().read_bytes_async(4096, GLib.PRIORITY_DEFAULT, null);
        if (bytes.get_size() === 0)
            break;
        text += decode(bytes);
    }
    connection.close(null);
    return text.split('\r\n')[0];
}

async function fetchBySoup() {
    const session = new Soup.Session();
    const message = Soup.Message.new('GET', `https://localhost:${port}/`);
    const bytes = await session.send_and_read_async(message, GLib.PRIORITY_DEFAULT, null);
    return decode(bytes).split(' ')[2];
}

async function run() {
    try {
        results.push(await fetchBySocket());
        results.push(await fetchBySoup());
    } catch (error) {
        results.push(`${error}`);
    }
    loop.quit();
}

run();
loop.run();
print(JSON.stringify(results));
