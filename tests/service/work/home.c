/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What is sent to a home, or waits there for its time: on the main thread and on a worker alike. */

#include "config.h"

#include "work/home.h"

#include <unistd.h>

#include "support/test-clock.h"

typedef struct
{
  HandoffWorker *worker;
  HandoffWorker *home; /* NULL for the main thread */
  HandoffHomeTimer *timer;
  guint n_due;
  gboolean has_run; /* the main thread's */
} Fixture;

static void
set_up (Fixture *f, gconstpointer is_worker)
{
  g_autoptr (GError) error = NULL;

  test_clock_install ();
  f->worker = handoff_worker_new (&error);
  g_assert_no_error (error);
  f->home = is_worker != NULL ? f->worker : NULL;
}

static void
tear_down (Fixture *f, gconstpointer is_worker)
{
  handoff_worker_free (f->worker);
  test_clock_uninstall ();
}

static gboolean
has_run (gpointer data)
{
  ((Fixture *) data)->has_run = TRUE;
  return G_SOURCE_REMOVE;
}

static void
send_back (gpointer data)
{
  handoff_home_invoke (NULL, has_run, data, NULL);
}

/* Runs function at home, and then what is due there. */
static void
run (Fixture *f, GSourceFunc function)
{
  f->has_run = FALSE;
  handoff_home_invoke (f->home, function, f, send_back);
  g_assert_false (f->has_run);
  while (!f->has_run)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
look_where (gpointer data)
{
  Fixture *f = data;

  g_assert_true (handoff_home_is_here (f->home));
  g_assert_true (handoff_home_is_here (NULL) == (f->home == NULL));
  g_assert_true (handoff_home_is_here (f->worker) == (f->home != NULL));
  return G_SOURCE_REMOVE;
}

/* Breaks if something runs elsewhere than at home, or within the call that sends it. */
static void
test_invoke (Fixture *f, gconstpointer is_worker)
{
  run (f, look_where);
}

static gboolean
due (gpointer data)
{
  Fixture *f = data;

  g_assert_true (handoff_home_is_here (f->home));
  f->n_due++;
  return G_SOURCE_CONTINUE;
}

static gboolean
due_and_free (gpointer data)
{
  Fixture *f = data;

  g_clear_pointer (&f->timer, handoff_home_timer_free);
  return due (data);
}

static gboolean
wait_a_second (gpointer data)
{
  Fixture *f = data;

  f->timer = handoff_home_timer_new (f->home, TEST_SECOND, due, f);
  return G_SOURCE_REMOVE;
}

static gboolean
wait_and_free (gpointer data)
{
  Fixture *f = data;

  f->timer = handoff_home_timer_new (f->home, TEST_SECOND, due_and_free, f);
  return G_SOURCE_REMOVE;
}

static gboolean
free_timer (gpointer data)
{
  Fixture *f = data;

  g_clear_pointer (&f->timer, handoff_home_timer_free);
  return G_SOURCE_REMOVE;
}

static gboolean
do_nothing (gpointer data)
{
  return G_SOURCE_REMOVE;
}

static void
pass (Fixture *f, gint64 span)
{
  test_clock_pass (span);
  test_clock_settle ();
  run (f, do_nothing);
  run (f, do_nothing);
}

/* Breaks if a timer is due too early, too late or twice. */
static void
test_timer (Fixture *f, gconstpointer is_worker)
{
  run (f, wait_a_second);
  pass (f, TEST_SECOND - 1);
  g_assert_cmpuint (f->n_due, ==, 0);
  pass (f, 1);
  g_assert_cmpuint (f->n_due, ==, 1);
  pass (f, TEST_YEAR);
  g_assert_cmpuint (f->n_due, ==, 1);
  run (f, free_timer);

  run (f, wait_and_free);
  pass (f, TEST_SECOND);
  g_assert_cmpuint (f->n_due, ==, 2);
  g_assert_null (f->timer);

  run (f, wait_a_second);
  run (f, free_timer);
  pass (f, TEST_YEAR);
  g_assert_cmpuint (f->n_due, ==, 2);
}

static void
read_byte (gpointer unused, gpointer data)
{
  char byte;

  g_assert_cmpint (read (((const int *) data)[0], &byte, 1), ==, 1);
}

/* Breaks if GLib wakes the main loop for a watch, which costs a turn and four system calls for each
 * message. */
static void
test_no_wakeup (void)
{
  GMainContext *context = g_main_context_default ();
  GPollFD fds[4];
  int ends[2], timeout, priority, n, i;
  HandoffHomeWatch *watch;

  g_assert_cmpint (pipe (ends), ==, 0);
  watch = handoff_home_watch_new (NULL, ends[0], read_byte, ends);
  handoff_home_watch_set_direction (watch, HANDOFF_WATCH_READABLE);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_assert_cmpint (write (ends[1], "x", 1), ==, 1);
  g_assert_true (g_main_context_iteration (context, TRUE));

  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, &priority);
  n = g_main_context_query (context, G_MAXINT, &timeout, fds, G_N_ELEMENTS (fds));
  g_assert_cmpint (n, ==, 2);
  g_assert_cmpint (g_poll (fds, (guint) n, 0), ==, 0);
  for (i = 0; i < n; i++)
    fds[i].revents = 0;
  g_main_context_check (context, priority, fds, n);
  g_main_context_release (context);

  handoff_home_watch_free (watch);
  close (ends[0]);
  close (ends[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/service/home/main/" name, Fixture, NULL, set_up, function, tear_down);             \
  g_test_add ("/service/home/worker/" name, Fixture, "worker", set_up, function, tear_down)
  ADD ("invoke", test_invoke);
  ADD ("timer", test_timer);
  g_test_add_func ("/service/home/no-wakeup", test_no_wakeup);
  return g_test_run ();
}
