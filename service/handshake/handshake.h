/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "credential/credential-question.h"
#include "handshake/handshake-progress.h"
#include "handshake/handshake-request.h"
#include "work/worker.h"

/* One handshake, on one worker from start to end: on the caller's socket, or stepwise. This is the
 * main thread's side of it: each function posts to the worker, where handshake-engine.h does the
 * work. */
typedef struct _HandoffHandshake HandoffHandshake;

/* All of the following: on the main thread.
 * request: (transfer full). The timeout runs from here. ended: called once, on the main thread,
 * when nothing of the handshake is left on the worker. ask: (nullable): called at most once, before
 * that, if the request may ask. user_data is passed to both, not owned. */
typedef void (*HandoffHandshakeFunc) (gpointer user_data);
HandoffHandshake *handoff_handshake_new (HandoffWorker *worker,
                                         HandoffHandshakeRequest *request,
                                         HandoffHandshakeFunc ended,
                                         HandoffCredentialAskFunc ask,
                                         gpointer user_data);
/* Does not end the handshake, which goes on until it ends by itself or times out. */
void handoff_handshake_free (HandoffHandshake *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshake, handoff_handshake_free)

/* Operations: one at a time, each in the state that it is for. In FAILED each of them gives FAILED
 * again. Each ends with a progress, however the handshake goes. */

/* In CONTINUE: goes on with input (stepwise), or to the end (socket: input is NULL), or to REVIEW
 * or REQUEST.
 * A socket's keys are exported at once. */
void handoff_handshake_step_async (HandoffHandshake *self,
                                   GBytes *input,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
/* In REVIEW: the decision; then as a step without input. */
void handoff_handshake_review_async (HandoffHandshake *self,
                                     gboolean accept,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
/* In REQUEST: the caller's choice; then as a step without input. credential: (transfer none)
 * (nullable): NULL for none. automatic: look for one of the user's, if the request may; credential
 * is NULL then */
void handoff_handshake_provide_async (HandoffHandshake *self,
                                      HandoffCredential *credential,
                                      gboolean automatic,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
/* In COMPLETE: exports the keys, and destroys our copy. */
void handoff_handshake_export_async (HandoffHandshake *self,
                                     const HandoffRecipient *recipient,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
/* (transfer full) */
HandoffHandshakeProgress *handoff_handshake_finish (GAsyncResult *result);

/* Once the handshake has ended: why it failed, or NULL. (transfer full) (nullable) */
GError *handoff_handshake_dup_error (HandoffHandshake *self);
/* Once the handshake has ended: the socket, if we or the peer refused the handshake. (transfer
 * full): -1 otherwise */
int handoff_handshake_take_socket (HandoffHandshake *self);
/* Ends it, if it has not ended: an operation under way gets FAILED with CANCELLED. */
void handoff_handshake_cancel (HandoffHandshake *self);
