/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "work/worker.h"

/* The workers: as many for each user as are needed, up to a limit, and none that two users share.
 * For a caller can keep the thread that reads its socket: it has the kernel hold the socket's lock,
 * by sending from memory that is a file of its own file system (FUSE), and nothing can be read or
 * written then without waiting for that lock. A handshake stays on one worker from start to end.
 * Main thread. */
typedef struct _HandoffWorkerPool HandoffWorkerPool;

/* per_user: 0 for one per core. */
HandoffWorkerPool *handoff_worker_pool_new (guint per_user, GError **error);
/* Waits for all workers, but those on which somebody has a seat still: they are lost. */
void handoff_worker_pool_free (HandoffWorkerPool *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffWorkerPool, handoff_worker_pool_free)

/* Threads that there are. */
guint handoff_worker_pool_get_size (HandoffWorkerPool *self);

/* A place on a worker. */
typedef struct _HandoffSeat HandoffSeat;

/* On the worker of that user's that has least to do, or a new one. Only if there may be no more
 * workers at all, on one for all who come then. The pool must outlive it. */
HandoffSeat *handoff_worker_pool_take_seat (HandoffWorkerPool *self, guint uid);
/* (transfer none) */
HandoffWorker *handoff_seat_get_worker (HandoffSeat *self);
void handoff_seat_free (HandoffSeat *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSeat, handoff_seat_free)
