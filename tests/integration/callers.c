/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What the service holds for a caller ends with the caller, in every phase, and belongs to nobody
 * else. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-handshake.h"
#include "test-peer.h"
#include "test-system.h"

/* The one who asks for the statistics is a caller too: root, who stays. */
#define CALLERS_BESIDE(n) ((n) + 1)

static void
assert_holds_nothing (void)
{
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
  test_statistic_wait ("callers", CALLERS_BESIDE (0));
}

static void
limit_waiting (int socket)
{
  struct timeval timeout = { .tv_sec = TEST_TIMEOUT_SECONDS };

  g_assert_cmpint (setsockopt (socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), ==, 0);
}

/* Reads to the end of the stream; a reset is an end too. */
static void
expect_end (int socket)
{
  char bytes[4096];
  gssize size;

  do
    size = recv (socket, bytes, sizeof bytes, 0);
  while (size > 0);
  if (size < 0)
    g_assert_cmpint (errno, ==, ECONNRESET);
}

static void
ignore_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  gboolean *done = user_data;

  *done = TRUE;
}

/* Breaks if a question to polkit, answered or not, outlives its caller: a handshake would be done
 * for nobody, or memory would leak. */
static void
test_vanish_waiting (void)
{
  g_autoptr (GSubprocess) caller = NULL;
  g_autoptr (GDataInputStream) lines = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *port_text = NULL;
  g_autofree char *line = NULL;
  guint16 port;
  int listener = test_listen (&port);
  int peer;

  test_polkit_set_rules ("polkit.addRule(function(action, subject) {"
                         " if (action.id == 'org.tlshandoff.Handoff1.handshake-as-client')"
                         " return polkit.Result.AUTH_ADMIN; });");
  port_text = g_strdup_printf ("%u", port);
  caller = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                             g_getenv ("HANDOFF_TEST_INTERACTIVE_CALLER"), "alice", port_text,
                             "ignore", "interactive", NULL);
  g_assert_no_error (error);
  peer = accept (listener, NULL, NULL);
  g_assert_cmpint (peer, >=, 0);
  limit_waiting (peer);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (caller));
  line = g_data_input_stream_read_line (lines, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, "asked " HANDOFF_ACTION_HANDSHAKE_AS_CLIENT);
  test_statistic_wait ("handshakes-in-flight", 1);
  test_statistic_wait ("callers", CALLERS_BESIDE (1));

  g_subprocess_force_exit (caller);
  assert_holds_nothing ();
  expect_end (peer);
  close (peer);
  close (listener);
  test_polkit_set_rules (NULL);
}

/* Breaks if a handshake goes on, or its socket stays open, without the caller. */
static void
test_vanish_handshaking (void)
{
  GDBusConnection *alice = test_bus_connect ("alice");
  gboolean done = FALSE;
  int sockets[2];

  test_tcp_pair (sockets);
  limit_waiting (sockets[1]);
  test_handshake_async (alice, sockets[0], "localhost", test_options (NULL), G_DBUS_CALL_FLAGS_NONE,
                        ignore_result, &done);
  close (sockets[0]);
  test_wait_for_data (sockets[1]);
  test_statistic_wait ("handshakes-in-flight", 1);

  test_bus_vanish (alice);
  assert_holds_nothing ();
  expect_end (sockets[1]);
  close (sockets[1]);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
}

/* Breaks if a session object outlives its caller, or one caller's leaving takes another's. */
static void
test_vanish_holding (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  GDBusConnection *callers[] = { test_bus_connect ("alice"), test_bus_connect ("alice") };
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *kept = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (callers); i++)
    {
      g_autoptr (TestHandshake) handshake = NULL;
      int socket = test_peer_connect (peer);

      handshake = test_handshake (callers[i], socket, "localhost", test_options (NULL), &error);
      g_assert_no_error (error);
      close (socket);
      g_free (kept);
      kept = g_steal_pointer (&handshake->session);
    }
  test_statistic_wait ("sessions", 2);
  test_statistic_wait ("callers", CALLERS_BESIDE (2));
  test_bus_vanish (callers[0]);
  test_statistic_wait ("sessions", 1);
  reply = test_call (callers[1], kept, HANDOFF_SESSION_INTERFACE, "Close", NULL, &error);
  g_assert_no_error (error);
  test_statistic_wait ("sessions", 0);
  test_bus_vanish (callers[1]);
  assert_holds_nothing ();
}

