/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* TlsHandoffClientConnection over base streams that are no sockets: pipes, and other TLS
 * connections. The handshake's bytes are carried between the stream and the service. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-connection.h"
#include "test-peer.h"
#include "test-relay.h"
#include "test-server.h"
#include "test-system.h"
#include "test-tls-server.h"

#define GREETING "Hello through the pipes"
#define BIG_SIZE (4 * 1024 * 1024)
#define WHOLE G_MAXSIZE
#define TLS1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

typedef struct
{
  const char *priority;
  gsize chunk;
  gboolean pollable;
  TestTlsBehaviour behaviour; /* NULL: the server is the test's */
} Config;

typedef struct
{
  int server_fd; /* the server's end, unless a TestTlsServer has it */
  TestTlsServer *server;
  TestRelay *relay;
  GTlsConnection *connection;
  GInputStream *in;
  GOutputStream *out;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const Config *config = data;
  g_autoptr (GIOStream) base = NULL;
  int fds[2];

  test_tcp_pair (fds);
  f->relay = test_relay_new_pipes (fds[0], config->chunk, config->pollable, &base);
  f->server_fd = fds[1];
  if (config->behaviour != NULL)
    f->server = test_tls_server_new (fds[1], "ecdsa", config->priority, config->behaviour);
  f->connection = test_connection_new_for_stream (base, NULL);
  f->in = g_io_stream_get_input_stream (G_IO_STREAM (f->connection));
  f->out = g_io_stream_get_output_stream (G_IO_STREAM (f->connection));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->connection);
  if (f->server != NULL)
    test_tls_server_join (f->server);
  test_relay_free (f->relay);
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
}

/* Breaks if a step loses or doubles a byte, or a synchronous call waits for a main loop. */
static void
test_sync (Fixture *f, gconstpointer data)
{
  const Config *config = data;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_tls_connection_get_protocol_version (f->connection), ==,
                   g_str_equal (config->priority, TLS1_2) ? G_TLS_PROTOCOL_VERSION_TLS_1_2
                                                          : G_TLS_PROTOCOL_VERSION_TLS_1_3);
  g_assert_cmpstr (g_tls_connection_get_negotiated_protocol (f->connection), ==, "echo");
  g_assert_nonnull (g_tls_connection_get_peer_certificate (f->connection));
  g_assert_cmpint (g_tls_connection_get_peer_certificate_errors (f->connection), ==, 0);
  test_exchange_text (f->connection, GREETING);
  test_close_connection (f->connection);
}

/* Breaks if a write before any handshake does not do one. */
static void
test_implicit (Fixture *f, gconstpointer data)
{
  test_exchange_text (f->connection, GREETING);
  test_close_connection (f->connection);
}

/* GIO's pool threads of this process. */
static guint
count_pool_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", name, "comm", NULL);
      g_autofree char *comm = NULL;

      if (g_file_get_contents (path, &comm, NULL, NULL) && g_str_has_prefix (comm, "pool"))
        n++;
    }
  return n;
}

/* Everything without blocking. */
static void
do_async (Fixture *f)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;
  char reply[sizeof GREETING] = { 0 };
  gsize n;

  g_tls_connection_handshake_async (f->connection, G_PRIORITY_DEFAULT, NULL, test_store_result_cb,
                                    &result);
  g_assert_null (result);
  {
    g_autoptr (GAsyncResult) done = test_wait_for_result (&result);
    g_tls_connection_handshake_finish (f->connection, done, &error);
    g_assert_no_error (error);
  }
  g_output_stream_write_all_async (f->out, GREETING, strlen (GREETING), G_PRIORITY_DEFAULT, NULL,
                                   test_store_result_cb, &result);
  {
    g_autoptr (GAsyncResult) done = test_wait_for_result (&result);
    g_output_stream_write_all_finish (f->out, done, NULL, &error);
    g_assert_no_error (error);
  }
  g_input_stream_read_all_async (f->in, reply, strlen (GREETING), G_PRIORITY_DEFAULT, NULL,
                                 test_store_result_cb, &result);
  {
    g_autoptr (GAsyncResult) done = test_wait_for_result (&result);
    g_input_stream_read_all_finish (f->in, done, &n, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (reply, ==, GREETING);
  }
  g_io_stream_close_async (G_IO_STREAM (f->connection), G_PRIORITY_DEFAULT, NULL,
                           test_store_result_cb, &result);
  {
    g_autoptr (GAsyncResult) done = test_wait_for_result (&result);
    g_io_stream_close_finish (G_IO_STREAM (f->connection), done, &error);
    g_assert_no_error (error);
  }
}

