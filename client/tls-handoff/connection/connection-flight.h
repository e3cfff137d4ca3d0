/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "connection/connection-object.h"

/* A handshake in flight, of a synchronous or an asynchronous call: from the application's settings
 * to whatever came of it. */

/* Where it lands. result and error are the function's to free, one of them is NULL. received:
 * (nullable) (transfer none): records that were read already. blocking: whether it was a
 * synchronous call, so that whoever it lands with may block. */
typedef void (*HandoffLandedFunc) (HandoffConnection *self,
                                   TlsHandoffHandshakeResult *result,
                                   GBytes *received,
                                   GError *error,
                                   gboolean blocking);

/* For the state RUNNING: does the handshake, and returns when it has landed. cancellable:
 * (nullable): of who started it */
void handoff_connection_run_flight (HandoffConnection *self,
                                    HandoffLandedFunc landed,
                                    GCancellable *cancellable);
/* Starts it in the thread-default main context. */
void handoff_connection_start_flight (HandoffConnection *self,
                                      HandoffLandedFunc landed,
                                      GCancellable *cancellable);
