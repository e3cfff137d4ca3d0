/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Reads what a caller passes as a descriptor: a file or a pipe, to its end. That may block as long
 * as the caller likes, so it happens on a thread of its own. Each user may have few such threads,
 * which a quota counts. */

/* fd: (transfer full): of that user. what: for messages, "data". The bytes are in secret memory.
 * TLS_HANDOFF_ERROR_INVALID_ARGUMENT if the descriptor cannot be read, or has too many bytes;
 * TIMED_OUT if its end does not come within 30 seconds. A thread that hangs in a file is left
 * alone then; a user may have few of these. Cancelling wakes the thread. This returns CANCELLED
 * when the thread has let go of everything, so that a quota that is held until then counts the
 * threads. */
void handoff_descriptor_read_async (int fd,
                                    guint uid,
                                    const char *what,
                                    gsize maximum_size,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
GBytes *handoff_descriptor_read_finish (GAsyncResult *result, GError **error);
/* The same without a final line feed, or a final CR and line feed. */
GBytes *handoff_descriptor_read_line_finish (GAsyncResult *result, GError **error);
