/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The library's handshakes go over a channel, whatever kind they are, and over the bus where there
 * is none: what it sends on the bus is counted. That they do what they should is for the other
 * tests, which run on channels, too. */

#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-connection.h"
#include "test-peer.h"
#include "test-relay.h"
#include "test-system.h"
#include "test-tls-server.h"

#define TEXT "Over the channel\n" /* gnutls-serv echoes lines */
#define N_THREADS 8
#define N_EACH 4
#define POLICY "/etc/dbus-1/system.d/no-channels.conf"

/* Calls that the library sent on the bus. */
static struct
{
  int n_opened; /* atomic: OpenChannel() */
  int n_others; /* atomic */
} sent;

/* On GDBus's thread. */
static GDBusMessage *
count (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  if (!incoming && g_dbus_message_get_message_type (message) == G_DBUS_MESSAGE_TYPE_METHOD_CALL &&
      g_str_has_prefix (g_dbus_message_get_interface (message), "org.tlshandoff."))
    g_atomic_int_inc (g_str_equal (g_dbus_message_get_member (message), "OpenChannel")
                          ? &sent.n_opened
                          : &sent.n_others);
  return message;
}

static void
begin_count (void)
{
  static gboolean counting;
  GDBusConnection *connection = tls_handoff_manager_get_connection (test_manager_get ());

  if (!counting)
    g_dbus_connection_add_filter (connection, count, NULL, NULL);
  counting = TRUE;
  /* What was told before counts before. */
  g_dbus_connection_flush_sync (connection, NULL, NULL);
  g_atomic_int_set (&sent.n_opened, 0);
  g_atomic_int_set (&sent.n_others, 0);
}

static void
assert_sent (int n_opened, int n_others)
{
  g_assert_cmpint (g_atomic_int_get (&sent.n_opened), ==, n_opened);
  g_assert_cmpint (g_atomic_int_get (&sent.n_others), ==, n_others);
}

/* A client's connection to a server that does a handshake and echoes. */
typedef struct
{
  TestTlsServer *server;
  GTlsConnection *connection;
} Pair;

static void
pair_init (Pair *pair, const char *certificate)
{
  int fds[2];

  test_tcp_pair (fds);
  pair->server = test_tls_server_new (fds[1], certificate, NULL, test_tls_server_echo);
  pair->connection = test_connection_new (fds[0], NULL);
}

static void
pair_clear (Pair *pair)
{
  test_close_connection (pair->connection);
  g_clear_object (&pair->connection);
  test_tls_server_join (pair->server);
}

static void
connect_once (void)
{
  Pair pair;

  pair_init (&pair, "ecdsa");
  test_exchange_text (pair.connection, TEXT);
  pair_clear (&pair);
}

/* A handshake with a peer that says nothing. */
typedef struct
{
  int peer;
  GTlsConnection *connection;
  GCancellable *cancellable;
  GError *error;
  GThread *thread;
} Stalled;

static gpointer
stalled_thread (gpointer user_data)
{
  Stalled *self = user_data;

  g_assert_false (g_tls_connection_handshake (self->connection, self->cancellable, &self->error));
  return NULL;
}

static void
stalled_init (Stalled *self)
{
  int fds[2];

  test_tcp_pair (fds);
  self->peer = fds[1];
  self->connection = test_connection_new (fds[0], NULL);
  self->cancellable = g_cancellable_new ();
  self->error = NULL;
  self->thread = g_thread_new ("stalled", stalled_thread, self);
  test_statistic_wait ("handshakes-in-flight", 1);
}

static void
stalled_clear (Stalled *self)
{
  if (self->thread != NULL)
    g_thread_join (self->thread);
  close (self->peer);
  g_object_unref (self->connection);
  g_object_unref (self->cancellable);
  g_clear_error (&self->error);
}

/* A blocking handshake, its tickets or the end of its session go over the bus; or each opens a
 * channel. */
static void
test_blocking (void)
{
  guint i;

  test_service_stop ();
  begin_count ();
  for (i = 0; i < 3; i++)
    connect_once ();
  assert_sent (1, 0);
  test_statistic_wait ("sessions", 0);
}

