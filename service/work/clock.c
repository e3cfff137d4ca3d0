/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/clock.h"

#include <time.h>

typedef struct
{
  GSource source;
  gint64 interval; /* microseconds */
} Timeout;

static gint64
system_wall_time (HandoffClock *self)
{
  return g_get_real_time ();
}

static gint64
system_boot_time (HandoffClock *self)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return now.tv_sec * G_TIME_SPAN_SECOND + now.tv_nsec / 1000;
}

static gint64
system_monotonic_time (HandoffClock *self)
{
  return g_get_monotonic_time ();
}

static void
system_arm (HandoffClock *self, GSource *source, gint64 deadline)
{
  g_source_set_ready_time (source, deadline);
}

static gint64
system_get_sleep (HandoffClock *self, gint64 deadline)
{
  return MAX (deadline - g_get_monotonic_time (), 0);
}

static HandoffClock system_clock = {
  system_wall_time, system_boot_time, system_monotonic_time, system_arm, system_get_sleep,
};

/* Written before there are threads that read it. */
static HandoffClock *current = &system_clock;

void
handoff_clock_install (HandoffClock *clock)
{
  current = clock != NULL ? clock : &system_clock;
}

gint64
handoff_clock_get_wall_time (void)
{
  return current->get_wall_time (current);
}

gint64
handoff_clock_get_boot_time (void)
{
  return current->get_boot_time (current);
}

gint64
handoff_clock_get_monotonic_time (void)
{
  return current->get_monotonic_time (current);
}

gint64
handoff_clock_get_wall_seconds (void)
{
  return handoff_clock_get_wall_time () / G_TIME_SPAN_SECOND;
}

void
handoff_clock_arm (GSource *source, gint64 deadline)
{
  current->arm (current, source, deadline);
}

gint64
handoff_clock_get_sleep (gint64 deadline)
{
  return current->get_sleep (current, deadline);
}

/* The lock covers the table. Under it the sleepers are woken, which take their own locks. */
static struct
{
  GMutex mutex;
  GHashTable *wakers; /* (owned) (nullable) (element-type pointer GFunc): by sleeper */
} sleepers;

void
handoff_clock_add_sleeper (GFunc wake, gpointer sleeper)
{
  g_mutex_lock (&sleepers.mutex);
  if (sleepers.wakers == NULL)
    sleepers.wakers = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (sleepers.wakers, sleeper, (gpointer) wake);
  g_mutex_unlock (&sleepers.mutex);
}

void
handoff_clock_remove_sleeper (gpointer sleeper)
{
  g_mutex_lock (&sleepers.mutex);
  g_hash_table_remove (sleepers.wakers, sleeper);
  g_mutex_unlock (&sleepers.mutex);
}

void
handoff_clock_wake_sleepers (void)
{
  GHashTableIter iter;
  gpointer sleeper, wake;

  g_mutex_lock (&sleepers.mutex);
  if (sleepers.wakers != NULL)
    {
      g_hash_table_iter_init (&iter, sleepers.wakers);
      while (g_hash_table_iter_next (&iter, &sleeper, &wake))
        ((GFunc) wake) (sleeper, NULL);
    }
  g_mutex_unlock (&sleepers.mutex);
}

static void
arm_timeout (GSource *source)
{
  handoff_clock_arm (source, handoff_clock_get_monotonic_time () + ((Timeout *) source)->interval);
}

static gboolean
timeout_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  if (callback (user_data) == G_SOURCE_REMOVE)
    return G_SOURCE_REMOVE;
  arm_timeout (source);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs timeout_functions = { .dispatch = timeout_dispatch };

GSource *
handoff_clock_timeout_source_new (gint64 interval)
{
  GSource *source = g_source_new (&timeout_functions, sizeof (Timeout));

  g_source_set_static_name (source, "handoff-timeout");
  ((Timeout *) source)->interval = interval;
  arm_timeout (source);
  return source;
}

guint
handoff_clock_add_timeout (gint64 interval, GSourceFunc function, gpointer user_data)
{
  g_autoptr (GSource) source = handoff_clock_timeout_source_new (interval);

  g_source_set_callback (source, function, user_data, NULL);
  return g_source_attach (source, NULL);
}

gboolean
handoff_clock_wait (GCond *cond, GMutex *mutex, gint64 interval)
{
  return g_cond_wait_until (cond, mutex, g_get_monotonic_time () + interval);
}
