/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshaker-object.h"

/* What a handshaker reports of its user's handshakes: entries of the audit log, and numbers. Who it
 * is about the broker writes itself. */

/* For HANDOFF_HANDSHAKER_AUDIT. */
void handoff_handshaker_take_audit (HandoffHandshaker *self, HandoffLinkMessage *message);
/* Its four counts, as of now: adds what is new to the service's. FALSE if they went back. */
gboolean handoff_handshaker_take_counts (HandoffHandshaker *self, GVariant *counts);
