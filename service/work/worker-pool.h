/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "work/worker.h"

/* The workers: as many for each user as are needed, up to a limit. Two users never share one. For
 * a caller can keep the thread that reads its socket: it sends from memory that is a file of its
 * own file system (FUSE), so that the kernel holds the socket's lock, and every read or write
 * waits for that lock. A handshake stays on one worker from start to end. Main thread, except for
 * seats that are there. */
typedef struct _HandoffWorkerPool HandoffWorkerPool;

/* per_user: 0 for one per core. */
HandoffWorkerPool *handoff_worker_pool_new (guint per_user, GError **error);
/* Waits for all workers, except for those with a taken seat: they are lost. */
void handoff_worker_pool_free (HandoffWorkerPool *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffWorkerPool, handoff_worker_pool_free)

/* How many threads there are. */
guint handoff_worker_pool_get_size (HandoffWorkerPool *self);

/* A place on a worker, which is there as long as a seat is taken on it. Reference-counted. */
typedef struct _HandoffSeat HandoffSeat;

/* Takes a seat on the worker of that user that has the least to do, or on a new one. If there may
 * be no more workers at all, the seat is on one that all users share. The pool must outlive the
 * seat. */
HandoffSeat *handoff_worker_pool_take_seat (HandoffWorkerPool *self, guint uid);

/* Any thread. */
HandoffSeat *handoff_seat_ref (HandoffSeat *self);
void handoff_seat_unref (HandoffSeat *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSeat, handoff_seat_unref)
/* (transfer none) */
HandoffWorker *handoff_seat_get_worker (HandoffSeat *self);
