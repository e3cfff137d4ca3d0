/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshaker-object.h"

/* What a handshaker asks about its user's callers: may they do a handshake, may they use a
 * credential? Polkit answers; the audit log has the answer; whose a credential is, what it is
 * called, and so which action it needs, the broker knows itself. */

/* For HANDOFF_HANDSHAKER_ASK. */
void handoff_handshaker_take_ask (HandoffHandshaker *self, HandoffLinkMessage *message);
