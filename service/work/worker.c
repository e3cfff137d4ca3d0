/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/worker.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"

#define EVENTS_PER_WAKE_UP 64

/* Modes: running, until handoff_worker_free() asks the thread to stop. Threads: everything but
 * context belongs to the worker's thread once that runs. No locks. A watch that is freed while a
 * batch of events is dispatched is taken out of the batch. */
struct _HandoffWorker
{
  GThread *thread;       /* (owned) */
  GMainContext *context; /* (owned) */
  GSource *source;       /* (owned) */
  int epoll_fd;          /* (owned) */
  GSequence *deadlines;  /* (owned) (element-type HandoffWatch), ordered */
  gint64 armed;          /* when source is ready next; -1: never */
  gboolean stopping;

  struct epoll_event events[EVENTS_PER_WAKE_UP];
  int n_events;
};

struct _HandoffWatch
{
  HandoffWorker *worker; /* (unowned) */
  int fd;                /* (unowned) */
  gint64 deadline;
  GSequenceIter *place; /* in worker->deadlines */
  HandoffWatchFunc function;
  gpointer user_data;
  HandoffWatchDirection direction;
};

typedef struct
{
  GSource source;
  HandoffWorker *worker; /* (unowned) */
} WorkerSource;

static int
compare_deadlines (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const HandoffWatch *watch_a = a;
  const HandoffWatch *watch_b = b;

  return (watch_a->deadline > watch_b->deadline) - (watch_a->deadline < watch_b->deadline);
}

static HandoffWatch *
first_watch (HandoffWorker *self)
{
  GSequenceIter *begin = g_sequence_get_begin_iter (self->deadlines);

  return g_sequence_iter_is_end (begin) ? NULL : g_sequence_get (begin);
}

static void
arm (HandoffWorker *self, gint64 deadline)
{
  self->armed = deadline;
  handoff_clock_arm (self->source, deadline);
}

/* Nearly all deadlines are removed before they come. To arm the source wakes the thread out of its
 * next wait, which costs three system calls. So a time that is earlier than it need be stays; then
 * the thread wakes up once for nothing. */
static void
update_ready_time (HandoffWorker *self)
{
  const HandoffWatch *first = first_watch (self);

  if (first != NULL && (self->armed < 0 || first->deadline < self->armed))
    arm (self, first->deadline);
}

static gboolean
worker_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  HandoffWorker *self = ((WorkerSource *) source)->worker;
  const gint64 now = handoff_clock_get_monotonic_time ();
  HandoffWatch *watch;
  int i;

  self->n_events = epoll_wait (self->epoll_fd, self->events, EVENTS_PER_WAKE_UP, 0);
  for (i = 0; i < self->n_events; i++)
    {
      watch = self->events[i].data.ptr;
      if (watch != NULL)
        watch->function (FALSE, watch->user_data);
    }
  self->n_events = 0;

  while ((watch = first_watch (self)) != NULL && watch->deadline <= now)
    watch->function (TRUE, watch->user_data);

  if (self->armed >= 0 && self->armed <= now)
    arm (self, watch != NULL ? watch->deadline : -1);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs worker_source_funcs = { NULL, NULL, worker_source_dispatch, NULL };

static gpointer
worker_run (gpointer data)
{
  HandoffWorker *self = data;

  /* This thread may be faster than the one that made it. */
  g_atomic_pointer_set (&self->thread, g_thread_self ());
  g_main_context_push_thread_default (self->context);
  while (!self->stopping)
    g_main_context_iteration (self->context, TRUE);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

HandoffWorker *
handoff_worker_new (GError **error)
{
  HandoffWorker *self;
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);

  if (epoll_fd < 0)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "Cannot make an epoll set: %s", g_strerror (errno));
      return NULL;
    }

  self = g_new0 (HandoffWorker, 1);
  self->epoll_fd = epoll_fd;
  self->armed = -1;
  self->context = g_main_context_new ();
  self->deadlines = g_sequence_new (NULL);
  self->source = g_source_new (&worker_source_funcs, sizeof (WorkerSource));
  ((WorkerSource *) self->source)->worker = self;
  g_source_set_static_name (self->source, "handoff-worker");
  g_source_add_unix_fd (self->source, epoll_fd, G_IO_IN);
  g_source_attach (self->source, self->context);
  g_atomic_pointer_set (&self->thread, g_thread_new ("handshake", worker_run, self));
  return self;
}

static gboolean
worker_stop (gpointer data)
{
  ((HandoffWorker *) data)->stopping = TRUE;
  return G_SOURCE_REMOVE;
}

void
handoff_worker_free (HandoffWorker *self)
{
  handoff_worker_invoke (self, worker_stop, self, NULL);
  g_thread_join (self->thread);

  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_main_context_unref (self->context);
  g_sequence_free (self->deadlines);
  close (self->epoll_fd);
  g_free (self);
}

void
handoff_worker_invoke (HandoffWorker *self,
                       GSourceFunc function,
                       gpointer data,
                       GDestroyNotify destroy)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  /* Not g_main_context_invoke(), which may run the function in the calling thread. */
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, function, data, destroy);
  g_source_attach (source, self->context);
}

gboolean
handoff_worker_is_here (HandoffWorker *self)
{
  return g_atomic_pointer_get (&self->thread) == g_thread_self ();
}

static gboolean
control (HandoffWatch *self, int operation, HandoffWatchDirection direction, GError **error)
{
  struct epoll_event event = { .events = direction == HANDOFF_WATCH_READABLE ? EPOLLIN : EPOLLOUT,
                               .data.ptr = self };

  if (epoll_ctl (self->worker->epoll_fd, operation, self->fd, &event) == 0)
    {
      self->direction = direction;
      return TRUE;
    }
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "Cannot watch the socket: %s",
               g_strerror (errno));
  return FALSE;
}

HandoffWatch *
handoff_watch_new (
    HandoffWorker *worker, int fd, gint64 deadline, HandoffWatchFunc function, gpointer user_data)
{
  HandoffWatch *self = g_new0 (HandoffWatch, 1);

  self->worker = worker;
  self->fd = fd;
  self->deadline = deadline;
  self->function = function;
  self->user_data = user_data;
  self->direction = HANDOFF_WATCH_NOTHING;
  self->place = g_sequence_insert_sorted (worker->deadlines, self, compare_deadlines, NULL);
  update_ready_time (worker);
  return self;
}

void
handoff_watch_free (HandoffWatch *self)
{
  HandoffWorker *worker = self->worker;
  int i;

  for (i = 0; i < worker->n_events; i++)
    {
      if (worker->events[i].data.ptr == self)
        worker->events[i].data.ptr = NULL;
    }

  handoff_watch_set_direction (self, HANDOFF_WATCH_NOTHING, NULL);
  g_sequence_remove (self->place);
  g_free (self);
}

void
handoff_watch_set_deadline (HandoffWatch *self, gint64 deadline)
{
  self->deadline = deadline;
  g_sequence_sort_changed (self->place, compare_deadlines, NULL);
  update_ready_time (self->worker);
}

gboolean
handoff_watch_set_direction (HandoffWatch *self, HandoffWatchDirection direction, GError **error)
{
  int operation = EPOLL_CTL_MOD;

  if (direction == self->direction)
    return TRUE;

  /* Takes the socket out of the set. In the set without events, an end of the stream would be
   * reported again and again. */
  if (direction == HANDOFF_WATCH_NOTHING)
    operation = EPOLL_CTL_DEL;
  else if (self->direction == HANDOFF_WATCH_NOTHING)
    operation = EPOLL_CTL_ADD;
  return control (self, operation, direction, error);
}
