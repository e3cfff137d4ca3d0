/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshaker-object.h"

/* What a handshaker asks about its user's callers: may they do a handshake, may they use a
 * credential? Polkit answers; the audit log has the answer; whose a credential is, what it is
 * called, and so which action it needs, the broker knows itself. */

HandoffQuestions *handoff_questions_new (void);
/* None is under way. */
void handoff_questions_free (HandoffQuestions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffQuestions, handoff_questions_free)

/* The handshaker has ended. */
void handoff_questions_cancel_all (HandoffQuestions *self);
/* The caller has left the bus: so do his questions end. */
void handoff_questions_cancel_all_of (HandoffQuestions *self, HandoffCaller *caller);

/* For HANDOFF_HANDSHAKER_ASK and _CANCEL. */
void handoff_handshaker_take_ask (HandoffHandshaker *self, HandoffLinkMessage *message);
void handoff_handshaker_take_cancel (HandoffHandshaker *self, HandoffLinkMessage *message);
