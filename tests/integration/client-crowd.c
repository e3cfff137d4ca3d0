/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Many more connections at once than a user may have handshakes: all succeed, in threads, in a main
 * loop and in several processes. No server answers before the service has as many handshakes as the
 * default configuration allows: so the others did wait. */

#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-connection.h"
#include "test-peer.h"
#include "test-system.h"
#include "test-tls-server.h"

#define N_CONNECTIONS 200
#define N_PROCESSES 4
#define LIMIT 64 /* HandshakesPerUser */

static const char *program;

typedef struct
{
  int server_fds[N_CONNECTIONS];
  TestTlsServer *servers[N_CONNECTIONS];
  GTlsConnection *connections[N_CONNECTIONS];
} Crowd;

static void
close_at_end (TestTlsServer *server, gnutls_session_t session)
{
  guint8 byte;

  g_assert_cmpuint (test_tls_server_receive (session, &byte, 1), ==, 0);
}

/* Once the limit is reached. */
static void
serve (Crowd *crowd)
{
  gsize i;

  test_statistic_wait ("handshakes-in-flight", LIMIT);
  for (i = 0; i < N_CONNECTIONS; i++)
    crowd->servers[i] = test_tls_server_new (crowd->server_fds[i], "ecdsa", NULL, close_at_end);
}

static void
end (Crowd *crowd)
{
  gsize i;

  for (i = 0; i < N_CONNECTIONS; i++)
    {
      if (crowd->connections[i] != NULL)
        test_close_connection (crowd->connections[i]);
      g_clear_object (&crowd->connections[i]);
      test_tls_server_join (crowd->servers[i]);
    }
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
}

static void
connect_all (Crowd *crowd)
{
  gsize i;
  int fds[2];

  for (i = 0; i < N_CONNECTIONS; i++)
    {
      test_tcp_pair (fds);
      crowd->connections[i] = test_connection_new (fds[0], NULL);
      crowd->server_fds[i] = fds[1];
    }
}

static gpointer
handshake_thread (gpointer connection)
{
  GError *error = NULL;

  g_tls_connection_handshake (connection, NULL, &error);
  return error;
}

static void
test_threads (void)
{
  Crowd crowd = { 0 };
  GThread *threads[N_CONNECTIONS];
  gsize i;

  connect_all (&crowd);
  for (i = 0; i < N_CONNECTIONS; i++)
    threads[i] = g_thread_new ("handshake", handshake_thread, crowd.connections[i]);
  serve (&crowd);
  for (i = 0; i < N_CONNECTIONS; i++)
    {
      g_autoptr (GError) error = g_thread_join (threads[i]);

      g_assert_no_error (error);
    }
  end (&crowd);
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  guint *n_running = user_data;
  g_autoptr (GError) error = NULL;

  g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error);
  g_assert_no_error (error);
  (*n_running)--;
}

static void
test_async (void)
{
  Crowd crowd = { 0 };
  guint n_running = N_CONNECTIONS;
  gsize i;

  connect_all (&crowd);
  for (i = 0; i < N_CONNECTIONS; i++)
    g_tls_connection_handshake_async (crowd.connections[i], G_PRIORITY_DEFAULT, NULL, done_cb,
                                      &n_running);
  serve (&crowd);
  while (n_running > 0)
    g_main_context_iteration (NULL, TRUE);
  end (&crowd);
}

/* What each process does: its share of the connections. */
static int
run_client (guint16 port)
{
  GTlsConnection *connections[N_CONNECTIONS / N_PROCESSES];
  guint n_running = G_N_ELEMENTS (connections);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (connections); i++)
    {
      connections[i] = test_connection_new (test_connect (port), NULL);
      g_tls_connection_handshake_async (connections[i], G_PRIORITY_DEFAULT, NULL, done_cb,
                                        &n_running);
    }
  while (n_running > 0)
    g_main_context_iteration (NULL, TRUE);
  for (i = 0; i < G_N_ELEMENTS (connections); i++)
    {
      test_close_connection (connections[i]);
      g_object_unref (connections[i]);
    }
  return 0;
}

/* Starts the processes, and accepts their connections. */
static void
start_processes (Crowd *crowd, GSubprocess **clients)
{
  g_autofree char *port_text = NULL;
  guint16 port;
  int listener = test_listen (&port);
  gsize i;

  port_text = g_strdup_printf ("%u", port);
  for (i = 0; i < N_PROCESSES; i++)
    {
      g_autoptr (GError) error = NULL;

      clients[i] =
          g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, program, "--client", port_text, NULL);
      g_assert_no_error (error);
    }
  for (i = 0; i < N_CONNECTIONS; i++)
    {
      crowd->server_fds[i] = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
      g_assert_cmpint (crowd->server_fds[i], >=, 0);
    }
  close (listener);
}

static void
test_processes (void)
{
  Crowd crowd = { 0 };
  GSubprocess *clients[N_PROCESSES];
  gsize i;

  start_processes (&crowd, clients);
  serve (&crowd);
  for (i = 0; i < N_PROCESSES; i++)
    {
      g_autoptr (GError) error = NULL;

      g_subprocess_wait_check (clients[i], NULL, &error);
      g_assert_no_error (error);
      g_object_unref (clients[i]);
    }
  end (&crowd);
}

/* Breaks if the service does a handshake, or keeps one, of a process that died while it waited for
 * its turn. In a run of its own, the crowd also has the service started: the bus then delivers all
 * calls at once, and drops its own replies to the service. */
static void
test_killed (void)
{
  Crowd crowd = { 0 };
  GSubprocess *clients[N_PROCESSES];
  gsize i;

  start_processes (&crowd, clients);
  test_statistic_wait ("handshakes-in-flight", LIMIT);
  for (i = 0; i < N_PROCESSES; i++)
    g_subprocess_force_exit (clients[i]);
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
  for (i = 0; i < N_PROCESSES; i++)
    {
      g_subprocess_wait (clients[i], NULL, NULL);
      g_object_unref (clients[i]);
    }
  for (i = 0; i < N_CONNECTIONS; i++)
    close (crowd.server_fds[i]);
}

int
main (int argc, char **argv)
{
  const struct rlimit files = { 4096, 4096 };

  setrlimit (RLIMIT_NOFILE, &files);
  program = argv[0];
  if (argc == 3 && g_str_equal (argv[1], "--client"))
    return run_client ((guint16) g_ascii_strtoull (argv[2], NULL, 10));

  test_system_init (&argc, &argv);
  g_test_add_func ("/client-crowd/threads", test_threads);
  g_test_add_func ("/client-crowd/async", test_async);
  g_test_add_func ("/client-crowd/processes", test_processes);
  g_test_add_func ("/client-crowd/killed", test_killed);
  return g_test_run ();
}
