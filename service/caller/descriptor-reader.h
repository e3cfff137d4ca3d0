/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Reads what a caller passes as a descriptor: a file or a pipe, to its end. That may block as long
 * as the caller likes, so it happens on a thread of its own, and there are few of them for each
 * user: whoever uses them is held by quota. */

/* fd: (transfer full): of that user. what: for messages, "data". The bytes are in secret memory.
 * TLS_HANDOFF_ERROR_INVALID_ARGUMENT if there are none, too many, or the descriptor cannot be read;
 * TIMED_OUT if its end does not come within 30 seconds (a thread that a file keeps from returning
 * is left alone, and of these a user has few). Cancelling wakes the thread, and when that has let
 * go of everything, this returns CANCELLED: a quota that is held until then counts the threads. */
void handoff_descriptor_read_async (int fd,
                                    guint uid,
                                    const char *what,
                                    gsize maximum_size,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
GBytes *handoff_descriptor_read_finish (GAsyncResult *result, GError **error);
/* The same without a final line feed, with which a CR before it goes too. */
GBytes *handoff_descriptor_read_line_finish (GAsyncResult *result, GError **error);
