/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-flow.h"

#include <unistd.h>

#include "test-connection.h"
#include "test-peer.h"
#include "test-system.h"

const TestFlowConfig test_flow_good[] = { { TEST_FLOW_SOCKET, "ecdsa", FALSE },
                                          { TEST_FLOW_PIPES, "ecdsa", FALSE },
                                          { TEST_FLOW_STOCK, "ecdsa", FALSE } };
const TestFlowConfig test_flow_faulty[] = { { TEST_FLOW_SOCKET, "wrong-name", FALSE },
                                            { TEST_FLOW_PIPES, "wrong-name", FALSE },
                                            { TEST_FLOW_STOCK, "wrong-name", FALSE } };
const TestFlowConfig test_flow_sitting[] = { { TEST_FLOW_SOCKET, "ecdsa", TRUE },
                                             { TEST_FLOW_PIPES, "ecdsa", TRUE },
                                             { TEST_FLOW_STOCK, "ecdsa", TRUE } };
const TestFlowConfig test_flow_silent[] = { { TEST_FLOW_SOCKET, NULL, FALSE },
                                            { TEST_FLOW_PIPES, NULL, FALSE },
                                            { TEST_FLOW_STOCK, NULL, FALSE } };

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

/* Neither reads nor writes until the test, or the part of it that needs that, is over. */
static gboolean test_is_over;

static void
sit_there (TestTlsServer *server, gnutls_session_t session)
{
  g_mutex_lock (&server_lock);
  while (!test_is_over)
    g_cond_wait (&server_changed, &server_lock);
  g_mutex_unlock (&server_lock);
}

GTlsConnection *
test_flow_new_stock_connection (int fd)
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
test_flow_set_up (TestFlow *f, gconstpointer data)
{
  const TestFlowConfig *config = data;
  int fds[2];

  f->config = config;
  f->thread = g_thread_self ();
  server_done = FALSE;
  test_is_over = FALSE;
  test_tcp_pair (fds);
  f->silent = fds[1];
  if (config->certificate != NULL)
    f->server = test_tls_server_new (fds[1], config->certificate, NULL,
                                     config->sits_there ? sit_there : echo);
  if (config->kind == TEST_FLOW_STOCK)
    {
      f->connection = test_flow_new_stock_connection (fds[0]);
    }
  else if (config->kind == TEST_FLOW_SOCKET)
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

void
test_flow_end_sitting (void)
{
  g_mutex_lock (&server_lock);
  test_is_over = TRUE;
  g_cond_signal (&server_changed);
  g_mutex_unlock (&server_lock);
}

static void
test_flow_tear_down (TestFlow *f, gconstpointer data)
{
  test_flow_end_sitting ();
  g_clear_object (&f->connection);
  if (f->server != NULL)
    test_tls_server_join (f->server);
  else
    close (f->silent);
  g_clear_pointer (&f->relay, test_relay_free);
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
}

GSocket *
test_flow_get_socket (TestFlow *f)
{
  g_autoptr (GIOStream) base = NULL;

  g_object_get (f->connection, "base-io-stream", &base, NULL);
  return g_socket_connection_get_socket (G_SOCKET_CONNECTION (base));
}

void
test_flow_start (TestFlow *f, GAsyncResult **place)
{
  g_tls_connection_handshake_async (f->connection, G_PRIORITY_DEFAULT, NULL, test_store_result_cb,
                                    place);
}

gboolean
test_flow_finish (TestFlow *f, GAsyncResult **place, GError **error)
{
  g_autoptr (GAsyncResult) done = test_wait_for_result (place);

  return g_tls_connection_handshake_finish (f->connection, done, error);
}

void
test_flow_attempt_to_read (TestFlow *f)
{
  g_autoptr (GError) error = NULL;
  char byte;

  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (f->in), &byte,
                                                             1, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

void
test_flow_wait_for_server (void)
{
  const gint64 end = g_get_monotonic_time () + TEST_TIMEOUT_SECONDS * G_USEC_PER_SEC;

  g_mutex_lock (&server_lock);
  while (!server_done)
    g_assert_true (g_cond_wait_until (&server_changed, &server_lock, end));
  g_mutex_unlock (&server_lock);
}

void
test_flow_add (const char *name, const TestFlowCase *cases, gsize n_cases)
{
  static const char *const kinds[] = { "socket", "pipes", "stock" };
  gsize i, j;

  for (i = 0; i < n_cases; i++)
    {
      for (j = 0; j < G_N_ELEMENTS (kinds); j++)
        {
          g_autofree char *path = g_strdup_printf ("/%s/%s/%s", name, cases[i].name, kinds[j]);

          if (!(j == TEST_FLOW_PIPES && cases[i].needs_socket) &&
              !(j == TEST_FLOW_STOCK && cases[i].not_stock))
            g_test_add (path, TestFlow, &cases[i].configs[j], test_flow_set_up, cases[i].func,
                        test_flow_tear_down);
        }
    }
}
