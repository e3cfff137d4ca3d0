/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Who waits for a turn, who gets it, and who keeps it. */

#include <sys/wait.h>
#include <unistd.h>

#include "connection/handshake-turn.h"

typedef struct
{
  guint n_given;
  guint n_cancelled;
  guint n_gone; /* tasks that nothing holds any more */
} Turns;

static void
gone_cb (gpointer user_data, GObject *task)
{
  ((Turns *) user_data)->n_gone++;
}

static void
taken_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Turns *turns = user_data;
  g_autoptr (GError) error = NULL;

  g_object_weak_ref (G_OBJECT (result), gone_cb, turns);
  if (handoff_handshake_turn_take_finish (result, &error))
    {
      turns->n_given++;
      return;
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  turns->n_cancelled++;
}

static void
take_all (void)
{
  guint i;

  for (i = 0; i < HANDOFF_HANDSHAKES_AT_ONCE; i++)
    g_assert_true (handoff_handshake_turn_try_take ());
  g_assert_false (handoff_handshake_turn_try_take ());
}

static void
release_all (void)
{
  guint i;

  for (i = 0; i < HANDOFF_HANDSHAKES_AT_ONCE; i++)
    handoff_handshake_turn_release ();
}

/* Breaks if a task outlives its turn: given at once, given later, or cancelled. */
static void
test_ends (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Turns turns = { 0 };

  handoff_handshake_turn_take_async (cancellable, taken_cb, &turns);
  while (turns.n_gone < 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (turns.n_given, ==, 1);
  handoff_handshake_turn_release ();

  take_all ();
  handoff_handshake_turn_take_async (cancellable, taken_cb, &turns);
  handoff_handshake_turn_take_async (NULL, taken_cb, &turns);
  g_cancellable_cancel (cancellable);
  while (turns.n_gone < 2)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (turns.n_cancelled, ==, 1);

  handoff_handshake_turn_release ();
  while (turns.n_gone < 3)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (turns.n_given, ==, 2);
  g_assert_false (handoff_handshake_turn_try_take ());
  release_all ();
}

/* Breaks if a turn gets lost that was given before whoever waited was cancelled. */
static void
test_given_and_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Turns turns = { 0 };

  take_all ();
  handoff_handshake_turn_take_async (cancellable, taken_cb, &turns);
  handoff_handshake_turn_release ();
  g_cancellable_cancel (cancellable);
  while (turns.n_gone < 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (turns.n_given, ==, 1);
  release_all ();
  take_all ();
  release_all ();
}

/* Breaks if a forked child, such as that of a handler in the middle of a handshake, has the turns
 * of its parent, or fewer. */
static void
test_fork (void)
{
  int status;
  pid_t child;

  take_all ();
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      handoff_handshake_turn_release ();
      take_all ();
      /* What the parent counts is left alone: no leak to be checked for. */
      execl ("/bin/true", "true", NULL);
      _exit (1);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  release_all ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/handshake-turn/ends", test_ends);
  g_test_add_func ("/handshake-turn/given-and-cancelled", test_given_and_cancelled);
  g_test_add_func ("/handshake-turn/fork", test_fork);
  return g_test_run ();
}
