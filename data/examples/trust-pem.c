/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Fetches a page from a server that is trusted because of the authorities in a file, in place of
 * the system's.
 *
 * cc trust-pem.c $(pkg-config --cflags --libs tls-handoff-1)
 * ./a.out intranet.example.com authorities.pem */

#include <tls-handoff/tls-handoff.h>

static gboolean
fetch (const char *host, const char *path, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) server = g_network_address_parse (host, 443, error);
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GBytes) authorities = NULL;
  g_autoptr (GSocketConnection) plain = NULL;
  g_autoptr (GIOStream) tls = NULL;
  g_autofree char *request = g_strdup_printf ("GET / HTTP/1.0\r\nHost: %s\r\n\r\n", host);
  char page[4096];
  gssize size;

  if (server == NULL)
    return FALSE;
  authorities = g_file_load_bytes (file, NULL, NULL, error);
  if (authorities == NULL ||
      !tls_handoff_handshake_options_set_trust_anchors_pem (options, authorities, error))
    return FALSE;

  plain = g_socket_client_connect (client, server, NULL, error);
  if (plain != NULL)
    tls = tls_handoff_client_connection_new (G_IO_STREAM (plain), server, NULL, error);
  if (tls == NULL)
    return FALSE;
  tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (tls), options);

  if (!g_output_stream_write_all (g_io_stream_get_output_stream (tls), request, strlen (request),
                                  NULL, NULL, error))
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

  if (argc == 3 && fetch (argv[1], argv[2], &error))
    return 0;
  g_printerr ("trust-pem: %s\n", error != NULL ? error->message : "give a host and a file in PEM");
  return 1;
}
