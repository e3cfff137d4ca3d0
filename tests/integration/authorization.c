/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Who may make handshakes: polkit decides, with what the rules are told, and asks nobody unasked.
 */

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-handshake.h"
#include "test-peer.h"
#include "test-steps.h"
#include "test-system.h"

#define RULE(condition, result)                                                                    \
  "polkit.addRule(function(action, subject) {"                                                     \
  " if (action.id == 'org.tlshandoff.Handoff1.handshake-as-client' && " condition ")"              \
  " return polkit.Result." result "; });"

/* A handshake of user's with www.handoff.test that must end so; NULL: in success. */
static void
expect (const char *user, TestPeer *peer, const char *identity, const char *error_name)
{
  g_autoptr (GDBusConnection) connection = test_bus_connect (user);
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GError) error = NULL;
  int socket = test_peer_connect (peer);

  handshake = test_handshake (connection, socket, identity, test_options (NULL), &error);
  if (error_name == NULL)
    {
      g_assert_no_error (error);
      g_assert_cmpstr (handshake->state, ==, HANDOFF_STATE_COMPLETE);
    }
  else
    {
      test_assert_remote_error (error, error_name, NULL);
    }
  close (socket);
}

/* Breaks if an ordinary user is not allowed by default, or the bus policy is in the way. */
static void
test_allowed (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  guint64 before;

  test_polkit_set_rules (NULL);
  before = test_statistic ("handshakes-completed");
  expect ("alice", peer, "localhost", NULL);
  expect ("bob", peer, "localhost", NULL);
  expect ("root", peer, "localhost", NULL);
  test_statistic_wait ("handshakes-completed", before + 3);
}

/* Breaks if a rule's no is not heard, or hits a call that the rule does not name, or if bytes were
 * sent although polkit said no. */
static void
test_denied (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (GDBusConnection) mallory = NULL;
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GError) error = NULL;
  guint64 before;
  int sockets[2];
  char byte;

  test_polkit_set_rules (RULE ("subject.user == 'mallory'", "NO"));
  before = test_statistic ("handshakes-denied");
  mallory = test_bus_connect ("mallory");
  test_tcp_pair (sockets);
  handshake = test_handshake (mallory, sockets[0], "localhost", test_options (NULL), &error);
  test_assert_remote_error (error, "NotAuthorized", NULL);
  g_assert_cmpint (recv (sockets[1], &byte, 1, MSG_DONTWAIT), ==, -1);
  close (sockets[0]);
  /* The service has closed its copy of the socket too. */
  g_assert_cmpint (recv (sockets[1], &byte, 1, 0), ==, 0);
  close (sockets[1]);
  test_statistic_wait ("handshakes-denied", before + 1);
  test_statistic_wait ("handshakes-in-flight", 0);
  expect ("alice", peer, "localhost", NULL);
  test_polkit_set_rules (NULL);
}

/* Breaks if rules do not get the role or the server's name, or get it in another spelling than the
 * one that is verified. */
static void
test_rule_details (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);

  test_polkit_set_rules (RULE ("!(action.lookup('role') == 'client' &&"
                               " action.lookup('server-identity') == 'xn--bcher-kva.handoff.test')",
                               "NO"));
  expect ("alice", peer, "xn--bcher-kva.handoff.test", NULL);
  expect ("alice", peer, "bücher.handoff.test", NULL);
  expect ("alice", peer, "BÜCHER.Handoff.Test", NULL);
  expect ("alice", peer, "www.handoff.test", "NotAuthorized");
  expect ("alice", peer, "127.0.0.1", "NotAuthorized");
  test_polkit_set_rules (NULL);
}

/* A stepwise handshake, or one whose caller wants to judge the certificate, that goes past the
 * rules.
 */
static void
test_other_forms (void)
{
  g_autoptr (GDBusConnection) alice = test_bus_connect ("alice");
  g_autofree char *denied = NULL;
  g_autofree char *reviewing = NULL;
  g_autofree char *allowed = NULL;
  g_autoptr (GError) error = NULL;

  test_polkit_set_rules (RULE ("action.lookup('server-identity') == 'localhost' ||"
                               " action.lookup('review-certificate') == 'true'",
                               "NO"));
  denied = test_create_session (alice, "LOCALHOST.", test_options (NULL), &error);
  g_assert_null (denied);
  test_assert_remote_error (error, "NotAuthorized", NULL);
  reviewing = test_create_session (alice, "www.handoff.test",
                                   test_options ("{'review-certificate': <true>}"), &error);
  g_assert_null (reviewing);
  test_assert_remote_error (error, "NotAuthorized", NULL);
  test_statistic_wait ("handshakes-in-flight", 0);
  allowed = test_create_session (alice, "www.handoff.test",
                                 test_options ("{'review-certificate': <false>}"), &error);
  g_assert_no_error (error);
  test_polkit_set_rules (NULL);
}

/* Runs interactive-caller as alice to its end: the lines that it printed. */
static char *
run_caller (TestPeer *peer, const char *mode, const char *interactive)
{
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *port = g_strdup_printf ("%u", test_peer_get_port (peer));
  char *output = NULL;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                              g_getenv ("HANDOFF_TEST_INTERACTIVE_CALLER"), "alice", port, mode,
                              interactive, NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (process));
  return output;
}

