/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Functions that pause on stacks of their own. */

#include "config.h"

#include "work/fiber.h"

#include <string.h>

typedef struct
{
  HandoffFiber *fiber;
  guint pauses;
  guint n_runs;
  guint depth;
  gboolean is_intact;
} Work;

/* Fills a frame, goes deeper or pauses, and looks whether the frame is as it was. */
static gboolean
descend (Work *work, guint depth)
{
  volatile guint8 frame[1024];
  gboolean is_intact = TRUE;
  gsize i;

  for (i = 0; i < sizeof frame; i++)
    frame[i] = (guint8) (i * 7 + depth + work->pauses);
  if (depth > 0)
    is_intact = descend (work, depth - 1);
  else
    for (work->n_runs = 0; work->n_runs < work->pauses; work->n_runs++)
      handoff_fiber_pause (work->fiber);
  for (i = 0; i < sizeof frame; i++)
    is_intact &= frame[i] == (guint8) (i * 7 + depth + work->pauses);
  return is_intact;
}

static int
work (gpointer data)
{
  Work *self = data;

  self->is_intact = descend (self, self->depth);
  return (int) self->pauses;
}

/* Breaks if a result is lost, or a function that never pauses does not return at once. */
static void
test_returns (void)
{
  Work self = { .depth = 4 };
  g_autoptr (HandoffFiber) fiber = handoff_fiber_new (work, &self);
  int result = -1;

  g_assert_true (handoff_fiber_run (fiber, &result));
  g_assert_cmpint (result, ==, 0);
  g_assert_true (self.is_intact);
}

/* Breaks if paused functions share a stack, or lose what is on theirs while others run, or a stack
 * is too small for deep calls. */
static void
test_many (void)
{
  enum
  {
    N = 20
  };
  Work works[N] = { 0 };
  guint n_left = N;
  guint i;

  for (i = 0; i < N; i++)
    {
      works[i].pauses = i % 5 + i;
      works[i].depth = 10 * i % 100;
      works[i].fiber = handoff_fiber_new (work, &works[i]);
    }
  while (n_left > 0)
    for (i = 0; i < N; i++)
      {
        int result;

        if (works[i].fiber == NULL || !handoff_fiber_run (works[i].fiber, &result))
          continue;
        g_assert_cmpint (result, ==, (int) works[i].pauses);
        g_assert_cmpuint (works[i].n_runs, ==, works[i].pauses);
        g_assert_true (works[i].is_intact);
        g_clear_pointer (&works[i].fiber, handoff_fiber_free);
        n_left--;
      }
}

typedef struct
{
  HandoffFiber *fiber;
  const char *where;
} Secret;

static int
leave_a_secret (gpointer data)
{
  volatile char bytes[4096];
  Secret *secret = data;
  gsize i;

  for (i = 0; i < sizeof bytes; i++)
    bytes[i] = 'S';
  secret->where = (const char *) bytes;
  handoff_fiber_pause (secret->fiber);
  return bytes[17];
}

/* Several at once, each on a stack of its own. */
static void
leave_secrets (Secret *secrets, guint n)
{
  int result;
  guint i;

  for (i = 0; i < n; i++)
    {
      secrets[i].fiber = handoff_fiber_new (leave_a_secret, &secrets[i]);
      g_assert_false (handoff_fiber_run (secrets[i].fiber, &result));
    }
  for (i = 0; i < n; i++)
    {
      g_assert_true (handoff_fiber_run (secrets[i].fiber, &result));
      g_clear_pointer (&secrets[i].fiber, handoff_fiber_free);
    }
}

__attribute__ ((no_sanitize_address)) static guint
count_left (const Secret *secret)
{
  guint n = 0;
  gsize i;

  for (i = 0; i < 4096; i++)
    n += ((volatile const char *) secret->where)[i] == 'S';
  return n;
}

/* Breaks if the wipe leaves what functions had on their stacks, be it that some were wiped before.
 */
static void
test_wiped (void)
{
  Secret secrets[5] = { 0 };
  guint n, i;

  for (n = 3; n <= 5; n++)
    {
      leave_secrets (secrets, n);
      for (i = 0; i < n; i++)
        g_assert_cmpuint (count_left (&secrets[i]), >, 4000);
      handoff_fiber_wipe_spare_stacks ();
      for (i = 0; i < n; i++)
        g_assert_cmpuint (count_left (&secrets[i]), ==, 0);
    }
}

static gboolean
has_been_used (const Secret *secrets, guint n, const char *where)
{
  guint i;

  for (i = 0; i < n; i++)
    {
      if (secrets[i].where == where)
        return TRUE;
    }
  return FALSE;
}

/* Breaks if a thread maps stacks anew for as many as it had paused just before. */
static void
test_kept (void)
{
  Secret before[16] = { 0 }, after[16] = { 0 };
  guint i;

  leave_secrets (before, 16);
  leave_secrets (after, 16);
  for (i = 0; i < 16; i++)
    g_assert_true (has_been_used (before, 16, after[i].where));
}

/* A fiber that never ran has nothing to free. */
static void
test_never_run (void)
{
  G_GNUC_UNUSED g_autoptr (HandoffFiber) fiber = handoff_fiber_new (work, NULL);
}

static gpointer
run_in_thread (gpointer data)
{
  test_many ();
  return NULL;
}

/* Breaks if threads share what they keep for their next fibers. */
static void
test_threads (void)
{
  GThread *threads[4];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("fibers", run_in_thread, NULL);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/fiber/returns", test_returns);
  g_test_add_func ("/service/fiber/many", test_many);
  g_test_add_func ("/service/fiber/wiped", test_wiped);
  g_test_add_func ("/service/fiber/kept", test_kept);
  g_test_add_func ("/service/fiber/never-run", test_never_run);
  g_test_add_func ("/service/fiber/threads", test_threads);
  return g_test_run ();
}
