// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The TLS Handoff developers

// Fetches a page over something that is no socket: the pipes of a command, as ssh's ProxyCommand. Any IOStream will do;
// the library carries the handshake's bytes between it and the service.
//
// valac --pkg tls-handoff-1 own-transport.vala
// ./own-transport www.example.com ssh gate nc www.example.com 443

void fetch (string host, string[] command) throws Error
{
  var server = NetworkAddress.parse (host, 443);
  var process = new Subprocess.newv (command, SubprocessFlags.STDIN_PIPE | SubprocessFlags.STDOUT_PIPE);
  var pipes = new SimpleIOStream (process.get_stdout_pipe (), process.get_stdin_pipe ());
  var tls = new TlsHandoff.ClientConnection (pipes, server, null);
  uint8 page[4096];
  ssize_t size;

  tls.output_stream.write_all (@"GET / HTTP/1.0\r\nHost: $host\r\n\r\n".data, null);
  while ((size = tls.input_stream.read (page)) > 0)
    stdout.write (page[0:size]);
}

int main (string[] args)
{
  if (args.length < 3) {
    printerr ("own-transport: give a host and a command\n");
    return 1;
  }
  try {
    fetch (args[1], args[2:args.length]);
  } catch (Error error) {
    printerr ("own-transport: %s\n", error.message);
    return 1;
  }
  return 0;
}
