/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* TlsHandoffClientConnection through the real service, in every way that GIO offers to use it. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-connection.h"
#include "test-peer.h"
#include "test-system.h"
#include "test-tls-server.h"

#define GREETING "Hello through the handoff"
#define BIG_SIZE (16 * 1024 * 1024)

typedef struct
{
  GTlsConnection *connection;
  TestTlsServer *server;
  GInputStream *in;
  GOutputStream *out;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer behaviour)
{
  int fds[2];

  test_tcp_pair (fds);
  fixture->connection = test_connection_new (fds[0], NULL);
  fixture->server = test_tls_server_new (fds[1], "ecdsa", NULL, (TestTlsBehaviour) behaviour);
  fixture->in = g_io_stream_get_input_stream (G_IO_STREAM (fixture->connection));
  fixture->out = g_io_stream_get_output_stream (G_IO_STREAM (fixture->connection));
}

static void
tear_down (Fixture *fixture, gconstpointer behaviour)
{
  g_clear_object (&fixture->connection);
  test_tls_server_join (fixture->server);
}

/* Breaks if a property that users of a GTlsConnection read after a handshake is missing, or is set
 * before it. */
static void
test_sync (Fixture *fixture, gconstpointer data)
{
  TlsHandoffConnection *connection = TLS_HANDOFF_CONNECTION (fixture->connection);
  TlsHandoffHandshakeResult *result;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) expected = test_cert_der ("ecdsa.pem");
  g_autoptr (GByteArray) der = NULL;
  g_autofree char *ciphersuite = NULL;
  GTlsCertificate *certificate;

  g_assert_null (tls_handoff_connection_get_result (connection));
  g_assert_null (g_tls_connection_get_peer_certificate (fixture->connection));
  g_assert_cmpint (g_tls_connection_get_protocol_version (fixture->connection), ==,
                   G_TLS_PROTOCOL_VERSION_UNKNOWN);

  g_assert_true (g_tls_connection_handshake (fixture->connection, NULL, &error));
  g_assert_no_error (error);

  g_assert_cmpint (g_tls_connection_get_protocol_version (fixture->connection), ==,
                   G_TLS_PROTOCOL_VERSION_TLS_1_3);
  ciphersuite = g_tls_connection_get_ciphersuite_name (fixture->connection);
  g_assert_true (g_str_has_prefix (ciphersuite, "TLS_AES_"));
  g_assert_cmpstr (g_tls_connection_get_negotiated_protocol (fixture->connection), ==, "echo");
  g_assert_cmpint (g_tls_connection_get_peer_certificate_errors (fixture->connection), ==, 0);
  certificate = g_tls_connection_get_peer_certificate (fixture->connection);
  g_assert_nonnull (certificate);
  g_object_get (certificate, "certificate", &der, NULL);
  g_assert_cmpmem (der->data, der->len, g_bytes_get_data (expected, NULL),
                   g_bytes_get_size (expected));

  result = tls_handoff_connection_get_result (connection);
  g_assert_nonnull (result);
  g_assert_cmpstr (tls_handoff_handshake_result_get_server_name (result), ==, "localhost");
  g_assert_cmpstr (tls_handoff_handshake_result_get_ocsp_status (result), ==, "none");
  g_assert_false (tls_handoff_handshake_result_get_resumed (result));
  g_assert_cmpuint (tls_handoff_handshake_result_get_key_blob_size (result), >, 48);
  /* Newer kernels add the seal that keeps it from becoming executable. */
  g_assert_true (g_str_has_prefix (tls_handoff_handshake_result_get_key_blob_seals (result),
                                   "seal shrink grow write"));

  /* Once more is no error, as in GIO. */
  g_assert_true (g_tls_connection_handshake (fixture->connection, NULL, &error));
  g_assert_no_error (error);

  test_exchange_text (fixture->connection, GREETING);
  test_close_connection (fixture->connection);
  g_assert_cmpint (g_input_stream_read (fixture->in, &(char){ 0 }, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* Of a thread that is inside a call. */
typedef struct
{
  GInputStream *in;
  int thread; /* atomic: 0 before it began */
  GError *error;
} Reader;

static gpointer
read_one (gpointer data)
{
  Reader *reader = data;
  char byte;

  g_atomic_int_set (&reader->thread, gettid ());
  g_assert_cmpint (g_input_stream_read (reader->in, &byte, 1, NULL, &reader->error), ==, -1);
  return NULL;
}

/* Whether it waits, as the kernel has it (proc(5)). */
static gboolean
is_asleep (gpointer data)
{
  Reader *reader = data;
  const int thread = g_atomic_int_get (&reader->thread);
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/stat", thread);
  g_autofree char *stat = NULL;

  return thread != 0 && g_file_get_contents (path, &stat, NULL, NULL) &&
         strstr (stat, ") S ") != NULL;
}

/* Held while the server has to be silent. */
static GMutex silence;

static void
be_silent (TestTlsServer *server, gnutls_session_t session)
{
  g_mutex_lock (&silence);
  g_mutex_unlock (&silence);
}

static void
set_up_silent (Fixture *fixture, gconstpointer behaviour)
{
  g_mutex_lock (&silence);
  set_up (fixture, behaviour);
}

/* Breaks if a read goes on waiting when another thread closes, or calls that another error. */
static void
test_close_while_reading (Fixture *fixture, gconstpointer data)
{
  Reader reader = { .in = fixture->in };
  g_autoptr (GError) error = NULL;
  GThread *thread;

  g_tls_connection_handshake (fixture->connection, NULL, &error);
  g_assert_no_error (error);
  thread = g_thread_new ("reader", read_one, &reader);
  test_wait_until (is_asleep, &reader, "the reader waits");
  test_close_connection (fixture->connection);
  g_thread_join (thread);
  g_mutex_unlock (&silence);
  g_assert_error (reader.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&reader.error);
}

/* Breaks if a write before any handshake does not do one, or waits for a main loop. */
static void
test_implicit (Fixture *fixture, gconstpointer data)
{
  test_exchange_text (fixture->connection, GREETING);
  test_close_connection (fixture->connection);
}

/* Breaks if an address is not verified as an address, or is sent as the server name. */
static void
test_identities (void)
{
  static const struct
  {
    const char *identity;
    const char *server_name;
  } cases[] = {
    { "www.handoff.test", "www.handoff.test" },
    { "b\303\274cher.handoff.test", "xn--bcher-kva.handoff.test" },
    { "127.0.0.1", NULL },
    { "::1", NULL },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GTlsConnection) connection = NULL;
      g_autoptr (TestTlsServer) server = NULL;
      g_autoptr (GError) error = NULL;
      TlsHandoffHandshakeResult *result;
      int fds[2];

      test_tcp_pair (fds);
      connection = test_connection_new (fds[0], cases[i].identity);
      server = test_tls_server_new (fds[1], "rsa", "NORMAL:-VERS-ALL:+VERS-TLS1.2",
                                    test_tls_server_echo);
      g_tls_connection_handshake (connection, NULL, &error);
      g_assert_no_error (error);
      result = tls_handoff_connection_get_result (TLS_HANDOFF_CONNECTION (connection));
      g_assert_cmpstr (tls_handoff_handshake_result_get_server_name (result), ==,
                       cases[i].server_name);
      g_assert_cmpint (g_tls_connection_get_protocol_version (connection), ==,
                       G_TLS_PROTOCOL_VERSION_TLS_1_2);
      g_io_stream_close (G_IO_STREAM (connection), NULL, &error);
      g_assert_no_error (error);
    }
}

/* GIO's pool threads of this process, without the one that only starts others: newer versions of
 * GLib have it from the first pool on, used or not. */
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

      if (g_file_get_contents (path, &comm, NULL, NULL) && g_str_has_prefix (comm, "pool") &&
          !g_str_has_prefix (comm, "pool-spawner"))
        n++;
    }
  return n;
}