/* Breaks if the user is asked although the message does not allow that, or is not asked although it
 * does; or if the user's no does not count. */
static void
test_prompt (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  const char *refused = HANDOFF_ERROR_PREFIX "NotAuthorized\n";
  g_autofree char *silent = NULL;
  g_autofree char *asked = NULL;
  g_autofree char *no_agent = NULL;
  g_autofree char *after = NULL;

  test_polkit_set_rules (RULE ("subject.user == 'alice'", "AUTH_ADMIN"));
  silent = run_caller (peer, "refuse", NULL);
  g_assert_cmpstr (silent, ==, refused);
  asked = run_caller (peer, "refuse", "interactive");
  g_assert_cmpstr (asked, ==,
                   "asked " HANDOFF_ACTION_HANDSHAKE_AS_CLIENT "\n" HANDOFF_ERROR_PREFIX
                   "NotAuthorized\n");
  no_agent = run_caller (peer, "none", "interactive");
  g_assert_cmpstr (no_agent, ==, refused);
  test_polkit_set_rules (NULL);
  after = run_caller (peer, "refuse", "interactive");
  g_assert_cmpstr (after, ==, "done\n");
}

/* Breaks if an administrative method is open to everybody. */
static void
test_administration (void)
{
  const char *methods[] = { "GetStatistics", "Reload" };
  g_autoptr (GDBusConnection) alice = test_bus_connect ("alice");
  g_autoptr (GDBusConnection) root = test_bus_connect ("root");

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr (GVariant) refused = NULL;
      g_autoptr (GVariant) reply = NULL;
      g_autoptr (GError) error = NULL;

      refused =
          test_call (alice, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, methods[i], NULL, &error);
      test_assert_remote_error (error, "NotAuthorized", NULL);
      reply =
          test_call (root, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, methods[i], NULL, &error);
      g_assert_no_error (error);
    }
  test_polkit_set_rules ("polkit.addRule(function(action, subject) {"
                         " if (action.id == 'org.tlshandoff.Handoff1.inspect-sessions' &&"
                         " subject.user == 'alice') return polkit.Result.YES; });");
  {
    g_autoptr (GVariant) reply = NULL;
    g_autoptr (GVariant) refused = NULL;
    g_autoptr (GError) error = NULL;

    reply = test_call (alice, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "GetStatistics", NULL,
                       &error);
    g_assert_no_error (error);
    refused =
        test_call (alice, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "Reload", NULL, &error);
    test_assert_remote_error (error, "NotAuthorized", NULL);
  }
  test_polkit_set_rules (NULL);
}

static GPid
get_polkitd_pid (GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "GetConnectionUnixProcessID", g_variant_new ("(s)", "org.freedesktop.PolicyKit1"),
      G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  guint pid;

  g_assert_no_error (error);
  g_variant_get (reply, "(u)", &pid);
  return (GPid) pid;
}

/* polkitd hangs when the service looks for it first. Breaks if that blocks the main loop, or if the
 * service cannot end while its callers wait. */
static void
test_polkit_hangs (void)
{
  const int timeout = 5000; /* milliseconds; well below that of polkit's library, 25 s */
  g_autoptr (GDBusConnection) root = test_bus_connect ("root");
  g_autoptr (GTimer) timer = NULL;
  GPid polkitd;
  guint i;

  test_polkit_set_rules (NULL); /* polkitd runs when this returns */
  polkitd = get_polkitd_pid (root);
  test_service_stop ();
  g_assert_cmpint (kill (polkitd, SIGSTOP), ==, 0);

  /* Each round trip lets the calls before it come further. */
  for (i = 0; i < 20; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) version = NULL;

      g_dbus_connection_call (root, HANDOFF_BUS_NAME, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
                              "GetStatistics", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL,
                              NULL);
      version = g_dbus_connection_call_sync (
          root, HANDOFF_BUS_NAME, HANDOFF_ROOT_PATH, "org.freedesktop.DBus.Properties", "Get",
          g_variant_new ("(ss)", HANDOFF_MANAGER_INTERFACE, "Version"), G_VARIANT_TYPE ("(v)"),
          G_DBUS_CALL_FLAGS_NONE, timeout, NULL, &error);
      if (error != NULL)
        kill (polkitd, SIGCONT);
      g_assert_no_error (error);
    }

  timer = g_timer_new ();
  test_service_stop ();
  g_assert_cmpint (kill (polkitd, SIGCONT), ==, 0);
  g_assert_cmpfloat (g_timer_elapsed (timer, NULL), <, 10.0);
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
  g_test_add_func ("/authorization/allowed", test_allowed);
  g_test_add_func ("/authorization/denied", test_denied);
  g_test_add_func ("/authorization/rule-details", test_rule_details);
  g_test_add_func ("/authorization/other-forms", test_other_forms);
  g_test_add_func ("/authorization/prompt", test_prompt);
  g_test_add_func ("/authorization/administration", test_administration);
  g_test_add_func ("/authorization/polkit-hangs", test_polkit_hangs);
  return g_test_run ();
}
