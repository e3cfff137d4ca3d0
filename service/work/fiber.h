/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* A function on a stack of its own, which can pause in the middle and go on later. The callbacks
 * of GnuTLS that select a credential or sign with it must return with the answer. On a fiber they
 * can wait for a token, or for polkit, while their thread does something else. A fiber stays on
 * the thread that runs it first. */
typedef struct _HandoffFiber HandoffFiber;

typedef int (*HandoffFiberFunc) (gpointer data);

/* data: (unowned) */
HandoffFiber *handoff_fiber_new (HandoffFiberFunc function, gpointer data);
/* Only for a fiber whose function has returned, or never ran: nobody could free what a paused
 * function holds. */
void handoff_fiber_free (HandoffFiber *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffFiber, handoff_fiber_free)

/* Runs the function from where it is. TRUE when it has returned *result; FALSE when it has paused.
 */
gboolean handoff_fiber_run (HandoffFiber *self, int *result);
/* Pauses; called within the function. Returns when handoff_fiber_run() is called again. */
void handoff_fiber_pause (HandoffFiber *self);

/* Overwrites what functions left on the stacks that the thread keeps for its next fibers. */
void handoff_fiber_wipe_spare_stacks (void);
