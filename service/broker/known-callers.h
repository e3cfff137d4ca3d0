/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshaker-object.h"

/* The callers that a handshaker was told of, and the numbers that it knows them by. */

HandoffKnownCallers *handoff_known_callers_new (void);
void handoff_known_callers_free (HandoffKnownCallers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffKnownCallers, handoff_known_callers_free)

/* The caller's number; the handshaker is told of him first, if it does not know him. */
guint64 handoff_handshaker_announce (HandoffHandshaker *self, HandoffCaller *caller);
/* He has left the bus: so is the handshaker told, if it knew of him. */
void handoff_handshaker_forget_caller (HandoffHandshaker *self, HandoffCaller *caller);
/* (transfer none) (nullable): NULL if that is nobody's number. He may have left: what is said about
 * him can cross with the news; of those who left, the last ones are still known. */
HandoffCaller *handoff_handshaker_find_caller (HandoffHandshaker *self, guint64 number);
guint handoff_known_callers_get_size (HandoffKnownCallers *self);

/* For HANDOFF_HANDSHAKER_NOTE_READ. */
void handoff_handshaker_take_note_read (HandoffHandshaker *self, HandoffLinkMessage *message);
