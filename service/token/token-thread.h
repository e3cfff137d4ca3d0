/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* A queue of jobs that run one after the other, each in its turn, in a thread that is there only
 * while there are any. A job may block as long as it likes: it delays those behind it in this queue
 * and nothing else. Reference-counted; any thread. */
typedef struct _HandoffTokenThread HandoffTokenThread;

/* name: of the thread, for debuggers */
HandoffTokenThread *handoff_token_thread_new (const char *name);
void handoff_token_thread_unref (HandoffTokenThread *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTokenThread, handoff_token_thread_unref)

/* thread_error: (nullable): there could be no thread (the system's limit); then run is called by
 * handoff_token_thread_push(), and must do no more than to say so. */
typedef void (*HandoffTokenJob) (gpointer data, const GError *thread_error);

/* run is called once. It sees what the jobs before it did without a lock. */
void handoff_token_thread_push (HandoffTokenThread *self, HandoffTokenJob run, gpointer data);

/* Whether there is a thread of any queue of this process. */
gboolean handoff_token_thread_is_any_running (void);
