/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/worker.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"

#define EVENTS_PER_WAKE_UP 64

/* Something that was sent to the worker. */
typedef struct _Job Job;
struct _Job
{
  Job *next; /* (owned) (nullable) */
  GSourceFunc function;
  gpointer data;
  GDestroyNotify destroy; /* (nullable) */
};

/* Modes: running, until handoff_worker_free() asks the thread to stop. A watch that is freed while
 * a batch of events is dispatched is taken out of the batch.
 *
 * Threads: the lock covers what is below the first line; no other is taken under it. What is below
 * the second belongs to the worker's thread once that runs. The rest does not change. */
struct _HandoffWorker
{
  GThread *thread; /* (owned) */
  int epoll_fd;    /* (owned) */
  int wake_fd;     /* (owned): an eventfd, in the epoll set: wakes the thread */

  GMutex mutex;
  /* ---- */
  Job *jobs;          /* (owned) (nullable): the first */
  Job **end_of_jobs;  /* where the next one goes */
  gboolean is_asleep; /* somebody has to wake it */

  /* ---- */
  GSequence *deadlines; /* (owned) (element-type HandoffWatch), ordered */
  GHashTable *data;     /* (owned) (element-type Kept), by key */
  gboolean stopping;
  struct epoll_event events[EVENTS_PER_WAKE_UP];
  int n_events;
};

/* Something that is kept on a worker. */
typedef struct
{
  gpointer data;
  GDestroyNotify destroy;
} Kept;

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

/* The one whose thread this is. (nullable) */
static _Thread_local HandoffWorker *this_worker;

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

/* Milliseconds, as epoll has them; -1: for ever. Rounded up: woken too early, the thread would turn
 * round and round until the deadline. */
static int
get_sleep (HandoffWorker *self)
{
  HandoffWatch *first = first_watch (self);
  const gint64 sleep = first != NULL ? handoff_clock_get_sleep (first->deadline) : -1;

  return sleep < 0 ? -1 : (int) MIN ((sleep + 999) / 1000, G_MAXINT);
}

/* Waits until there is something to do. The eventfd is in the set by its edges, so that nobody has
 * to read it. */
static void
wait_for_events (HandoffWorker *self)
{
  int sleep = get_sleep (self);
  int n;

  g_mutex_lock (&self->mutex);
  if (self->jobs != NULL)
    sleep = 0;
  self->is_asleep = sleep != 0;
  g_mutex_unlock (&self->mutex);
  n = epoll_wait (self->epoll_fd, self->events, EVENTS_PER_WAKE_UP, sleep);
  self->n_events = MAX (n, 0);
}

/* What was sent until now. (transfer full) (nullable) */
static Job *
take_jobs (HandoffWorker *self)
{
  Job *jobs;

  g_mutex_lock (&self->mutex);
  jobs = g_steal_pointer (&self->jobs);
  self->end_of_jobs = &self->jobs;
  self->is_asleep = FALSE;
  g_mutex_unlock (&self->mutex);
  return jobs;
}

static void
dispatch_events (HandoffWorker *self)
{
  int i;

  for (i = 0; i < self->n_events; i++)
    {
      HandoffWatch *watch = self->events[i].data.ptr;

      if (watch != NULL)
        watch->function (FALSE, watch->user_data);
    }
  self->n_events = 0;
}

static void
dispatch_deadlines (HandoffWorker *self, gint64 now)
{
  HandoffWatch *watch;

  while ((watch = first_watch (self)) != NULL && watch->deadline <= now)
    watch->function (TRUE, watch->user_data);
}

static void
run_jobs (Job *job)
{
  while (job != NULL)
    {
      Job *next = job->next;

      job->function (job->data);
      if (job->destroy != NULL)
        job->destroy (job->data);
      g_free (job);
      job = next;
    }
}

/* A turn. What is due when a job is sent is done before it. */
static void
take_turn (HandoffWorker *self)
{
  Job *jobs;
  gint64 now;

  wait_for_events (self);
  jobs = take_jobs (self);
  now = handoff_clock_get_monotonic_time ();
  dispatch_events (self);
  dispatch_deadlines (self, now);
  run_jobs (jobs);
}

static void
run_all_jobs (HandoffWorker *self)
{
  Job *jobs;

  while ((jobs = take_jobs (self)) != NULL)
    run_jobs (jobs);
}

