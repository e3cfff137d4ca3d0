/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "worker-pool.h"

struct _HandoffWorkerPool
{
  GPtrArray *workers; /* (owned) (element-type HandoffWorker) */
  guint next;
};

HandoffWorkerPool *
handoff_worker_pool_new (guint n_workers, GError **error)
{
  g_autoptr (HandoffWorkerPool) self = g_new0 (HandoffWorkerPool, 1);
  guint i;

  if (n_workers == 0)
    n_workers = g_get_num_processors ();

  self->workers = g_ptr_array_new_with_free_func ((GDestroyNotify) handoff_worker_free);
  for (i = 0; i < n_workers; i++)
    {
      HandoffWorker *worker = handoff_worker_new (error);

      if (worker == NULL)
        return NULL;
      g_ptr_array_add (self->workers, worker);
    }
  return g_steal_pointer (&self);
}

void
handoff_worker_pool_free (HandoffWorkerPool *self)
{
  g_ptr_array_unref (self->workers);
  g_free (self);
}

guint
handoff_worker_pool_get_size (HandoffWorkerPool *self)
{
  return self->workers->len;
}

HandoffWorker *
handoff_worker_pool_next (HandoffWorkerPool *self)
{
  return g_ptr_array_index (self->workers, self->next++ % self->workers->len);
}
