/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Who runs a handshake, who waits for it, and what a handler may do meanwhile. */

#include <unistd.h>

#include "test-connection.h"
#include "test-flow.h"
#include "test-peer.h"
#include "test-system.h"

/* Breaks if the thread that started a handshake cannot go on with a blocking call. */
static void
test_joined (TestFlow *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  test_flow_start (f, &result);
  test_exchange_text (f->connection, TEST_FLOW_TEXT);
  g_assert_true (test_flow_finish (f, &result, &error));
  g_assert_no_error (error);
  test_close_connection (f->connection);
}

/* Breaks if a handshake needs the application's main loop, which does not run here. */
static void
test_without_loop (TestFlow *f, gconstpointer data)
{
  test_flow_attempt_to_read (f);
  test_flow_wait_for_server ();
  test_exchange_text (f->connection, TEST_FLOW_TEXT);
  test_close_connection (f->connection);
}

/* Likewise for one that was started asynchronously. */
static void
test_async_without_loop (TestFlow *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  test_flow_start (f, &result);
  test_flow_wait_for_server ();
  g_assert_null (result);
  g_assert_true (test_flow_finish (f, &result, &error));
  g_assert_no_error (error);
  test_close_connection (f->connection);
}

static void
note_cb (GObject *object, GParamSpec *property, gpointer user_data)
{
  TestFlow *f = user_data;

  g_assert_true (g_thread_self () == f->thread);
  f->n_asked++;
}

/* Breaks if a property's signal comes from a thread that the application does not know, or not
 * before the call returns. The stock backend's now and then comes from its own thread. */
