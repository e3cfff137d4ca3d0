/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "caller/descriptor-reader.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "work/descriptor-reaper.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"

#define TIMEOUT_SECONDS 30
/* Twice as many as the turnstile lets in at once. */
#define MAX_THREADS_PER_USER 4

/* The task and the thread share this; the last of the two frees it. A file of a caller's own file
 * system can keep the thread for ever. Lock order: the mutex of a reading is the innermost. */
typedef struct
{
  gatomicrefcount ref_count;
  int fd;         /* (owned) */
  guint uid;      /* whose */
  char *what;     /* (owned) */
  guint8 *buffer; /* (owned): secret memory of maximum_size + 1 bytes */
  gsize size;
  gsize maximum_size;
  gint64 deadline;           /* monotonic, microseconds */
  GCancellable *cancellable; /* (owned) (nullable) */
  GError *error;             /* (owned) (nullable): the thread has it until the thread is done */

  GMutex mutex;
  GTask *task; /* (owned) (nullable), under mutex: NULL once it has returned */
} Reading;

/* How many threads each user has, including those that hang in a file for ever. */
static struct
{
  GMutex mutex;
  GHashTable *counts; /* (owned) (element-type uid count) (nullable): NULL until it is needed */
} threads;

/* FALSE if that user has too many threads. */
static gboolean
count_thread (guint uid, int change)
{
  guint n;
  gboolean allowed;

  g_mutex_lock (&threads.mutex);
  if (threads.counts == NULL)
    threads.counts = g_hash_table_new (NULL, NULL);
  n = GPOINTER_TO_UINT (g_hash_table_lookup (threads.counts, GUINT_TO_POINTER (uid)));
  allowed = change < 0 || n < MAX_THREADS_PER_USER;
  if (allowed)
    n += (guint) change;
  if (n > 0)
    g_hash_table_insert (threads.counts, GUINT_TO_POINTER (uid), GUINT_TO_POINTER (n));
  else
    g_hash_table_remove (threads.counts, GUINT_TO_POINTER (uid));
  g_mutex_unlock (&threads.mutex);
  return allowed;
}

static void
reading_unref (Reading *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  handoff_descriptor_reap (self->fd, self->uid);
  handoff_secret_free (self->buffer);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  g_free (self->what);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* (transfer full) (nullable): the task, for the first who ends it */
static GTask *
take_task (Reading *self)
{
  GTask *task;

  g_mutex_lock (&self->mutex);
  task = g_steal_pointer (&self->task);
  g_mutex_unlock (&self->mutex);
  return task;
}

static gboolean
fail (Reading *self, TlsHandoffError code, const char *reason)
{
  g_set_error (&self->error, TLS_HANDOFF_ERROR, (int) code, "%s: %s", self->what, reason);
  return FALSE;
}

static gboolean
wait_for_data (Reading *self)
{
  GPollFD fds[2] = { { .fd = self->fd, .events = G_IO_IN } };
  gint64 wait = self->deadline - handoff_clock_get_monotonic_time ();
  gboolean is_woken = g_cancellable_make_pollfd (self->cancellable, &fds[1]);
  int n;

  do
    n = g_poll (fds, is_woken ? 2 : 1, (int) (MAX (wait, 0) / 1000));
  while (n < 0 && errno == EINTR);
  if (is_woken)
    g_cancellable_release_fd (self->cancellable);
  if (g_cancellable_is_cancelled (self->cancellable))
    return fail (self, TLS_HANDOFF_ERROR_CANCELLED, "the caller is gone");
  return n != 0 || fail (self, TLS_HANDOFF_ERROR_TIMED_OUT,
                         "the end of the file or pipe did not come in time; close its other end");
}

static gboolean
read_all (Reading *self)
{
  struct stat status;
  gssize n;

  if (fstat (self->fd, &status) != 0 || S_ISDIR (status.st_mode))
    return fail (self, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                 "the descriptor is no file and no pipe that can be read");
  do
    {
      if (!wait_for_data (self))
        return FALSE;
      n = read (self->fd, self->buffer + self->size, self->maximum_size + 1 - self->size);
      if (n < 0 && errno != EINTR && errno != EAGAIN)
        return fail (self, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, g_strerror (errno));
      self->size += (gsize) MAX (n, 0);
      if (self->size > self->maximum_size)
        return fail (self, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "has more than the allowed size");
    }
  while (n != 0);
  return TRUE;
}

static void
free_buffer (gpointer reading)
{
  reading_unref (reading);
}

static gpointer
read_in_thread (gpointer data)
{
  Reading *self = data;
  gboolean success = read_all (self);
  g_autoptr (GTask) task = take_task (self);

  /* The descriptor is closed before anybody hears of the end. */
  handoff_descriptor_reap (g_steal_fd (&self->fd), self->uid);
  count_thread (self->uid, -1);
  if (task != NULL && success)
    {
      g_atomic_ref_count_inc (&self->ref_count);
      g_task_return_pointer (
          task, g_bytes_new_with_free_func (self->buffer, self->size, free_buffer, self),
          (GDestroyNotify) g_bytes_unref);
    }
  else if (task != NULL)
    {
      g_task_return_error (task, g_steal_pointer (&self->error));
    }
  reading_unref (self);
  return NULL;
}

/* The thread may hang in read(). */
static gboolean
timed_out (gpointer user_data)
{
  Reading *self = user_data;
  g_autoptr (GTask) task = take_task (self);

  if (task != NULL)
    g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT,
                             "%s: the file or pipe could not be read in time", self->what);
  return G_SOURCE_REMOVE;
}

