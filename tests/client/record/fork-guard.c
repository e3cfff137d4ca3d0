/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Guards of many connections share memory: none may stand in another's way, also after a fork. */

#include "record/fork-guard.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_GUARDS 1000 /* more than fit one page of any machine that has pages of 4 KiB */

static void
init (HandoffForkGuard *guard)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (handoff_fork_guard_init (guard, &error));
  g_assert_no_error (error);
}

/* Breaks if two guards count in one place, or one place is lost when its page is left and used
 * again. */
static void
test_many (void)
{
  g_autofree HandoffForkGuard *guards = g_new0 (HandoffForkGuard, N_GUARDS);
  guint i, round;

  for (round = 0; round < 3; round++)
    {
      for (i = round; i < N_GUARDS; i++)
        if (guards[i].page == NULL)
          init (&guards[i]);
      for (i = 0; i < N_GUARDS; i++)
        g_assert_true (guards[i].page == NULL || handoff_fork_guard_claim (&guards[i]));
      for (i = 0; i < N_GUARDS; i += 2 + round)
        handoff_fork_guard_clear (&guards[i]);
    }
  for (i = 0; i < N_GUARDS; i++)
    handoff_fork_guard_clear (&guards[i]);
}

/* A parent and its child, which take turns. */
typedef struct
{
  pid_t child;
  int from; /* the other */
  int to;
} Family;

/* raw: as a program does that goes around the C library. Returns whether this is the parent. */
static gboolean
family_begin (Family *self, gboolean raw)
{
  int to_child[2], to_parent[2];
  gboolean is_parent;

  g_assert_cmpint (pipe (to_child), ==, 0);
  g_assert_cmpint (pipe (to_parent), ==, 0);
  self->child = raw ? (pid_t) syscall (SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) : fork ();
  g_assert_cmpint (self->child, >=, 0);
  is_parent = self->child != 0;
  self->from = is_parent ? to_parent[0] : to_child[0];
  self->to = is_parent ? to_child[1] : to_parent[1];
  close (is_parent ? to_child[0] : to_parent[0]);
  close (is_parent ? to_parent[1] : to_child[1]);
  return is_parent;
}

/* It is the other's turn. */
static void
family_yield (Family *self)
{
  g_assert_cmpint (write (self->to, "", 1), ==, 1);
}

static void
family_wait (Family *self)
{
  char byte;

  if (read (self->from, &byte, 1) == 1)
    return;
  if (self->child == 0)
    _exit (1);
  g_error ("the child ended");
}

static void
family_end (Family *self)
{
  int status;

  g_assert_cmpint (waitpid (self->child, &status, 0), ==, self->child);
  g_assert_cmpint (status, ==, 0);
  close (self->from);
  close (self->to);
}

/* Breaks if what the parent does with later connections ends the one that its child goes on with,
 * as servers do that fork for each connection; or the other way round. */
static void
test_handed_to_child (void)
{
  HandoffForkGuard old = { NULL };
  HandoffForkGuard later = { NULL };
  Family family;

  init (&old);
  g_assert_true (handoff_fork_guard_claim (&old));
  if (!family_begin (&family, FALSE))
    {
      family_wait (&family);
      init (&later);
      if (!handoff_fork_guard_claim (&old) || !handoff_fork_guard_claim (&later))
        _exit (1);
      family_yield (&family);
      family_wait (&family);
      _exit (!handoff_fork_guard_claim (&old) || !handoff_fork_guard_claim (&later));
    }

  handoff_fork_guard_clear (&old);
  init (&later);
  g_assert_true (handoff_fork_guard_claim (&later));
  family_yield (&family);
  family_wait (&family);
  g_assert_true (handoff_fork_guard_claim (&later));
  family_yield (&family);
  family_end (&family);
  handoff_fork_guard_clear (&later);
}

/* Breaks if two processes can go on with one connection, however the child was made, and whatever
 * the child does with its place. */
static void
test_claimed_by_one (gconstpointer data)
{
  const gboolean raw = GPOINTER_TO_INT (data);
  HandoffForkGuard guard = { NULL };
  Family family;

  init (&guard);
  if (!family_begin (&family, raw))
    {
      if (!handoff_fork_guard_claim (&guard))
        _exit (1);
      handoff_fork_guard_clear (&guard);
      init (&guard);
      _exit (!handoff_fork_guard_claim (&guard));
    }
  family_end (&family);
  g_assert_false (handoff_fork_guard_claim (&guard));
  g_assert_false (handoff_fork_guard_claim (&guard));
  handoff_fork_guard_clear (&guard);
}

/* Breaks if a child of which nothing told the parent disturbs the connection that has the place of
 * the child's. */
static void
test_place_used_again (void)
{
  HandoffForkGuard guard = { NULL };
  Family family;

  init (&guard);
  if (!family_begin (&family, TRUE))
    {
      family_wait (&family);
      _exit (handoff_fork_guard_claim (&guard));
    }
  handoff_fork_guard_clear (&guard);
  init (&guard);
  family_yield (&family);
  family_end (&family);
  g_assert_true (handoff_fork_guard_claim (&guard));
  handoff_fork_guard_clear (&guard);
}

/* Breaks if such a child takes free places of its parent for its own. */
static void
test_places_of_parent (void)
{
  HandoffForkGuard guard = { NULL };
  HandoffForkGuard later = { NULL };
  Family family;

  /* Leaves a page with room. */
  init (&guard);
  if (!family_begin (&family, TRUE))
    {
      init (&later);
      family_yield (&family);
      family_wait (&family);
      _exit (!handoff_fork_guard_claim (&later));
    }
  family_wait (&family);
  init (&later);
  g_assert_true (handoff_fork_guard_claim (&later));
  family_yield (&family);
  family_end (&family);
  g_assert_true (handoff_fork_guard_claim (&guard));
  g_assert_true (handoff_fork_guard_claim (&later));
  handoff_fork_guard_clear (&guard);
  handoff_fork_guard_clear (&later);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fork-guard/many", test_many);
  g_test_add_func ("/fork-guard/handed-to-child", test_handed_to_child);
  g_test_add_data_func ("/fork-guard/claimed-by-one/fork", GINT_TO_POINTER (FALSE),
                        test_claimed_by_one);
  g_test_add_data_func ("/fork-guard/claimed-by-one/clone", GINT_TO_POINTER (TRUE),
                        test_claimed_by_one);
  g_test_add_func ("/fork-guard/place-used-again", test_place_used_again);
  g_test_add_func ("/fork-guard/places-of-parent", test_places_of_parent);
  return g_test_run ();
}
