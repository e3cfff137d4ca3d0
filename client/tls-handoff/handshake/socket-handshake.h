/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-bus.h"
#include "handshake/handshake-request.h"
#include "tls-handoff-handshake-result.h"

/* A handshake on a socket that the service is given a descriptor of. */

/* One that waits for an answer. */
typedef struct _HandoffSocketHandshake HandoffSocketHandshake;

/* Does the handshake in the thread that called, without a main context. paused: (out) (transfer
 * full) (nullable): if it has to ask; NULL for a request that asks nothing, not even by a review.
 * (transfer full) (nullable): NULL with an error, or with *paused */
TlsHandoffHandshakeResult *handoff_socket_handshake_sync (HandoffServiceBus *bus,
                                                          GSocket *socket,
                                                          const HandoffHandshakeRequest *request,
                                                          HandoffSocketHandshake **paused,
                                                          GCancellable *cancellable,
                                                          GError **error);
/* Asks, and goes on, as one that was asynchronous from the start; its finish function is the same.
 * paused: (transfer full) */
void handoff_socket_handshake_go_on_async (gpointer source,
                                           HandoffSocketHandshake *paused,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
/* source: (nullable): whose task it is */
void handoff_socket_handshake_async (gpointer source,
                                     HandoffServiceBus *bus,
                                     GSocket *socket,
                                     const HandoffHandshakeRequest *request,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
TlsHandoffHandshakeResult *handoff_socket_handshake_finish (GAsyncResult *result, GError **error);