/* The same without blocking. */
static void
test_async (void)
{
  guint i;

  test_service_stop ();
  begin_count ();
  for (i = 0; i < 3; i++)
    {
      Pair pair;

      pair_init (&pair, "rsa");
      test_exchange_async (pair.connection, 100000);
      pair_clear (&pair);
    }
  assert_sent (1, 0);
}

static gpointer
connecting_thread (gpointer user_data)
{
  guint i;

  for (i = 0; i < N_EACH; i++)
    connect_once ();
  return NULL;
}

/* Several threads at once get in each other's way, or open a channel each. */
static void
test_threads (void)
{
  GThread *threads[N_THREADS];
  guint i;

  test_service_stop ();
  begin_count ();
  for (i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("connects", connecting_thread, NULL);
  for (i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  assert_sent (1, 0);
}

/* A handshake in steps goes over the bus. */
static void
test_steps (void)
{
  g_autoptr (GIOStream) base = NULL;
  Pair pair;
  TestRelay *relay;
  int fds[2];

  begin_count ();
  test_tcp_pair (fds);
  relay = test_relay_new_pipes (fds[0], 1000, TRUE, &base);
  pair.server = test_tls_server_new (fds[1], "ecdsa", NULL, test_tls_server_echo);
  pair.connection = test_connection_new_for_stream (base, NULL);
  test_exchange_text (pair.connection, TEXT);
  pair_clear (&pair);
  g_clear_object (&base);
  test_relay_free (relay);
  assert_sent (0, 0);
}

static gboolean
accept_cb (GTlsConnection *connection,
           GTlsCertificate *certificate,
           GTlsCertificateFlags errors,
           gpointer user_data)
{
  ++*(guint *) user_data;
  return TRUE;
}

/* The application's decision goes over the bus, or nowhere. */
static void
test_review (void)
{
  guint n_asked = 0;
  Pair pair;

  begin_count ();
  pair_init (&pair, "wrong-name");
  g_signal_connect (pair.connection, "accept-certificate", G_CALLBACK (accept_cb), &n_asked);
  test_exchange_text (pair.connection, TEXT);
  pair_clear (&pair);
  g_assert_cmpuint (n_asked, ==, 1);
  assert_sent (0, 0);
}

/* A session is not resumed, since its tickets do not get to the service. */
static void
test_resumed (void)
{
  TestPeer *peer = test_peer_new_gnutls ("ecdsa", NULL, NULL);
  gboolean resumed = FALSE;
  guint i;

  begin_count ();
  for (i = 0; i < 2; i++)
    {
      g_autoptr (GTlsConnection) connection = test_connection_new (test_peer_connect (peer), NULL);

      g_tls_connection_set_advertised_protocols (connection, NULL);
      test_exchange_text (connection, TEXT);
      resumed = tls_handoff_handshake_result_get_resumed (
          tls_handoff_connection_get_result (TLS_HANDOFF_CONNECTION (connection)));
      test_close_connection (connection);
      test_statistic_wait ("sessions", 0);
    }
  g_assert_true (resumed);
  assert_sent (0, 0);
  test_peer_free (peer);
}

/* A handshake that is cancelled goes on in the service, or takes the channel with it. */
static void
test_cancelled (void)
{
  Stalled stalled;

  begin_count ();
  stalled_init (&stalled);
  g_cancellable_cancel (stalled.cancellable);
  g_thread_join (g_steal_pointer (&stalled.thread));
  g_assert_error (stalled.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
  stalled_clear (&stalled);
  connect_once ();
  assert_sent (0, 0);
}

/* An application has to try again when the service ended between two of its handshakes. */
static void
test_restarted (void)
{
  GPid pid;

  connect_once ();
  begin_count ();
  test_service_stop ();
  connect_once ();
  assert_sent (1, 0);

  pid = test_service_get_pid ();
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  test_service_wait_gone ();
  connect_once ();
  assert_sent (2, 0);
}

/* An application waits for ever for a service that died, does not learn that it did, or the same
 * handshake begins once more. */
static void
test_killed (void)
{
  Stalled stalled;

  begin_count ();
  stalled_init (&stalled);
  g_assert_cmpint (kill (test_service_get_pid (), SIGKILL), ==, 0);
  g_thread_join (g_steal_pointer (&stalled.thread));
  g_assert_error (stalled.error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (stalled.error->message, "went away before it replied"));
  stalled_clear (&stalled);
  test_service_wait_gone ();
  connect_once ();
  assert_sent (1, 0);
}

/* Where the service gives no channels there are no connections, or it is asked each time. */
static void
test_no_channels (void)
{
  test_service_set_config ("[Limits]\nChannelsPerUser=0\n");
  test_service_stop ();
  begin_count ();
  connect_once ();
  connect_once ();
  g_assert_cmpint (g_atomic_int_get (&sent.n_opened), ==, 1);
  g_assert_cmpint (g_atomic_int_get (&sent.n_others), >=, 2);

  /* Another service may give some. */
  test_service_set_config (NULL);
  test_service_stop ();
  connect_once ();
  begin_count ();
  connect_once ();
  assert_sent (1, 0);
}

static void
reload_bus (void)
{
  g_autoptr (GDBusConnection) root = test_bus_connect ("root");
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;

  result = g_dbus_connection_call_sync (root, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                        "org.freedesktop.DBus", "ReloadConfig", NULL, NULL,
                                        G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  g_dbus_connection_close_sync (root, NULL, NULL);
}

/* A bus that does not let OpenChannel() through (as a policy that is older than the method may not)
 * means no connections. In a manager of its own: what it learns, it remembers. */
static void
test_denied (void)
{
  g_autoptr (GDBusConnection) alice = test_bus_connect ("alice");
  g_autoptr (TlsHandoffManager) manager = NULL;
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  g_autoptr (GIOStream) connection = NULL;
  g_autoptr (GSocketConnection) base = NULL;
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GPtrArray) anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  TestTlsServer *server;
  int fds[2];

  g_file_set_contents (POLICY,
                       "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-BUS Bus Configuration "
                       "1.0//EN\" "
                       "\"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">"
                       "<busconfig><policy context=\"mandatory\">"
                       "<deny send_destination=\"org.tlshandoff.Handoff1\" "
                       "send_interface=\"org.tlshandoff.Handoff1.Manager\" "
                       "send_member=\"OpenChannel\"/></policy></busconfig>",
                       -1, &error);
  g_assert_no_error (error);
  reload_bus ();
  test_call (alice, "/org/tlshandoff/Handoff1", "org.tlshandoff.Handoff1.Manager", "OpenChannel",
             g_variant_new ("(a{sv})", NULL), &error);
  test_assert_remote_error (error, "org.freedesktop.DBus.Error.AccessDenied", NULL);

  manager = tls_handoff_manager_new_sync (alice, NULL, &error);
  g_assert_no_error (error);
  test_tcp_pair (fds);
  server = test_tls_server_new (fds[1], "ecdsa", NULL, test_tls_server_echo);
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  base = g_socket_connection_factory_create_connection (socket);
  connection = tls_handoff_client_connection_new (G_IO_STREAM (base), identity, manager, &error);
  g_assert_no_error (error);
  g_ptr_array_add (anchors, test_cert_der ("ca.pem"));
  tls_handoff_handshake_options_set_trust_anchors (options, anchors);
  tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (connection), options);
  test_exchange_text (G_TLS_CONNECTION (connection), TEXT);
  test_close_connection (G_TLS_CONNECTION (connection));
  test_tls_server_join (server);

  unlink (POLICY);
  reload_bus ();
}

int
main (int argc, char *argv[])
{
  g_unsetenv ("TLS_HANDOFF_CHANNEL");
  test_system_init (&argc, &argv);
  g_test_add_func ("/library-channel/blocking", test_blocking);
  g_test_add_func ("/library-channel/async", test_async);
  g_test_add_func ("/library-channel/threads", test_threads);
  g_test_add_func ("/library-channel/steps", test_steps);
  g_test_add_func ("/library-channel/review", test_review);
  g_test_add_func ("/library-channel/resumed", test_resumed);
  g_test_add_func ("/library-channel/cancelled", test_cancelled);
  g_test_add_func ("/library-channel/restarted", test_restarted);
  g_test_add_func ("/library-channel/killed", test_killed);
  g_test_add_func ("/library-channel/no-channels", test_no_channels);
  g_test_add_func ("/library-channel/denied", test_denied);
  return g_test_run ();
}
