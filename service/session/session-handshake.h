/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/facade-context.h"

/* The handshake of a session, seen from the main thread: begins it, takes it on step by step, and
 * keeps the books: state, audit log, counters, resumption. */

/* session: with its places taken; put into the store. request: (transfer full) */
void handoff_session_begin (const HandoffFacadeContext *context,
                            HandoffSession *session,
                            HandoffHandshakeRequest *request);

/* call: (transfer full): for the reply. progress: (transfer none) */
typedef void (*HandoffSessionReplyFunc) (HandoffSession *session,
                                         HandoffHandshakeProgress *progress,
                                         HandoffCall *call);

/* Whether the session may do now what is for that state only: TLS_HANDOFF_ERROR_INVALID_ARGUMENT
 * says in which state it is. */
gboolean handoff_session_check_state (const HandoffSession *session,
                                      HandoffHandshakeState state,
                                      GError **error);
/* The three operations of handshake.h; the state must have been checked. call: (transfer full) */
void handoff_session_step (const HandoffFacadeContext *context,
                           HandoffSession *session,
                           GBytes *input,
                           HandoffCall *call,
                           HandoffSessionReplyFunc reply);
void handoff_session_review (const HandoffFacadeContext *context,
                             HandoffSession *session,
                             gboolean accept,
                             HandoffCall *call,
                             HandoffSessionReplyFunc reply);
void handoff_session_export (const HandoffFacadeContext *context,
                             HandoffSession *session,
                             const guint8 recipient_key[HANDOFF_RECIPIENT_KEY_SIZE],
                             HandoffCall *call,
                             HandoffSessionReplyFunc reply);

/* The name of the state in the D-Bus API. */
const char *handoff_session_get_state_name (const HandoffSession *session);
/* The details of a progress as the D-Bus API has them. fds: (out) (optional): gets the key blob, if
 * there is one, which the details then refer to; without it they never have one. (transfer full) */
GVariant *handoff_session_dup_details (HandoffHandshakeProgress *progress, GUnixFDList **fds);
/* The key blob, for a reply's descriptors; there must be one. (transfer full) */
GUnixFDList *handoff_session_take_key_blob (HandoffHandshakeProgress *progress);
