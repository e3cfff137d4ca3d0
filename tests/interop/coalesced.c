/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The server's first data arrive in one piece with its last handshake messages: the handshake in
 * the service must not take a byte of the data, and the library must not lose one. */

#include "interop-client.h"
#include "test-peer.h"
#include "test-server.h"
#include "test-system.h"

typedef struct
{
  const char *name;
  const char *priority;
  gboolean early;
} Protocol;

/* In TLS 1.3 the data come with Finished (early) or with the tickets, in TLS 1.2 with Finished. */
static const Protocol protocols[] = {
  { "tls1.3-with-finished", "NORMAL:-VERS-ALL:+VERS-TLS1.3", TRUE },
  { "tls1.3-with-tickets", "NORMAL:-VERS-ALL:+VERS-TLS1.3", FALSE },
  { "tls1.2-with-finished", "NORMAL:-VERS-ALL:+VERS-TLS1.2", FALSE },
};

/* Breaks if the service reads on after the handshake's last record. */
static void
test_greeting (gconstpointer data)
{
  const Protocol *protocol = data;
  const gsize sizes[] = { 1, 1000, 16384, 40000 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GBytes) greeting = interop_pattern (sizes[i], i);
      g_autoptr (GBytes) answer = interop_pattern (sizes[i], i + 100);
      g_autoptr (GBytes) heard = NULL;
      g_autofree guint8 *received = g_malloc (sizes[i]);
      g_autoptr (GError) error = NULL;
      GTlsConnection *connection;
      TestServer *server;
      gsize n_read;
      int fds[2];

      test_tcp_pair (fds);
      server = test_server_start (fds[1], "ecdsa", protocol->priority, greeting, protocol->early);
      connection = interop_client_connect (fds[0], "localhost");
      g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (connection)), received,
                               sizes[i], &n_read, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (n_read, ==, sizes[i]);
      g_assert_true (memcmp (received, g_bytes_get_data (greeting, NULL), sizes[i]) == 0);
      g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                                 g_bytes_get_data (answer, NULL), sizes[i], NULL, NULL, &error);
      g_assert_no_error (error);
      interop_client_close (connection);

      heard = test_server_finish (server);
      g_assert_true (g_bytes_equal (heard, answer));
      /* The premise of the test: the data did go out in one piece with something else. */
      g_assert_cmpuint (test_server_get_largest_piece (server), >, sizes[i]);
      test_server_free (server);
    }
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (protocols); i++)
    {
      g_autofree char *path = g_strdup_printf ("/coalesced/%s", protocols[i].name);

      g_test_add_data_func (path, &protocols[i], test_greeting);
    }
  return g_test_run ();
}
