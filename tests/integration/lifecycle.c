/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The service starts when it is called and ends when it is idle; it reads configuration and trust
 * store again on demand; quotas hold. */

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-handshake.h"
#include "test-peer.h"
#include "test-system.h"

static void
ping (GDBusConnection *connection)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  reply =
      test_call (connection, HANDOFF_ROOT_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL, &error);
  g_assert_no_error (error);
}

static TestHandshake *
handshake_with (GDBusConnection *connection, TestPeer *peer, GVariant *options, GError **error)
{
  int socket = test_peer_connect (peer);
  TestHandshake *handshake = test_handshake (connection, socket, "localhost", options, error);

  close (socket);
  return handshake;
}

static GVariant *
reload (GDBusConnection *connection, GError **error)
{
  return test_call (connection, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "Reload", NULL,
                    error);
}

/* Starts the service anew with this configuration. */
static void
restart_with (const char *config)
{
  test_service_stop ();
  test_service_set_config (config);
}

static gboolean
is_dead (gpointer data)
{
  return kill (GPOINTER_TO_INT (data), 0) != 0;
}

/* Breaks if the service stays for ever, or cannot come back. That it stays while a session is held
 * is shown by a clock that is moved (gate-times). */
static void
test_idle_exit (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  GDBusConnection *alice = test_bus_connect ("alice");
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  GPid first;
  GPid second;

  restart_with ("[Timeouts]\nIdleExit=1\n");
  /* It may have left before it is asked for. */
  do
    {
      ping (alice);
      first = test_service_get_pid ();
    }
  while (first == 0);
  test_service_wait_gone ();

  handshake = handshake_with (alice, peer, test_options (NULL), &error);
  g_assert_no_error (error);
  second = test_service_get_pid ();
  g_assert_cmpint (second, !=, 0);
  g_assert_cmpint (second, !=, first);
  reply = test_call (alice, handshake->session, HANDOFF_SESSION_INTERFACE, "Close", NULL, &error);
  g_assert_no_error (error);
  test_wait_until (is_dead, GINT_TO_POINTER (second), "the service exits after the session's end");
  test_bus_vanish (alice);
  test_service_set_config (NULL);
}

/* Breaks if a reload takes a wrong value, does not say where it is, or forgets what was in force.
 */
static void
test_reload_config (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (GDBusConnection) root = test_bus_connect ("root");
  const struct
  {
    const char *config;
    const char *key;
  } wrong[] = {
    { "[TLS]\nMinimumProtocol=SSL3\n", "MinimumProtocol" },
    { "[TLS]\nMinimumProtocol=TLS1.3\nMaximumProtocol=TLS1.2\n", "MinimumProtocol" },
    { "[TLS]\nPriority=NORMAL:+NO-SUCH-THING\n", "Priority" },
    { "[TLS]\nTrustFile=/proc/nonexistent.pem\n", "TrustFile" },
    { "[TLS]\nNoSuchKey=1\n", "NoSuchKey" },
    { "[NoSuchGroup]\nA=1\n", "NoSuchGroup" },
    { "[Timeouts]\nHandshake=0\n", "Handshake" },
    { "[Timeouts]\nHandshake=soon\n", "Handshake" },
    { "[Timeouts]\nIdleExit=-1\n", "IdleExit" },
    { "[Limits]\nHandshakesPerUser=0\n", "HandshakesPerUser" },
    { "[Limits]\nSessionsTotal=99999999999\n", "SessionsTotal" },
    { "MinimumProtocol=TLS1.2\n", "tls-handoffd.conf" },
    { "[TLS]\n\xff\xfe", "tls-handoffd.conf" },
  };
  g_autoptr (GError) error = NULL;
  GPid pid;

  restart_with ("[TLS]\nMaximumProtocol=TLS1.2\n");
  ping (root);
  pid = test_service_get_pid ();
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GVariant) reply = NULL;
      g_autoptr (TestHandshake) handshake = NULL;

      g_test_message ("wrong %s", wrong[i].key);
      test_service_set_config (wrong[i].config);
      reply = reload (root, &error);
      g_assert_null (reply);
      g_test_message ("%s", error->message);
      if (strstr (error->message, "/etc/tls-handoff/tls-handoffd.conf") == NULL)
        g_error ("the file is not named: %s", error->message);
      test_assert_remote_error (error, "InvalidArgument", wrong[i].key);
      handshake = handshake_with (root, peer, test_options (NULL), &error);
      g_assert_no_error (error);
      g_assert_cmpstr (test_handshake_get_detail (handshake, HANDOFF_DETAIL_PROTOCOL), ==,
                       "TLS1.2");
    }
  test_service_set_config ("[TLS]\nMinimumProtocol=TLS1.3\n");
  {
    g_autoptr (GVariant) reply = reload (root, &error);
    g_autoptr (TestHandshake) handshake = NULL;

    g_assert_no_error (error);
    g_assert_nonnull (reply);
    handshake = handshake_with (root, peer, test_options (NULL), &error);
    g_assert_no_error (error);
    g_assert_cmpstr (test_handshake_get_detail (handshake, HANDOFF_DETAIL_PROTOCOL), ==, "TLS1.3");
  }
  g_assert_cmpint (test_service_get_pid (), ==, pid);
  restart_with (NULL);
}

