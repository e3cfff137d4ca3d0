/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Tells when nobody has held the service for some time. */
typedef struct _HandoffIdleTimer HandoffIdleTimer;

/* idle: on the main thread. Main thread. */
HandoffIdleTimer *handoff_idle_timer_new (GSourceFunc idle, gpointer user_data);
void handoff_idle_timer_free (HandoffIdleTimer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffIdleTimer, handoff_idle_timer_free)

/* 0: never. */
void handoff_idle_timer_set_seconds (HandoffIdleTimer *self, guint seconds);
/* Begins the time anew. */
void handoff_idle_timer_restart (HandoffIdleTimer *self);

/* Any thread; neither wakes the main thread as a rule. What the holder has done before it lets go
 * is done when the main thread sees that nobody holds it. */
void handoff_idle_timer_hold (HandoffIdleTimer *self);
void handoff_idle_timer_release (HandoffIdleTimer *self);
/* Main thread: if it is held, the main loop wakes up as soon as nobody holds it any more. */
gboolean handoff_idle_timer_is_held (HandoffIdleTimer *self);
