/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* When it is looked for whom. */

#include "config.h"

#include "bus/object-turns.h"

#include "support/test-clock.h"

#define ALICE 1000
#define BOB 1001

static GString *turns; /* (owned): the watchers that had one, each a letter */

static void
take_turn (gpointer watcher)
{
  g_string_append (turns, watcher);
}

static void
expect (const char *expected)
{
  g_assert_cmpstr (turns->str, ==, expected);
  g_string_truncate (turns, 0);
}

static void
pass (gint64 span)
{
  test_clock_pass (span);
  test_clock_settle ();
}

static void
want (HandoffObjectTurns *self, guint uid, const char *watcher)
{
  handoff_object_turns_want (self, uid, (gpointer) watcher, FALSE);
}

static void
call (HandoffObjectTurns *self, guint uid, const char *watcher)
{
  handoff_object_turns_want (self, uid, (gpointer) watcher, TRUE);
}

/* Breaks if a user with many objects, or many watchers, has more of the main loop than one look
 * after each rest, or if another waits for that. */
static void
test_rest (void)
{
  g_autoptr (HandoffObjectTurns) self = handoff_object_turns_new (take_turn);

  want (self, ALICE, "a");
  want (self, ALICE, "b");
  want (self, ALICE, "c");
  want (self, BOB, "d");
  expect ("ad");
  handoff_object_turns_end (self, BOB, 0);
  handoff_object_turns_end (self, ALICE, 256);
  want (self, BOB, "d");
  expect ("");
  pass (HANDOFF_OBJECT_TURNS_REST);
  expect ("d");
  handoff_object_turns_end (self, BOB, 0);
  pass (256 * HANDOFF_OBJECT_TURNS_REST_FOR_ONE - 1);
  expect ("");
  pass (1);
  expect ("b");
  /* However often; and what has changed since its turn began is looked for again. */
  want (self, ALICE, "b");
  want (self, ALICE, "b");
  handoff_object_turns_end (self, ALICE, 0);
  pass (HANDOFF_OBJECT_TURNS_REST);
  expect ("c");
  handoff_object_turns_end (self, ALICE, 0);
  pass (HANDOFF_OBJECT_TURNS_REST);
  expect ("b");
  handoff_object_turns_end (self, ALICE, 0);
  pass (G_TIME_SPAN_MINUTE);
  expect ("");
}

/* Breaks if who calls has to wait for a rest, or if calls without end keep others from their turns.
 */
static void
test_called (void)
{
  g_autoptr (HandoffObjectTurns) self = handoff_object_turns_new (take_turn);

  call (self, ALICE, "a");
  want (self, ALICE, "b");
  want (self, ALICE, "c");
  call (self, ALICE, "c");
  expect ("a");
  handoff_object_turns_end (self, ALICE, 0);
  expect ("b");
  /* A rest. */
  want (self, ALICE, "b");
  handoff_object_turns_end (self, ALICE, 0);
  expect ("c");
  call (self, ALICE, "a");
  handoff_object_turns_end (self, ALICE, 0);
  expect ("a");
  pass (HANDOFF_OBJECT_TURNS_REST);
  call (self, ALICE, "a");
  handoff_object_turns_end (self, ALICE, 0);
  expect ("b");
  handoff_object_turns_end (self, ALICE, 0);
  expect ("a");
  handoff_object_turns_end (self, ALICE, 0);
}

/* Breaks if somebody who has left gets a turn. */
static void
test_forget (void)
{
  g_autoptr (HandoffObjectTurns) self = handoff_object_turns_new (take_turn);

  handoff_object_turns_forget (self, ALICE, (gpointer) "a");
  want (self, ALICE, "a");
  want (self, ALICE, "b");
  call (self, ALICE, "c");
  handoff_object_turns_forget (self, ALICE, (gpointer) "b");
  handoff_object_turns_forget (self, ALICE, (gpointer) "c");
  handoff_object_turns_end (self, ALICE, 0);
  pass (G_TIME_SPAN_MINUTE);
  expect ("a");
  /* Freed while one has a turn. */
  want (self, ALICE, "a");
  want (self, ALICE, "b");
  expect ("a");
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  test_clock_install ();
  turns = g_string_new (NULL);
  g_test_add_func ("/object-turns/rest", test_rest);
  g_test_add_func ("/object-turns/called", test_called);
  g_test_add_func ("/object-turns/forget", test_forget);
  status = g_test_run ();
  g_string_free (turns, TRUE);
  return status;
}
