// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The TLS Handoff developers

// Serves with a credential that the service keeps ("tls-handoff credential" makes one): each client gets its handshake, a
// thread, and an answer: valac --pkg tls-handoff-1 serve.vala && ./serve site 8443

void answer (SocketConnection client, TlsHandoff.HandshakeOptions options) throws Error
{
  var tls = new TlsHandoff.ServerConnection (client, null, null);
  uint8 request[4096];

  tls.options = options;
  tls.input_stream.read (request);
  tls.output_stream.write_all ("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nHello\n".data, null);
  tls.close ();
}

int main (string[] args)
{
  if (args.length != 3) {
    printerr ("serve: give a credential and a port\n");
    return 1;
  }
  var options = new TlsHandoff.HandshakeOptions () { credential = args[1] };
  var service = new ThreadedSocketService (10);
  // In a thread of the client's.
  service.run.connect ((client) => {
    try {
      answer (client, options);
    } catch (Error error) {
      printerr ("serve: a client: %s\n", error.message);
    }
    return true;
  });
  try {
    service.add_inet_port ((uint16) int.parse (args[2]), null);
  } catch (Error error) {
    printerr ("serve: %s\n", error.message);
    return 1;
  }
  new MainLoop ().run ();
  return 0;
}
