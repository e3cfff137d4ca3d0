/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "handshake/credential-question.h"
#include "handshake/handshake-progress.h"
#include "handshake/handshake-request.h"
#include "work/worker.h"

/* One handshake, on one worker from start to end: on the caller's socket, or stepwise. This is its
 * home's side of it; handshake-engine.h does the work. If the home is the worker itself, operations
 * run within the call, and their callbacks come directly. If it is the main thread, both are
 * posted. At home, all of the following. */
typedef struct _HandoffHandshake HandoffHandshake;

/* worker: (unowned). home: (unowned) (nullable): the same worker, or NULL for the main thread.
 * request: (transfer full). ended: called once, at home, when nothing of the handshake is left on
 * the worker; after the callback of an operation that was under way. ask: (nullable): called at
 * most once, at home, before that, if the request may ask. user_data is passed to both, not owned.
 *
 * Callbacks may do everything with the handshake: start an operation, cancel it, free it. */
HandoffHandshake *handoff_handshake_new (HandoffWorker *worker,
                                         HandoffWorker *home,
                                         HandoffHandshakeRequest *request,
                                         HandoffHandshakeFunc ended,
                                         HandoffCredentialAskFunc ask,
                                         gpointer user_data);
/* First of all, once, unless an operation begins at once, which does it, too. The timeout runs from
 * here. It may fail at once. */
void handoff_handshake_start (HandoffHandshake *self);
/* Does not end the handshake, which goes on until it ends by itself or times out; before it starts,
 * it must not be freed. */
void handoff_handshake_free (HandoffHandshake *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshake, handoff_handshake_free)

/* Operations: one at a time, each in the state that it is for. In FAILED each of them gives FAILED
 * again. Each ends with a progress, however the handshake goes. done: called once. user_data:
 * (unowned) */

/* In CONTINUE: goes on with input (stepwise), or to the end (socket: input is NULL), or to REVIEW
 * or REQUEST.
 * A socket's keys are exported at once. */
void handoff_handshake_step (HandoffHandshake *self,
                             GBytes *input,
                             HandoffHandshakeProgressFunc done,
                             gpointer user_data);
/* In REVIEW: the decision; then as a step without input. */
void handoff_handshake_review (HandoffHandshake *self,
                               gboolean accept,
                               HandoffHandshakeProgressFunc done,
                               gpointer user_data);
/* In REQUEST: the caller's choice; then as a step without input. credential: (transfer none)
 * (nullable): NULL for none. automatic: look for one of the user's, if the request may; credential
 * is NULL then */
void handoff_handshake_provide (HandoffHandshake *self,
                                HandoffCredential *credential,
                                HandoffSigningGrant *grant,
                                gboolean automatic,
                                HandoffHandshakeProgressFunc done,
                                gpointer user_data);
/* In COMPLETE: exports the keys, and destroys our copy. */
void handoff_handshake_export (HandoffHandshake *self,
                               const HandoffRecipient *recipient,
                               HandoffHandshakeProgressFunc done,
                               gpointer user_data);

/* Once the handshake has ended: why it failed, or NULL. (transfer full) (nullable) */
GError *handoff_handshake_dup_error (HandoffHandshake *self);
/* Once it has failed: the label of the credential that it used. (transfer none) (nullable) */
const char *handoff_handshake_get_credential_label (HandoffHandshake *self);
/* Once it has failed, or is complete: where the peer is, if that is known. (transfer full)
 * (nullable) */
char *handoff_handshake_dup_peer_address (HandoffHandshake *self);
/* Once the handshake has ended: the socket, if we or the peer refused the handshake. (transfer
 * full): -1 otherwise */
int handoff_handshake_take_socket (HandoffHandshake *self);
/* Ends it, if it has not ended: an operation under way gets FAILED with CANCELLED. */
void handoff_handshake_cancel (HandoffHandshake *self);
