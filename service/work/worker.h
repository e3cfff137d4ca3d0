/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* A thread on which many handshakes take turns. Each handshake waits in a watch: for its socket,
 * through one epoll set per worker, and for its deadline, in one ordered list per worker. So waking
 * a worker costs the same with ten handshakes as with ten thousand. It has no main context, whose
 * turns cost more than most of what is done in them: nothing may be attached to one here, and no
 * GTask be made. */
typedef struct _HandoffWorker HandoffWorker;
typedef struct _HandoffWatch HandoffWatch;

typedef enum
{
  HANDOFF_WATCH_NOTHING, /* only the deadline */
  HANDOFF_WATCH_READABLE,
  HANDOFF_WATCH_WRITABLE,
  HANDOFF_WATCH_EITHER, /* readable or writable */
} HandoffWatchDirection;

/* Called on the worker's thread; may free the watch. */
typedef void (*HandoffWatchFunc) (gboolean timed_out, gpointer user_data);

HandoffWorker *handoff_worker_new (GError **error);
/* Waits for the thread to end; no watch may be left. What was sent to it before runs first. */
void handoff_worker_free (HandoffWorker *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffWorker, handoff_worker_free)

/* Runs function on the worker's thread, soon, never within this call; one after the other. What it
 * returns does not matter. destroy: (nullable): called after it, there. Any thread. */
void handoff_worker_invoke (HandoffWorker *self,
                            GSourceFunc function,
                            gpointer data,
                            GDestroyNotify destroy);

/* Whether this is the worker's thread. Any thread. */
gboolean handoff_worker_is_here (HandoffWorker *self);
/* The worker whose thread this is. (transfer none) (nullable): NULL on other threads. */
HandoffWorker *handoff_worker_get_here (void);

/* On the worker's thread: keeps something there, in place of what was kept under that key before.
 * data: (transfer full) (nullable): NULL: nothing any more. destroy: called on the worker's thread,
 * when something else takes its place or the worker ends; it may free watches. */
void handoff_worker_set_data (HandoffWorker *self,
                              gconstpointer key,
                              gpointer data,
                              GDestroyNotify destroy);
/* On the worker's thread. (transfer none) (nullable) */
gpointer handoff_worker_get_data (HandoffWorker *self, gconstpointer key);

/* All functions below: on the worker's thread only. fd: -1 for a deadline alone. deadline:
 * monotonic time, microseconds. A new watch waits for its deadline only. */
HandoffWatch *handoff_watch_new (
    HandoffWorker *worker, int fd, gint64 deadline, HandoffWatchFunc function, gpointer user_data);
void handoff_watch_free (HandoffWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffWatch, handoff_watch_free)
/* Counts from the worker's next turn: a deadline that is over is reported then. */
void handoff_watch_set_deadline (HandoffWatch *self, gint64 deadline);
gboolean
handoff_watch_set_direction (HandoffWatch *self, HandoffWatchDirection direction, GError **error);