static void
test_notified (TestFlow *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (f->connection, "notify::peer-certificate", G_CALLBACK (note_cb), f);
  test_flow_start (f, &result);
  g_assert_true (test_flow_finish (f, &result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (f->n_asked, >=, 1);
  test_close_connection (f->connection);
}

/* Each blocking call on the connection whose handshake waits for the handler. */
static gboolean
block_cb (GTlsConnection *connection,
          GTlsCertificate *certificate,
          GTlsCertificateFlags errors,
          gpointer user_data)
{
  TestFlow *f = user_data;
  const int refusal = f->is_writing ? G_IO_ERROR_PENDING : G_IO_ERROR_FAILED;
  GError *error = NULL;
  char byte = 0;

  f->n_asked++;
  g_assert_cmpint (errors, ==, G_TLS_CERTIFICATE_BAD_IDENTITY);
  g_assert_true (g_thread_self () == f->thread);

  g_assert_cmpint (g_input_stream_read (f->in, &byte, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_cmpint (g_output_stream_write (f->out, &byte, 1, NULL, &error), ==, -1);
  /* GIO itself refuses a second write. */
  g_assert_error (error, G_IO_ERROR, refusal);
  g_clear_error (&error);
  test_flow_attempt_to_read (f);
  if (f->closes)
    {
      g_assert_false (g_io_stream_close (G_IO_STREAM (connection), NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
      g_clear_error (&error);
    }
  return TRUE;
}

static void
ask (TestFlow *f)
{
  g_signal_connect (f->connection, "accept-certificate", G_CALLBACK (block_cb), f);
}

/* Breaks if a handler that blocks waits for the handshake that waits for it, or spoils it. */
static void
test_handler (TestFlow *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  ask (f);
  g_assert_true (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (f->n_asked, ==, 1);
  test_exchange_text (f->connection, TEST_FLOW_TEXT);
  test_close_connection (f->connection);
}

static void
test_handler_async (TestFlow *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  ask (f);
  /* The stock backend takes a context that nobody has for one without a main loop. */
  g_assert_true (g_main_context_acquire (NULL));
  test_flow_start (f, &result);
  g_assert_true (test_flow_finish (f, &result, &error));
  g_main_context_release (NULL);
  g_assert_no_error (error);
  g_assert_cmpuint (f->n_asked, ==, 1);
  test_exchange_text (f->connection, TEST_FLOW_TEXT);
  test_close_connection (f->connection);
}

/* Breaks if the question waits for a main loop that waits for the answer. */
static void
test_handler_joined (TestFlow *f, gconstpointer data)
{
  f->is_writing = TRUE;
  ask (f);
  test_flow_attempt_to_read (f);
  test_exchange_text (f->connection, TEST_FLOW_TEXT);
  g_assert_cmpuint (f->n_asked, ==, 1);
  test_close_connection (f->connection);
}

static gpointer
exchange_thread (gpointer connection)
{
  test_exchange_text (connection, TEST_FLOW_TEXT);
  return NULL;
}

static gboolean
accept_cb (GTlsConnection *connection,
           GTlsCertificate *certificate,
           GTlsCertificateFlags errors,
           gpointer user_data)
{
  TestFlow *f = user_data;

  g_assert_true (g_thread_self () == f->thread);
  f->n_asked++;
  return TRUE;
}

/* Breaks if a thread that waits for the handshake takes a question that is for a main loop. */
static void
test_handler_other_thread (TestFlow *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  g_signal_connect (f->connection, "accept-certificate", G_CALLBACK (accept_cb), f);
  /* The main loop has the context before and after each of its iterations, too. */
  g_assert_true (g_main_context_acquire (NULL));
  test_flow_start (f, &result);
  thread = g_thread_new ("exchange", exchange_thread, f->connection);
  g_assert_true (test_flow_finish (f, &result, &error));
  g_main_context_release (NULL);
  g_assert_no_error (error);
  g_thread_join (thread);
  g_assert_cmpuint (f->n_asked, ==, 1);
  test_close_connection (f->connection);
}

static void
test_handler_closes (TestFlow *f, gconstpointer data)
{
  f->closes = TRUE;
  test_handler (f, data);
}

static gboolean
close_async_cb (GTlsConnection *connection,
                GTlsCertificate *certificate,
                GTlsCertificateFlags errors,
                gpointer user_data)
{
  TestFlow *f = user_data;

  g_io_stream_close_async (G_IO_STREAM (connection), G_PRIORITY_DEFAULT, NULL, test_store_result_cb,
                           &f->closed);
  return TRUE;
}

/* Breaks if a handler's asynchronous close ends the handshake that asks, or is forgotten. */
static void
test_handler_closes_async (TestFlow *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (f->connection, "accept-certificate", G_CALLBACK (close_async_cb), f);
  g_assert_true (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_no_error (error);
  done = test_wait_for_result (&f->closed);
  g_assert_true (g_io_stream_close_finish (G_IO_STREAM (f->connection), done, &error));
  g_assert_no_error (error);
}

static gpointer
read_thread (gpointer in)
{
  GError *error = NULL;
  char byte;

  g_assert_cmpint (g_input_stream_read (in, &byte, 1, NULL, &error), ==, -1);
  return error;
}

static gboolean
is_reading (gpointer in)
{
  return g_input_stream_has_pending (in);
}

/* Breaks if a thread that reads is not woken when another one closes, or still has the descriptor
 * in its hands when the number of that is another's. */
static void
test_closed_while_reading (TestFlow *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) read_error = NULL;
  GThread *thread;

  g_assert_true (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_no_error (error);
  thread = g_thread_new ("reader", read_thread, f->in);
  test_wait_until (is_reading, f->in, "the reader");
  g_assert_true (g_io_stream_close (G_IO_STREAM (f->connection), NULL, &error));
  g_assert_no_error (error);
  read_error = g_thread_join (thread);
  g_assert_error (read_error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* More than the system takes for a peer that does not read. It may take some of it after it said
 * that it takes no more: when it hears of what the peer's side took. */
static guint8 data_to_write[64 * 1024 * 1024];

static gpointer
write_thread (gpointer out)
{
  GError *error = NULL;

  g_assert_false (
      g_output_stream_write_all (out, data_to_write, sizeof data_to_write, NULL, NULL, &error));
  return error;
}

static gboolean
is_writing (gpointer out)
{
  return g_output_stream_has_pending (out);
}

/* Breaks if an asynchronous close waits, in the main loop, for another thread that writes to a
 * server that does not read. */
static void
test_closed_while_writing (TestFlow *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) write_error = NULL;
  GThread *thread;

  g_assert_true (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_no_error (error);
  while (g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (f->out),
                                                     data_to_write, sizeof data_to_write, NULL,
                                                     &error) > 0)
    ;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  thread = g_thread_new ("writer", write_thread, f->out);
  test_wait_until (is_writing, f->out, "the writer");
  g_io_stream_close_async (G_IO_STREAM (f->connection), G_PRIORITY_DEFAULT, NULL,
                           test_store_result_cb, &result);
  test_flow_end_sitting ();
  done = test_wait_for_result (&result);
  /* Nobody is left to read the close_notify. */
  g_assert_false (g_io_stream_close_finish (G_IO_STREAM (f->connection), done, NULL));
  write_error = g_thread_join (thread);
  g_assert_error (write_error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* Breaks if the application's copying of a session that it does not have does anything. */
static void
test_copy_session_state (TestFlow *f, gconstpointer data)
{
  g_autoptr (GTlsConnection) other = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  test_tcp_pair (fds);
  other = f->config->kind == TEST_FLOW_STOCK ? test_flow_new_stock_connection (fds[0])
                                             : test_connection_new (fds[0], NULL);
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  g_tls_client_connection_copy_session_state (G_TLS_CLIENT_CONNECTION (f->connection),
                                              G_TLS_CLIENT_CONNECTION (other));
  G_GNUC_END_IGNORE_DEPRECATIONS
  g_assert_true (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_no_error (error);
  test_exchange_text (f->connection, TEST_FLOW_TEXT);
  test_close_connection (f->connection);
  close (fds[1]);
}

int
main (int argc, char **argv)
{
  static const TestFlowCase cases[] = {
    { "joined", test_flow_good, FALSE, TRUE, test_joined },
    { "without-loop", test_flow_good, FALSE, FALSE, test_without_loop },
    { "async-without-loop", test_flow_good, FALSE, FALSE, test_async_without_loop },
    { "notified", test_flow_good, FALSE, TRUE, test_notified },
    { "copy-session-state", test_flow_good, FALSE, TRUE, test_copy_session_state },
    { "closed-while-reading", test_flow_sitting, TRUE, TRUE, test_closed_while_reading },
    { "closed-while-writing", test_flow_sitting, TRUE, TRUE, test_closed_while_writing },
    { "handler/sync", test_flow_faulty, FALSE, FALSE, test_handler },
    { "handler/async", test_flow_faulty, FALSE, FALSE, test_handler_async },
    { "handler/joined", test_flow_faulty, FALSE, TRUE, test_handler_joined },
    { "handler/other-thread", test_flow_faulty, FALSE, TRUE, test_handler_other_thread },
    { "handler/closes", test_flow_faulty, FALSE, TRUE, test_handler_closes },
    { "handler/closes-async", test_flow_faulty, FALSE, FALSE, test_handler_closes_async },
  };

  test_system_init (&argc, &argv);
  test_flow_add ("client-flow", cases, G_N_ELEMENTS (cases));
  return g_test_run ();
}
