/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Fetches a page as somebody: with a credential that the service keeps ("tls-handoff credential"
 * makes one), whose key never comes here.
 *
 * cc client-certificate.c $(pkg-config --cflags --libs tls-handoff-1)
 * ./a.out intranet.example.com work */

#include <tls-handoff/tls-handoff.h>

static gboolean
fetch (const char *host, const char *credential, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) server = g_network_address_parse (host, 443, error);
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GSocketConnection) plain = NULL;
  g_autoptr (GIOStream) tls = NULL;
  g_autofree char *request = g_strdup_printf ("GET / HTTP/1.0\r\nHost: %s\r\n\r\n", host);
  TlsHandoffHandshakeResult *result;
  char page[4096];
  gssize size;

  if (server != NULL)
    plain = g_socket_client_connect (client, server, NULL, error);
  if (plain != NULL)
    tls = tls_handoff_client_connection_new (G_IO_STREAM (plain), server, NULL, error);
  if (tls == NULL)
    return FALSE;

  tls_handoff_handshake_options_set_credential (options, credential);
  tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (tls), options);
  if (!g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, error))
    return FALSE;
  /* NULL: the server did not ask who we are. */
  result = tls_handoff_connection_get_result (TLS_HANDOFF_CONNECTION (tls));
  g_printerr ("credential: %s\n", tls_handoff_handshake_result_get_credential (result) ?: "none");

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
  g_printerr ("client-certificate: %s\n",
              error != NULL ? error->message : "give a host and a credential");
  return 1;
}
