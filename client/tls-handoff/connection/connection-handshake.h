/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "connection/connection-object.h"

/* The states of a connection's handshake, and who waits for them. */

HandshakeState handoff_connection_get_state (HandoffConnection *self);
/* Whether data may cross in that direction: the handshake is done, the application was told, and
 * nobody closed it. One look, for each read and write. */
gboolean handoff_connection_is_usable (HandoffConnection *self, GIOCondition direction);

/* Both join a handshake that is running already, and succeed if it is done. */
gboolean
handoff_connection_handshake (HandoffConnection *self, GCancellable *cancellable, GError **error);
void handoff_connection_handshake_async (HandoffConnection *self,
                                         int io_priority,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
gboolean
handoff_connection_handshake_finish (HandoffConnection *self, GAsyncResult *result, GError **error);
/* Before each read or write: whether the handshake is done. Starts it if need be; waits for it if
 * blocking, else G_IO_ERROR_WOULD_BLOCK. */
gboolean handoff_connection_ensure_handshake (HandoffConnection *self,
                                              gboolean blocking,
                                              GCancellable *cancellable,
                                              GError **error);
/* Stops a handshake that is running. */
void handoff_connection_abort_handshake (HandoffConnection *self);
