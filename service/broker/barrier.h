/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Waits until several others have answered. Main thread. */
typedef struct _HandoffBarrier HandoffBarrier;

/* done: called once, when nobody holds it any more. Held by who made it. */
HandoffBarrier *handoff_barrier_new (void (*done) (gpointer user_data), gpointer user_data);
/* Returns: self */
HandoffBarrier *handoff_barrier_hold (HandoffBarrier *self);
/* self: (transfer full). May call done. */
void handoff_barrier_release (HandoffBarrier *self);
