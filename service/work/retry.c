/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/retry.h"

#include "work/clock.h"

struct _HandoffRetry
{
  const HandoffRetryFuncs *funcs;
  gpointer user_data; /* (unowned) */
  gint64 interval;    /* microseconds */
  guint n_repeats;
  GSource *timer; /* (owned) (nullable) */
};

static void
end_timer (HandoffRetry *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static gboolean time_over (gpointer user_data);

static void
begin_timer (HandoffRetry *self)
{
  self->timer = handoff_clock_timeout_source_new (self->interval);
  g_source_set_callback (self->timer, time_over, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

static gboolean
time_over (gpointer user_data)
{
  HandoffRetry *self = user_data;

  end_timer (self);
  if (self->n_repeats == HANDOFF_RETRY_REPEATS)
    {
      self->funcs->give_up (self->user_data);
      return G_SOURCE_REMOVE;
    }
  self->n_repeats++;
  self->interval *= 2;
  begin_timer (self);
  self->funcs->ask (self->user_data);
  return G_SOURCE_REMOVE;
}

HandoffRetry *
handoff_retry_new (const HandoffRetryFuncs *funcs, gpointer user_data)
{
  HandoffRetry *self = g_new0 (HandoffRetry, 1);

  self->funcs = funcs;
  self->user_data = user_data;
  self->interval = HANDOFF_RETRY_FIRST;
  begin_timer (self);
  return self;
}

void
handoff_retry_free (HandoffRetry *self)
{
  end_timer (self);
  g_free (self);
}
