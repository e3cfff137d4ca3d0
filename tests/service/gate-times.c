/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What callers leave behind, and how long the service keeps it. */

#include "config.h"

#include <sys/socket.h>

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "support/gate-fixture.h"
#include "support/test-clock.h"

#define IDLE_EXIT (60 * TEST_SECOND) /* of the default configuration */

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
has_spare (gpointer data)
{
  GateFixture *fixture = data;
  g_auto (GateCall) call = { 0 };
  g_autoptr (GVariant) statistics = NULL;
  g_autoptr (GVariantIter) programs = NULL;
  GVariant *program;
  gboolean found = FALSE;

  gate_call_start (fixture, fixture->caller, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
                   "GetStatistics", NULL, NULL, &call);
  gate_call_wait (&call);
  g_assert_no_error (call.error);
  g_variant_get (call.reply, "(@a{sv})", &statistics);
  g_assert_true (g_variant_lookup (statistics, "programs", "aa{sv}", &programs));
  while (g_variant_iter_loop (programs, "@a{sv}", &program))
    {
      const char *state;

      found |= g_variant_lookup (program, "state", "&s", &state) && g_str_equal (state, "spare");
    }
  return found;
}

/* What is left of a handshake that somebody ended goes on its worker, after the reply. */
static gboolean
has_no_handshake (gpointer data)
{
  return gate_get_statistic (data, "handshakes-in-flight") == 0;
}

/* While the service runs: what the test does, and whether it is at its end. */
typedef struct
{
  GateFixture *fixture;
  gboolean has_ended;
} Life;

static gboolean
live (gpointer user_data)
{
  Life *life = user_data;
  g_auto (GateCall) call = { 0 };
  g_autofree char *path = create_session (life->fixture, "{'timeout': <uint32 20>}");

  step (life->fixture, path);
  /* A process that hangs for so long would be ended: it starts in real time. */
  test_clock_pass (2 * TEST_SECOND);
  gate_wait_until (has_spare, life->fixture, "there is another spare");
  test_clock_pass (TEST_DAY);
  test_clock_settle ();
  g_assert_cmpuint (gate_get_statistic (life->fixture, "sessions"), ==, 1);
  gate_call_start (life->fixture, life->fixture->caller, path, HANDOFF_SESSION_INTERFACE, "Close",
                   NULL, NULL, &call);
  gate_call_wait (&call);
  g_assert_no_error (call.error);
  gate_wait_until (has_no_handshake, life->fixture, "no handshake is under way");

  test_clock_pass (IDLE_EXIT - 1);
  test_clock_settle ();
  g_assert_cmpuint (gate_get_statistic (life->fixture, "sessions"), ==, 0);
  /* That call held it: its time begins anew. */
  test_clock_pass (IDLE_EXIT - 1);
  test_clock_settle ();
  life->has_ended = TRUE;
  test_clock_pass (1);
  return G_SOURCE_REMOVE;
}

/* Breaks if the service goes while a session is held, or a moment too early; or stays for ever. */
static void
test_idle_exit (GateFixture *fixture, gconstpointer answer)
{
  Life life = { fixture, FALSE };
  g_autoptr (GError) error = NULL;

  g_idle_add (live, &life);
  g_assert_true (handoff_service_run (fixture->service, &error));
  g_assert_no_error (error);
  g_assert_true (life.has_ended);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/service/gate-times/" name, GateFixture, GINT_TO_POINTER (ANSWER_ALLOW), set_up,    \
              function, tear_down)
  ADD ("idle-exit", test_idle_exit);
  return g_test_run ();
}
