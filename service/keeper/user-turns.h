/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Threads that work for users in turn: each user has a line, and whose turn it is has the first of
 * his line done. However long one user's line is, and however dear his work: another one waits for
 * what is being done, and for one piece of work of each other user. Main thread. */
typedef struct _HandoffUserTurns HandoffUserTurns;

/* On a thread. What it leaves on the stack there is wiped: it has to do with keys. */
typedef void (*HandoffTurnWork) (gpointer data);
/* On the main thread, after it. Frees data. */
typedef void (*HandoffTurnDone) (gpointer data);

/* per_user: so many threads work for one user at a time. */
HandoffUserTurns *handoff_user_turns_new (const char *name, guint n_threads, guint per_user);
/* Waits for all that was begun; what has not begun is not done, nor is done called any more. */
void handoff_user_turns_free (HandoffUserTurns *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffUserTurns, handoff_user_turns_free)

/* data: (unowned): until done frees it. */
void handoff_user_turns_add (
    HandoffUserTurns *self, guint uid, HandoffTurnWork work, HandoffTurnDone done, gpointer data);
