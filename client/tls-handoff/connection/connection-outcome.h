/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "connection/connection-object.h"

/* What a handshake that ended leaves in the connection. */

/* Both end the state RUNNING, and lock. result, error: (transfer full). received: (nullable):
 * records that were read already */
void handoff_connection_take_result (HandoffConnection *self,
                                     TlsHandoffHandshakeResult *result,
                                     GBytes *received);
void handoff_connection_take_failure (HandoffConnection *self, GError *error);

/* (transfer full) (nullable): with its chain; takes the lock */
GTlsCertificate *handoff_connection_dup_peer_certificate (HandoffConnection *self);
