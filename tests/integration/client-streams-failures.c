/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* How a TlsHandoffClientConnection over a base stream that is no socket fails: as over a socket. */

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-connection.h"
#include "test-peer.h"
#include "test-relay.h"
#include "test-system.h"
#include "test-tls-server.h"

#define TLS1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"

/* The server's end belongs to the test. */
typedef struct
{
  int server_fd;
  TestRelay *relay;
  GTlsConnection *connection;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GIOStream) base = NULL;
  int fds[2];

  test_tcp_pair (fds);
  f->server_fd = fds[1];
  f->relay = test_relay_new_pipes (fds[0], G_MAXSIZE, TRUE, &base);
  f->connection = test_connection_new_for_stream (base, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->connection);
  if (f->server_fd >= 0)
    close (f->server_fd);
  test_relay_free (f->relay);
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
}

static void
set_timeout (Fixture *f, guint seconds)
{
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();

  tls_handoff_handshake_options_set_timeout (options, seconds);
  tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (f->connection), options);
}

static void
assert_last_sent (Fixture *f, const char *bytes, gsize size)
{
  g_autoptr (GBytes) sent = test_relay_dup_sent (f->relay);
  gsize sent_size;
  const guint8 *data = g_bytes_get_data (sent, &sent_size);

  g_assert_cmpuint (sent_size, >, size);
  g_assert_cmpmem (data + sent_size - size, size, bytes, size);
}

/* Breaks if the peer does not hear why, or the application does not see what was wrong. */
static void
test_untrusted (Fixture *f, gconstpointer data)
{
  G_GNUC_UNUSED g_autoptr (TestTlsServer) server =
      test_tls_server_new (g_steal_fd (&f->server_fd), "wrong-name", TLS1_2, test_tls_server_echo);
  g_autoptr (GBytes) expected = test_cert_der ("wrong-name.pem");
  g_autoptr (GByteArray) der = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) again = NULL;
  GTlsCertificate *certificate;

  g_assert_false (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_false (g_str_has_prefix (error->message, "GDBus.Error"));
  /* A fatal alert, bad_certificate (RFC 5246 7.2) */
  assert_last_sent (f, "\25\3\3\0\2\2\52", 7);
  g_assert_cmpint (g_tls_connection_get_peer_certificate_errors (f->connection), ==,
                   G_TLS_CERTIFICATE_BAD_IDENTITY);
  certificate = g_tls_connection_get_peer_certificate (f->connection);
  g_assert_nonnull (certificate);
  g_object_get (certificate, "certificate", &der, NULL);
  g_assert_cmpmem (der->data, der->len, g_bytes_get_data (expected, NULL),
                   g_bytes_get_size (expected));

  /* Whoever reads on anyway gets the same error. */
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (f->connection)),
                                        &(char){ 0 }, 1, NULL, &again),
                   ==, -1);
  g_assert_error (again, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_io_stream_close (G_IO_STREAM (f->connection), NULL, NULL);
}

static gpointer
answer_with_garbage (gpointer data)
{
  Fixture *f = data;
  guint8 hello[2048];

  g_assert_cmpint (recv (f->server_fd, hello, sizeof hello, 0), >, 0);
  g_assert_cmpint (send (f->server_fd, "HTTP/1.0 400 Bad Request\r\n\r\n", 28, MSG_NOSIGNAL), ==,
                   28);
  return NULL;
}

static gpointer
hang_up (gpointer data)
{
  Fixture *f = data;
  guint8 hello[2048];

  g_assert_cmpint (recv (f->server_fd, hello, sizeof hello, 0), >, 0);
  close (g_steal_fd (&f->server_fd));
  return NULL;
}

/* Breaks if a peer that speaks no TLS gets another error than over a socket, or no alert. */
static void
test_no_tls (Fixture *f, gconstpointer data)
{
  GThread *peer = g_thread_new ("peer", answer_with_garbage, f);
  g_autoptr (GError) error = NULL;

  g_assert_false (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS);
  g_thread_join (peer);
  assert_last_sent (f, "\2\12", 2); /* fatal, unexpected_message */
}

/* Breaks if the end of the stream is waited on, or taken for success. */
static void
test_hung_up (Fixture *f, gconstpointer data)
{
  GThread *peer = g_thread_new ("peer", hang_up, f);
  g_autoptr (GError) error = NULL;

  g_assert_false (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS);
  g_thread_join (peer);
}

/* Breaks if a silent peer holds up the caller: the service, which keeps the time limit, hears
 * nothing from the peer. */
