/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/turnstile.h"

typedef struct
{
  HandoffPass *pass;
  gboolean entered;
} Visitor;

static void
entered (gpointer user_data)
{
  Visitor *visitor = user_data;

  g_assert_false (visitor->entered);
  visitor->entered = TRUE;
}

static void
queue (HandoffTurnstile *turnstile, guint uid, Visitor *visitor)
{
  visitor->entered = FALSE;
  visitor->pass = handoff_turnstile_queue (turnstile, uid, entered, visitor);
  /* A pass must exist before its owner is told. */
  g_assert_false (visitor->entered);
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Breaks if more calls are let in than there is room for, if one user waits for another, or if a
 * line loses its order. */
static void
test_line (void)
{
  g_autoptr (HandoffTurnstile) turnstile = handoff_turnstile_new (2, G_MAXUINT);
  Visitor visitors[5];
  Visitor other;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (visitors); i++)
    queue (turnstile, 1000, &visitors[i]);
  queue (turnstile, 0, &other);
  iterate ();
  g_assert_true (visitors[0].entered);
  g_assert_true (visitors[1].entered);
  g_assert_false (visitors[2].entered);
  g_assert_true (other.entered);

  handoff_pass_free (visitors[1].pass);
  iterate ();
  g_assert_true (visitors[2].entered);
  g_assert_false (visitors[3].entered);

  /* A pass that is given up makes no room, and is not told. */
  handoff_pass_free (visitors[3].pass);
  iterate ();
  g_assert_false (visitors[3].entered);
  g_assert_false (visitors[4].entered);

  handoff_pass_free (visitors[0].pass);
  iterate ();
  g_assert_true (visitors[4].entered);

  handoff_pass_free (visitors[2].pass);
  handoff_pass_free (visitors[4].pass);
  handoff_pass_free (other.pass);
}

/* Breaks if all users together get more than there is room for, or if a long line keeps others
 * waiting. */
static void
test_turns (void)
{
  g_autoptr (HandoffTurnstile) turnstile = handoff_turnstile_new (2, 3);
  Visitor many[10], second, third;

  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    queue (turnstile, 1000, &many[i]);
  queue (turnstile, 1001, &second);
  queue (turnstile, 1002, &third);
  iterate ();
  g_assert_true (many[0].entered && many[1].entered && second.entered);
  g_assert_false (third.entered);

  handoff_pass_free (many[0].pass);
  iterate ();
  g_assert_true (third.entered);
  g_assert_false (many[2].entered);
  handoff_pass_free (third.pass);
  iterate ();
  g_assert_true (many[2].entered);
  g_assert_false (many[3].entered);

  /* The only waiting pass of a user leaves the line: nobody gets its turn. */
  queue (turnstile, 1002, &third);
  handoff_pass_free (third.pass);
  handoff_pass_free (second.pass);
  iterate ();
  g_assert_false (many[3].entered);
  for (guint i = 1; i < G_N_ELEMENTS (many); i++)
    handoff_pass_free (many[i].pass);
}

/* Breaks if a pass that leaves after it was let in, and before it was told, keeps its place, or is
 * told. */
static void
test_leaves_early (void)
{
  g_autoptr (HandoffTurnstile) turnstile = handoff_turnstile_new (1, G_MAXUINT);
  Visitor first, second;

  queue (turnstile, 1000, &first);
  queue (turnstile, 1000, &second);
  handoff_pass_free (first.pass);
  iterate ();
  g_assert_false (first.entered);
  g_assert_true (second.entered);
  handoff_pass_free (second.pass);
}

/* Breaks if a late callback finds the turnstile gone. */
static void
test_outlives_its_owner (void)
{
  HandoffTurnstile *turnstile = handoff_turnstile_new (1, G_MAXUINT);
  Visitor first, second;

  queue (turnstile, 1000, &first);
  queue (turnstile, 1000, &second);
  iterate ();
  handoff_turnstile_unref (turnstile);
  handoff_pass_free (first.pass);
  iterate ();
  g_assert_true (second.entered);
  handoff_pass_free (second.pass);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/turnstile/line", test_line);
  g_test_add_func ("/service/turnstile/turns", test_turns);
  g_test_add_func ("/service/turnstile/leaves-early", test_leaves_early);
  g_test_add_func ("/service/turnstile/outlives-its-owner", test_outlives_its_owner);
  return g_test_run ();
}