/* Breaks if an asynchronous call does not finish, or secretly uses a thread. */
static void
test_async (Fixture *fixture, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;
  char reply[sizeof GREETING] = { 0 };
  gsize n;

  g_assert_cmpuint (count_pool_threads (), ==, 0);

  g_tls_connection_handshake_async (fixture->connection, G_PRIORITY_DEFAULT, NULL,
                                    test_store_result_cb, &result);
  g_assert_null (result);
  {
    g_autoptr (GAsyncResult) done = test_wait_for_result (&result);
    g_tls_connection_handshake_finish (fixture->connection, done, &error);
    g_assert_no_error (error);
  }

  g_output_stream_write_all_async (fixture->out, GREETING, strlen (GREETING), G_PRIORITY_DEFAULT,
                                   NULL, test_store_result_cb, &result);
  {
    g_autoptr (GAsyncResult) done = test_wait_for_result (&result);
    g_output_stream_write_all_finish (fixture->out, done, NULL, &error);
    g_assert_no_error (error);
  }

  g_input_stream_read_all_async (fixture->in, reply, strlen (GREETING), G_PRIORITY_DEFAULT, NULL,
                                 test_store_result_cb, &result);
  {
    g_autoptr (GAsyncResult) done = test_wait_for_result (&result);
    g_input_stream_read_all_finish (fixture->in, done, &n, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (reply, ==, GREETING);
  }

  g_io_stream_close_async (G_IO_STREAM (fixture->connection), G_PRIORITY_DEFAULT, NULL,
                           test_store_result_cb, &result);
  {
    g_autoptr (GAsyncResult) done = test_wait_for_result (&result);
    g_io_stream_close_finish (G_IO_STREAM (fixture->connection), done, &error);
    g_assert_no_error (error);
  }

  g_assert_cmpuint (count_pool_threads (), ==, 0);
}

/* Breaks if a read and a write that start the handshake at the same time start two handshakes, or
 * if one of the two calls is lost. */
static void
test_async_implicit (Fixture *fixture, gconstpointer data)
{
  GAsyncResult *read_result = NULL;
  GAsyncResult *write_result = NULL;
  g_autoptr (GAsyncResult) read_done = NULL;
  g_autoptr (GAsyncResult) write_done = NULL;
  g_autoptr (GError) error = NULL;
  char reply[sizeof GREETING] = { 0 };
  gsize n;

  g_input_stream_read_all_async (fixture->in, reply, strlen (GREETING), G_PRIORITY_DEFAULT, NULL,
                                 test_store_result_cb, &read_result);
  g_output_stream_write_all_async (fixture->out, GREETING, strlen (GREETING), G_PRIORITY_DEFAULT,
                                   NULL, test_store_result_cb, &write_result);
  write_done = test_wait_for_result (&write_result);
  read_done = test_wait_for_result (&read_result);
  g_output_stream_write_all_finish (fixture->out, write_done, NULL, &error);
  g_assert_no_error (error);
  g_input_stream_read_all_finish (fixture->in, read_done, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (reply, ==, GREETING);
  test_close_connection (fixture->connection);
}

typedef struct
{
  Fixture *fixture;
  char reply[sizeof GREETING];
  gsize received;
  guint calls;
  GMainLoop *loop;
} Polling;

static gboolean
readable_cb (GObject *stream, gpointer user_data)
{
  Polling *polling = user_data;
  g_autoptr (GError) error = NULL;
  gssize n;

  polling->calls++;
  n = g_pollable_input_stream_read_nonblocking (
      G_POLLABLE_INPUT_STREAM (stream), polling->reply + polling->received,
      strlen (GREETING) - polling->received, NULL, &error);
  if (n < 0)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      return G_SOURCE_CONTINUE;
    }
  polling->received += n;
  if (polling->received < strlen (GREETING))
    return G_SOURCE_CONTINUE;
  g_main_loop_quit (polling->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
writable_cb (GObject *stream, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  gssize n;

  n = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (stream), GREETING,
                                                  strlen (GREETING), NULL, &error);
  if (n < 0)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      return G_SOURCE_CONTINUE;
    }
  g_assert_cmpint (n, ==, strlen (GREETING));
  return G_SOURCE_REMOVE;
}

/* Breaks if a source that lives through the handshake is never ready, or always: a busy loop. */
static void
test_pollable (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GSource) readable = NULL;
  g_autoptr (GSource) writable = NULL;
  Polling polling = { fixture, { 0 }, 0, 0, loop };

  readable = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (fixture->in), NULL);
  g_source_set_callback (readable, G_SOURCE_FUNC (readable_cb), &polling, NULL);
  g_source_attach (readable, NULL);
  writable = g_pollable_output_stream_create_source (G_POLLABLE_OUTPUT_STREAM (fixture->out), NULL);
  g_source_set_callback (writable, G_SOURCE_FUNC (writable_cb), &polling, NULL);
  g_source_attach (writable, NULL);
  g_main_loop_run (loop);

  g_assert_cmpstr (polling.reply, ==, GREETING);
  /* Before and after the handshake, after the tickets, at the reply; and some, but not thousands.
   */
  g_assert_cmpuint (polling.calls, <, 20);
  g_assert_false (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (fixture->in)));
  g_assert_true (g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (fixture->out)));
  test_close_connection (fixture->connection);
}

