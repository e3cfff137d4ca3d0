/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Fetches a page over something that is no socket: the pipes of a command, as ssh's ProxyCommand.
 * Any GIOStream will do; the library carries the handshake's bytes between it and the service.
 *
 * cc own-transport.c $(pkg-config --cflags --libs tls-handoff-1)
 * ./a.out www.example.com ssh gate nc www.example.com 443 */

#include <tls-handoff/tls-handoff.h>

static gboolean
fetch (const char *host, const char *const *command, GError **error)
{
  g_autoptr (GSocketConnectable) server = g_network_address_parse (host, 443, error);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GIOStream) pipes = NULL;
  g_autoptr (GIOStream) tls = NULL;
  g_autofree char *request = g_strdup_printf ("GET / HTTP/1.0\r\nHost: %s\r\n\r\n", host);
  char page[4096];
  gssize size;

  if (server != NULL)
    process = g_subprocess_newv (
        command, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, error);
  if (process == NULL)
    return FALSE;
  pipes = g_simple_io_stream_new (g_subprocess_get_stdout_pipe (process),
                                  g_subprocess_get_stdin_pipe (process));
  tls = tls_handoff_client_connection_new (pipes, server, NULL, error);
  if (tls == NULL || !g_output_stream_write_all (g_io_stream_get_output_stream (tls), request,
                                                 strlen (request), NULL, NULL, error))
    return FALSE;
  while ((size = g_input_stream_read (g_io_stream_get_input_stream (tls), page, sizeof page, NULL,
                                      error)) > 0)
    g_print ("%.*s", (int) size, page);
  return size == 0;
}

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;

  if (argc > 2 && fetch (argv[1], (const char *const *) argv + 2, &error))
    return 0;
  g_printerr ("own-transport: %s\n", error != NULL ? error->message : "give a host and a command");
  return 1;
}
