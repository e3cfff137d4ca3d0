/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* A queue of jobs that run one after the other, in a thread that exists only while there are jobs.
 * A job may block as long as it likes: it delays only the jobs behind it in the same queue.
 * Reference-counted; any thread. */
typedef struct _HandoffTokenThread HandoffTokenThread;

/* name: of the thread, for debuggers */
HandoffTokenThread *handoff_token_thread_new (const char *name);
void handoff_token_thread_unref (HandoffTokenThread *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTokenThread, handoff_token_thread_unref)

/* thread_error: (nullable): no thread could be started (the system's limit); then
 * handoff_token_thread_push() calls run, which must only report the error. */
typedef void (*HandoffTokenJob) (gpointer data, const GError *thread_error);

/* run is called once. It sees what earlier jobs did, without a lock. */
void handoff_token_thread_push (HandoffTokenThread *self, HandoffTokenJob run, gpointer data);
