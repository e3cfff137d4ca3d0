/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Work of several users on few threads. */

#include "config.h"

#include "keeper/user-turns.h"

typedef struct
{
  GMutex mutex;
  GCond cond;
  GString *begun; /* by user: "a", "b" */
  guint n_allowed;
  guint n_working;
  guint n_done;
  HandoffUserTurns *turns;
} Fixture;

typedef struct
{
  Fixture *fixture;
  char user;
} Work;

static void
work (gpointer data)
{
  Work *self = data;
  Fixture *f = self->fixture;

  g_mutex_lock (&f->mutex);
  g_string_append_c (f->begun, self->user);
  f->n_working++;
  g_cond_broadcast (&f->cond);
  while (f->n_allowed == 0)
    g_cond_wait (&f->cond, &f->mutex);
  f->n_allowed--;
  f->n_working--;
  g_mutex_unlock (&f->mutex);
}

static void
done (gpointer data)
{
  Work *self = data;

  self->fixture->n_done++;
  g_free (self);
}

static void
add (Fixture *f, char user, guint n)
{
  for (; n > 0; n--)
    {
      Work *self = g_new (Work, 1);

      *self = (Work){ f, user };
      handoff_user_turns_add (f->turns, (guint) user, work, done, self);
    }
}

/* Until so many have begun. */
static void
wait_for_begun (Fixture *f, guint n)
{
  g_mutex_lock (&f->mutex);
  while (f->begun->len < n)
    g_cond_wait (&f->cond, &f->mutex);
  g_assert_cmpuint (f->begun->len, ==, n);
  g_mutex_unlock (&f->mutex);
}

static void
allow (Fixture *f, guint n)
{
  g_mutex_lock (&f->mutex);
  f->n_allowed += n;
  g_cond_broadcast (&f->cond);
  g_mutex_unlock (&f->mutex);
}

static void
set_up (Fixture *f, guint n_threads, guint per_user)
{
  g_mutex_init (&f->mutex);
  g_cond_init (&f->cond);
  f->begun = g_string_new (NULL);
  f->turns = handoff_user_turns_new ("test", n_threads, per_user);
}

static void
tear_down (Fixture *f, guint n)
{
  allow (f, n);
  while (f->n_done < n)
    g_main_context_iteration (NULL, TRUE);
  handoff_user_turns_free (f->turns);
  g_string_free (f->begun, TRUE);
  g_mutex_clear (&f->mutex);
  g_cond_clear (&f->cond);
}

/* A long line of one user is not before another's. */
static void
test_turns (void)
{
  Fixture f = { 0 };

  set_up (&f, 1, 1);
  add (&f, 'a', 6);
  wait_for_begun (&f, 1);
  add (&f, 'b', 2);
  add (&f, 'c', 1);
  for (guint i = 2; i <= 9; i++)
    {
      allow (&f, 1);
      wait_for_begun (&f, i);
    }
  g_assert_cmpstr (f.begun->str, ==, "abcabaaaa");
  tear_down (&f, 9);
}

/* What all threads do for one user leaves the rest to the others. */
static void
test_per_user (void)
{
  Fixture f = { 0 };

  set_up (&f, 2, 1);
  add (&f, 'a', 3);
  wait_for_begun (&f, 1);
  add (&f, 'b', 1);
  wait_for_begun (&f, 2);
  g_assert_cmpstr (f.begun->str, ==, "ab");
  tear_down (&f, 4);
}

/* With nobody else there, one user has all threads. */
static void
test_all_threads (void)
{
  Fixture f = { 0 };

  set_up (&f, 3, 3);
  add (&f, 'a', 3);
  wait_for_begun (&f, 3);
  g_assert_cmpuint (f.n_working, ==, 3);
  tear_down (&f, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/user-turns/turns", test_turns);
  g_test_add_func ("/service/user-turns/per-user", test_per_user);
  g_test_add_func ("/service/user-turns/all-threads", test_all_threads);
  return g_test_run ();
}
