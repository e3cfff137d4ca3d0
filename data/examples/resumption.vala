// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The TLS Handoff developers

// Connects twice: the second handshake is short, since the service kept what the server gave the first time. A program
// has nothing to do for it but read to the end.
//
// valac --pkg tls-handoff-1 resumption.vala && ./resumption www.example.com

bool fetch (string host) throws Error
{
  var server = NetworkAddress.parse (host, 443);
  var plain = new SocketClient ().connect (server);
  var tls = new TlsHandoff.ClientConnection (plain, server, null);
  uint8 page[4096];

  tls.output_stream.write_all (@"GET / HTTP/1.0\r\nHost: $host\r\n\r\n".data, null);
  // The server's tickets come with its data, and go to the service.
  while (tls.input_stream.read (page) > 0)
    continue;
  tls.close ();
  return tls.result.get_resumed ();
}

int main (string[] args)
{
  if (args.length != 2) {
    printerr ("resumption: give one host\n");
    return 1;
  }
  try {
    foreach (unowned var which in new string[] { "first", "second" })
      print ("%s: %s\n", which, fetch (args[1]) ? "resumed" : "new");
  } catch (Error error) {
    printerr ("resumption: %s\n", error.message);
    return 1;
  }
  return 0;
}
