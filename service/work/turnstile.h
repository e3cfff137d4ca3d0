/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Lets only so many of a user's calls do at the same time what there is not enough of: threads that
 * read a descriptor, derive or make a key; answers that the bus lets us wait for. The others wait
 * in line. Each user has a line, and the lines are served in turn, so that the length of one delays
 * nobody in another. Reference-counted. Main thread. */
typedef struct _HandoffTurnstile HandoffTurnstile;

/* total: of all users; G_MAXUINT if only each user's number matters */
HandoffTurnstile *handoff_turnstile_new (guint per_user, guint total);
void handoff_turnstile_unref (HandoffTurnstile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTurnstile, handoff_turnstile_unref)

/* A place in the line, and, once entered was called, inside. Keeps the turnstile. */
typedef struct _HandoffPass HandoffPass;

typedef void (*HandoffTurnstileFunc) (gpointer user_data);

/* entered: called once, from the main loop, unless the pass is freed before. */
HandoffPass *handoff_turnstile_queue (HandoffTurnstile *self,
                                      guint uid,
                                      HandoffTurnstileFunc entered,
                                      gpointer user_data);
/* Leaves, and lets the next one in. */
void handoff_pass_free (HandoffPass *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPass, handoff_pass_free)
