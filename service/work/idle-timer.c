/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/idle-timer.h"

#include "work/clock.h"

struct _HandoffIdleTimer
{
  GSourceFunc idle;
  gpointer user_data; /* (unowned) */
  guint seconds;
  guint holds;
  guint source_id; /* 0: does not run */
};

static gboolean
timed_out (gpointer data)
{
  HandoffIdleTimer *self = data;

  self->source_id = 0;
  self->idle (self->user_data);
  return G_SOURCE_REMOVE;
}

void
handoff_idle_timer_restart (HandoffIdleTimer *self)
{
  g_clear_handle_id (&self->source_id, g_source_remove);
  if (self->holds == 0 && self->seconds > 0)
    self->source_id =
        handoff_clock_add_timeout (self->seconds * G_TIME_SPAN_SECOND, timed_out, self);
}

HandoffIdleTimer *
handoff_idle_timer_new (GSourceFunc idle, gpointer user_data)
{
  HandoffIdleTimer *self = g_new0 (HandoffIdleTimer, 1);

  self->idle = idle;
  self->user_data = user_data;
  return self;
}

void
handoff_idle_timer_free (HandoffIdleTimer *self)
{
  g_clear_handle_id (&self->source_id, g_source_remove);
  g_free (self);
}

void
handoff_idle_timer_set_seconds (HandoffIdleTimer *self, guint seconds)
{
  self->seconds = seconds;
  handoff_idle_timer_restart (self);
}

void
handoff_idle_timer_hold (HandoffIdleTimer *self)
{
  self->holds++;
  handoff_idle_timer_restart (self);
}

void
handoff_idle_timer_release (HandoffIdleTimer *self)
{
  g_return_if_fail (self->holds > 0);

  self->holds--;
  handoff_idle_timer_restart (self);
}

gboolean
handoff_idle_timer_is_held (HandoffIdleTimer *self)
{
  return self->holds > 0;
}
