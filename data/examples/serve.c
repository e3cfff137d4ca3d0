/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Serves with a credential that the service keeps ("tls-handoff credential" makes one): each client
 * gets its handshake, a thread, and an answer.
 *
 * cc serve.c $(pkg-config --cflags --libs tls-handoff-1) && ./a.out site 8443 */

#include <tls-handoff/tls-handoff.h>

static gboolean
answer (GIOStream *client, TlsHandoffHandshakeOptions *options, GError **error)
{
  static const char reply[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nHello\n";
  g_autoptr (GIOStream) tls = tls_handoff_server_connection_new (client, NULL, NULL, error);
  char request[4096];

  if (tls == NULL)
    return FALSE;
  tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (tls), options);
  return g_input_stream_read (g_io_stream_get_input_stream (tls), request, sizeof request, NULL,
                              error) >= 0 &&
         g_output_stream_write_all (g_io_stream_get_output_stream (tls), reply, strlen (reply),
                                    NULL, NULL, error) &&
         g_io_stream_close (tls, NULL, error);
}

/* In a thread of the client's. */
static gboolean
on_run (GThreadedSocketService *service,
        GSocketConnection *client,
        GObject *source,
        TlsHandoffHandshakeOptions *options)
{
  g_autoptr (GError) error = NULL;

  if (!answer (G_IO_STREAM (client), options, &error))
    g_printerr ("serve: a client: %s\n", error->message);
  return TRUE;
}

int
main (int argc, char *argv[])
{
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GSocketService) service = g_threaded_socket_service_new (10);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  guint64 port;

  if (argc != 3)
    {
      g_printerr ("serve: give a credential and a port\n");
      return 1;
    }
  tls_handoff_handshake_options_set_credential (options, argv[1]);
  g_signal_connect (service, "run", G_CALLBACK (on_run), options);
  if (!g_ascii_string_to_unsigned (argv[2], 10, 1, G_MAXUINT16, &port, &error) ||
      !g_socket_listener_add_inet_port (G_SOCKET_LISTENER (service), port, NULL, &error))
    {
      g_printerr ("serve: %s\n", error->message);
      return 1;
    }
  g_main_loop_run (loop);
  return 0;
}
