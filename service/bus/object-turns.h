/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* When it is looked what has become of the objects of a user's watchers (object-watch.h). The main
 * loop, which all users share, does that: so it is done for one watcher of a user at a time, and
 * then not again for that user for a while, the longer the more objects there were: whoever has
 * many, and changes them all the time, keeps a small part of the loop busy. Main thread. */
typedef struct _HandoffObjectTurns HandoffObjectTurns;

/* Without objects, and for each one more: microseconds. */
#define HANDOFF_OBJECT_TURNS_REST (50 * G_TIME_SPAN_MILLISECOND)
#define HANDOFF_OBJECT_TURNS_REST_FOR_ONE (2 * G_TIME_SPAN_MILLISECOND)

/* It is that watcher's turn: the next of its user's comes after handoff_object_turns_end(), which
 * may be called at once. */
typedef void (*HandoffObjectTurnFunc) (gpointer watcher);

HandoffObjectTurns *handoff_object_turns_new (HandoffObjectTurnFunc func);
/* It does not matter whether turns have ended. */
void handoff_object_turns_free (HandoffObjectTurns *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffObjectTurns, handoff_object_turns_free)

/* The watcher shall have a turn that begins after this: one, however often it is said. is_called:
 * somebody waits for it, and it comes without a rest before it. */
void handoff_object_turns_want (HandoffObjectTurns *self,
                                guint uid,
                                gpointer watcher,
                                gboolean is_called);
/* It shall have none any more. One that it has goes on. */
void handoff_object_turns_forget (HandoffObjectTurns *self, guint uid, gpointer watcher);
void handoff_object_turns_end (HandoffObjectTurns *self, guint uid, guint n_objects);
