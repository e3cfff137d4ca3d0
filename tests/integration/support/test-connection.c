/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-connection.h"

#include <string.h>

#include "test-system.h"
#include "test-tls-server.h"

TlsHandoffManager *
test_manager_get (void)
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
test_connection_new_for_stream (GIOStream *base, const char *identity)
{
  const char *const protocols[] = { "echo", NULL };
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GPtrArray) anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GSocketConnectable) server = NULL;
  g_autoptr (GError) error = NULL;
  GIOStream *connection;

  server = g_network_address_new (identity != NULL ? identity : "localhost", 443);
  connection = tls_handoff_client_connection_new (base, server, test_manager_get (), &error);
  g_assert_no_error (error);

  g_ptr_array_add (anchors, test_cert_der ("ca.pem"));
  tls_handoff_handshake_options_set_trust_anchors (options, anchors);
  tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (connection), options);
  g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (connection), protocols);
  return G_TLS_CONNECTION (connection);
}

GTlsConnection *
test_connection_new (int fd, const char *identity)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) base = NULL;
  g_autoptr (GError) error = NULL;

  socket = g_socket_new_from_fd (fd, &error);
  g_assert_no_error (error);
  base = g_socket_connection_factory_create_connection (socket);
  return test_connection_new_for_stream (G_IO_STREAM (base), identity);
}

void
test_store_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  g_assert_null (*place);
  *place = g_object_ref (result);
}

static gboolean
timed_out_cb (gpointer user_data)
{
  g_error ("An asynchronous call did not finish in time");
  return G_SOURCE_REMOVE;
}

GAsyncResult *
test_wait_for_result (GAsyncResult **place)
{
  guint timeout = g_timeout_add_seconds (TEST_TIMEOUT_SECONDS, timed_out_cb, NULL);

  while (*place == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timeout);
  return g_steal_pointer (place);
}

guint8 *
test_data_new (gsize size)
{
  guint8 *data = g_malloc (size);
  guint32 state = 0x2545f491;
  gsize i;

  for (i = 0; i < size; i++)
    {
      state = state * 1664525 + 1013904223;
      data[i] = state >> 24;
    }
  return data;
}

void
test_exchange_async (GTlsConnection *connection, gsize size)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autofree guint8 *sent = test_data_new (size);
  g_autofree guint8 *received = g_malloc (size);
  GAsyncResult *read_result = NULL;
  GAsyncResult *write_result = NULL;
  g_autoptr (GAsyncResult) read_done = NULL;
  g_autoptr (GAsyncResult) write_done = NULL;
  g_autoptr (GError) error = NULL;
  gsize n;

  g_input_stream_read_all_async (in, received, size, G_PRIORITY_DEFAULT, NULL, test_store_result_cb,
                                 &read_result);
  g_output_stream_write_all_async (out, sent, size, G_PRIORITY_DEFAULT, NULL, test_store_result_cb,
                                   &write_result);
  write_done = test_wait_for_result (&write_result);
  g_output_stream_write_all_finish (out, write_done, NULL, &error);
  g_assert_no_error (error);
  read_done = test_wait_for_result (&read_result);
  g_input_stream_read_all_finish (in, read_done, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (received, n, sent, size);
}

void
test_exchange_text (GTlsConnection *connection, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *reply = g_malloc0 (strlen (text) + 1);
  gsize n;

  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), text,
                             strlen (text), NULL, NULL, &error);
  g_assert_no_error (error);
  g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (connection)), reply,
                           strlen (text), &n, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (reply, ==, text);
}

void
test_close_connection (GTlsConnection *connection)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_io_stream_close (G_IO_STREAM (connection), NULL, &error));
  g_assert_no_error (error);
}

void
test_half_close_connection (GTlsConnection *connection)
{
  g_autoptr (GError) error = NULL;
  char reply[sizeof TEST_LAST_WORDS] = { 0 };
  gsize n;

  g_tls_connection_handshake (connection, NULL, &error);
  g_assert_no_error (error);
  g_output_stream_close (g_io_stream_get_output_stream (G_IO_STREAM (connection)), NULL, &error);
  g_assert_no_error (error);
  g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (connection)), reply,
                           sizeof reply, &n, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (reply, ==, TEST_LAST_WORDS);
  g_assert_cmpuint (n, ==, strlen (TEST_LAST_WORDS));
}
