/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshaker-object.h"

/* Credentials that callers send along with a handshake: read by an importer of their user's, their
 * keys held by the keeper until the handshake has ended. The handshaker, which parses what peers
 * send, never sees a key. */

/* For HANDOFF_HANDSHAKER_READ_PEM. */
void handoff_handshaker_take_read_pem (HandoffHandshaker *self, HandoffLinkMessage *message);
