/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Limits how many calls of a user do the same scarce thing at once: threads that read a
 * descriptor, derive or make a key; answers that the bus lets us wait for. The other calls wait in
 * line. Each user has a line, and the lines are served in turn, so that a long line delays nobody
 * in another. Reference-counted. Main thread. */
typedef struct _HandoffTurnstile HandoffTurnstile;

/* total: limit for all users; G_MAXUINT if only the number of each user matters */
HandoffTurnstile *handoff_turnstile_new (guint per_user, guint total);
void handoff_turnstile_unref (HandoffTurnstile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTurnstile, handoff_turnstile_unref)

/* A place in the line. After entered was called, it is inside. It keeps the turnstile. */
typedef struct _HandoffPass HandoffPass;

typedef void (*HandoffTurnstileFunc) (gpointer user_data);

/* entered: called once, from the main loop, unless the pass is freed before. */
HandoffPass *handoff_turnstile_queue (HandoffTurnstile *self,
                                      guint uid,
                                      HandoffTurnstileFunc entered,
                                      gpointer user_data);
/* Leaves, and lets the next pass in. */
void handoff_pass_free (HandoffPass *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPass, handoff_pass_free)
