/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshaker-object.h"

/* What a handshaker has asked and the broker has not answered, of either kind: questions.h,
 * pem-desk.h. Each ends sooner when the handshaker says that nobody waits for it any more, when its
 * caller leaves the bus, and when the handshaker ends. */

HandoffQuestions *handoff_questions_new (void);
/* None is under way. */
void handoff_questions_free (HandoffQuestions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffQuestions, handoff_questions_free)

/* The handshaker has ended. */
void handoff_questions_cancel_all (HandoffQuestions *self);
/* The caller has left the bus: so do his questions end. */
void handoff_questions_cancel_all_of (HandoffQuestions *self, HandoffCaller *caller);

/* One of them. */
typedef struct
{
  guint64 number;                /* its key in the table */
  HandoffHandshaker *handshaker; /* (owned) */
  HandoffCaller *asker;          /* (owned): who calls */
  HandoffCaller *caller;         /* (owned): he, for this question alone, and cancelled with it */
} HandoffQuestion;

/* number, caller_number: as the message has them. (transfer full) (nullable): NULL: the message is
 * answered already, as its caller has left, or the handshaker has been ended for its number */
HandoffQuestion *handoff_question_new (HandoffHandshaker *handshaker,
                                       HandoffLinkMessage *message,
                                       guint64 number,
                                       guint64 caller_number);
void handoff_question_free (HandoffQuestion *self);

/* For HANDOFF_HANDSHAKER_CANCEL. */
void handoff_handshaker_take_cancel (HandoffHandshaker *self, HandoffLinkMessage *message);
