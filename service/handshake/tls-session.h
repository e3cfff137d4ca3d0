/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "export/key-export.h"
#include "handshake/handshake-credential.h"
#include "handshake/handshake-transport.h"
#include "trust/peer-verification.h"

/* The GnuTLS session of one handshake, with what its callbacks do and collect: verify the peer,
 * find the credential, keep the traffic secrets. On the worker.
 *
 * gnutls_handshake() runs on a fiber (handshake-pause.h). That is gone when it returns, which it
 * does whenever it has to wait for the peer; it pauses where GnuTLS cannot return, to wait for a
 * credential or for a signature of it (handshake-wait.h). While it pauses, nothing else may be done
 * with the session.
 */
typedef struct _HandoffTlsSession HandoffTlsSession;

/* pause, request, transport: must outlive it. ask: see handshake-credential.h. */
HandoffTlsSession *handoff_tls_session_new (HandoffHandshakePause *pause,
                                            HandoffHandshakeRequest *request,
                                            HandoffHandshakeTransport *transport,
                                            HandoffCredentialAskFunc ask,
                                            gpointer ask_data,
                                            GError **error);
/* Whatever it pauses for counts as failed. Forgets everything that it knew: GnuTLS wipes what it
 * frees (gnutls-support.c), we wipe what we collected, then the stacks. */
void handoff_tls_session_free (HandoffTlsSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTlsSession, handoff_tls_session_free)

/* gnutls_handshake(), as far as it goes: TRUE when it returned *code, which is no GNUTLS_E_AGAIN as
 * long as input is left. FALSE: it pauses. */
gboolean handoff_tls_session_run (HandoffTlsSession *self, int *code);
/* Whether it returned so often without having come further that it is to be given up. */
gboolean handoff_tls_session_is_stuck (HandoffTlsSession *self);

/* Whether run() returned because the caller has to decide about the peer's certificate; once. */
gboolean handoff_tls_session_takes_review (HandoffTlsSession *self);
/* The decision: go on. */
void handoff_tls_session_accept (HandoffTlsSession *self);
/* Whether the peer is whom it should be, or was accepted: TRUE before its certificate is known.
 * After the handshake, complete: also verifies a resumed session's peer, against what is trusted
 * now, at the time that it is now. */
gboolean handoff_tls_session_is_trusted (HandoffTlsSession *self, gboolean complete);
/* (transfer none): of nobody before the peer's certificate is known. */
const HandoffPeerVerification *handoff_tls_session_get_verification (HandoffTlsSession *self);

/* (nullable): why the peer's messages are not worked on, see peer-limits.h */
const GError *handoff_tls_session_get_refusal (HandoffTlsSession *self);

/* One attempt: a peer that does not read must not keep the worker. */
void handoff_tls_session_send_alert (HandoffTlsSession *self, gnutls_alert_description_t alert);

/* (transfer none) */
gnutls_session_t handoff_tls_session_get (HandoffTlsSession *self);
HandoffKeyExport *handoff_tls_session_get_export (HandoffTlsSession *self);
HandoffHandshakeCredential *handoff_tls_session_get_credential (HandoffTlsSession *self);
