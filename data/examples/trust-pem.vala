// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The TLS Handoff developers

// Fetches a page from a server that is trusted because of the authorities in a file, in place of the system's:
//
// valac --pkg tls-handoff-1 trust-pem.vala && ./trust-pem intranet.example.com authorities.pem

void fetch (string host, string path) throws Error
{
  var options = new TlsHandoff.HandshakeOptions ();
  options.set_trust_anchors_pem (File.new_for_path (path).load_bytes ());

  var server = NetworkAddress.parse (host, 443);
  var plain = new SocketClient ().connect (server);
  var tls = new TlsHandoff.ClientConnection (plain, server, null);
  uint8 page[4096];
  ssize_t size;

  tls.options = options;
  tls.output_stream.write_all (@"GET / HTTP/1.0\r\nHost: $host\r\n\r\n".data, null);
  while ((size = tls.input_stream.read (page)) > 0)
    stdout.write (page[0:size]);
}

int main (string[] args)
{
  if (args.length != 3) {
    printerr ("trust-pem: give a host and a file in PEM\n");
    return 1;
  }
  try {
    fetch (args[1], args[2]);
  } catch (Error error) {
    printerr ("trust-pem: %s\n", error.message);
    return 1;
  }
  return 0;
}
