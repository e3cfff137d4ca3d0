/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "interop-client.h"

#include "test-system.h"

/* One for the whole test, as in an application. */
static TlsHandoffManager *
get_manager (void)
{
  static TlsHandoffManager *manager;

  if (manager == NULL)
    {
      g_autoptr (GDBusConnection) alice = test_bus_connect ("alice");
      g_autoptr (GError) error = NULL;

      manager = tls_handoff_manager_new_sync (alice, NULL, &error);
      g_assert_no_error (error);
    }
  return manager;
}

GTlsConnection *
interop_client_new (int socket, const char *identity)
{
  g_autoptr (GSocket) wrapped = NULL;
  g_autoptr (GSocketConnection) base = NULL;
  g_autoptr (GSocketConnectable) connectable = NULL;
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GPtrArray) anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GError) error = NULL;
  GIOStream *stream;

  wrapped = g_socket_new_from_fd (socket, &error);
  g_assert_no_error (error);
  base = g_socket_connection_factory_create_connection (wrapped);
  connectable = g_network_address_new (identity, 0);
  stream =
      tls_handoff_client_connection_new (G_IO_STREAM (base), connectable, get_manager (), &error);
  g_assert_no_error (error);
  g_ptr_array_add (anchors, test_cert_der ("ca.pem"));
  tls_handoff_handshake_options_set_trust_anchors (options, anchors);
  tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (stream), options);
  return G_TLS_CONNECTION (stream);
}

GTlsConnection *
interop_client_connect (int socket, const char *identity)
{
  GTlsConnection *connection = interop_client_new (socket, identity);
  g_autoptr (GError) error = NULL;

  g_tls_connection_handshake (connection, NULL, &error);
  g_assert_no_error (error);
  return connection;
}

TlsHandoffHandshakeResult *
interop_client_get_result (GTlsConnection *connection)
{
  return tls_handoff_connection_get_result (TLS_HANDOFF_CONNECTION (connection));
}

GBytes *
interop_pattern (gsize size, guint32 seed)
{
  guint32 *words = g_new (guint32, size / sizeof (guint32) + 1);
  guint32 state = seed * 2654435761u + 1;

  for (gsize i = 0; i <= size / sizeof (guint32); i++)
    {
      /* xorshift32 */
      state ^= state << 13;
      state ^= state >> 17;
      state ^= state << 5;
      words[i] = state;
    }
  return g_bytes_new_take (words, size);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  gboolean *done = user_data;

  g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error);
  g_assert_no_error (error);
  *done = TRUE;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  gssize *size = user_data;

  g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, (gsize *) size, &error);
  g_assert_no_error (error);
}

void
interop_transfer (GOutputStream *to, GInputStream *from, GBytes *data)
{
  gsize size = g_bytes_get_size (data);
  g_autofree guint8 *received = g_malloc (size);
  gboolean written = FALSE;
  gssize n_read = -1;

  g_output_stream_write_all_async (to, g_bytes_get_data (data, NULL), size, G_PRIORITY_DEFAULT,
                                   NULL, on_written, &written);
  g_input_stream_read_all_async (from, received, size, G_PRIORITY_DEFAULT, NULL, on_read, &n_read);
  while (!written || n_read < 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (n_read, ==, size);
  /* Not g_assert_cmpmem(), which would print megabytes. */
  g_assert_true (memcmp (received, g_bytes_get_data (data, NULL), size) == 0);
}

void
interop_client_close (GTlsConnection *connection)
{
  g_autoptr (GError) error = NULL;

  g_io_stream_close (G_IO_STREAM (connection), NULL, &error);
  g_assert_no_error (error);
  g_object_unref (connection);
}
