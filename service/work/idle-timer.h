/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Tells when nobody has held the service for some time. Main thread. */
typedef struct _HandoffIdleTimer HandoffIdleTimer;

HandoffIdleTimer *handoff_idle_timer_new (GSourceFunc idle, gpointer user_data);
void handoff_idle_timer_free (HandoffIdleTimer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffIdleTimer, handoff_idle_timer_free)

/* 0: never. */
void handoff_idle_timer_set_seconds (HandoffIdleTimer *self, guint seconds);
void handoff_idle_timer_hold (HandoffIdleTimer *self);
void handoff_idle_timer_release (HandoffIdleTimer *self);
/* Begins the time anew. */
void handoff_idle_timer_restart (HandoffIdleTimer *self);
gboolean handoff_idle_timer_is_held (HandoffIdleTimer *self);
