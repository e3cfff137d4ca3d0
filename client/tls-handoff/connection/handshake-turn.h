/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* How many handshakes of this process the service is asked to do at once. More wait here, first
 * come first served: the service would not do more of one user at a time in any case, and the bus
 * takes no more than 128 calls of a connection that have no reply. What waits costs nobody else
 * anything.
 *
 * Threads: any. A forked child counts anew. */
#define HANDOFF_HANDSHAKES_AT_ONCE 64

/* The callback comes when there is a turn, in the thread-default main context; or when it was
 * cancelled. */
void handoff_handshake_turn_take_async (GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
gboolean handoff_handshake_turn_take_finish (GAsyncResult *result, GError **error);
/* The same, if there is one at once. */
gboolean handoff_handshake_turn_try_take (void);
void handoff_handshake_turn_release (void);