/* What `tls-handoffd --check-config` says to that. */
static void
assert_check (gboolean is_right, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) check =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, &error,
                        "/usr/libexec/tls-handoffd", "--check-config", NULL);
  g_autofree char *output = NULL;

  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (check, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_test_message ("%s", output);
  g_assert_cmpint (g_subprocess_get_exit_status (check), ==, is_right ? 0 : 1);
  g_assert_nonnull (strstr (output, words));
}

/* Breaks if a service that cannot be configured ends, so that each caller waits for the bus to give
 * up; if a caller is not told what is wrong; if a check says something else; or if the service does
 * not serve as soon as the file is mended, without a word to it. */
static void
test_broken_from_the_start (void)
{
  static const struct
  {
    const char *config;
    const char *key;
  } wrong[] = {
    { "[TLS]\nMinimumProtocol=SSL3\n", "MinimumProtocol" },
    { "[TLS]\nPriority=NORMAL:+NO-SUCH-THING\n", "Priority" },
    { "[TLS]\nTrustFile=/proc/nonexistent.pem\n", "TrustFile" },
  };
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (GDBusConnection) alice = test_bus_connect ("alice");
  g_autoptr (GDBusConnection) root = test_bus_connect ("root");
  g_autoptr (GError) error = NULL;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (TestHandshake) refused = NULL;
      g_autoptr (TestHandshake) handshake = NULL;
      g_autoptr (GVariant) properties = NULL;
      GPid pid;

      restart_with (wrong[i].config);
      assert_check (FALSE, wrong[i].key);
      refused = handshake_with (alice, peer, test_options (NULL), &error);
      test_assert_remote_error (error, "Failed", wrong[i].key);
      pid = test_service_get_pid ();
      g_assert_null (reload (root, &error));
      test_assert_remote_error (error, "Failed", wrong[i].key);
      properties = test_call (alice, HANDOFF_ROOT_PATH, "org.freedesktop.DBus.Properties", "GetAll",
                              g_variant_new ("(s)", HANDOFF_MANAGER_INTERFACE), &error);
      g_assert_no_error (error);

      test_service_set_config ("[TLS]\nMaximumProtocol=TLS1.2\n");
      assert_check (TRUE, "tls-handoffd.conf");
      handshake = handshake_with (alice, peer, test_options (NULL), &error);
      g_assert_no_error (error);
      g_assert_cmpstr (test_handshake_get_detail (handshake, HANDOFF_DETAIL_PROTOCOL), ==,
                       "TLS1.2");
      g_assert_cmpint (test_service_get_pid (), ==, pid);
    }
  restart_with (NULL);
}

/* Runs it as update-ca-certificates does. */
static void
run_trust_hook (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) hook =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                            G_SUBPROCESS_FLAGS_STDERR_MERGE,
                        &error, "/etc/ca-certificates/update.d/tls-handoff", NULL);
  g_autofree char *output = NULL;

  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (hook, "+/etc/ssl/certs/new.pem\n", NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (output, ==, "");
  g_assert_cmpint (g_subprocess_get_exit_status (hook), ==, 0);
}

/* Breaks if the trust store is parsed for each handshake anew, or never again; or if
 * update-ca-certificates tells nobody, or starts a service that nobody needs. */