static void
expect_unknown (GDBusConnection *connection, const char *path)
{
  struct
  {
    const char *interface;
    const char *method;
    GVariant *parameters;
  } calls[] = {
    { HANDOFF_SESSION_INTERFACE, "Close", NULL },
    { "org.freedesktop.DBus.Properties", "GetAll",
      g_variant_new ("(s)", HANDOFF_SESSION_INTERFACE) },
    { "org.freedesktop.DBus.Properties", "Get",
      g_variant_new ("(ss)", HANDOFF_SESSION_INTERFACE, "ServerIdentity") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr (GVariant) reply = NULL;
      g_autoptr (GError) error = NULL;

      g_test_message ("%s.%s", calls[i].interface, calls[i].method);
      reply = test_call (connection, path, calls[i].interface, calls[i].method, calls[i].parameters,
                         &error);
      test_assert_remote_error (error, "org.freedesktop.DBus.Error.UnknownObject", NULL);
    }
}

static char *
introspect (GDBusConnection *connection, const char *path)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  char *xml;

  reply = test_call (connection, path, "org.freedesktop.DBus.Introspectable", "Introspect", NULL,
                     &error);
  g_assert_no_error (error);
  g_variant_get (reply, "(s)", &xml);
  return xml;
}

/* What these calls say of an object that does not exist, they have to say of an object of another
 * caller too. */
static void
expect_same_answer (GDBusConnection *connection, const char *path)
{
  char *answers[2][3];

  for (guint i = 0; i < 2; i++)
    {
      const char *object = i == 0 ? path : HANDOFF_SESSIONS_PATH "/nobody";
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) second_error = NULL;

      g_assert_null (
          test_call (connection, object, HANDOFF_SESSION_INTERFACE, "NoSuchMethod", NULL, &error));
      answers[i][0] = g_strdup (error->message);
      g_assert_null (test_call (
          connection, object, "org.freedesktop.DBus.Properties", "Set",
          g_variant_new ("(ssv)", HANDOFF_SESSION_INTERFACE, "State", g_variant_new_string ("x")),
          &second_error));
      answers[i][1] = g_strdup (second_error->message);
      answers[i][2] = introspect (connection, object);
    }
  for (guint j = 0; j < 3; j++)
    {
      g_assert_cmpstr (answers[0][j], ==, answers[1][j]);
      g_free (answers[0][j]);
      g_free (answers[1][j]);
    }
}

/* Breaks if another user, root, or the same user over another connection can tell that the session
 * is there: by any call, by a listing, or by an answer that differs from that for a made-up path.
 */
static void
test_sessions_of_others (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (GDBusConnection) alice = test_bus_connect ("alice");
  const char *others[] = { "alice", "bob", "root" };
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *own_listing = NULL;
  g_autofree char *own_session = NULL;
  const char *id;
  int socket = test_peer_connect (peer);

  handshake = test_handshake (alice, socket, "localhost", test_options (NULL), &error);
  g_assert_no_error (error);
  close (socket);
  g_assert_true (g_str_has_prefix (handshake->session, HANDOFF_SESSIONS_PATH "/"));
  id = handshake->session + strlen (HANDOFF_SESSIONS_PATH "/");

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (GDBusConnection) other = test_bus_connect (others[i]);
      g_autofree char *listing = NULL;

      expect_unknown (other, handshake->session);
      expect_unknown (other, HANDOFF_SESSIONS_PATH "/nobody");
      expect_same_answer (other, handshake->session);
      listing = introspect (other, HANDOFF_SESSIONS_PATH);
      g_assert_null (strstr (listing, id));
    }

  own_listing = introspect (alice, HANDOFF_SESSIONS_PATH);
  g_assert_nonnull (strstr (own_listing, id));
  own_session = introspect (alice, handshake->session);
  g_assert_nonnull (strstr (own_session, HANDOFF_SESSION_INTERFACE));
  properties = test_call (alice, handshake->session, "org.freedesktop.DBus.Properties", "GetAll",
                          g_variant_new ("(s)", HANDOFF_SESSION_INTERFACE), &error);
  g_assert_no_error (error);
  {
    g_autoptr (GVariant) all = g_variant_get_child_value (properties, 0);
    const struct
    {
      const char *name;
      const char *value;
    } expected[] = {
      { "Role", "client" },
      { "State", "complete" },
      { "ServerIdentity", "localhost" },
      { "Protocol", test_handshake_get_detail (handshake, HANDOFF_DETAIL_PROTOCOL) },
      { "CipherSuite", test_handshake_get_detail (handshake, HANDOFF_DETAIL_CIPHER_SUITE) },
    };

    g_assert_cmpuint (g_variant_n_children (all), ==, G_N_ELEMENTS (expected));
    for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
      {
        const char *value = NULL;

        g_assert_true (g_variant_lookup (all, expected[i].name, "&s", &value));
        g_assert_cmpstr (value, ==, expected[i].value);
      }
  }
  {
    g_autoptr (GVariant) reply = NULL;

    reply = test_call (alice, handshake->session, HANDOFF_SESSION_INTERFACE, "Close", NULL, &error);
    g_assert_no_error (error);
  }
  expect_unknown (alice, handshake->session);
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
  g_test_add_func ("/callers/vanish/waiting-for-polkit", test_vanish_waiting);
  g_test_add_func ("/callers/vanish/handshaking", test_vanish_handshaking);
  g_test_add_func ("/callers/vanish/holding-a-session", test_vanish_holding);
  g_test_add_func ("/callers/sessions-of-others", test_sessions_of_others);
  return g_test_run ();
}
