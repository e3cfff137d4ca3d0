/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "session/session-context.h"

/* The handshake of a session, seen from its home: begins it, takes it on step by step, and keeps
 * the books: state, counters, resumption; and, when the caller has its reply, the audit log. All of
 * it at home, and the callbacks come there: if the home is a worker, perhaps within the call that
 * began the operation. */

/* session: with its places taken; put into the store. request: (transfer full). On a
 * socket the first step has to follow. */
void handoff_session_begin (const HandoffSessionContext *context,
                            HandoffSession *session,
                            HandoffHandshakeRequest *request);

/* progress: (transfer none). user_data: (transfer full). It may begin the session's next operation,
 * and remove the session. */
typedef void (*HandoffSessionReplyFunc) (HandoffSession *session,
                                         HandoffHandshakeProgress *progress,
                                         gpointer user_data);

/* Who waits for the result of an operation. Exactly one of the two functions is called. */
typedef struct
{
  HandoffCaller *caller; /* (unowned): held while the operation runs */
  HandoffSessionReplyFunc reply;
  gpointer user_data;
  GDestroyNotify caller_left; /* called in place of reply(), if the caller has left */
} HandoffSessionReply;

/* Whether the session is in that state, and not busy: TLS_HANDOFF_ERROR_INVALID_ARGUMENT says what
 * the session waits for. */
gboolean handoff_session_check_state (const HandoffSession *session,
                                      HandoffHandshakeState state,
                                      GError **error);
/* Keeps other calls out until the next operation of this call begins, or the session is left. */
void handoff_session_occupy (HandoffSession *session);
void handoff_session_leave (HandoffSession *session);

/* The operations of handshake.h; the state must have been checked. */
void handoff_session_step (const HandoffSessionContext *context,
                           HandoffSession *session,
                           GBytes *input,
                           HandoffSessionReply reply);
void handoff_session_review (const HandoffSessionContext *context,
                             HandoffSession *session,
                             gboolean accept,
                             HandoffSessionReply reply);
/* An occupied session is left. credential, grant: (transfer none) (nullable): grant: to use the
 * credential */
void handoff_session_provide (const HandoffSessionContext *context,
                              HandoffSession *session,
                              HandoffCredential *credential,
                              HandoffSigningGrant *grant,
                              gboolean automatic,
                              HandoffSessionReply reply);
void handoff_session_export (const HandoffSessionContext *context,
                             HandoffSession *session,
                             const HandoffRecipient *recipient,
                             HandoffSessionReply reply);
