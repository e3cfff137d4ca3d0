/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* How a TlsHandoffClientConnection fails: as users of a GTlsConnection expect, and at once. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-connection.h"
#include "test-peer.h"
#include "test-system.h"
#include "test-tls-server.h"

/* Handshakes over a fresh connection to a server with that certificate; it must fail. */
static GTlsConnection *
fail_handshake (const char *certificate, const char *identity, GQuark domain, int code)
{
  GTlsConnection *connection;
  g_autoptr (TestTlsServer) server = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  test_tcp_pair (fds);
  connection = test_connection_new (fds[0], identity);
  server = test_tls_server_new (fds[1], certificate, NULL, test_tls_server_echo);
  g_assert_false (g_tls_connection_handshake (connection, NULL, &error));
  g_assert_error (error, domain, code);
  g_assert_false (g_str_has_prefix (error->message, "GDBus.Error"));
  /* For the server, which may still wait for a hello. */
  shutdown (fds[0], SHUT_RDWR);
  return connection;
}

/* Breaks if an application cannot show its user what is wrong with a certificate. */
static void
test_untrusted (void)
{
  static const struct
  {
    const char *certificate;
    const char *identity;
    GTlsCertificateFlags errors;
    const char *detail;
  } cases[] = {
    { "self-signed", NULL, G_TLS_CERTIFICATE_UNKNOWN_CA, "unknown-authority" },
    { "expired", NULL, G_TLS_CERTIFICATE_EXPIRED, "expired" },
    { "not-activated", NULL, G_TLS_CERTIFICATE_NOT_ACTIVATED, "not-activated" },
    { "wrong-name", NULL, G_TLS_CERTIFICATE_BAD_IDENTITY, "wrong-name" },
    { "ecdsa", "192.0.2.7", G_TLS_CERTIFICATE_BAD_IDENTITY, "wrong-name" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GTlsConnection) connection = NULL;
      g_autoptr (GBytes) expected = NULL;
      g_autoptr (GByteArray) der = NULL;
      g_autoptr (GVariant) details = NULL;
      g_autofree const char **verification_errors = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *name = g_strconcat (cases[i].certificate, ".pem", NULL);
      GTlsCertificate *certificate;

      connection = fail_handshake (cases[i].certificate, cases[i].identity, G_TLS_ERROR,
                                   G_TLS_ERROR_BAD_CERTIFICATE);
      g_assert_cmpint (g_tls_connection_get_peer_certificate_errors (connection), ==,
                       cases[i].errors);
      certificate = g_tls_connection_get_peer_certificate (connection);
      g_assert_nonnull (certificate);
      g_object_get (certificate, "certificate", &der, NULL);
      expected = test_cert_der (name);
      g_assert_cmpmem (der->data, der->len, g_bytes_get_data (expected, NULL),
                       g_bytes_get_size (expected));
      g_assert_null (tls_handoff_connection_get_result (TLS_HANDOFF_CONNECTION (connection)));
      details = tls_handoff_connection_dup_error_details (TLS_HANDOFF_CONNECTION (connection));
      g_assert_true (
          g_variant_lookup (details, "verification-errors", "^a&s", &verification_errors));
      g_assert_true (g_strv_contains (verification_errors, cases[i].detail));

      /* An application that reads on gets the same error; the connection does not try again. */
      g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                                            &(char){ 0 }, 1, NULL, &error),
                       ==, -1);
      g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
    }
}

/* Breaks if a denial looks like a failure of the network. */
static void
test_denied (void)
{
  g_autoptr (GTlsConnection) connection = NULL;

  test_polkit_set_rules ("polkit.addRule(function(action, subject) {"
                         " if (subject.user == 'alice') return polkit.Result.NO; });");
  connection = fail_handshake ("ecdsa", NULL, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  test_polkit_set_rules (NULL);
}

/* Hangs up on the hello, or answers it with something else. */
static gpointer
misbehave (gpointer data)
{
  int fd = GPOINTER_TO_INT (data) >> 1;
  gboolean answers = GPOINTER_TO_INT (data) & 1;
  guint8 hello[2048];

  g_assert_cmpint (recv (fd, hello, sizeof hello, 0), >, 0);
  if (answers)
    g_assert_cmpint (send (fd, "HTTP/1.0 400 Bad Request\r\n\r\n", 28, MSG_NOSIGNAL), ==, 28);
  close (fd);
  return NULL;
}

/* Breaks if a peer that speaks no TLS gets another error than the one that GIO has for it. */
static void
test_no_tls (void)
{
  int answers;

  for (answers = 0; answers <= 1; answers++)
    {
      g_autoptr (GTlsConnection) connection = NULL;
      g_autoptr (GError) error = NULL;
      GThread *peer;
      int fds[2];

      test_tcp_pair (fds);
      connection = test_connection_new (fds[0], NULL);
      peer = g_thread_new ("peer", misbehave, GINT_TO_POINTER (fds[1] << 1 | answers));
      g_assert_false (g_tls_connection_handshake (connection, NULL, &error));
      g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS);
      g_thread_join (peer);
    }
}

