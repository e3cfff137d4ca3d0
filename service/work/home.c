/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/home.h"

#include <unistd.h>

#include "work/clock.h"

/* One of the two is there until the time has come. */
struct _HandoffHomeTimer
{
  GSource *source;     /* (owned) (nullable): the main thread's */
  HandoffWatch *watch; /* (owned) (nullable): a worker's */
  GSourceFunc function;
  gpointer user_data; /* (unowned) */
};

static gboolean
is_main_thread (void)
{
  static _Thread_local enum
  {
    UNKNOWN,
    MAIN,
    OTHER
  } kind;

  if (kind == UNKNOWN)
    kind = gettid () == getpid () ? MAIN : OTHER;
  return kind == MAIN;
}

gboolean
handoff_home_is_here (HandoffWorker *home)
{
  return home != NULL ? handoff_worker_is_here (home) : is_main_thread ();
}

void
handoff_home_invoke (HandoffWorker *home,
                     GSourceFunc function,
                     gpointer data,
                     GDestroyNotify destroy)
{
  g_autoptr (GSource) source = NULL;

  if (home != NULL)
    {
      handoff_worker_invoke (home, function, data, destroy);
      return;
    }
  /* Not g_main_context_invoke(), which may run the function in the calling thread. */
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, function, data, destroy);
  g_source_attach (source, NULL);
}

static void
end (HandoffHomeTimer *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_pointer (&self->watch, handoff_watch_free);
}

static gboolean
source_ready (gpointer user_data)
{
  HandoffHomeTimer *self = user_data;

  end (self);
  self->function (self->user_data);
  return G_SOURCE_REMOVE;
}

static void
watch_ready (gboolean timed_out, gpointer user_data)
{
  source_ready (user_data);
}

HandoffHomeTimer *
handoff_home_timer_new (HandoffWorker *home,
                        gint64 interval,
                        GSourceFunc function,
                        gpointer user_data)
{
  HandoffHomeTimer *self = g_new0 (HandoffHomeTimer, 1);

  self->function = function;
  self->user_data = user_data;
  if (home != NULL)
    {
      self->watch = handoff_watch_new (home, -1, handoff_clock_get_monotonic_time () + interval,
                                       watch_ready, self);
      return self;
    }
  self->source = handoff_clock_timeout_source_new (interval);
  g_source_set_callback (self->source, source_ready, self, NULL);
  g_source_attach (self->source, NULL);
  return self;
}

void
handoff_home_timer_free (HandoffHomeTimer *self)
{
  end (self);
  g_free (self);
}
