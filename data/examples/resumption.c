/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Connects twice: the second handshake is short, since the service kept what the server gave the
 * first time. A program has nothing to do for it but read to the end.
 *
 * cc resumption.c $(pkg-config --cflags --libs tls-handoff-1) && ./a.out www.example.com */

#include <tls-handoff/tls-handoff.h>

static gboolean
fetch (const char *host, gboolean *resumed, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) server = g_network_address_parse (host, 443, error);
  g_autoptr (GSocketConnection) plain = NULL;
  g_autoptr (GIOStream) tls = NULL;
  g_autofree char *request = g_strdup_printf ("GET / HTTP/1.0\r\nHost: %s\r\n\r\n", host);
  char page[4096];
  gssize size;

  if (server != NULL)
    plain = g_socket_client_connect (client, server, NULL, error);
  if (plain != NULL)
    tls = tls_handoff_client_connection_new (G_IO_STREAM (plain), server, NULL, error);
  if (tls == NULL || !g_output_stream_write_all (g_io_stream_get_output_stream (tls), request,
                                                 strlen (request), NULL, NULL, error))
    return FALSE;
  /* The server's tickets come with its data, and go to the service. */
  do
    size = g_input_stream_read (g_io_stream_get_input_stream (tls), page, sizeof page, NULL, error);
  while (size > 0);
  *resumed = tls_handoff_handshake_result_get_resumed (
      tls_handoff_connection_get_result (TLS_HANDOFF_CONNECTION (tls)));
  return size == 0 && g_io_stream_close (tls, NULL, error);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;
  gboolean first, second;

  if (argc == 2 && fetch (argv[1], &first, &error) && fetch (argv[1], &second, &error))
    {
      g_print ("first: %s\nsecond: %s\n", first ? "resumed" : "new", second ? "resumed" : "new");
      return 0;
    }
  g_printerr ("resumption: %s\n", error != NULL ? error->message : "give one host");
  return 1;
}
