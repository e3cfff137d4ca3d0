/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* cc fetch.c $(pkg-config --cflags --libs tls-handoff-1) && ./a.out www.example.com */

#include <locale.h>

#include <tls-handoff/tls-handoff.h>

static gboolean
fetch (const char *host, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) server = g_network_address_parse (host, 443, error);
  g_autoptr (GSocketConnection) plain = NULL;
  g_autoptr (GIOStream) tls = NULL;
  g_autofree char *request = g_strdup_printf ("GET / HTTP/1.0\r\nHost: %s\r\n\r\n", host);
  char page[4096];
  gssize size = -1;

  if (server != NULL)
    plain = g_socket_client_connect (client, server, NULL, error);
  if (plain != NULL)
    tls = tls_handoff_client_connection_new (G_IO_STREAM (plain), server, NULL, error);
  if (tls != NULL && g_output_stream_write_all (g_io_stream_get_output_stream (tls), request,
                                                strlen (request), NULL, NULL, error))
    while ((size = g_input_stream_read (g_io_stream_get_input_stream (tls), page, sizeof page, NULL,
                                        error)) > 0)
      g_print ("%.*s", (int) size, page);
  return size == 0;
}

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;

  /* For errors in the user's language. */
  setlocale (LC_ALL, "");
  if (argc == 2 && fetch (argv[1], &error))
    return 0;
  g_printerr ("fetch: %s\n", error != NULL ? error->message : "give one host");
  return 1;
}
