/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* When the service is idle: nobody holds it, for as long as the configuration says. */

#include "config.h"

#include "work/idle-timer.h"

#include "support/test-clock.h"

static gboolean
count (gpointer user_data)
{
  guint *n = user_data;

  (*n)++;
  return G_SOURCE_REMOVE;
}

static void
pass (gint64 span)
{
  test_clock_pass (span);
  test_clock_settle ();
}

/* Breaks if the service leaves too early, too late, or twice. */
static void
test_boundary (void)
{
  guint n = 0;
  g_autoptr (HandoffIdleTimer) timer = handoff_idle_timer_new (count, &n);

  handoff_idle_timer_set_seconds (timer, 30);
  pass (30 * TEST_SECOND - 1);
  g_assert_cmpuint (n, ==, 0);
  pass (1);
  g_assert_cmpuint (n, ==, 1);
  pass (TEST_YEAR);
  g_assert_cmpuint (n, ==, 1);
}

/* Breaks if the service leaves while it is held by one of two, or if the time before counts. */
static void
test_holds (void)
{
  guint n = 0;
  g_autoptr (HandoffIdleTimer) timer = handoff_idle_timer_new (count, &n);

  handoff_idle_timer_set_seconds (timer, 30);
  pass (29 * TEST_SECOND);
  handoff_idle_timer_hold (timer);
  handoff_idle_timer_hold (timer);
  pass (TEST_YEAR);
  handoff_idle_timer_release (timer);
  pass (TEST_YEAR);
  g_assert_true (handoff_idle_timer_is_held (timer));
  g_assert_cmpuint (n, ==, 0);
  handoff_idle_timer_release (timer);
  g_assert_false (handoff_idle_timer_is_held (timer));
  pass (30 * TEST_SECOND - 1);
  g_assert_cmpuint (n, ==, 0);
  pass (1);
  g_assert_cmpuint (n, ==, 1);
}

/* Breaks if 0 means at once, or if a changed configuration, a suspend or a wall clock that somebody
 * sets ends a service that was in use a moment ago. */
static void
test_never (void)
{
  guint n = 0;
  g_autoptr (HandoffIdleTimer) timer = handoff_idle_timer_new (count, &n);

  pass (TEST_YEAR);
  handoff_idle_timer_set_seconds (timer, 0);
  pass (TEST_YEAR);
  handoff_idle_timer_set_seconds (timer, 30);
  test_clock_suspend (TEST_YEAR);
  test_clock_set_wall (TEST_YEAR);
  test_clock_settle ();
  g_assert_cmpuint (n, ==, 0);
  pass (29 * TEST_SECOND);
  handoff_idle_timer_restart (timer);
  pass (29 * TEST_SECOND);
  g_assert_cmpuint (n, ==, 0);
  handoff_idle_timer_set_seconds (timer, 0);
  pass (TEST_YEAR);
  g_assert_cmpuint (n, ==, 0);
}

/* Breaks if a hold in between ends the service too early, or keeps it for ever: the timer is not
 * touched by it. */
static void
test_short_holds (void)
{
  guint n = 0;
  g_autoptr (HandoffIdleTimer) timer = handoff_idle_timer_new (count, &n);

  handoff_idle_timer_set_seconds (timer, 30);
  for (guint i = 0; i < 5; i++)
    {
      pass (29 * TEST_SECOND);
      handoff_idle_timer_hold (timer);
      handoff_idle_timer_release (timer);
    }
  pass (30 * TEST_SECOND - 1);
  g_assert_cmpuint (n, ==, 0);
  pass (1);
  g_assert_cmpuint (n, ==, 1);
  /* And again after that. */
  handoff_idle_timer_hold (timer);
  pass (TEST_YEAR);
  handoff_idle_timer_release (timer);
  pass (30 * TEST_SECOND);
  g_assert_cmpuint (n, ==, 2);
}

static gpointer
hold (gpointer data)
{
  for (guint i = 0; i < 10000; i++)
    {
      handoff_idle_timer_hold (data);
      handoff_idle_timer_release (data);
    }
  return NULL;
}

static gpointer
let_go (gpointer data)
{
  handoff_idle_timer_release (data);
  return NULL;
}

/* Breaks if threads lose count of the holds, or if the main thread sleeps on when the last of them
 * lets go. */
static void
test_threads (void)
{
  guint n = 0;
  g_autoptr (HandoffIdleTimer) timer = handoff_idle_timer_new (count, &n);
  GThread *threads[4];

  handoff_idle_timer_set_seconds (timer, 30);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("hold", hold, timer);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_false (handoff_idle_timer_is_held (timer));

  handoff_idle_timer_hold (timer);
  threads[0] = g_thread_new ("let go", let_go, timer);
  while (handoff_idle_timer_is_held (timer))
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (threads[0]);
  pass (30 * TEST_SECOND);
  g_assert_cmpuint (n, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_clock_install ();
  g_test_add_func ("/service/idle-timer/boundary", test_boundary);
  g_test_add_func ("/service/idle-timer/holds", test_holds);
  g_test_add_func ("/service/idle-timer/never", test_never);
  g_test_add_func ("/service/idle-timer/short-holds", test_short_holds);
  g_test_add_func ("/service/idle-timer/threads", test_threads);
  return g_test_run ();
}