static gpointer
worker_run (gpointer data)
{
  HandoffWorker *self = data;

  this_worker = self;
  while (!self->stopping)
    take_turn (self);
  run_all_jobs (self);
  g_hash_table_remove_all (self->data);
  run_all_jobs (self);
  return NULL;
}

static gboolean
wake (HandoffWorker *self)
{
  const guint64 one = 1;

  return write (self->wake_fd, &one, sizeof one) == sizeof one;
}

/* The time has moved otherwise than by passing. */
static void
time_moved (gpointer data, gpointer user_data)
{
  wake (data);
}

/* FALSE with errno. */
static gboolean
open_descriptors (HandoffWorker *self)
{
  struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = NULL };

  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  return self->epoll_fd >= 0 && self->wake_fd >= 0 &&
         epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, self->wake_fd, &event) == 0;
}

static void
close_descriptors (HandoffWorker *self)
{
  if (self->epoll_fd >= 0)
    close (self->epoll_fd);
  if (self->wake_fd >= 0)
    close (self->wake_fd);
}

static void
kept_free (gpointer data)
{
  Kept *kept = data;

  kept->destroy (kept->data);
  g_free (kept);
}

HandoffWorker *
handoff_worker_new (GError **error)
{
  HandoffWorker *self = g_new0 (HandoffWorker, 1);

  if (!open_descriptors (self))
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "Cannot make an epoll set: %s", g_strerror (errno));
      close_descriptors (self);
      g_free (self);
      return NULL;
    }
  g_mutex_init (&self->mutex);
  self->end_of_jobs = &self->jobs;
  self->deadlines = g_sequence_new (NULL);
  self->data = g_hash_table_new_full (NULL, NULL, NULL, kept_free);
  handoff_clock_add_sleeper (time_moved, self);
  self->thread = g_thread_new ("handshake", worker_run, self);
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
  handoff_clock_remove_sleeper (self);
  handoff_worker_invoke (self, worker_stop, self, NULL);
  g_thread_join (self->thread);

  g_assert (self->jobs == NULL);
  g_hash_table_unref (self->data);
  g_sequence_free (self->deadlines);
  close_descriptors (self);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
handoff_worker_invoke (HandoffWorker *self,
                       GSourceFunc function,
                       gpointer data,
                       GDestroyNotify destroy)
{
  Job *job = g_new (Job, 1);
  gboolean is_asleep;

  *job = (Job){ NULL, function, data, destroy };
  g_mutex_lock (&self->mutex);
  *self->end_of_jobs = job;
  self->end_of_jobs = &job->next;
  is_asleep = self->is_asleep;
  self->is_asleep = FALSE;
  g_mutex_unlock (&self->mutex);
  if (is_asleep && !wake (self))
    g_error ("Cannot wake a worker: %s", g_strerror (errno));
}

gboolean
handoff_worker_is_here (HandoffWorker *self)
{
  return this_worker == self;
}

static guint32
get_events (HandoffWatchDirection direction)
{
  switch (direction)
    {
    case HANDOFF_WATCH_READABLE:
      return EPOLLIN;
    case HANDOFF_WATCH_WRITABLE:
      return EPOLLOUT;
    case HANDOFF_WATCH_EITHER:
      return EPOLLIN | EPOLLOUT;
    case HANDOFF_WATCH_NOTHING:
    default:
      return 0;
    }
}

HandoffWorker *
handoff_worker_get_here (void)
{
  return this_worker;
}

void
handoff_worker_set_data (HandoffWorker *self,
                         gconstpointer key,
                         gpointer data,
                         GDestroyNotify destroy)
{
  Kept *kept;

  if (data == NULL)
    {
      g_hash_table_remove (self->data, key);
      return;
    }
  kept = g_new (Kept, 1);
  *kept = (Kept){ data, destroy };
  g_hash_table_replace (self->data, (gpointer) key, kept);
}

gpointer
handoff_worker_get_data (HandoffWorker *self, gconstpointer key)
{
  const Kept *kept = g_hash_table_lookup (self->data, key);

  return kept != NULL ? kept->data : NULL;
}

static gboolean
control (HandoffWatch *self, int operation, HandoffWatchDirection direction, GError **error)
{
  struct epoll_event event = { .events = get_events (direction), .data.ptr = self };

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