/* Breaks if the asynchronous handshake blocks, or secretly uses a thread. Closing a GSimpleIOStream
 * does use a thread, so it comes last. */
static void
test_async (Fixture *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;
  guint before = count_pool_threads ();

  g_tls_connection_handshake_async (f->connection, G_PRIORITY_DEFAULT, NULL, test_store_result_cb,
                                    &result);
  done = test_wait_for_result (&result);
  g_tls_connection_handshake_finish (f->connection, done, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_pool_threads (), <=, before);
  do_async (f);
}

/* Breaks if a stream that cannot be polled is polled (test-stream.c notices), or a non-blocking
 * call blocks on it; what GIO does in threads has to work. */
static void
test_not_pollable (Fixture *f, gconstpointer data)
{
  GPollableInputStream *in = G_POLLABLE_INPUT_STREAM (f->in);
  GPollableOutputStream *out = G_POLLABLE_OUTPUT_STREAM (f->out);
  g_autoptr (GError) error = NULL;
  char byte;

  g_assert_false (g_pollable_input_stream_can_poll (in));
  g_assert_false (g_pollable_output_stream_can_poll (out));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (in, &byte, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (out, "x", 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  do_async (f);
}

/* Breaks if what comes with the handshake's last message, and was read with it, is lost. */
static void
test_coalesced (Fixture *f, gconstpointer data)
{
  const Config *config = data;
  g_autofree guint8 *greeting = test_data_new (20000);
  g_autoptr (GBytes) sent = g_bytes_new (greeting, 20000);
  g_autoptr (GBytes) heard = NULL;
  g_autoptr (GError) error = NULL;
  TestServer *server;
  guint8 received[20000];
  gsize n;

  server = test_server_start (f->server_fd, "ecdsa", config->priority, sent,
                              g_str_equal (config->priority, TLS1_3));
  g_assert_true (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_no_error (error);
  g_input_stream_read_all (f->in, received, sizeof received, &n, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (received, n, greeting, 20000);
  g_output_stream_write_all (f->out, GREETING, strlen (GREETING), NULL, NULL, &error);
  g_assert_no_error (error);
  test_close_connection (f->connection);

  heard = test_server_finish (server);
  g_assert_cmpmem (g_bytes_get_data (heard, NULL), g_bytes_get_size (heard), GREETING,
                   strlen (GREETING));
  /* The test's own premise. */
  g_assert_cmpuint (test_server_get_largest_piece (server), >, 20000);
  test_server_free (server);
}

/* Breaks if records that a pipe did not take are lost, doubled or never sent. */
static void
test_big_async (Fixture *f, gconstpointer data)
{
  test_exchange_async (f->connection, BIG_SIZE);
  test_close_connection (f->connection);
}

/* Breaks if closing the output stream closes the pipe in the other direction, or says nothing. */
static void
test_half_close (Fixture *f, gconstpointer data)
{
  test_half_close_connection (f->connection);
  test_close_connection (f->connection);
}

/* Breaks if a server that cuts its records in another way than GnuTLS is not understood. */
static void
test_openssl (gconstpointer data)
{
  const char *protocol = data;
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("rsa", protocol, NULL);
  g_autoptr (TestRelay) relay = NULL;
  g_autoptr (GIOStream) base = NULL;
  g_autoptr (GTlsConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  char received[sizeof GREETING] = { 0 };
  gsize n;

  relay = test_relay_new_pipes (test_peer_connect (peer), WHOLE, TRUE, &base);
  connection = test_connection_new_for_stream (base, NULL);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), GREETING,
                             strlen (GREETING), NULL, NULL, &error);
  g_assert_no_error (error);
  g_input_stream_read_all (test_peer_get_stdout (peer), received, strlen (GREETING), &n, NULL,
                           &error);
  g_assert_no_error (error);
  g_assert_cmpstr (received, ==, GREETING);
  g_output_stream_write_all (test_peer_get_stdin (peer), GREETING, strlen (GREETING), NULL, NULL,
                             &error);
  g_assert_no_error (error);
  memset (received, 0, sizeof received);
  g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (connection)), received,
                           strlen (GREETING), &n, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (received, ==, GREETING);
  g_io_stream_close (G_IO_STREAM (connection), NULL, &error);
  g_assert_no_error (error);
}

static gssize
push_through (gnutls_transport_ptr_t outer, const void *data, gsize size)
{
  return gnutls_record_send (outer, data, size);
}

static gssize
pull_through (gnutls_transport_ptr_t outer, void *data, gsize size)
{
  gssize n;

  do
    n = gnutls_record_recv (outer, data, size);
  while (n < 0 && !gnutls_error_is_fatal ((int) n));
  return n;
}

/* A TLS server inside the connection of another one. */
static void
serve_inside (TestTlsServer *server, gnutls_session_t outer)
{
  g_autofree char *certificate = test_cert_path ("rsa.pem");
  g_autofree char *key = test_cert_path ("rsa.key");
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t inner;
  int ret;

  g_assert_cmpint (gnutls_certificate_allocate_credentials (&credentials), ==, 0);
  g_assert_cmpint (
      gnutls_certificate_set_x509_key_file (credentials, certificate, key, GNUTLS_X509_FMT_PEM), ==,
      0);
  g_assert_cmpint (gnutls_init (&inner, GNUTLS_SERVER), ==, 0);
  g_assert_cmpint (gnutls_set_default_priority (inner), ==, 0);
  g_assert_cmpint (gnutls_credentials_set (inner, GNUTLS_CRD_CERTIFICATE, credentials), ==, 0);
  gnutls_transport_set_ptr (inner, outer);
  gnutls_transport_set_push_function (inner, push_through);
  gnutls_transport_set_pull_function (inner, pull_through);
  do
    ret = gnutls_handshake (inner);
  while (ret < 0 && !gnutls_error_is_fatal (ret));
  g_assert_cmpint (ret, ==, 0);
  test_tls_server_echo (server, inner);
  gnutls_deinit (inner);
  gnutls_certificate_free_credentials (credentials);
  gnutls_bye (outer, GNUTLS_SHUT_WR);
}

/* Echoes, until the client is gone, however it goes. */
static void
echo_until_gone (TestTlsServer *server, gnutls_session_t session)
{
  guint8 buffer[1024];
  ssize_t n;

  while ((n = gnutls_record_recv (session, buffer, sizeof buffer)) > 0)
    g_assert_cmpint (gnutls_record_send (session, buffer, (gsize) n), ==, n);
}

/* A connection that is dropped, not closed. Breaks if dropping it blocks, or polls a stream that
 * cannot be polled. tear_down() drops it. */
static void
test_dropped (Fixture *f, gconstpointer data)
{
  test_exchange_text (f->connection, GREETING);
}

/* Breaks if a TLS connection is no base stream, or its socket is passed in its place. */
static void
test_inside (Fixture *f, gconstpointer data)
{
  g_autoptr (GTlsConnection) outer = g_steal_pointer (&f->connection);
  g_autoptr (GError) error = NULL;
  GTlsCertificate *certificate;
  g_autoptr (GBytes) expected = test_cert_der ("rsa.pem");
  g_autoptr (GByteArray) der = NULL;

  f->connection = test_connection_new_for_stream (G_IO_STREAM (outer), "www.handoff.test");
  f->in = g_io_stream_get_input_stream (G_IO_STREAM (f->connection));
  f->out = g_io_stream_get_output_stream (G_IO_STREAM (f->connection));
  g_assert_true (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_no_error (error);
  certificate = g_tls_connection_get_peer_certificate (f->connection);
  g_object_get (certificate, "certificate", &der, NULL);
  g_assert_cmpmem (der->data, der->len, g_bytes_get_data (expected, NULL),
                   g_bytes_get_size (expected));
  test_exchange_text (f->connection, GREETING);
  test_big_async (f, data);
}

/* Likewise where the outer handshake has to be done first, and nothing blocks. */
static void
test_inside_async (Fixture *f, gconstpointer data)
{
  g_autoptr (GTlsConnection) outer = g_steal_pointer (&f->connection);

  f->connection = test_connection_new_for_stream (G_IO_STREAM (outer), "www.handoff.test");
  f->in = g_io_stream_get_input_stream (G_IO_STREAM (f->connection));
  f->out = g_io_stream_get_output_stream (G_IO_STREAM (f->connection));
  do_async (f);
}

int
main (int argc, char **argv)
{
  static const Config tls13 = { TLS1_3, WHOLE, TRUE, test_tls_server_echo };
  static const Config tls12 = { TLS1_2, WHOLE, TRUE, test_tls_server_echo };
  static const Config tls13_bytes = { TLS1_3, 1, TRUE, test_tls_server_echo };
  static const Config tls12_bytes = { TLS1_2, 1, TRUE, test_tls_server_echo };
  static const Config dropped = { TLS1_3, WHOLE, TRUE, echo_until_gone };
  static const Config dropped_not_pollable = { TLS1_3, WHOLE, FALSE, echo_until_gone };
  static const Config not_pollable = { TLS1_3, WHOLE, FALSE, test_tls_server_echo };
  static const Config tls13_coalesced = { TLS1_3, WHOLE, TRUE, NULL };
  static const Config tls12_coalesced = { TLS1_2, WHOLE, TRUE, NULL };
  static const Config speaks_last = { TLS1_3, WHOLE, TRUE, test_tls_server_speak_last };
  static const Config inside = { TLS1_3, WHOLE, TRUE, serve_inside };

  test_system_init (&argc, &argv);
#define ADD(path, config, func)                                                                    \
  g_test_add ("/client-streams/" path, Fixture, &config, set_up, func, tear_down)
  ADD ("sync/tls1.3", tls13, test_sync);
  ADD ("sync/tls1.2", tls12, test_sync);
  ADD ("sync/bytes/tls1.3", tls13_bytes, test_sync);
  ADD ("sync/bytes/tls1.2", tls12_bytes, test_sync);
  ADD ("sync/not-pollable", not_pollable, test_sync);
  ADD ("implicit", tls13, test_implicit);
  ADD ("async/tls1.3", tls13, test_async);
  ADD ("async/tls1.2", tls12, test_async);
  ADD ("async/bytes", tls13_bytes, test_async);
  ADD ("async/not-pollable", not_pollable, test_not_pollable);
  ADD ("coalesced/tls1.3", tls13_coalesced, test_coalesced);
  ADD ("coalesced/tls1.2", tls12_coalesced, test_coalesced);
  ADD ("big", tls13, test_big_async);
  ADD ("half-close", speaks_last, test_half_close);
  g_test_add_data_func ("/client-streams/openssl/tls1.3", "-tls1_3", test_openssl);
  g_test_add_data_func ("/client-streams/openssl/tls1.2", "-tls1_2", test_openssl);
  ADD ("dropped/pollable", dropped, test_dropped);
  ADD ("dropped/not-pollable", dropped_not_pollable, test_dropped);
  ADD ("inside/sync", inside, test_inside);
  ADD ("inside/async", inside, test_inside_async);
  return g_test_run ();
}