/* Breaks if a silent peer holds up the caller for longer than it asked for. */
static void
test_timeout (void)
{
  g_autoptr (GTlsConnection) connection = NULL;
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GError) error = NULL;
  int fds[2];

  test_tcp_pair (fds);
  connection = test_connection_new (fds[0], NULL);
  tls_handoff_handshake_options_set_timeout (options, 1);
  tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (connection), options);
  g_assert_false (g_tls_connection_handshake (connection, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  close (fds[1]);
}

/* Waits until the service's hello is there, so that the handshake is certainly in the service. */
static void
wait_for_hello (int peer)
{
  guint8 byte;

  g_assert_cmpint (recv (peer, &byte, 1, MSG_PEEK), ==, 1);
}

/* Reads to the end of the stream, which comes only when the service closes its descriptor too. */
static void
expect_end (int peer)
{
  guint8 buffer[4096];

  while (recv (peer, buffer, sizeof buffer, 0) > 0)
    ;
  close (peer);
}

static gpointer
cancel_at_hello (gpointer data)
{
  gpointer *arguments = data;

  wait_for_hello (GPOINTER_TO_INT (arguments[0]));
  g_cancellable_cancel (arguments[1]);
  return NULL;
}

/* Breaks if a cancelled handshake goes on, in the caller or in the service. */
static void
test_cancelled_sync (void)
{
  g_autoptr (GTlsConnection) connection = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  gpointer arguments[2];
  GThread *canceller;
  int fds[2];

  test_tcp_pair (fds);
  connection = test_connection_new (fds[0], NULL);
  arguments[0] = GINT_TO_POINTER (fds[1]);
  arguments[1] = cancellable;
  canceller = g_thread_new ("canceller", cancel_at_hello, arguments);
  g_assert_false (g_tls_connection_handshake (connection, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (canceller);
  expect_end (fds[1]);
  test_statistic_wait ("handshakes-in-flight", 0);
}

/* Likewise without blocking. */
static void
test_cancelled_async (void)
{
  g_autoptr (GTlsConnection) connection = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult *result = NULL;
  int fds[2];

  test_tcp_pair (fds);
  connection = test_connection_new (fds[0], NULL);
  g_tls_connection_handshake_async (connection, G_PRIORITY_DEFAULT, cancellable,
                                    test_store_result_cb, &result);
  wait_for_hello (fds[1]);
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  done = test_wait_for_result (&result);
  g_assert_false (g_tls_connection_handshake_finish (connection, done, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  expect_end (fds[1]);
  test_statistic_wait ("handshakes-in-flight", 0);
}

/* Breaks if a cancellation that came first spoils the socket. */
static void
test_cancelled_before (void)
{
  g_autoptr (GTlsConnection) connection = NULL;
  g_autoptr (TestTlsServer) server = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult *result = NULL;
  int fds[2];

  g_cancellable_cancel (cancellable);
  test_tcp_pair (fds);
  connection = test_connection_new (fds[0], NULL);
  server = test_tls_server_new (fds[1], "ecdsa", NULL, test_tls_server_echo);
  g_assert_false (g_tls_connection_handshake (connection, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_tls_connection_handshake_async (connection, G_PRIORITY_DEFAULT, cancellable,
                                    test_store_result_cb, &result);
  done = test_wait_for_result (&result);
  g_assert_false (g_tls_connection_handshake_finish (connection, done, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  g_assert_true (g_tls_connection_handshake (connection, NULL, &error));
  g_assert_no_error (error);
  g_io_stream_close (G_IO_STREAM (connection), NULL, &error);
  g_assert_no_error (error);
}

static gpointer
handshake_thread (gpointer connection)
{
  GError *error = NULL;

  g_assert_false (g_tls_connection_handshake (connection, NULL, &error));
  return error;
}

/* Breaks if closing waits for a handshake that hangs, or leaves it to the service. */
static void
test_closed_while_handshaking (void)
{
  g_autoptr (GTlsConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) handshake_error = NULL;
  GThread *thread;
  int fds[2];

  test_tcp_pair (fds);
  connection = test_connection_new (fds[0], NULL);
  thread = g_thread_new ("handshake", handshake_thread, connection);
  wait_for_hello (fds[1]);
  g_assert_true (g_io_stream_close (G_IO_STREAM (connection), NULL, &error));
  g_assert_no_error (error);
  handshake_error = g_thread_join (thread);
  g_assert_error (handshake_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  expect_end (fds[1]);
}

static gpointer
hang_up_at_hello (gpointer fd)
{
  wait_for_hello (GPOINTER_TO_INT (fd));
  close (GPOINTER_TO_INT (fd));
  return NULL;
}

/* Breaks if whoever reads does not wait for a handshake that is running, or does not get its
 * outcome: another thread, or the thread that started it. */
static void
test_joined (void)
{
  g_autoptr (GTlsConnection) connection = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) thread_error = NULL;
  GAsyncResult *result = NULL;
  GThread *thread, *peer;
  int fds[2];

  test_tcp_pair (fds);
  connection = test_connection_new (fds[0], NULL);
  g_tls_connection_handshake_async (connection, G_PRIORITY_DEFAULT, NULL, test_store_result_cb,
                                    &result);
  peer = g_thread_new ("peer", hang_up_at_hello, GINT_TO_POINTER (fds[1]));
  thread = g_thread_new ("handshake", handshake_thread, connection);
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                                        &(char){ 0 }, 1, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS);
  g_clear_error (&error);
  g_thread_join (peer);

  done = test_wait_for_result (&result);
  g_assert_false (g_tls_connection_handshake_finish (connection, done, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS);
  thread_error = g_thread_join (thread);
  g_assert_error (thread_error, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS);
}

static void
assert_unsupported (GTlsConnection *connection)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (g_tls_connection_handshake (connection, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

/* Breaks if what this version cannot honour is ignored: a pinned database beside the options' trust
 * anchors. */
static void
test_unsupported (void)
{
  g_autofree char *ca = test_cert_path ("ca.pem");
  g_autoptr (GTlsDatabase) database = NULL;
  g_autoptr (GTlsConnection) with_database = NULL;
  g_autoptr (GTlsConnection) without_trust = NULL;
  int fds[2];

  test_tcp_pair (fds);
  database = g_tls_file_database_new (ca, NULL);
  with_database = test_connection_new (dup (fds[0]), NULL);
  g_tls_connection_set_database (with_database, database);
  assert_unsupported (with_database);

  without_trust = test_connection_new (dup (fds[0]), NULL);
  g_object_set (without_trust, "use-system-certdb", FALSE, NULL);
  assert_unsupported (without_trust);

  close (fds[0]);
  close (fds[1]);
}

static GLogWriterOutput
count_warnings (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer n_warnings)
{
  if (level & G_LOG_LEVEL_WARNING)
    (*(guint *) n_warnings)++;
  return g_log_writer_default (level, fields, n_fields, NULL);
}

/* Breaks if application protocols that cannot be offered are left out, or are told of too late. */
static void
test_protocols (void)
{
  g_autofree char *longest = g_strnfill (31, 'p');
  g_autofree char *too_long = g_strnfill (32, 'p');
  const char *const good[] = { "1", "2", "3", "4", "5", "6", longest, "echo", NULL };
  const char *const many[] = { "1", "2", "3", "4", "5", "6", "7", "8", "9", NULL };
  const char *const bad[] = { "echo", too_long, NULL };
  const char *const *const refused[] = { many, bad };
  g_autoptr (GTlsConnection) connection = NULL;
  g_autoptr (TestTlsServer) server = NULL;
  g_autoptr (GError) error = NULL;
  static guint n_warnings;
  GLogLevelFlags fatal;
  int fds[2];
  gsize i;

  fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_writer_func (count_warnings, &n_warnings, NULL);
  for (i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (GTlsConnection) other = NULL;
      guint8 byte;

      test_tcp_pair (fds);
      other = test_connection_new (fds[0], NULL);
      g_tls_connection_set_advertised_protocols (other, refused[i]);
      g_assert_cmpuint (n_warnings, ==, i + 1);
      g_assert_false (g_tls_connection_handshake (other, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
      g_io_stream_close (G_IO_STREAM (other), NULL, NULL);
      g_assert_cmpint (recv (fds[1], &byte, 1, 0), ==, 0);
      close (fds[1]);
    }

  g_log_set_always_fatal (fatal);

  test_tcp_pair (fds);
  connection = test_connection_new (fds[0], NULL);
  server = test_tls_server_new (fds[1], "ecdsa", NULL, test_tls_server_echo);
  g_tls_connection_set_advertised_protocols (connection, good);
  test_exchange_text (connection, "hello");
  test_close_connection (connection);
}

/* Breaks if the system's own database, which is what is used anyway, is refused. */
static void
test_system_database (void)
{
  g_autoptr (GTlsConnection) connection = NULL;
  g_autoptr (GTlsDatabase) database =
      g_tls_backend_get_default_database (g_tls_backend_get_default ());
  g_autoptr (TestTlsServer) server = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  test_tcp_pair (fds);
  connection = test_connection_new (fds[0], NULL);
  g_tls_connection_set_database (connection, database);
  server = test_tls_server_new (fds[1], "ecdsa", NULL, test_tls_server_echo);
  g_assert_true (g_tls_connection_handshake (connection, NULL, &error));
  g_assert_no_error (error);
  g_io_stream_close (G_IO_STREAM (connection), NULL, &error);
  g_assert_no_error (error);
}

/* Breaks if connections leave objects behind in the service. */
static void
test_no_sessions_left (void)
{
  guint i;

  for (i = 0; i < 10; i++)
    {
      g_autoptr (GTlsConnection) connection = NULL;
      g_autoptr (TestTlsServer) server = NULL;
      g_autoptr (GError) error = NULL;
      int fds[2];

      test_tcp_pair (fds);
      connection = test_connection_new (fds[0], NULL);
      server = test_tls_server_new (fds[1], "ecdsa", NULL, test_tls_server_echo);
      g_tls_connection_handshake (connection, NULL, &error);
      g_assert_no_error (error);
      g_io_stream_close (G_IO_STREAM (connection), NULL, &error);
      g_assert_no_error (error);
    }
  test_statistic_wait ("sessions", 0);
}

/* Breaks if the manager's administrative calls do not reach the service, or reach another process.
 */
static void
test_manager_status (void)
{
  g_autoptr (GVariant) status = NULL;
  g_autoptr (GVariant) statistics = NULL;
  g_autoptr (GError) error = NULL;
  const char *version;
  guint32 pid;
  guint32 uid;

  status = tls_handoff_manager_get_status_sync (test_manager_get (), NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_lookup (status, "Version", "&s", &version));
  g_assert_cmpstr (version, ==, TLS_HANDOFF_VERSION_S);
  g_assert_true (g_variant_lookup (status, "pid", "u", &pid));
  g_assert_cmpuint (pid, ==, test_service_get_pid ());
  g_assert_true (g_variant_lookup (status, "uid", "u", &uid));
  g_assert_cmpuint (uid, !=, 0);

  /* alice is no administrator. */
  statistics = tls_handoff_manager_get_statistics_sync (test_manager_get (),
                                                        TLS_HANDOFF_HANDSHAKE_NONE, NULL, &error);
  g_assert_null (statistics);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
  g_clear_error (&error);
  g_assert_false (tls_handoff_manager_reload_sync (test_manager_get (), TLS_HANDOFF_HANDSHAKE_NONE,
                                                   NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
  g_test_add_func ("/client-connection/untrusted", test_untrusted);
  g_test_add_func ("/client-connection/denied", test_denied);
  g_test_add_func ("/client-connection/no-tls", test_no_tls);
  g_test_add_func ("/client-connection/timeout", test_timeout);
  g_test_add_func ("/client-connection/cancelled/sync", test_cancelled_sync);
  g_test_add_func ("/client-connection/cancelled/async", test_cancelled_async);
  g_test_add_func ("/client-connection/cancelled/before", test_cancelled_before);
  g_test_add_func ("/client-connection/closed-while-handshaking", test_closed_while_handshaking);
  g_test_add_func ("/client-connection/joined", test_joined);
  g_test_add_func ("/client-connection/unsupported", test_unsupported);
  g_test_add_func ("/client-connection/protocols", test_protocols);
  g_test_add_func ("/client-connection/system-database", test_system_database);
  g_test_add_func ("/client-connection/no-sessions-left", test_no_sessions_left);
  g_test_add_func ("/manager/status", test_manager_status);
  return g_test_run ();
}
