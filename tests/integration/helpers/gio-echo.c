/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A program that knows GIO alone: PROGRAM PORT sends a line to localhost by TLS, and prints what
 * comes back. */

#include <gio/gio.h>
#include <string.h>

int
main (int argc, char **argv)
{
  static const char line[] = "echo\n";
  char answer[sizeof line] = "";
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  GIOStream *stream;
  g_autofree char *server = NULL;
  g_autoptr (GError) error = NULL;

  g_return_val_if_fail (argc == 2, 2);
  server = g_strconcat ("localhost:", argv[1], NULL);
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_tls (client, TRUE);
  connection = g_socket_client_connect_to_host (client, server, 443, NULL, &error);
  stream = G_IO_STREAM (connection);
  if (connection == NULL ||
      !g_output_stream_write_all (g_io_stream_get_output_stream (stream), line, strlen (line), NULL,
                                  NULL, &error) ||
      !g_input_stream_read_all (g_io_stream_get_input_stream (stream), answer, strlen (line), NULL,
                                NULL, &error) ||
      !g_io_stream_close (stream, NULL, &error))
    {
      g_printerr ("%s: %s\n", g_quark_to_string (error->domain), error->message);
      return 1;
    }
  g_print ("%s", answer);
  return 0;
}
