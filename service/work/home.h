/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "work/worker.h"

/* The thread that something lives on, from its beginning to its end, and that alone touches it: a
 * worker's, or, if the home is NULL, the main thread, which is the one that runs main(). */

/* Whether this thread is that home. Any thread. */
gboolean handoff_home_is_here (HandoffWorker *home);

/* Runs function at that home, soon; never within this call. destroy: (nullable). Any thread. */
void handoff_home_invoke (HandoffWorker *home,
                          GSourceFunc function,
                          gpointer data,
                          GDestroyNotify destroy);

/* Something to do once, at home, after some time. At home only. */
typedef struct _HandoffHomeTimer HandoffHomeTimer;

/* interval: microseconds, by monotonic time. function: what it returns does not matter; it may free
 * the timer. user_data: (unowned) */
HandoffHomeTimer *handoff_home_timer_new (HandoffWorker *home,
                                          gint64 interval,
                                          GSourceFunc function,
                                          gpointer user_data);
/* It must be freed when its time has come, too. */
void handoff_home_timer_free (HandoffHomeTimer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHomeTimer, handoff_home_timer_free)

/* A descriptor to wait for, at home. At home only. */
typedef struct _HandoffHomeWatch HandoffHomeWatch;

/* A new one waits for nothing. fd, user_data: (unowned). function: may free the watch. */
HandoffHomeWatch *
handoff_home_watch_new (HandoffWorker *home, int fd, GFunc function, gpointer user_data);
void handoff_home_watch_free (HandoffHomeWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHomeWatch, handoff_home_watch_free)
/* Calls function (NULL, user_data) each time there is that to do, or the other end is gone; with
 * HANDOFF_WATCH_NOTHING, not even then. */
void handoff_home_watch_set_direction (HandoffHomeWatch *self, HandoffWatchDirection direction);
