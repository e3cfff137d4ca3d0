/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "handshake/credential-question.h"
#include "handshake/handshake-pause.h"
#include "handshake/handshake-progress.h"
#include "handshake/handshake-request.h"
#include "work/worker.h"

/* One handshake as its worker sees it, from the socket to the keys. handshake.h is its home's side,
 * which starts operations: on the worker, in the order in which they were started. Every callback
 * comes on the worker, as the last thing that a function does with the handshake: it may start the
 * next operation, abort the handshake, and let go of it. */
typedef struct _HandoffHandshakeEngine HandoffHandshakeEngine;

typedef enum
{
  HANDOFF_OPERATION_STEP,
  HANDOFF_OPERATION_REVIEW,
  HANDOFF_OPERATION_PROVIDE,
  HANDOFF_OPERATION_EXPORT,
} HandoffOperationKind;

typedef struct
{
  HandoffOperationKind kind;
  GBytes *input; /* (owned) (nullable) */
  gboolean accept;
  HandoffCredential *credential; /* (owned) (nullable) */
  HandoffSigningGrant *grant;    /* (owned) (nullable) */
  gboolean automatic;
  HandoffRecipient recipient;
} HandoffOperation;

/* worker: (unowned). home: (unowned) (nullable): the same, or NULL for the main thread. request:
 * (transfer full). ask: (nullable): see handshake-credential.h. ended: called when nothing of the
 * handshake is left on the worker; until then the engine keeps itself. */
HandoffHandshakeEngine *handoff_handshake_engine_new (HandoffWorker *worker,
                                                      HandoffWorker *home,
                                                      HandoffHandshakeRequest *request,
                                                      HandoffCredentialAskFunc ask,
                                                      gpointer ask_data,
                                                      HandoffHandshakeFunc ended,
                                                      gpointer ended_data);
HandoffHandshakeEngine *handoff_handshake_engine_ref (HandoffHandshakeEngine *self);
void handoff_handshake_engine_unref (HandoffHandshakeEngine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakeEngine, handoff_handshake_engine_unref)

/* On the worker's thread. */

/* Called first; the first operation does it if nobody did. The timeout runs from here. */
void handoff_handshake_engine_start (HandoffHandshakeEngine *self);
/* done: called when the operation ends, perhaps within this call. */
void handoff_handshake_engine_operate (HandoffHandshakeEngine *self,
                                       const HandoffOperation *operation,
                                       HandoffHandshakeProgressFunc done,
                                       gpointer done_data);
/* Ends the handshake, if it has not ended. */
void handoff_handshake_engine_abort (HandoffHandshakeEngine *self);

/* (transfer none) */
HandoffHandshakePause *handoff_handshake_engine_get_pause (HandoffHandshakeEngine *self);

/* At home, once the handshake has ended: see handshake.h. */
GError *handoff_handshake_engine_dup_error (HandoffHandshakeEngine *self);
int handoff_handshake_engine_take_socket (HandoffHandshakeEngine *self);
const char *handoff_handshake_engine_get_credential_label (HandoffHandshakeEngine *self);
char *handoff_handshake_engine_dup_peer_address (HandoffHandshakeEngine *self);