static void
task_done (GTask *task, GParamSpec *pspec, gpointer user_data)
{
  GSource *guard = g_object_get_data (G_OBJECT (task), "guard");

  g_source_destroy (guard);
}

/* Ends the task at its deadline, whatever the thread does, and not before: a caller who could
 * leave at once would leave a thread behind, and come again. */
static void
guard (Reading *self, GTask *task, guint seconds)
{
  g_autoptr (GSource) source = handoff_clock_timeout_source_new (seconds * G_TIME_SPAN_SECOND);

  g_atomic_ref_count_inc (&self->ref_count);
  g_source_set_callback (source, timed_out, self, (GDestroyNotify) reading_unref);
  g_source_attach (source, g_task_get_context (task));
  g_object_set_data_full (G_OBJECT (task), "guard", g_source_ref (source),
                          (GDestroyNotify) g_source_unref);
  g_signal_connect (task, "notify::completed", G_CALLBACK (task_done), NULL);
}

void
handoff_descriptor_read_async (int fd,
                               guint uid,
                               const char *what,
                               gsize maximum_size,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Reading *self = g_new0 (Reading, 1);
  g_autoptr (GThread) thread = NULL;

  g_task_set_source_tag (task, handoff_descriptor_read_async);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->fd = fd;
  self->uid = uid;
  self->what = g_strdup (what);
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->maximum_size = maximum_size;
  self->buffer = handoff_secret_new (maximum_size + 1, HANDOFF_SECRET_DEFAULT);
  self->deadline = handoff_clock_get_monotonic_time () + TIMEOUT_SECONDS * G_TIME_SPAN_SECOND;
  self->task = task;

  /* Two seconds more than the thread has: its error has better words. */
  guard (self, task, TIMEOUT_SECONDS + 2);
  g_atomic_ref_count_inc (&self->ref_count);
  if (count_thread (uid, 1))
    {
      thread = g_thread_try_new ("descriptor", read_in_thread, self, NULL);
      if (thread == NULL)
        count_thread (uid, -1);
    }
  if (thread == NULL)
    {
      g_autoptr (GTask) taken = take_task (self);

      g_task_return_new_error (taken, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                               "%s: no thread is left to read it; try again later", what);
      reading_unref (self);
    }
  reading_unref (self);
}

GBytes *
handoff_descriptor_read_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

GBytes *
handoff_descriptor_read_line_finish (GAsyncResult *result, GError **error)
{
  g_autoptr (GBytes) bytes = handoff_descriptor_read_finish (result, error);
  const guint8 *data;
  gsize size;

  if (bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &size);
  if (size > 0 && data[size - 1] == '\n')
    size--;
  if (size > 0 && data[size - 1] == '\r')
    size--;
  return g_bytes_new_from_bytes (bytes, 0, size);
}
