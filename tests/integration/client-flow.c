/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Who runs a handshake, who waits for it and how long, and what a handler may do meanwhile. Each
 * case for a TlsHandoffClientConnection over a socket and over pipes, and for the connection of
 * GIO's stock backend, whose behaviour is the right one. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-connection.h"
#include "test-peer.h"
#include "test-relay.h"
#include "test-system.h"
#include "test-tls-server.h"

#define TEXT "So it went on"
#define TIMEOUT 1 /* seconds */

typedef enum
{
  SOCKET,
  PIPES,
  STOCK,
} Kind;

typedef struct
{
  Kind kind;
  const char *certificate; /* NULL: a peer that says nothing */
} Config;

typedef struct
{
  const Config *config;
  TestTlsServer *server; /* (nullable) */
  int silent;            /* the silent peer's end */
  TestRelay *relay;      /* (nullable) */
  GTlsConnection *connection;
  GInputStream *in;
  GOutputStream *out;
  GThread *thread;      /* in which handlers have to run */
  gboolean closes;      /* in the handler */
  gboolean is_writing;  /* while the handler runs */
  gboolean closing;     /* asynchronously, in the handler */
  GAsyncResult *closed; /* then */
  guint n_asked;
} Fixture;

/* Whether the server's handshake is over. */
static GMutex server_lock;
static GCond server_changed;
static gboolean server_done;

static void
echo (TestTlsServer *server, gnutls_session_t session)
{
  g_mutex_lock (&server_lock);
  server_done = TRUE;
  g_cond_signal (&server_changed);
  g_mutex_unlock (&server_lock);
  test_tls_server_echo (server, session);
}

static GTlsConnection *
new_stock_connection (int fd)
{
  g_autofree char *path = test_cert_path ("ca.pem");
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  g_autoptr (GTlsDatabase) database = NULL;
  g_autoptr (GSocketConnection) base = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  GIOStream *connection;

  socket = g_socket_new_from_fd (fd, &error);
  g_assert_no_error (error);
  base = g_socket_connection_factory_create_connection (socket);
  connection = g_tls_client_connection_new (G_IO_STREAM (base), identity, &error);
  g_assert_no_error (error);
  g_assert_false (TLS_HANDOFF_IS_CONNECTION (connection));
  database = g_tls_file_database_new (path, &error);
  g_assert_no_error (error);
  g_tls_connection_set_database (G_TLS_CONNECTION (connection), database);
  return G_TLS_CONNECTION (connection);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const Config *config = data;
  int fds[2];

  f->config = config;
  f->thread = g_thread_self ();
  server_done = FALSE;
  test_tcp_pair (fds);
  f->silent = fds[1];
  if (config->certificate != NULL)
    f->server = test_tls_server_new (fds[1], config->certificate, NULL, echo);
  if (config->kind == STOCK)
    {
      f->connection = new_stock_connection (fds[0]);
    }
  else if (config->kind == SOCKET)
    {
      f->connection = test_connection_new (fds[0], NULL);
    }
  else
    {
      g_autoptr (GIOStream) base = NULL;

      f->relay = test_relay_new_pipes (fds[0], G_MAXSIZE, TRUE, &base);
      f->connection = test_connection_new_for_stream (base, NULL);
    }
  f->in = g_io_stream_get_input_stream (G_IO_STREAM (f->connection));
  f->out = g_io_stream_get_output_stream (G_IO_STREAM (f->connection));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->connection);
  if (f->server != NULL)
    test_tls_server_join (f->server);
  else
    close (f->silent);
  g_clear_pointer (&f->relay, test_relay_free);
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
}

static GSocket *
get_socket (Fixture *f)
{
  g_autoptr (GIOStream) base = NULL;

  g_object_get (f->connection, "base-io-stream", &base, NULL);
  return g_socket_connection_get_socket (G_SOCKET_CONNECTION (base));
}

static void
start_handshake (Fixture *f, GAsyncResult **place)
{
  g_tls_connection_handshake_async (f->connection, G_PRIORITY_DEFAULT, NULL, test_store_result_cb,
                                    place);
}

static gboolean
finish_handshake (Fixture *f, GAsyncResult **place, GError **error)
{
  g_autoptr (GAsyncResult) done = test_wait_for_result (place);

  return g_tls_connection_handshake_finish (f->connection, done, error);
}

