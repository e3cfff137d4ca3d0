/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The clock: the system's, and the one that tests move. */

#include "config.h"

#include "work/clock.h"

#include "support/test-clock.h"

static gboolean
count (gpointer user_data)
{
  guint *n = user_data;

  (*n)++;
  return G_SOURCE_CONTINUE;
}

static gboolean
count_once (gpointer user_data)
{
  count (user_data);
  return G_SOURCE_REMOVE;
}

/* Breaks if one of the system's times is another's, or in another unit. */
static void
test_system (void)
{
  const gint64 wall = g_get_real_time ();
  const gint64 monotonic = g_get_monotonic_time ();
  const gint64 boot = handoff_clock_get_boot_time ();
  guint n = 0;

  g_assert_cmpint (handoff_clock_get_wall_time (), >=, wall);
  g_assert_cmpint (handoff_clock_get_wall_time () - wall, <, G_TIME_SPAN_HOUR);
  g_assert_cmpint (handoff_clock_get_wall_seconds (), >=, wall / G_TIME_SPAN_SECOND);
  g_assert_cmpint (handoff_clock_get_wall_seconds (), <=, G_MAXINT32);
  g_assert_cmpint (handoff_clock_get_monotonic_time (), >=, monotonic);
  g_assert_cmpint (handoff_clock_get_monotonic_time () - monotonic, <, G_TIME_SPAN_HOUR);
  /* Boot time includes suspends. */
  g_assert_cmpint (boot, >=, monotonic);
  g_assert_cmpint (handoff_clock_get_boot_time (), >=, boot);

  handoff_clock_add_timeout (1, count_once, &n);
  while (n == 0)
    g_main_context_iteration (NULL, TRUE);
  test_clock_settle ();
  g_assert_cmpuint (n, ==, 1);
}

/* Breaks if a condition is waited for in another unit: for seconds that are hours, this test runs
 * into its limit. */
static void
test_wait (void)
{
  GMutex mutex;
  GCond cond;

  g_mutex_init (&mutex);
  g_cond_init (&cond);
  g_mutex_lock (&mutex);
  while (handoff_clock_wait (&cond, &mutex, 1000))
    continue;
  g_mutex_unlock (&mutex);
  g_cond_clear (&cond);
  g_mutex_clear (&mutex);
}

/* Breaks if a timer is early or late by a microsecond, does not come again, or comes again at
 * once; or if one that was removed still runs. */
static void
test_timers (void)
{
  guint n = 0, n_once = 0, n_removed = 0;
  guint id, removed;

  test_clock_install ();
  id = handoff_clock_add_timeout (TEST_YEAR, count, &n);
  handoff_clock_add_timeout (TEST_DAY, count_once, &n_once);
  removed = handoff_clock_add_timeout (TEST_DAY, count, &n_removed);
  g_source_remove (removed);

  test_clock_pass (TEST_DAY - 1);
  test_clock_settle ();
  g_assert_cmpuint (n_once, ==, 0);
  test_clock_pass (1);
  test_clock_settle ();
  g_assert_cmpuint (n_once, ==, 1);

  test_clock_pass (TEST_YEAR - TEST_DAY - 1);
  test_clock_settle ();
  g_assert_cmpuint (n, ==, 0);
  test_clock_pass (1);
  test_clock_settle ();
  g_assert_cmpuint (n, ==, 1);
  test_clock_pass (TEST_YEAR - 1);
  test_clock_settle ();
  g_assert_cmpuint (n, ==, 1);
  test_clock_pass (1);
  test_clock_settle ();
  g_assert_cmpuint (n, ==, 2);

  g_assert_cmpuint (n_once, ==, 1);
  g_assert_cmpuint (n_removed, ==, 0);
  g_source_remove (id);
  test_clock_uninstall ();
}

/* Breaks if a timer goes by the wall clock, or goes on in a suspend. */
static void
test_jumps (void)
{
  const gint64 start = g_get_real_time ();
  guint n = 0;

  test_clock_install ();
  handoff_clock_add_timeout (TEST_DAY, count_once, &n);
  test_clock_set_wall (TEST_YEAR);
  g_assert_cmpint (handoff_clock_get_wall_time (), >=, start + TEST_YEAR);
  test_clock_set_wall (-2 * TEST_YEAR);
  g_assert_cmpint (handoff_clock_get_wall_time (), <, start);
  test_clock_suspend (TEST_YEAR);
  test_clock_settle ();
  g_assert_cmpuint (n, ==, 0);
  test_clock_pass (TEST_DAY);
  test_clock_settle ();
  g_assert_cmpuint (n, ==, 1);
  test_clock_uninstall ();
}

/* Breaks if timers of another main context run here, or a timer that is armed anew keeps its old
 * time. */
static void
test_contexts (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) source = NULL;
  guint n = 0;

  test_clock_install ();
  source = handoff_clock_timeout_source_new (TEST_DAY);
  g_source_set_callback (source, count, &n, NULL);
  g_source_attach (source, context);
  handoff_clock_arm (source, handoff_clock_get_monotonic_time () + 2 * TEST_DAY);
  test_clock_pass (TEST_DAY);
  g_assert_false (g_main_context_iteration (context, FALSE));
  test_clock_pass (TEST_DAY);
  test_clock_settle ();
  g_assert_cmpuint (n, ==, 0);
  g_assert_true (g_main_context_iteration (context, FALSE));
  g_assert_cmpuint (n, ==, 1);
  handoff_clock_arm (source, -1);
  test_clock_pass (TEST_YEAR);
  g_assert_false (g_main_context_iteration (context, FALSE));
  g_source_destroy (source);
  test_clock_uninstall ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/clock/system", test_system);
  g_test_add_func ("/service/clock/wait", test_wait);
  g_test_add_func ("/service/clock/timers", test_timers);
  g_test_add_func ("/service/clock/jumps", test_jumps);
  g_test_add_func ("/service/clock/contexts", test_contexts);
  return g_test_run ();
}
