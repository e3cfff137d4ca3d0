/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/idle-timer.h"

#include "work/clock.h"

/* The source is not touched each time that somebody holds or lets go, which is twice a handshake
 * and would wake the main thread: when it is due, it looks whether its time has really come.
 *
 * Threads: the lock covers what is below the line. Under it the source is armed, which takes the
 * lock of the main context. The rest does not change. */
struct _HandoffIdleTimer
{
  GSourceFunc idle;
  gpointer user_data; /* (unowned) */
  GSource *source;    /* (owned) */

  GMutex mutex;
  /* ---- */
  guint seconds;
  guint holds;
  gint64 since;        /* monotonic time: the idle time's beginning, while nobody holds it */
  gboolean is_armed;   /* the source will look */
  gboolean is_awaited; /* the main thread wants to hear when nobody holds it any more */
};

/* Call with the lock held. */
static void
arm (HandoffIdleTimer *self)
{
  self->is_armed = self->holds == 0 && self->seconds > 0;
  handoff_clock_arm (self->source,
                     self->is_armed ? self->since + self->seconds * G_TIME_SPAN_SECOND : -1);
}

static gboolean
is_time_up (HandoffIdleTimer *self)
{
  gboolean is_up;

  g_mutex_lock (&self->mutex);
  is_up = self->holds == 0 && self->seconds > 0 &&
          self->since + self->seconds * G_TIME_SPAN_SECOND <= handoff_clock_get_monotonic_time ();
  if (is_up)
    {
      self->is_armed = FALSE;
      handoff_clock_arm (self->source, -1);
    }
  else
    arm (self);
  g_mutex_unlock (&self->mutex);
  return is_up;
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  HandoffIdleTimer *self = user_data;

  if (is_time_up (self))
    self->idle (self->user_data);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_functions = { .dispatch = dispatch };

HandoffIdleTimer *
handoff_idle_timer_new (GSourceFunc idle, gpointer user_data)
{
  HandoffIdleTimer *self = g_new0 (HandoffIdleTimer, 1);

  g_mutex_init (&self->mutex);
  self->idle = idle;
  self->user_data = user_data;
  self->source = g_source_new (&source_functions, sizeof (GSource));
  g_source_set_static_name (self->source, "idle timer");
  g_source_set_callback (self->source, idle, self, NULL);
  g_source_attach (self->source, NULL);
  return self;
}

void
handoff_idle_timer_free (HandoffIdleTimer *self)
{
  handoff_clock_arm (self->source, -1);
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* Call with the lock held. */
static void
begin_anew (HandoffIdleTimer *self)
{
  self->since = handoff_clock_get_monotonic_time ();
  arm (self);
}

void
handoff_idle_timer_restart (HandoffIdleTimer *self)
{
  g_mutex_lock (&self->mutex);
  begin_anew (self);
  g_mutex_unlock (&self->mutex);
}

void
handoff_idle_timer_set_seconds (HandoffIdleTimer *self, guint seconds)
{
  g_mutex_lock (&self->mutex);
  self->seconds = seconds;
  begin_anew (self);
  g_mutex_unlock (&self->mutex);
}

void
handoff_idle_timer_hold (HandoffIdleTimer *self)
{
  g_mutex_lock (&self->mutex);
  self->holds++;
  g_mutex_unlock (&self->mutex);
}

void
handoff_idle_timer_release (HandoffIdleTimer *self)
{
  g_mutex_lock (&self->mutex);
  g_assert (self->holds > 0);
  if (--self->holds == 0)
    {
      self->since = handoff_clock_get_monotonic_time ();
      if (!self->is_armed)
        arm (self);
      if (self->is_awaited)
        g_main_context_wakeup (NULL);
      self->is_awaited = FALSE;
    }
  g_mutex_unlock (&self->mutex);
}

gboolean
handoff_idle_timer_is_held (HandoffIdleTimer *self)
{
  gboolean is_held;

  g_mutex_lock (&self->mutex);
  is_held = self->is_awaited = self->holds > 0;
  g_mutex_unlock (&self->mutex);
  return is_held;
}