/* Starts the handshake without waiting for anything. */
static void
attempt_to_read (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  char byte;

  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (f->in), &byte,
                                                             1, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

/* Breaks if the thread that started a handshake cannot go on with a blocking call. */
static void
test_joined (Fixture *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  start_handshake (f, &result);
  test_exchange_text (f->connection, TEXT);
  g_assert_true (finish_handshake (f, &result, &error));
  g_assert_no_error (error);
  test_close_connection (f->connection);
}

/* Without running a main loop. */
static void
wait_for_server (void)
{
  const gint64 end = g_get_monotonic_time () + TEST_TIMEOUT_SECONDS * G_USEC_PER_SEC;

  g_mutex_lock (&server_lock);
  while (!server_done)
    g_assert_true (g_cond_wait_until (&server_changed, &server_lock, end));
  g_mutex_unlock (&server_lock);
}

/* Breaks if a handshake needs the application's main loop, which does not run here. */
static void
test_without_loop (Fixture *f, gconstpointer data)
{
  attempt_to_read (f);
  wait_for_server ();
  test_exchange_text (f->connection, TEXT);
  test_close_connection (f->connection);
}

/* Likewise for one that was started asynchronously. */
static void
test_async_without_loop (Fixture *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  start_handshake (f, &result);
  wait_for_server ();
  g_assert_null (result);
  g_assert_true (finish_handshake (f, &result, &error));
  g_assert_no_error (error);
  test_close_connection (f->connection);
}

static void
note_cb (GObject *object, GParamSpec *property, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_true (g_thread_self () == f->thread);
  f->n_asked++;
}

/* Breaks if a property's signal comes from a thread that the application does not know, or not
 * before the call returns. */
static void
test_notified (Fixture *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (f->connection, "notify::peer-certificate", G_CALLBACK (note_cb), f);
  start_handshake (f, &result);
  g_assert_true (finish_handshake (f, &result, &error));
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
  Fixture *f = user_data;
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
  attempt_to_read (f);
  if (f->closes)
    {
      g_assert_false (g_io_stream_close (G_IO_STREAM (connection), NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
      g_clear_error (&error);
    }
  return TRUE;
}

static void
ask (Fixture *f)
{
  g_signal_connect (f->connection, "accept-certificate", G_CALLBACK (block_cb), f);
}

/* Breaks if a handler that blocks waits for the handshake that waits for it, or spoils it. */
static void
test_handler (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  ask (f);
  g_assert_true (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (f->n_asked, ==, 1);
  test_exchange_text (f->connection, TEXT);
  test_close_connection (f->connection);
}

static void
test_handler_async (Fixture *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  ask (f);
  /* The stock backend takes a context that nobody has for one without a main loop. */
  g_assert_true (g_main_context_acquire (NULL));
  start_handshake (f, &result);
  g_assert_true (finish_handshake (f, &result, &error));
  g_main_context_release (NULL);
  g_assert_no_error (error);
  g_assert_cmpuint (f->n_asked, ==, 1);
  test_exchange_text (f->connection, TEXT);
  test_close_connection (f->connection);
}

/* Breaks if the question waits for a main loop that waits for the answer. */
static void
test_handler_joined (Fixture *f, gconstpointer data)
{
  f->is_writing = TRUE;
  ask (f);
  attempt_to_read (f);
  test_exchange_text (f->connection, TEXT);
  g_assert_cmpuint (f->n_asked, ==, 1);
  test_close_connection (f->connection);
}

static gpointer
exchange_thread (gpointer connection)
{
  test_exchange_text (connection, TEXT);
  return NULL;
}

static gboolean
accept_cb (GTlsConnection *connection,
           GTlsCertificate *certificate,
           GTlsCertificateFlags errors,
           gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_true (g_thread_self () == f->thread);
  f->n_asked++;
  return TRUE;
}

/* Breaks if a thread that waits for the handshake takes a question that is for a main loop. */
static void
test_handler_other_thread (Fixture *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  g_signal_connect (f->connection, "accept-certificate", G_CALLBACK (accept_cb), f);
  /* The main loop has the context before and after each of its iterations, too. */
  g_assert_true (g_main_context_acquire (NULL));
  start_handshake (f, &result);
  thread = g_thread_new ("exchange", exchange_thread, f->connection);
  g_assert_true (finish_handshake (f, &result, &error));
  g_main_context_release (NULL);
  g_assert_no_error (error);
  g_thread_join (thread);
  g_assert_cmpuint (f->n_asked, ==, 1);
  test_close_connection (f->connection);
}

static void
test_handler_closes (Fixture *f, gconstpointer data)
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
  Fixture *f = user_data;

  g_io_stream_close_async (G_IO_STREAM (connection), G_PRIORITY_DEFAULT, NULL, test_store_result_cb,
                           &f->closed);
  return TRUE;
}

/* Breaks if a handler's asynchronous close ends the handshake that asks, or is forgotten. */
static void
test_handler_closes_async (Fixture *f, gconstpointer data)
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

static void
set_timeout (Fixture *f)
{
  g_socket_set_timeout (get_socket (f), TIMEOUT);
}

/* Breaks if a silent server holds up the caller for longer than the socket's timeout. */
static void
test_timeout_handshake (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  set_timeout (f);
  g_assert_false (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static void
test_timeout_handshake_async (Fixture *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  set_timeout (f);
  start_handshake (f, &result);
  g_assert_false (finish_handshake (f, &result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* Breaks if the clock needs the application's main loop. */
static void
test_timeout_without_loop (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  char byte;

  set_timeout (f);
  attempt_to_read (f);
  g_assert_cmpint (g_input_stream_read (f->in, &byte, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static gboolean
think_cb (GTlsConnection *connection,
          GTlsCertificate *certificate,
          GTlsCertificateFlags errors,
          gpointer user_data)
{
  Fixture *f = user_data;

  f->n_asked++;
  /* For urgent data, which never come. */
  g_socket_condition_timed_wait (get_socket (f), G_IO_PRI, TIMEOUT * G_USEC_PER_SEC * 5 / 4, NULL,
                                 NULL);
  return TRUE;
}

/* Breaks if the time that a person takes to answer counts. */
static void
test_timeout_thinking (Fixture *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  set_timeout (f);
  g_signal_connect (f->connection, "accept-certificate", G_CALLBACK (think_cb), f);
  start_handshake (f, &result);
  g_assert_true (finish_handshake (f, &result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (f->n_asked, ==, 1);
  test_close_connection (f->connection);
}

/* Reads from a server that waits for the client, and writes to one that never reads (and so cannot
 * be the echo, which does). */
static void
test_timeout_read (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;
  char byte;

  set_timeout (f);
  g_assert_true (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_input_stream_read (f->in, &byte, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_input_stream_read_async (f->in, &byte, 1, G_PRIORITY_DEFAULT, NULL, test_store_result_cb,
                             &result);
  done = test_wait_for_result (&result);
  g_assert_cmpint (g_input_stream_read_finish (f->in, done, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  /* A timeout spoils nothing. */
  test_exchange_text (f->connection, TEXT);
  test_close_connection (f->connection);
}

/* Breaks if the application's copying of a session that it does not have does anything. */
static void
test_copy_session_state (Fixture *f, gconstpointer data)
{
  g_autoptr (GTlsConnection) other = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  test_tcp_pair (fds);
  other =
      f->config->kind == STOCK ? new_stock_connection (fds[0]) : test_connection_new (fds[0], NULL);
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  g_tls_client_connection_copy_session_state (G_TLS_CLIENT_CONNECTION (f->connection),
                                              G_TLS_CLIENT_CONNECTION (other));
  G_GNUC_END_IGNORE_DEPRECATIONS
  g_assert_true (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_no_error (error);
  test_exchange_text (f->connection, TEXT);
  test_close_connection (f->connection);
  close (fds[1]);
}

int
main (int argc, char **argv)
{
  static const Config good[] = { { SOCKET, "ecdsa" }, { PIPES, "ecdsa" }, { STOCK, "ecdsa" } };
  static const Config faulty[] = { { SOCKET, "wrong-name" },
                                   { PIPES, "wrong-name" },
                                   { STOCK, "wrong-name" } };
  static const Config silent[] = { { SOCKET, NULL }, { PIPES, NULL }, { STOCK, NULL } };
  static const char *const kinds[] = { "socket", "pipes", "stock" };
  static const struct
  {
    const char *name;
    const Config *configs;
    gboolean needs_socket;
    gboolean not_stock; /* glib-networking 2.74 fails an assertion, its server would, or it races */
    void (*func) (Fixture *f, gconstpointer data);
  } cases[] = {
    { "joined", good, FALSE, TRUE, test_joined },
    { "without-loop", good, FALSE, FALSE, test_without_loop },
    { "async-without-loop", good, FALSE, FALSE, test_async_without_loop },
    { "notified", good, FALSE, FALSE, test_notified },
    { "copy-session-state", good, FALSE, TRUE, test_copy_session_state },
    { "handler/sync", faulty, FALSE, FALSE, test_handler },
    { "handler/async", faulty, FALSE, FALSE, test_handler_async },
    { "handler/joined", faulty, FALSE, TRUE, test_handler_joined },
    { "handler/other-thread", faulty, FALSE, TRUE, test_handler_other_thread },
    { "handler/closes", faulty, FALSE, TRUE, test_handler_closes },
    { "handler/closes-async", faulty, FALSE, FALSE, test_handler_closes_async },
    { "timeout/handshake", silent, TRUE, FALSE, test_timeout_handshake },
    { "timeout/handshake-async", silent, TRUE, FALSE, test_timeout_handshake_async },
    { "timeout/without-loop", silent, TRUE, FALSE, test_timeout_without_loop },
    { "timeout/thinking", faulty, TRUE, FALSE, test_timeout_thinking },
    { "timeout/read", good, TRUE, FALSE, test_timeout_read },
  };
  gsize i, j;

  test_system_init (&argc, &argv);
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      for (j = 0; j < G_N_ELEMENTS (kinds); j++)
        {
          g_autofree char *path = g_strdup_printf ("/client-flow/%s/%s", cases[i].name, kinds[j]);

          if (!(j == PIPES && cases[i].needs_socket) && !(j == STOCK && cases[i].not_stock))
            g_test_add (path, Fixture, &cases[i].configs[j], set_up, cases[i].func, tear_down);
        }
    }
  return g_test_run ();
}
