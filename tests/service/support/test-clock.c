/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/test-clock.h"

#include <gnutls/gnutls.h>

#include "work/clock.h"

/* Threads: any. The mutex covers everything; no other lock is waited for under it but those of main
 * contexts. */
typedef struct
{
  HandoffClock clock;
  GMutex mutex;
  gint64 wall, boot, monotonic;
  GHashTable *armed; /* (owned) (nullable) (element-type GSource gint64): by source: its deadline */
} TestClock;

static gint64
read_time (HandoffClock *clock, const gint64 *time)
{
  TestClock *self = (TestClock *) clock;
  gint64 result;

  g_mutex_lock (&self->mutex);
  result = *time;
  g_mutex_unlock (&self->mutex);
  return result;
}

static gint64
get_wall_time (HandoffClock *clock)
{
  return read_time (clock, &((TestClock *) clock)->wall);
}

static gint64
get_boot_time (HandoffClock *clock)
{
  return read_time (clock, &((TestClock *) clock)->boot);
}

static gint64
get_monotonic_time (HandoffClock *clock)
{
  return read_time (clock, &((TestClock *) clock)->monotonic);
}

static void
arm (HandoffClock *clock, GSource *source, gint64 deadline)
{
  TestClock *self = (TestClock *) clock;

  g_mutex_lock (&self->mutex);
  g_hash_table_remove (self->armed, source);
  if (deadline >= 0 && deadline <= self->monotonic)
    {
      g_source_set_ready_time (source, 0);
    }
  else
    {
      g_source_set_ready_time (source, -1);
      if (deadline >= 0)
        g_hash_table_insert (self->armed, g_source_ref (source),
                             g_memdup2 (&deadline, sizeof deadline));
    }
  g_mutex_unlock (&self->mutex);
}

static gint64
get_sleep (HandoffClock *clock, gint64 deadline)
{
  return get_monotonic_time (clock) < deadline ? -1 : 0;
}

static TestClock test_clock = {
  .clock = { get_wall_time, get_boot_time, get_monotonic_time, arm, get_sleep },
};

static time_t
get_gnutls_time (time_t *result)
{
  const time_t now = (time_t) (get_wall_time (&test_clock.clock) / G_TIME_SPAN_SECOND);

  if (result != NULL)
    *result = now;
  return now;
}

void
test_clock_install (void)
{
  g_assert_null (test_clock.armed);
  test_clock.wall = handoff_clock_get_wall_time ();
  test_clock.boot = 2 * TEST_YEAR;
  test_clock.monotonic = TEST_YEAR;
  test_clock.armed = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) g_source_unref, g_free);
  handoff_clock_install (&test_clock.clock);
  gnutls_global_set_time_function (get_gnutls_time);
}

void
test_clock_uninstall (void)
{
  gnutls_global_set_time_function (time);
  handoff_clock_install (NULL);
  g_clear_pointer (&test_clock.armed, g_hash_table_unref);
}

/* With the lock. */
static void
ring (TestClock *self)
{
  GHashTableIter iter;
  gpointer source;
  gpointer deadline;

  g_hash_table_iter_init (&iter, self->armed);
  while (g_hash_table_iter_next (&iter, &source, &deadline))
    {
      if (!g_source_is_destroyed (source) && *(gint64 *) deadline > self->monotonic)
        continue;
      if (!g_source_is_destroyed (source))
        g_source_set_ready_time (source, 0);
      g_hash_table_iter_remove (&iter);
    }
}

static void
move (gint64 wall, gint64 boot, gint64 monotonic)
{
  g_mutex_lock (&test_clock.mutex);
  test_clock.wall += wall;
  test_clock.boot += boot;
  test_clock.monotonic += monotonic;
  ring (&test_clock);
  g_mutex_unlock (&test_clock.mutex);
  handoff_clock_wake_sleepers ();
}

void
test_clock_pass (gint64 span)
{
  g_assert_cmpint (span, >=, 0);
  move (span, span, span);
}

void
test_clock_suspend (gint64 span)
{
  g_assert_cmpint (span, >=, 0);
  move (span, span, 0);
}

void
test_clock_set_wall (gint64 span)
{
  move (span, 0, 0);
}

void
test_clock_settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}
