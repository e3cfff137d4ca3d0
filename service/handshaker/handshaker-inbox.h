/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "handshaker/handshaker-object.h"

/* What a handshaker does with each message of the broker's about its user, callers, calls,
 * channels, credentials and grants. */

void handoff_handshaker_received_user (HandoffHandshaker *self, HandoffLinkMessage *message);
void handoff_handshaker_received_places_free (HandoffHandshaker *self, HandoffLinkMessage *message);
void handoff_handshaker_received_caller (HandoffHandshaker *self, HandoffLinkMessage *message);
void handoff_handshaker_received_caller_gone (HandoffHandshaker *self, HandoffLinkMessage *message);
void handoff_handshaker_received_call (HandoffHandshaker *self, HandoffLinkMessage *message);
void handoff_handshaker_received_open_channel (HandoffHandshaker *self,
                                               HandoffLinkMessage *message);
void handoff_handshaker_received_credential (HandoffHandshaker *self, HandoffLinkMessage *message);
void handoff_handshaker_received_credential_gone (HandoffHandshaker *self,
                                                  HandoffLinkMessage *message);
void handoff_handshaker_received_forget (HandoffHandshaker *self, HandoffLinkMessage *message);
void handoff_handshaker_received_take_back (HandoffHandshaker *self, HandoffLinkMessage *message);

/* The answer to a request that is done. */
void handoff_handshaker_return_nothing (HandoffLinkMessage *message);
/* He has left the bus. user_data: the handshaker */
void handoff_handshaker_caller_left (HandoffCaller *caller, gpointer user_data);
