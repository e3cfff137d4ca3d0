/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The thread of asynchronous handshakes, where the last reference to a connection may go. */

#include "support/fake-service.h"
#include "tls-handoff/tls-handoff.h"

/* What the streams and the service of a test wait for. */
static GMutex lock;
static GCond changed;
static gboolean is_dropped; /* the connection, by the application */
static gboolean is_closing; /* its base stream */
static gboolean may_close;  /* likewise */
static gboolean was_closed; /* likewise */

static void
set (gboolean *condition)
{
  g_mutex_lock (&lock);
  *condition = TRUE;
  g_cond_broadcast (&changed);
  g_mutex_unlock (&lock);
}

static void
wait_for (const gboolean *condition)
{
  g_mutex_lock (&lock);
  while (!*condition)
    g_cond_wait (&changed, &lock);
  g_mutex_unlock (&lock);
}

/* A stream that takes its time to close. */
#define TEST_TYPE_SLOW_STREAM (test_slow_stream_get_type ())
G_DECLARE_FINAL_TYPE (TestSlowStream, test_slow_stream, TEST, SLOW_STREAM, GFilterOutputStream)
struct _TestSlowStream
{
  GFilterOutputStream parent_instance;
};
G_DEFINE_FINAL_TYPE (TestSlowStream, test_slow_stream, G_TYPE_FILTER_OUTPUT_STREAM)

static gboolean
test_slow_stream_close (GOutputStream *stream, GCancellable *cancellable, GError **error)
{
  set (&is_closing);
  wait_for (&may_close);
  set (&was_closed);
  return TRUE;
}

static void
test_slow_stream_class_init (TestSlowStreamClass *klass)
{
  G_OUTPUT_STREAM_CLASS (klass)->close_fn = test_slow_stream_close;
}

static void
test_slow_stream_init (TestSlowStream *self)
{
}

/* output_type: TEST_TYPE_SLOW_STREAM, or one like it */
static GIOStream *
new_base (GType output_type)
{
  g_autoptr (GInputStream) input = g_memory_input_stream_new ();
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) output = g_object_new (output_type, "base-stream", memory, NULL);

  return g_simple_io_stream_new (input, output);
}

static GIOStream *
new_connection (TlsHandoffManager *manager, GType output_type)
{
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  g_autoptr (GIOStream) base = new_base (output_type);
  g_autoptr (GError) error = NULL;
  GIOStream *connection;

  connection = tls_handoff_client_connection_new (base, identity, manager, &error);
  g_assert_no_error (error);
  return connection;
}

static GDBusMessage *
refuse_when_dropped (GDBusMessage *call)
{
  wait_for (&is_dropped);
  return g_dbus_message_new_method_error_literal (
      call, "org.tlshandoff.Handoff1.Error.NotAuthorized", "No");
}

static void
store_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

/* Breaks if a base stream that takes its time to close holds up the handshakes of others. */
static void
test_slow_close (FakeService *service, gconstpointer reply_to)
{
  g_autoptr (TlsHandoffManager) manager = NULL;
  g_autoptr (GIOStream) dropped = NULL;
  g_autoptr (GIOStream) other = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GPollableInputStream *input;
  char byte;

  manager = tls_handoff_manager_new_sync (service->client, NULL, &error);
  g_assert_no_error (error);
  dropped = new_connection (manager, TEST_TYPE_SLOW_STREAM);
  other = new_connection (manager, G_TYPE_BUFFERED_OUTPUT_STREAM);

  /* That starts a handshake, and holds nothing. */
  input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (dropped));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (input, &byte, 1, NULL, &error), ==,
                   -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_clear_object (&dropped);
  set (&is_dropped);
  wait_for (&is_closing);

  g_tls_connection_handshake_async (G_TLS_CONNECTION (other), G_PRIORITY_DEFAULT, NULL,
                                    store_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (g_tls_connection_handshake_finish (G_TLS_CONNECTION (other), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);

  set (&may_close);
  wait_for (&was_closed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/flight-thread/slow-close", FakeService, refuse_when_dropped, fake_service_set_up,
              test_slow_close, fake_service_tear_down);
  return g_test_run ();
}
