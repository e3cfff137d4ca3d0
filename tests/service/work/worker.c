/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/test-clock.h"
#include "work/clock.h"
#include "work/worker.h"

#define N_WATCHES 200

/* What a case does on the worker's thread, and what it has seen; the test waits for `done`. */
typedef struct
{
  HandoffWorker *worker;
  int sockets[N_WATCHES][2]; /* ours, the peer's */
  HandoffWatch *watches[N_WATCHES];
  GArray *order; /* (element-type guint): indices of the watches that were called */
  GMutex mutex;
  GCond cond;
  gboolean done;
} Fixture;

typedef struct
{
  Fixture *fixture;
  guint index;
} Watched;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->worker = handoff_worker_new (&error);
  g_assert_no_error (error);
  fixture->order = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < N_WATCHES; i++)
    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fixture->sockets[i]), ==,
                     0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  handoff_worker_free (fixture->worker);
  for (guint i = 0; i < N_WATCHES; i++)
    {
      close (fixture->sockets[i][0]);
      close (fixture->sockets[i][1]);
    }
  g_array_unref (fixture->order);
}

static void
finish (Fixture *fixture)
{
  g_mutex_lock (&fixture->mutex);
  fixture->done = TRUE;
  g_cond_signal (&fixture->cond);
  g_mutex_unlock (&fixture->mutex);
}

/* Runs function on the worker's thread, and waits for finish(). */
static void
run (Fixture *fixture, GSourceFunc function)
{
  fixture->done = FALSE;
  handoff_worker_invoke (fixture->worker, function, fixture, NULL);
  g_mutex_lock (&fixture->mutex);
  while (!fixture->done)
    g_cond_wait (&fixture->cond, &fixture->mutex);
  g_mutex_unlock (&fixture->mutex);
}

static gboolean
finish_turn (gpointer data)
{
  finish (data);
  return G_SOURCE_REMOVE;
}

/* Time passes, and the worker has done what was to be done then. */
static void
pass (Fixture *fixture, gint64 span)
{
  test_clock_pass (span);
  run (fixture, finish_turn);
}

static void
wait_for (HandoffWatch *watch, HandoffWatchDirection direction)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (handoff_watch_set_direction (watch, direction, &error));
  g_assert_no_error (error);
}

static void
add_watch (Fixture *fixture, guint index, gint64 deadline, HandoffWatchFunc function)
{
  Watched *watched = g_new (Watched, 1);

  watched->fixture = fixture;
  watched->index = index;
  fixture->watches[index] =
      handoff_watch_new (fixture->worker, fixture->sockets[index][0], deadline, function, watched);
}

/* Notes and frees the watch; returns its fixture if it was the last. */
static Fixture *
note (Watched *watched)
{
  Fixture *fixture = watched->fixture;
  guint index = watched->index;

  g_array_append_val (fixture->order, index);
  handoff_watch_free (g_steal_pointer (&fixture->watches[index]));
  g_free (watched);
  return fixture->order->len == N_WATCHES ? fixture : NULL;
}

static void
expect_timeout (gboolean timed_out, gpointer user_data)
{
  g_assert_true (timed_out);
  note (user_data);
}

static gboolean
add_timeouts (gpointer data)
{
  gint64 now = handoff_clock_get_monotonic_time ();

  /* The later ones first. */
  for (guint i = 0; i < N_WATCHES; i++)
    add_watch (data, i, now + (N_WATCHES - i) * TEST_DAY, expect_timeout);
  return finish_turn (data);
}

/* Breaks if a deadline is lost behind another, is kept out of order, too early or too late; or if
 * it comes nearer because somebody sets the wall clock, or because the machine sleeps. */
static void
test_deadlines (Fixture *fixture, gconstpointer data)
{
  run (fixture, add_timeouts);
  test_clock_set_wall (TEST_YEAR);
  test_clock_suspend (TEST_YEAR);
  pass (fixture, TEST_DAY - 1);
  g_assert_cmpuint (fixture->order->len, ==, 0);
  pass (fixture, 1);
  g_assert_cmpuint (fixture->order->len, ==, 1);
  test_clock_set_wall (-2 * TEST_YEAR);
  pass (fixture, (N_WATCHES - 1) * TEST_DAY);
  g_assert_cmpuint (fixture->order->len, ==, N_WATCHES);
  for (guint i = 0; i < N_WATCHES; i++)
    g_assert_cmpuint (g_array_index (fixture->order, guint, i), ==, N_WATCHES - 1 - i);
}

/* The order is turned round; the first of the new ones is due before all of the old. */
static gboolean
move_timeouts (gpointer data)
{
  Fixture *fixture = data;
  const gint64 now = handoff_clock_get_monotonic_time ();

  for (guint i = 0; i < N_WATCHES; i++)
    handoff_watch_set_deadline (fixture->watches[i], now + (i + 1) * TEST_SECOND);
  return finish_turn (data);
}

/* Breaks if a deadline that is moved counts as before, or in its old order. */
static void
test_moved_deadlines (Fixture *fixture, gconstpointer data)
{
  run (fixture, add_timeouts);
  run (fixture, move_timeouts);
  pass (fixture, TEST_SECOND - 1);
  g_assert_cmpuint (fixture->order->len, ==, 0);
  for (guint i = 0; i < N_WATCHES; i++)
    {
      pass (fixture, i == 0 ? 1 : TEST_SECOND);
      g_assert_cmpuint (fixture->order->len, ==, i + 1);
      g_assert_cmpuint (g_array_index (fixture->order, guint, i), ==, i);
    }
}

