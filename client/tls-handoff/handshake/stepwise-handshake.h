/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-bus.h"
#include "handshake/handshake-request.h"
#include "tls-handoff-handshake-result.h"

/* A handshake on any stream, whose bytes are carried to and from the service. No threads are used
 * if the stream can be polled. */

/* source: (nullable): whose task it is */
void handoff_stepwise_handshake_async (gpointer source,
                                       HandoffServiceBus *bus,
                                       GIOStream *base_io_stream,
                                       const HandoffHandshakeRequest *request,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
/* received: (out) (transfer full): what was read from the stream beyond the handshake: records */
TlsHandoffHandshakeResult *
handoff_stepwise_handshake_finish (GAsyncResult *result, GBytes **received, GError **error);
