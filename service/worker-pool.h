/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "worker.h"

/* The fixed set of workers. A handshake stays on one from start to end. */
typedef struct _HandoffWorkerPool HandoffWorkerPool;

/* n_workers: 0 for one per core. */
HandoffWorkerPool *handoff_worker_pool_new (guint n_workers, GError **error);
void handoff_worker_pool_free (HandoffWorkerPool *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffWorkerPool, handoff_worker_pool_free)

guint handoff_worker_pool_get_size (HandoffWorkerPool *self);
/* (transfer none): each in turn. Main thread. */
HandoffWorker *handoff_worker_pool_next (HandoffWorkerPool *self);