static void
test_silent (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  set_timeout (f, 1);
  g_assert_false (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* Breaks if a denial, or a wrong option, looks like a failure of the stream, or something is sent.
 */
static void
test_denied (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) sent = NULL;
  g_autoptr (GError) error = NULL;

  test_polkit_set_rules ("polkit.addRule(function(action, subject) {"
                         " if (subject.user == 'alice') return polkit.Result.NO; });");
  g_assert_false (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  test_polkit_set_rules (NULL);
  sent = test_relay_dup_sent (f->relay);
  g_assert_cmpuint (g_bytes_get_size (sent), ==, 0);
}

static void
test_bad_option (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  set_timeout (f, G_MAXUINT);
  g_assert_false (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
wait_for_hello (Fixture *f)
{
  guint8 byte;

  g_assert_cmpint (recv (f->server_fd, &byte, 1, MSG_PEEK), ==, 1);
}

typedef struct
{
  Fixture *fixture;
  GCancellable *cancellable;
} Cancelling;

static gpointer
cancel_at_hello (gpointer data)
{
  Cancelling *cancelling = data;

  wait_for_hello (cancelling->fixture);
  g_cancellable_cancel (cancelling->cancellable);
  return NULL;
}

/* Breaks if a cancelled handshake goes on, here or in the service, whose session would be left
 * until its timeout (tear_down). */
static void
test_cancelled_sync (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Cancelling cancelling = { f, cancellable };
  GThread *canceller = g_thread_new ("canceller", cancel_at_hello, &cancelling);

  g_assert_false (g_tls_connection_handshake (f->connection, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (canceller);
}

static void
test_cancelled_async (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;
  Cancelling cancelling = { f, cancellable };
  GThread *canceller = g_thread_new ("canceller", cancel_at_hello, &cancelling);

  g_tls_connection_handshake_async (f->connection, G_PRIORITY_DEFAULT, cancellable,
                                    test_store_result_cb, &result);
  done = test_wait_for_result (&result);
  g_assert_false (g_tls_connection_handshake_finish (f->connection, done, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (canceller);
}

static gpointer
handshake_thread (gpointer connection)
{
  GError *error = NULL;

  g_assert_false (g_tls_connection_handshake (connection, NULL, &error));
  return error;
}

/* The peer sees the end of the stream. */
static void
expect_end (Fixture *f)
{
  guint8 buffer[4096];

  while (recv (f->server_fd, buffer, sizeof buffer, 0) > 0)
    ;
}

/* Breaks if closing waits for a handshake that hangs, fails because the base stream is in use, or
 * leaves it open. */
static void
test_closed_sync (Fixture *f, gconstpointer data)
{
  GThread *thread = g_thread_new ("handshake", handshake_thread, f->connection);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) handshake_error = NULL;

  wait_for_hello (f);
  g_assert_true (g_io_stream_close (G_IO_STREAM (f->connection), NULL, &error));
  g_assert_no_error (error);
  handshake_error = g_thread_join (thread);
  g_assert_error (handshake_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  expect_end (f);
}

static gboolean
has_sent (gpointer data)
{
  Fixture *f = data;
  g_autoptr (GBytes) sent = test_relay_dup_sent (f->relay);

  return g_bytes_get_size (sent) > 0;
}

/* Starts a handshake that hangs. */
static void
start_handshake (Fixture *f, GAsyncResult **result)
{
  g_tls_connection_handshake_async (f->connection, G_PRIORITY_DEFAULT, NULL, test_store_result_cb,
                                    result);
  test_wait_until (has_sent, f, "the hello was sent");
}

static void
expect_cancelled (Fixture *f, GAsyncResult **result)
{
  g_autoptr (GAsyncResult) done = test_wait_for_result (result);
  g_autoptr (GError) error = NULL;

  g_assert_false (g_tls_connection_handshake_finish (f->connection, done, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  expect_end (f);
}

/* Likewise in one thread. */
static void
test_closed_async (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) close_done = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *handshake_result = NULL;
  GAsyncResult *close_result = NULL;

  start_handshake (f, &handshake_result);
  g_io_stream_close_async (G_IO_STREAM (f->connection), G_PRIORITY_DEFAULT, NULL,
                           test_store_result_cb, &close_result);
  close_done = test_wait_for_result (&close_result);
  g_io_stream_close_finish (G_IO_STREAM (f->connection), close_done, &error);
  g_assert_no_error (error);
  expect_cancelled (f, &handshake_result);
}

/* Likewise where nothing of the handshake can end before the call does. */
static void
test_closed_mixed (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;

  start_handshake (f, &result);
  g_assert_true (g_io_stream_close (G_IO_STREAM (f->connection), NULL, &error));
  g_assert_no_error (error);
  expect_cancelled (f, &result);
}

typedef struct
{
  Fixture *fixture;
  GPid service;
} Killing;

/* Kills the service when the hello is there, and lets the handshake go on. */
static gpointer
kill_at_hello (gpointer data)
{
  Killing *killing = data;
  int fd = killing->fixture->server_fd;

  wait_for_hello (killing->fixture);
  g_assert_cmpint (kill (killing->service, SIGKILL), ==, 0);
  g_assert_cmpint (send (fd, "\26\3\3\0\1", 5, MSG_NOSIGNAL), ==, 5);
  return NULL;
}

/* Breaks if a service that dies leaves the caller waiting, if another service is started for a
 * session that it does not know, or if the message says that the service is not installed. */
static void
test_killed (Fixture *f, gconstpointer data)
{
  Killing killing = { f, 0 };
  g_autoptr (GError) error = NULL;
  GThread *killer;

  test_statistic_wait ("sessions", 0); /* it runs */
  killing.service = test_service_get_pid ();
  killer = g_thread_new ("killer", kill_at_hello, &killing);
  g_assert_false (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "went away"));
  g_thread_join (killer);
  /* A channel's end may be seen before the bus has seen the service's. */
  test_service_wait_gone ();
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
#define ADD(path, func) g_test_add ("/client-streams/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("untrusted", test_untrusted);
  ADD ("no-tls", test_no_tls);
  ADD ("hung-up", test_hung_up);
  ADD ("silent", test_silent);
  ADD ("denied", test_denied);
  ADD ("bad-option", test_bad_option);
  ADD ("cancelled/sync", test_cancelled_sync);
  ADD ("cancelled/async", test_cancelled_async);
  ADD ("closed/sync", test_closed_sync);
  ADD ("closed/async", test_closed_async);
  ADD ("closed/mixed", test_closed_mixed);
  ADD ("killed", test_killed);
  return g_test_run ();
}
