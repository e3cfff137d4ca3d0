/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The application of the figures connect-first: for each line on stdin makes one TLS connection
 * (TCP, handshake, a byte each way, close) to 127.0.0.1:PORT as localhost, and prints when that
 * began and ended (monotonic clock, microseconds), its peak memory and its own memory (KiB).
 * Built twice: with the library, and with GIO alone, which takes the stock backend; without TLS
 * ("plain") the latter shows what is not TLS's. */

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef WITH_HANDOFF
#include "tls-handoff/tls-handoff.h"
#else
#include <gio/gio.h>
#endif

static guint64
read_memory (const char *path, const char *field)
{
  g_autofree char *text = NULL;
  const char *place;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (place = strstr (text, field)) == NULL)
    g_error ("no %s in %s", field, path);
  return strtoull (place + strlen (field), NULL, 10);
}

static GIOStream *
add_tls (GIOStream *plain, GSocketConnectable *identity, GError **error)
{
#ifdef WITH_HANDOFF
  return tls_handoff_client_connection_new (plain, identity, NULL, error);
#else
  return g_tls_client_connection_new (plain, identity, error);
#endif
}

static gboolean
connect_once (GSocketAddress *address,
              GSocketConnectable *identity,
              gboolean use_tls,
              GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) plain = NULL;
  g_autoptr (GIOStream) stream = NULL;
  char byte = 'x', answer = '\0';

  g_socket_client_set_enable_proxy (client, FALSE);
  plain = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, error);
  if (plain == NULL || !use_tls)
    return plain != NULL;
  /* Or the byte waits 40 ms for the acknowledgement of the handshake's last message (Nagle). */
  if (!g_socket_set_option (g_socket_connection_get_socket (plain), IPPROTO_TCP, TCP_NODELAY, 1,
                            error))
    return FALSE;
  stream = add_tls (G_IO_STREAM (plain), identity, error);
  if (stream == NULL || !g_tls_connection_handshake (G_TLS_CONNECTION (stream), NULL, error) ||
      !g_output_stream_write_all (g_io_stream_get_output_stream (stream), &byte, 1, NULL, NULL,
                                  error) ||
      g_input_stream_read (g_io_stream_get_input_stream (stream), &answer, 1, NULL, error) < 0)
    return FALSE;
  if (answer != byte)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the byte did not come back");
      return FALSE;
    }
  return g_io_stream_close (stream, NULL, error);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocketConnectable) identity = NULL;
  g_autoptr (GError) error = NULL;
  gboolean use_tls = argc == 2;
  char line[16];
  guint64 port;

  if (argc < 2 || !g_ascii_string_to_unsigned (argv[1], 10, 1, G_MAXUINT16, &port, &error))
    return 2;
  address = g_inet_socket_address_new_from_string ("127.0.0.1", (guint) port);
  identity = g_network_address_new ("localhost", (guint16) port);

  while (fgets (line, sizeof line, stdin) != NULL)
    {
      gint64 end, begin = g_get_monotonic_time ();

      if (!connect_once (address, identity, use_tls, &error))
        {
          g_printerr ("connect-client: %s\n", error->message);
          return 1;
        }
      end = g_get_monotonic_time ();
      printf ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
              "\n",
              begin, end, read_memory ("/proc/self/status", "VmHWM:"),
              read_memory ("/proc/self/smaps_rollup", "\nPss:"));
      fflush (stdout);
    }
  return 0;
}
