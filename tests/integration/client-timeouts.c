/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The timeout of the base stream's socket counts from the call, whatever the application's main
 * loop does. */

#include "test-connection.h"
#include "test-flow.h"
#include "test-system.h"

/* Seconds. What has to be done in time has LONG_TIMEOUT: no machine is so busy. */
#define TIMEOUT 1
#define LONG_TIMEOUT 4

static void
set_timeout (TestFlow *f)
{
  g_socket_set_timeout (test_flow_get_socket (f), TIMEOUT);
}

static void
handshake (TestFlow *f)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_no_error (error);
}

/* Breaks if a silent server holds up the caller for longer than the socket's timeout. */
static void
test_timeout_handshake (TestFlow *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  set_timeout (f);
  g_assert_false (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static void
test_timeout_handshake_async (TestFlow *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  set_timeout (f);
  test_flow_start (f, &result);
  g_assert_false (test_flow_finish (f, &result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* Breaks if the clock needs the application's main loop. */
static void
test_timeout_without_loop (TestFlow *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  char byte;

  set_timeout (f);
  test_flow_attempt_to_read (f);
  g_assert_cmpint (g_input_stream_read (f->in, &byte, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static gboolean
think_cb (GTlsConnection *connection,
          GTlsCertificate *certificate,
          GTlsCertificateFlags errors,
          gpointer user_data)
{
  TestFlow *f = user_data;

  f->n_asked++;
  /* For urgent data, which never come. */
  g_socket_condition_timed_wait (test_flow_get_socket (f), G_IO_PRI,
                                 LONG_TIMEOUT * G_USEC_PER_SEC * 5 / 4, NULL, NULL);
  return TRUE;
}

/* Breaks if the time that a person takes to answer counts. */
static void
test_timeout_thinking (TestFlow *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  g_socket_set_timeout (test_flow_get_socket (f), LONG_TIMEOUT);
  g_signal_connect (f->connection, "accept-certificate", G_CALLBACK (think_cb), f);
  test_flow_start (f, &result);
  g_assert_true (test_flow_finish (f, &result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (f->n_asked, ==, 1);
  test_close_connection (f->connection);
}

/* Breaks if writing to a server that does not read takes longer than the socket's timeout. */
static void
test_timeout_write (TestFlow *f, gconstpointer data)
{
  const gsize size = 64 * 1024 * 1024;
  g_autofree guint8 *bytes = g_malloc0 (size);
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  handshake (f);
  set_timeout (f);
  g_assert_false (g_output_stream_write_all (f->out, bytes, size, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_output_stream_write_all_async (f->out, bytes, size, G_PRIORITY_DEFAULT, NULL,
                                   test_store_result_cb, &result);
  done = test_wait_for_result (&result);
  g_assert_false (g_output_stream_write_all_finish (f->out, done, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* Reads from a server that waits for the client. */
static void
test_timeout_read (TestFlow *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;
  char byte;

  handshake (f);
  set_timeout (f);
  g_assert_cmpint (g_input_stream_read (f->in, &byte, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_input_stream_read_async (f->in, &byte, 1, G_PRIORITY_DEFAULT, NULL, test_store_result_cb,
                             &result);
  done = test_wait_for_result (&result);
  g_assert_cmpint (g_input_stream_read_finish (f->in, done, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  /* A timeout spoils nothing. */
  g_socket_set_timeout (test_flow_get_socket (f), 0);
  test_exchange_text (f->connection, TEST_FLOW_TEXT);
  test_close_connection (f->connection);
}

int
main (int argc, char **argv)
{
  static const TestFlowCase cases[] = {
    { "handshake", test_flow_silent, TRUE, FALSE, test_timeout_handshake },
    { "handshake-async", test_flow_silent, TRUE, FALSE, test_timeout_handshake_async },
    { "without-loop", test_flow_silent, TRUE, FALSE, test_timeout_without_loop },
    { "thinking", test_flow_faulty, TRUE, FALSE, test_timeout_thinking },
    { "write", test_flow_sitting, TRUE, FALSE, test_timeout_write },
    { "read", test_flow_good, TRUE, FALSE, test_timeout_read },
  };

  test_system_init (&argc, &argv);
  test_flow_add ("client-timeouts", cases, G_N_ELEMENTS (cases));
  return g_test_run ();
}
