// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The TLS Handoff developers

// Fetches a page: valac --pkg tls-handoff-1 fetch.vala && ./fetch www.example.com

void fetch (string host) throws Error
{
  var server = NetworkAddress.parse (host, 443);
  var plain = new SocketClient ().connect (server);
  var tls = new TlsHandoff.ClientConnection (plain, server, null);
  uint8 page[4096];
  ssize_t size;

  tls.output_stream.write_all (@"GET / HTTP/1.0\r\nHost: $host\r\n\r\n".data, null);
  while ((size = tls.input_stream.read (page)) > 0)
    stdout.write (page[0:size]);
}

int main (string[] args)
{
  if (args.length != 2) {
    printerr ("fetch: give one host\n");
    return 1;
  }
  try {
    fetch (args[1]);
  } catch (Error error) {
    printerr ("fetch: %s\n", error.message);
    return 1;
  }
  return 0;
}