static void
expect_readable (gboolean timed_out, gpointer user_data)
{
  Fixture *fixture;

  g_assert_false (timed_out);
  fixture = note (user_data);
  if (fixture != NULL)
    finish (fixture);
}

static gboolean
add_readable (gpointer data)
{
  Fixture *fixture = data;
  gint64 deadline = handoff_clock_get_monotonic_time () + TEST_DAY;

  for (guint i = 0; i < N_WATCHES; i++)
    {
      add_watch (fixture, i, deadline, expect_readable);
      wait_for (fixture->watches[i], HANDOFF_WATCH_READABLE);
      g_assert_cmpint (write (fixture->sockets[i][1], "x", 1), ==, 1);
    }
  return G_SOURCE_REMOVE;
}

/* Breaks if more sockets than fit into one batch of events are not all served. */
static void
test_many_readable (Fixture *fixture, gconstpointer data)
{
  run (fixture, add_readable);
  g_assert_cmpuint (fixture->order->len, ==, N_WATCHES);
}

/* The first that is called frees all others, some of which are in the same batch of events. */
static void
free_others (gboolean timed_out, gpointer user_data)
{
  Watched *watched = user_data;
  Fixture *fixture = watched->fixture;

  g_assert_cmpuint (fixture->order->len, ==, 0);
  g_array_append_val (fixture->order, watched->index);
  for (guint i = 0; i < N_WATCHES; i++)
    g_clear_pointer (&fixture->watches[i], handoff_watch_free);
  finish (fixture);
}

static gboolean
add_freed (gpointer data)
{
  Fixture *fixture = data;
  gint64 deadline = handoff_clock_get_monotonic_time () + TEST_DAY;
  static Watched watched[N_WATCHES];

  for (guint i = 0; i < N_WATCHES; i++)
    {
      watched[i].fixture = fixture;
      watched[i].index = i;
      fixture->watches[i] = handoff_watch_new (fixture->worker, fixture->sockets[i][0], deadline,
                                               free_others, &watched[i]);
      wait_for (fixture->watches[i], HANDOFF_WATCH_READABLE);
      g_assert_cmpint (write (fixture->sockets[i][1], "x", 1), ==, 1);
    }
  return G_SOURCE_REMOVE;
}

/* Breaks if a freed watch is called (ASan), or any other watch after it. */
static void
test_freed_in_a_batch (Fixture *fixture, gconstpointer data)
{
  run (fixture, add_freed);
  g_assert_cmpuint (fixture->order->len, ==, 1);
}

static void
expect_writable (gboolean timed_out, gpointer user_data)
{
  Watched *watched = user_data;
  Fixture *fixture = watched->fixture;

  g_assert_false (timed_out);
  note (watched);
  finish (fixture);
}

static gboolean
add_writable (gpointer data)
{
  Fixture *fixture = data;

  /* Nothing to read: only the change of direction can wake it. */
  add_watch (fixture, 0, handoff_clock_get_monotonic_time () + TEST_DAY, expect_writable);
  wait_for (fixture->watches[0], HANDOFF_WATCH_READABLE);
  wait_for (fixture->watches[0], HANDOFF_WATCH_WRITABLE);
  return G_SOURCE_REMOVE;
}

/* Breaks if only received bytes wake a handshake that has to send. */
static void
test_direction (Fixture *fixture, gconstpointer data)
{
  run (fixture, add_writable);
}

static gboolean
add_paused (gpointer data)
{
  Fixture *fixture = data;
  gint64 now = handoff_clock_get_monotonic_time ();

  /* All sockets are ready, for data and for the end of the stream, and no watch waits for that
   * (any more). */
  for (guint i = 0; i < N_WATCHES; i++)
    {
      add_watch (fixture, i, now + TEST_DAY, expect_timeout);
      g_assert_cmpint (write (fixture->sockets[i][1], "x", 1), ==, 1);
      shutdown (fixture->sockets[i][1], SHUT_WR);
      if (i % 2 == 0)
        {
          wait_for (fixture->watches[i], HANDOFF_WATCH_READABLE);
          wait_for (fixture->watches[i], HANDOFF_WATCH_NOTHING);
        }
    }
  return finish_turn (data);
}

/* Breaks if the peer wakes a handshake that waits for its caller, again and again. */
static void
test_paused (Fixture *fixture, gconstpointer data)
{
  run (fixture, add_paused);
  pass (fixture, TEST_DAY - 1);
  g_assert_cmpuint (fixture->order->len, ==, 0);
  pass (fixture, 1);
  g_assert_cmpuint (fixture->order->len, ==, N_WATCHES);
}

static gboolean
add_without_descriptor (gpointer data)
{
  Fixture *fixture = data;

  close (fixture->sockets[0][0]);
  fixture->sockets[0][0] = -1;
  add_watch (fixture, 0, handoff_clock_get_monotonic_time () + TEST_DAY, expect_timeout);
  return finish_turn (data);
}

/* Breaks if a stepwise handshake, which has no socket, has no deadline. */
static void
test_without_descriptor (Fixture *fixture, gconstpointer data)
{
  run (fixture, add_without_descriptor);
  pass (fixture, TEST_DAY);
  g_assert_cmpuint (fixture->order->len, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_clock_install ();
#define ADD(name, function)                                                                        \
  g_test_add ("/service/worker/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("deadlines", test_deadlines);
  ADD ("moved-deadlines", test_moved_deadlines);
  ADD ("many-readable", test_many_readable);
  ADD ("freed-in-a-batch", test_freed_in_a_batch);
  ADD ("direction", test_direction);
  ADD ("paused", test_paused);
  ADD ("without-descriptor", test_without_descriptor);
  return g_test_run ();
}