/* Breaks if a source does not see that its cancellable was cancelled. */
static void
test_source_cancelled (Fixture *fixture, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  char byte;

  test_exchange_text (fixture->connection, GREETING);
  g_input_stream_read_async (fixture->in, &byte, 1, G_PRIORITY_DEFAULT, cancellable,
                             test_store_result_cb, &result);
  g_cancellable_cancel (cancellable);
  done = test_wait_for_result (&result);
  g_assert_cmpint (g_input_stream_read_finish (fixture->in, done, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  /* The connection is none the worse for it. */
  test_exchange_text (fixture->connection, GREETING);
  test_close_connection (fixture->connection);
}

static gpointer
write_big_data (gpointer data)
{
  Fixture *fixture = data;
  g_autofree guint8 *sent = test_data_new (BIG_SIZE);
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (fixture->out, sent, BIG_SIZE, NULL, NULL, &error);
  g_assert_no_error (error);
  return NULL;
}

/* Sends back all, and asks for new keys in both directions now and then. */
static void
echo_with_key_updates (TestTlsServer *server, gnutls_session_t session)
{
  guint8 buffer[16384];
  gsize total = 0;
  gsize n;

  while ((n = test_tls_server_receive (session, buffer, sizeof buffer)) > 0)
    {
      total += n;
      if (total / (BIG_SIZE / 4) != (total - n) / (BIG_SIZE / 4))
        g_assert_cmpint (gnutls_session_key_update (session, GNUTLS_KU_PEER), ==, 0);
      test_tls_server_send (session, buffer, n);
    }
  gnutls_bye (session, GNUTLS_SHUT_WR);
}

/* Breaks if the two directions get in each other's way: reordered records, a deadlock, an answer to
 * a key update in the middle of a batch. */
static void
test_big_threads (Fixture *fixture, gconstpointer data)
{
  g_autofree guint8 *expected = test_data_new (BIG_SIZE);
  g_autofree guint8 *received = g_malloc (BIG_SIZE);
  g_autoptr (GError) error = NULL;
  GThread *writer;
  gsize n;

  writer = g_thread_new ("writer", write_big_data, fixture);
  g_input_stream_read_all (fixture->in, received, BIG_SIZE, &n, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (received, n, expected, BIG_SIZE);
  g_thread_join (writer);
  test_close_connection (fixture->connection);
}

/* Breaks if ciphertext that the socket did not take is lost, doubled or never sent. */
static void
test_big_async (Fixture *fixture, gconstpointer data)
{
  test_exchange_async (fixture->connection, BIG_SIZE);
  test_close_connection (fixture->connection);
}

/* Breaks if closing the output stream closes more than that. */
static void
test_half_close (Fixture *fixture, gconstpointer data)
{
  test_half_close_connection (fixture->connection);
  test_close_connection (fixture->connection);
}

static void
hang_up (TestTlsServer *server, gnutls_session_t session)
{
  test_tls_server_send (session, (const guint8 *) GREETING, strlen (GREETING));
}

/* Breaks if a stream that was cut off looks like one that ended. */
static void
test_truncated (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  char reply[sizeof GREETING] = { 0 };
  gsize n;

  g_assert_false (g_input_stream_read_all (fixture->in, reply, sizeof reply, &n, NULL, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_EOF);
  g_assert_cmpstr (reply, ==, GREETING);
  g_clear_error (&error);

  g_tls_connection_set_require_close_notify (fixture->connection, FALSE);
  g_assert_cmpint (g_input_stream_read (fixture->in, reply, 1, NULL, &error), ==, 0);
  g_assert_no_error (error);
}

/* Breaks if dropping the last reference waits for a peer that does not read. */
static void
test_dropped (void)
{
  g_autoptr (GTlsConnection) connection = NULL;
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autofree guint8 *data = test_data_new (BIG_SIZE);
  g_autoptr (GError) error = NULL;
  GPollableOutputStream *out;

  /* Its stdout is a pipe that nobody reads here, so it stops reading soon. */
  connection = test_connection_new (test_peer_connect (peer), NULL);
  g_tls_connection_handshake (connection, NULL, &error);
  g_assert_no_error (error);
  out = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (connection)));
  while (g_pollable_output_stream_write_nonblocking (out, data, BIG_SIZE, NULL, &error) > 0)
    ;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
#define ADD(path, behaviour, func)                                                                 \
  g_test_add ("/client-connection/" path, Fixture, behaviour, set_up, func, tear_down)
  ADD ("sync", test_tls_server_echo, test_sync);
  ADD ("implicit", test_tls_server_echo, test_implicit);
  g_test_add ("/client-connection/close-while-reading", Fixture, be_silent, set_up_silent,
              test_close_while_reading, tear_down);
  g_test_add_func ("/client-connection/identities", test_identities);
  ADD ("async/explicit", test_tls_server_echo, test_async);
  ADD ("async/implicit", test_tls_server_echo, test_async_implicit);
  ADD ("pollable", test_tls_server_echo, test_pollable);
  ADD ("source-cancelled", test_tls_server_echo, test_source_cancelled);
  ADD ("big/threads", echo_with_key_updates, test_big_threads);
  ADD ("big/async", echo_with_key_updates, test_big_async);
  ADD ("half-close", test_tls_server_speak_last, test_half_close);
  ADD ("truncated", hang_up, test_truncated);
  g_test_add_func ("/client-connection/dropped", test_dropped);
  return g_test_run ();
}
