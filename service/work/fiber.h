/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* A function on a stack of its own, which can pause in the middle and go on later. GnuTLS's
 * callbacks that select a credential or sign with it have to return with the answer: only so can
 * they wait for a token, or for polkit, while their thread does something else.
 *
 * A fiber stays on the thread that runs it first. */
typedef struct _HandoffFiber HandoffFiber;

typedef int (*HandoffFiberFunc) (gpointer data);

/* data: (unowned) */
HandoffFiber *handoff_fiber_new (HandoffFiberFunc function, gpointer data);
/* Only one whose function has returned, or never ran: what it would leave behind otherwise, nobody
 * could free. */
void handoff_fiber_free (HandoffFiber *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffFiber, handoff_fiber_free)

/* Runs the function from where it is. TRUE once it has returned *result; FALSE: it paused. */
gboolean handoff_fiber_run (HandoffFiber *self, int *result);
/* Within the function. Returns when handoff_fiber_run() is called again. */
void handoff_fiber_pause (HandoffFiber *self);

/* Overwrites what functions left on the stack that the thread keeps for its next fiber. */
void handoff_fiber_wipe_spare_stack (void);
