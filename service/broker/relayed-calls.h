/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshaker-object.h"
#include "gate/call.h"

/* Method calls that a handshaker does. */

GHashTable *handoff_relayed_calls_new (void);

/* Sends the call on, with its descriptors, and ends it with what the handshaker answers; if that
 * ends before, with an error that says so. reply_type: of the method. call: (transfer full) */
void handoff_handshaker_call (HandoffHandshaker *self, HandoffCall *call, const char *reply_type);

/* For HANDOFF_HANDSHAKER_CALL_WAITS. */
void handoff_handshaker_take_call_waits (HandoffHandshaker *self, HandoffLinkMessage *message);
