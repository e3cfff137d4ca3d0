/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "handshake-options.h"
#include "keyblob/handoff-names.h"
#include "server-identity.h"
#include "tls-policy.h"
#include "worker.h"

/* What to do a handshake on, and how. */
typedef struct
{
  int fd;                           /* (owned): the caller's socket, checked; -1 once taken */
  HandoffServerIdentity *identity;  /* (owned) */
  HandoffHandshakeOptions *options; /* (owned) */
  HandoffTlsPolicy *policy;         /* (owned) */
  guint8 recipient_key[HANDOFF_RECIPIENT_KEY_SIZE];
} HandoffHandshakeRequest;

void handoff_handshake_request_free (HandoffHandshakeRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakeRequest, handoff_handshake_request_free)

/* What came of it: the sealed key blob, and what was negotiated. No key, no GnuTLS session. */
typedef struct
{
  int key_blob_fd;             /* (owned): sealed memfd; -1 once taken */
  const char *protocol;        /* HANDOFF_PROTOCOL_… */
  const char *cipher_suite;    /* IANA name */
  char *application_protocol;  /* (owned) (nullable) */
  char *server_name;           /* (owned) (nullable) */
  const char *ocsp_status;     /* HANDOFF_OCSP_… */
  GVariant *peer_certificates; /* (owned): aay */
} HandoffHandshakeOutcome;

void handoff_handshake_outcome_free (HandoffHandshakeOutcome *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakeOutcome, handoff_handshake_outcome_free)

/* Does the whole client handshake on worker, exports the keys, destroys its own copy.
 * request: (transfer full). Call from, and called back on, the main thread. */
void handoff_handshake_run_async (HandoffWorker *worker,
                                  HandoffHandshakeRequest *request,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
HandoffHandshakeOutcome *handoff_handshake_run_finish (GAsyncResult *result, GError **error);
