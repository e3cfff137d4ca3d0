// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The TLS Handoff developers

// Fetches a page as somebody: with a credential that the service keeps ("tls-handoff credential" makes one), whose key
// never comes here:
//
// valac --pkg tls-handoff-1 client-certificate.vala && ./client-certificate intranet.example.com work

void fetch (string host, string credential) throws Error
{
  var server = NetworkAddress.parse (host, 443);
  var plain = new SocketClient ().connect (server);
  var tls = new TlsHandoff.ClientConnection (plain, server, null);
  uint8 page[4096];
  ssize_t size;

  tls.options = new TlsHandoff.HandshakeOptions () { credential = credential };
  tls.handshake ();
  // null: the server did not ask who we are.
  printerr ("credential: %s\n", tls.result.get_credential () ?? "none");
  tls.output_stream.write_all (@"GET / HTTP/1.0\r\nHost: $host\r\n\r\n".data, null);
  while ((size = tls.input_stream.read (page)) > 0)
    stdout.write (page[0:size]);
}

int main (string[] args)
{
  if (args.length != 3) {
    printerr ("client-certificate: give a host and a credential\n");
    return 1;
  }
  try {
    fetch (args[1], args[2]);
  } catch (Error error) {
    printerr ("client-certificate: %s\n", error.message);
    return 1;
  }
  return 0;
}
