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

/* What a watch of the main thread is. */
typedef struct
{
  GSource source;
  gpointer tag; /* (nullable): NULL: the descriptor is not in the set */
} WatchSource;

struct _HandoffHomeWatch
{
  int fd;              /* (unowned) */
  WatchSource *source; /* (owned) (nullable): the main thread's */
  HandoffWatch *watch; /* (owned) (nullable): a worker's */
  HandoffWatchDirection direction;
  GFunc function;
  gpointer user_data; /* (unowned) */
};

static gboolean
watch_source_dispatch (GSource *source, GSourceFunc function, gpointer user_data)
{
  return function (user_data);
}

static GSourceFuncs watch_source_funcs = { .dispatch = watch_source_dispatch };

static gboolean
home_watch_ready (gpointer user_data)
{
  HandoffHomeWatch *self = user_data;

  self->function (NULL, self->user_data);
  return G_SOURCE_CONTINUE;
}

static void
worker_watch_ready (gboolean timed_out, gpointer user_data)
{
  home_watch_ready (user_data);
}

HandoffHomeWatch *
handoff_home_watch_new (HandoffWorker *home, int fd, GFunc function, gpointer user_data)
{
  HandoffHomeWatch *self = g_new0 (HandoffHomeWatch, 1);

  self->fd = fd;
  self->direction = HANDOFF_WATCH_NOTHING;
  self->function = function;
  self->user_data = user_data;
  if (home != NULL)
    {
      self->watch = handoff_watch_new (home, fd, G_MAXINT64, worker_watch_ready, self);
      return self;
    }
  self->source = (WatchSource *) g_source_new (&watch_source_funcs, sizeof (WatchSource));
  /* Nobody runs the main loop in the main loop. For the other kind GLib takes the descriptor out
   * of the set and puts it back around each dispatch, and wakes the loop twice: four system calls
   * for each message. */
  g_source_set_can_recurse (&self->source->source, TRUE);
  g_source_set_callback (&self->source->source, home_watch_ready, self, NULL);
  g_source_attach (&self->source->source, NULL);
  return self;
}

void
handoff_home_watch_free (HandoffHomeWatch *self)
{
  if (self->source != NULL)
    {
      g_source_destroy (&self->source->source);
      g_source_unref (&self->source->source);
    }
  g_clear_pointer (&self->watch, handoff_watch_free);
  g_free (self);
}

static GIOCondition
get_condition (HandoffWatchDirection direction)
{
  switch (direction)
    {
    case HANDOFF_WATCH_READABLE:
      return G_IO_IN;
    case HANDOFF_WATCH_WRITABLE:
      return G_IO_OUT;
    case HANDOFF_WATCH_EITHER:
      return G_IO_IN | G_IO_OUT;
    case HANDOFF_WATCH_NOTHING:
    default:
      return 0;
    }
}

/* Out of the set, not in it with an empty condition: that would report the end again and again. */
static void
set_condition (WatchSource *source, int fd, GIOCondition condition)
{
  if (source->tag != NULL && condition != 0)
    g_source_modify_unix_fd (&source->source, source->tag, condition);
  else if (source->tag != NULL)
    g_source_remove_unix_fd (&source->source, g_steal_pointer (&source->tag));
  else if (condition != 0)
    source->tag = g_source_add_unix_fd (&source->source, fd, condition);
}

void
handoff_home_watch_set_direction (HandoffHomeWatch *self, HandoffWatchDirection direction)
{
  g_autoptr (GError) error = NULL;

  if (direction == self->direction)
    return;
  self->direction = direction;
  if (self->source != NULL)
    set_condition (self->source, self->fd, get_condition (direction));
  else if (!handoff_watch_set_direction (self->watch, direction, &error))
    g_error ("%s", error->message);
}
