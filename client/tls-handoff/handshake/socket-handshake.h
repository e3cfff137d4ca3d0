/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-bus.h"
#include "handshake/handshake-request.h"
#include "tls-handoff-handshake-result.h"

/* A handshake on a socket that the service is given a descriptor of. */

/* request: that asks nothing. (transfer full) */
TlsHandoffHandshakeResult *handoff_socket_handshake_sync (HandoffServiceBus *bus,
                                                          GSocket *socket,
                                                          const HandoffHandshakeRequest *request,
                                                          GCancellable *cancellable,
                                                          GError **error);
/* source: (nullable): whose task it is */
void handoff_socket_handshake_async (gpointer source,
                                     HandoffServiceBus *bus,
                                     GSocket *socket,
                                     const HandoffHandshakeRequest *request,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
TlsHandoffHandshakeResult *handoff_socket_handshake_finish (GAsyncResult *result, GError **error);
