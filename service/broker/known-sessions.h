/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshaker-object.h"

/* The sessions on the bus that a handshaker has: which paths there are, and whose. */

HandoffKnownSessions *handoff_known_sessions_new (void);
void handoff_known_sessions_free (HandoffKnownSessions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffKnownSessions, handoff_known_sessions_free)

/* Whether there is one with that id that the caller may use. */
gboolean
handoff_known_sessions_has (HandoffKnownSessions *self, const char *id, HandoffCaller *caller);
/* (transfer full): the ids of the sessions of the caller with that unique name; at most maximum. */
char **handoff_known_sessions_list (HandoffKnownSessions *self, const char *name, guint maximum);
/* He has left the bus: his own are nobody's any more. */
void handoff_known_sessions_forget (HandoffKnownSessions *self, HandoffCaller *caller);

/* For HANDOFF_HANDSHAKER_SESSION_MADE, _EXPIRED and _GONE. */
void handoff_handshaker_take_session_made (HandoffHandshaker *self, HandoffLinkMessage *message);
void handoff_handshaker_take_session_expired (HandoffHandshaker *self, HandoffLinkMessage *message);
void handoff_handshaker_take_session_gone (HandoffHandshaker *self, HandoffLinkMessage *message);
