/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token/token-thread.h"

typedef struct
{
  HandoffTokenJob run;
  gpointer data;
} Job;

struct _HandoffTokenThread
{
  gatomicrefcount ref_count;
  char *name; /* (owned) */

  GMutex mutex;     /* of what follows */
  GQueue jobs;      /* (element-type Job) (owned) */
  gboolean running; /* there is a thread, which has a reference */
};

HandoffTokenThread *
handoff_token_thread_new (const char *name)
{
  HandoffTokenThread *self = g_new0 (HandoffTokenThread, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->name = g_strdup (name);
  g_mutex_init (&self->mutex);
  g_queue_init (&self->jobs);
  return self;
}

void
handoff_token_thread_unref (HandoffTokenThread *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (g_queue_is_empty (&self->jobs));
  g_mutex_clear (&self->mutex);
  g_free (self->name);
  g_free (self);
}

/* NULL if no job is left: then the thread ends, and the next job starts another thread. */
static Job *
next_job (HandoffTokenThread *self)
{
  Job *job;

  g_mutex_lock (&self->mutex);
  job = g_queue_pop_head (&self->jobs);
  self->running = job != NULL;
  g_mutex_unlock (&self->mutex);
  return job;
}

static gpointer
run_jobs (gpointer user_data)
{
  g_autoptr (HandoffTokenThread) self = user_data;
  Job *job;

  while ((job = next_job (self)) != NULL)
    {
      job->run (job->data, NULL);
      g_free (job);
    }
  return NULL;
}

void
handoff_token_thread_push (HandoffTokenThread *self, HandoffTokenJob run, gpointer data)
{
  g_autoptr (GError) error = NULL;
  Job *job = g_new0 (Job, 1);
  GThread *thread;

  job->run = run;
  job->data = data;

  g_mutex_lock (&self->mutex);
  g_queue_push_tail (&self->jobs, job);
  if (!self->running)
    {
      g_atomic_ref_count_inc (&self->ref_count);
      thread = g_thread_try_new (self->name, run_jobs, self, &error);
      if (thread != NULL)
        {
          g_thread_unref (thread);
          self->running = TRUE;
        }
      else
        {
          /* Nobody has taken the job: there was no thread, and the lock is held. */
          g_queue_pop_tail (&self->jobs);
          g_atomic_ref_count_dec (&self->ref_count);
        }
    }
  g_mutex_unlock (&self->mutex);

  if (error == NULL)
    return;
  run (data, error);
  g_free (job);
}
