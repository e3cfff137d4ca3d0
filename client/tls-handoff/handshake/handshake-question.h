/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "call/service-session.h"

/* What a handshake asks its caller on the way. The service waits: a state of the session for each
 * question, and a method that answers it. */

typedef enum
{
  /* Whether to go on with a peer whose certificate did not verify: in details, its certificates and
   * what is wrong. */
  HANDOFF_HANDSHAKE_QUESTION_REVIEW,
  /* Which certificate to show to the server, which wants one: in details, of which authorities. */
  HANDOFF_HANDSHAKE_QUESTION_CREDENTIAL,
} HandoffHandshakeQuestion;

typedef struct
{
  GError *failure; /* (owned) (nullable): ends the handshake, with this error */
  gboolean accept; /* REVIEW */
  /* CREDENTIAL: one of these, or none, for no certificate */
  char *credential;       /* (owned) (nullable): label or path */
  GBytes *credential_pem; /* (owned) (nullable) */
  gboolean automatic;     /* one of the user's, as far as the option credential-choice allows */
} HandoffAnswer;

void handoff_answer_clear (HandoffAnswer *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HandoffAnswer, handoff_answer_clear)

/* Asks. It calls answer_func, at once or later, in the context of the handshake, which is a task.
 * details: a{sv}. answer: only for the time of the call */
typedef void (*HandoffAnswerFunc) (GTask *handshake, const HandoffAnswer *answer);
typedef void (*HandoffAskFunc) (HandoffHandshakeQuestion question,
                                GVariant *details,
                                GTask *handshake,
                                HandoffAnswerFunc answer_func,
                                gpointer user_data);

/* Whether the session is in a state in which it waits for an answer. question: (out) */
gboolean handoff_handshake_question_from_state (const char *state,
                                                HandoffHandshakeQuestion *question);

/* Tells the service. answer: without a failure. interactive: whether the service may ask the user
 * for a password, to let the credential be used. func is called in the thread-default main context,
 * later; at once if the answer cannot be told. */
void handoff_handshake_question_answer_async (HandoffServiceSession *session,
                                              HandoffHandshakeQuestion question,
                                              const HandoffAnswer *answer,
                                              gboolean interactive,
                                              GCancellable *cancellable,
                                              HandoffReplyFunc func,
                                              gpointer user_data);
/* Takes the reply to an answer apart. state: (out): as long as reply. output, details: (out)
 * (transfer full) */
void handoff_handshake_question_read_reply (HandoffReply *reply,
                                            const char **state,
                                            GVariant **output,
                                            GVariant **details);
