/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshaker-object.h"

/* A handshaker as a holder of grants: see signing/signing.h. */

/* When it gets its user. */
void handoff_handshaker_become_holder (HandoffHandshaker *self);
/* It has ended: so have its grants. */
void handoff_handshaker_leave_holders (HandoffHandshaker *self);

/* For HANDOFF_HANDSHAKER_OPEN_SIGNING and _GRANT_OVER. */
void handoff_handshaker_take_open_signing (HandoffHandshaker *self, HandoffLinkMessage *message);
void handoff_handshaker_take_grant_over (HandoffHandshaker *self, HandoffLinkMessage *message);