static void
test_reload_trust (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (GDBusConnection) root = test_bus_connect ("root");
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (TestHandshake) untrusted = NULL;
  g_autoptr (GError) error = NULL;

  test_trust_store_set ("other-ca.pem");
  restart_with (NULL);
  run_trust_hook ();
  g_assert_cmpint (test_service_get_pid (), ==, 0);
  untrusted = handshake_with (root, peer, NULL, &error);
  test_assert_remote_error (error, "CertificateUntrusted", NULL);
  test_trust_store_set ("ca.pem");
  untrusted = handshake_with (root, peer, NULL, &error);
  test_assert_remote_error (error, "CertificateUntrusted", NULL);
  run_trust_hook ();
  handshake = handshake_with (root, peer, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (handshake->state, ==, HANDOFF_STATE_COMPLETE);

  /* A file of one's own, in place of the system's store. */
  {
    g_autofree char *file = test_cert_path ("other-ca.pem");
    g_autofree char *config = g_strdup_printf ("[TLS]\nTrustFile=%s\n", file);
    g_autoptr (GVariant) second = NULL;

    test_service_set_config (config);
    second = reload (root, &error);
    g_assert_no_error (error);
    untrusted = handshake_with (root, peer, NULL, &error);
    test_assert_remote_error (error, "CertificateUntrusted", NULL);
  }
  restart_with (NULL);
}

/* Breaks if a second instance takes the name away, hangs, or says nothing. */
static void
test_second_instance (void)
{
  g_autoptr (GDBusConnection) root = test_bus_connect ("root");
  g_autoptr (GSubprocess) second = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  GPid pid;

  ping (root);
  pid = test_service_get_pid ();
  second = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_PIPE, &error, "setpriv", "--reuid",
                             "tls-handoff", "--regid", "tls-handoff", "--clear-groups",
                             "/usr/libexec/tls-handoffd", NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (second, NULL, NULL, NULL, &output, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (second));
  g_assert_cmpint (g_subprocess_get_exit_status (second), !=, 0);
  g_test_message ("%s", output);
  g_assert_nonnull (strstr (output, HANDOFF_BUS_NAME));
  ping (root);
  g_assert_cmpint (test_service_get_pid (), ==, pid);
}

/* Breaks if somebody else may own the name: the bus policy. */
static void
test_name_is_reserved (void)
{
  const char *users[] = { "alice", "root" };

  test_service_stop ();
  for (guint i = 0; i < G_N_ELEMENTS (users); i++)
    {
      g_autoptr (GDBusConnection) connection = test_bus_connect (users[i]);
      g_autoptr (GVariant) reply = NULL;
      g_autoptr (GError) error = NULL;

      reply = g_dbus_connection_call_sync (
          connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
          "RequestName", g_variant_new ("(su)", HANDOFF_BUS_NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE,
          -1, NULL, &error);
      test_assert_remote_error (error, "org.freedesktop.DBus.Error.AccessDenied", NULL);
    }
}

static void
count_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  guint *n_ended = user_data;

  g_assert_null (test_handshake_finish (G_DBUS_CONNECTION (source), result, &error));
  test_assert_remote_error (error, "PeerClosed", NULL);
  (*n_ended)++;
}

/* Breaks if the number of one user's stalled handshakes has no bound, counts for other users, or
 * never goes down. */
static void
test_handshake_quota (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  GDBusConnection *alice[] = { test_bus_connect ("alice"), test_bus_connect ("alice") };
  g_autoptr (GDBusConnection) bob = test_bus_connect ("bob");
  g_autoptr (TestHandshake) refused = NULL;
  g_autoptr (TestHandshake) of_bob = NULL;
  g_autoptr (TestHandshake) later = NULL;
  g_autoptr (GError) error = NULL;
  guint64 denied;
  guint n_ended = 0;
  int stalled[2][2];

  restart_with ("[Limits]\nHandshakesPerUser=2\n");
  denied = test_statistic ("handshakes-denied");
  /* Over two connections: it is the user who counts. */
  for (int i = 0; i < 2; i++)
    {
      test_tcp_pair (stalled[i]);
      test_handshake_async (alice[i], stalled[i][0], "localhost", test_options (NULL),
                            G_DBUS_CALL_FLAGS_NONE, count_result, &n_ended);
      test_wait_for_data (stalled[i][1]);
    }
  refused = handshake_with (alice[0], peer, test_options (NULL), &error);
  test_assert_remote_error (error, "LimitReached", "handshakes at once (2)");
  test_statistic_wait ("handshakes-denied", denied + 1);
  of_bob = handshake_with (bob, peer, test_options (NULL), &error);
  g_assert_no_error (error);

  for (int i = 0; i < 2; i++)
    {
      close (stalled[i][0]);
      close (stalled[i][1]);
    }
  while (n_ended < 2)
    g_main_context_iteration (NULL, TRUE);
  later = handshake_with (alice[0], peer, test_options (NULL), &error);
  g_assert_no_error (error);
  test_bus_vanish (alice[0]);
  test_bus_vanish (alice[1]);
  restart_with (NULL);
}

static void
expect_no_turn (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  gboolean *ended = user_data;

  g_assert_null (test_handshake_finish (G_DBUS_CONNECTION (source), result, &error));
  test_assert_remote_error (error, "LimitReached", "turn");
  *ended = TRUE;
}

/* Breaks if a call that waits for its turn gets an error in place of it, if it overtakes another,
 * if the line stops at one whose caller has left or whose time is over, or if it goes on for ever.
 */
static void
test_turns (void)
{
  static const char *const options[] = { NULL, "{'wait': <true>, 'timeout': <uint32 1>}",
                                         "{'wait': <true>}", "{'wait': <true>}",
                                         "{'wait': <true>}" };
  enum
  {
    RUNS,
    GETS_NO_TURN,
    LEAVES,
    SECOND,
    THIRD,
    N
  };
  g_autoptr (GDBusConnection) alice = test_bus_connect ("alice");
  GDBusConnection *leaves = test_bus_connect ("alice");
  g_autoptr (TestHandshake) refused = NULL;
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (GError) error = NULL;
  gboolean no_turn = FALSE;
  guint n_ended = 0;
  int sockets[N][2];
  char byte;
  guint i;

  restart_with ("[Limits]\nHandshakesPerUser=1\n");
  for (i = 0; i < N; i++)
    {
      test_tcp_pair (sockets[i]);
      if (i == GETS_NO_TURN)
        test_handshake_async (alice, sockets[i][0], "localhost", test_options (options[i]),
                              G_DBUS_CALL_FLAGS_NONE, expect_no_turn, &no_turn);
      else if (i == LEAVES)
        test_handshake_async (leaves, sockets[i][0], "localhost", test_options (options[i]),
                              G_DBUS_CALL_FLAGS_NONE, NULL, NULL);
      else
        test_handshake_async (alice, sockets[i][0], "localhost", test_options (options[i]),
                              G_DBUS_CALL_FLAGS_NONE, count_result, &n_ended);
      if (i == RUNS)
        test_wait_for_data (sockets[i][1]);
    }
  /* Who does not wait is refused, but not before those that do are in line. */
  refused = handshake_with (alice, peer, test_options (NULL), &error);
  test_assert_remote_error (error, "LimitReached", "handshakes at once (1)");
  while (!no_turn)
    g_main_context_iteration (NULL, TRUE);
  test_bus_vanish (leaves);

  for (i = RUNS; i < N; i = i == RUNS ? SECOND : i + 1)
    {
      test_wait_for_data (sockets[i][1]);
      /* The limit holds, and the next one in line is the next one. */
      if (i != THIRD)
        g_assert_cmpint (recv (sockets[THIRD][1], &byte, 1, MSG_PEEK | MSG_DONTWAIT), ==, -1);
      shutdown (sockets[i][1], SHUT_RDWR);
    }
  while (n_ended < 3)
    g_main_context_iteration (NULL, TRUE);
  for (i = 0; i < N; i++)
    {
      close (sockets[i][0]);
      close (sockets[i][1]);
    }
  test_statistic_wait ("handshakes-in-flight", 0);
  restart_with (NULL);
}

/* Breaks if session objects are without bound. */
static void
test_session_quota (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (GDBusConnection) alice = test_bus_connect ("alice");
  g_autoptr (GDBusConnection) bob = test_bus_connect ("bob");
  g_autoptr (TestHandshake) first = NULL;
  g_autoptr (TestHandshake) refused = NULL;
  g_autoptr (TestHandshake) of_bob = NULL;
  g_autoptr (TestHandshake) second = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  restart_with ("[Limits]\nSessionsPerUser=1\n");
  first = handshake_with (alice, peer, test_options (NULL), &error);
  g_assert_no_error (error);
  refused = handshake_with (alice, peer, test_options (NULL), &error);
  test_assert_remote_error (error, "LimitReached", "sessions (1)");
  of_bob = handshake_with (bob, peer, test_options (NULL), &error);
  g_assert_no_error (error);
  reply = test_call (alice, first->session, HANDOFF_SESSION_INTERFACE, "Close", NULL, &error);
  g_assert_no_error (error);
  second = handshake_with (alice, peer, test_options (NULL), &error);
  g_assert_no_error (error);
  restart_with (NULL);
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
  g_test_add_func ("/lifecycle/idle-exit", test_idle_exit);
  g_test_add_func ("/lifecycle/reload/configuration", test_reload_config);
  g_test_add_func ("/lifecycle/broken-from-the-start", test_broken_from_the_start);
  g_test_add_func ("/lifecycle/reload/trust-store", test_reload_trust);
  g_test_add_func ("/lifecycle/second-instance", test_second_instance);
  g_test_add_func ("/lifecycle/name-is-reserved", test_name_is_reserved);
  g_test_add_func ("/lifecycle/quota/handshakes", test_handshake_quota);
  g_test_add_func ("/lifecycle/quota/turns", test_turns);
  g_test_add_func ("/lifecycle/quota/sessions", test_session_quota);
  return g_test_run ();
}
