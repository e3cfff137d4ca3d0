/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What callers leave behind, and how long the service keeps it. */

#include "config.h"

#include <sys/socket.h>

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "support/gate-fixture.h"
#include "support/test-clock.h"

static void
set_up (GateFixture *fixture, gconstpointer answer)
{
  test_clock_install ();
  gate_set_up (fixture, answer);
}

static void
tear_down (GateFixture *fixture, gconstpointer answer)
{
  gate_tear_down (fixture, answer);
  test_clock_uninstall ();
}

/* (transfer full): its path */
static char *
create_session (GateFixture *fixture, const char *options)
{
  g_auto (GateCall) call = { 0 };
  g_autofree char *arguments = g_strdup_printf ("('server', '', %s)", options);
  char *path;

  gate_call_start (fixture, fixture->caller, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
                   "CreateSession", g_variant_new_parsed (arguments), NULL, &call);
  gate_call_wait (&call);
  g_assert_no_error (call.error);
  g_variant_get (call.reply, "(o)", &path);
  return path;
}

/* With no bytes: the worker has begun with it, and set the deadline. */
static void
step (GateFixture *fixture, const char *path)
{
  g_auto (GateCall) call = { 0 };

  gate_call_start (fixture, fixture->caller, path, HANDOFF_SESSION_INTERFACE, "Step",
                   g_variant_new_parsed ("(@ay [],)"), NULL, &call);
  gate_call_wait (&call);
  g_assert_no_error (call.error);
}

static gboolean
has_no_sessions (gpointer data)
{
  return gate_get_statistic (data, "sessions") == 0;
}

/* Breaks if a session that outlives its caller, which nobody ends, stays for ever, or goes before
 * its time. */
static void
test_outliving (GateFixture *fixture, gconstpointer answer)
{
  G_GNUC_UNUSED g_autofree char *path =
      create_session (fixture, "{'outlive-caller': <true>, 'timeout': <uint32 20>}");

  gate_leave (fixture);
  test_clock_pass (20 * TEST_SECOND - 1);
  test_clock_settle ();
  g_assert_cmpuint (gate_get_statistic (fixture, "sessions"), ==, 1);
  test_clock_pass (1);
  test_clock_settle ();
  g_assert_cmpuint (gate_get_statistic (fixture, "sessions"), ==, 0);
}

/* Breaks if a transient session that failed stays for ever, or if why it failed cannot be asked. */
static void
test_failed_transient (GateFixture *fixture, gconstpointer answer)
{
  g_autofree char *path = create_session (fixture, "{'transient': <true>, 'timeout': <uint32 20>}");

  step (fixture, path);
  test_clock_pass (20 * TEST_SECOND);
  while (gate_get_statistic (fixture, "handshakes-in-flight") > 0)
    ;
  test_clock_pass (300 * TEST_SECOND - 1);
  test_clock_settle ();
  g_assert_cmpuint (gate_get_statistic (fixture, "sessions"), ==, 1);
  test_clock_pass (1);
  gate_wait_until (has_no_sessions, fixture, "the failed session is gone");
}

static gboolean
is_reading (gpointer data)
{
  return gate_get_statistic (data, "handshakes-in-flight") == 1;
}

/* Breaks if a caller is not told that its peer says nothing, in time. */
static void
test_silent_peer (GateFixture *fixture, gconstpointer answer)
{
  g_auto (GateCall) call = { 0 };
  guint8 hello[16];

  gate_start_manager_call (fixture, fixture->caller, "HandshakeAsClient", &call);
  gate_wait_until (is_reading, fixture, "the handshake has begun");
  /* Its first message is there: the worker has set the deadline. */
  g_assert_cmpint (recv (fixture->sockets[1], hello, sizeof hello, 0), >, 0);
  test_clock_pass (30 * TEST_SECOND - 1);
  g_assert_cmpuint (gate_get_statistic (fixture, "handshakes-in-flight"), ==, 1);
  g_assert_false (call.done);
  test_clock_pass (1);
  gate_call_wait (&call);
  g_assert_error (call.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/service/gate-times/" name, GateFixture, GINT_TO_POINTER (ANSWER_ALLOW), set_up,    \
              function, tear_down)
  ADD ("outliving", test_outliving);
  ADD ("failed-transient", test_failed_transient);
  ADD ("silent-peer", test_silent_peer);
  return g_test_run ();
}
