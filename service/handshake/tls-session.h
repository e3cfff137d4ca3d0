/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "export/key-export.h"
#include "handshake/handshake-credential.h"
#include "handshake/handshake-transport.h"
#include "trust/peer-verification.h"

/* The GnuTLS session of one handshake, with what its callbacks do and collect: they verify the
 * peer, find the credential, keep the traffic secrets. On the worker.
 *
 * gnutls_handshake() runs on a fiber (handshake-pause.h). It returns whenever it has to wait for
 * the peer; then the fiber is gone. It pauses where GnuTLS cannot return: to wait for a credential,
 * or for a signature of the credential (handshake-wait.h). While it pauses, nothing else may be
 * done with the session but to ask it for what it has. */
typedef struct _HandoffTlsSession HandoffTlsSession;

/* pause, request, transport: must outlive it. ask: see handshake-credential.h. */
HandoffTlsSession *handoff_tls_session_new (HandoffHandshakePause *pause,
                                            HandoffHandshakeRequest *request,
                                            HandoffHandshakeTransport *transport,
                                            HandoffCredentialAskFunc ask,
                                            gpointer ask_data,
                                            GError **error);
/* Whatever the session waits for counts as failed. Forgets everything that the session knew: GnuTLS
 * wipes what it frees (gnutls-support.c), we wipe what we collected, then the stacks. */
void handoff_tls_session_free (HandoffTlsSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTlsSession, handoff_tls_session_free)

/* Runs gnutls_handshake() as far as it goes. TRUE: it returned *code, which is no GNUTLS_E_AGAIN as
 * long as input is left. FALSE: it pauses. */
gboolean handoff_tls_session_run (HandoffTlsSession *self, int *code);
/* Whether gnutls_handshake() returned so often without progress that it is to be given up. */
gboolean handoff_tls_session_is_stuck (HandoffTlsSession *self);

/* Whether run() returned because the caller has to decide about the peer's certificate. TRUE once.
 */
gboolean handoff_tls_session_takes_review (HandoffTlsSession *self);
/* Whether run() pauses because the caller has to choose a credential. TRUE once. */
gboolean handoff_tls_session_takes_request (HandoffTlsSession *self);
/* Whatever the session waits for counts as failed: it returns, and can send an alert. */
void handoff_tls_session_give_up (HandoffTlsSession *self);
/* The decision: go on. */
void handoff_tls_session_accept (HandoffTlsSession *self);
/* Whether the peer is who it should be, or was accepted. TRUE before the peer's certificate is
 * known. complete: the handshake is complete: also verifies the peer of a resumed session, against
 * what is trusted now, at the present time. */
gboolean handoff_tls_session_is_trusted (HandoffTlsSession *self, gboolean complete);
/* Whether the peer was verified, with problems or without. */
gboolean handoff_tls_session_is_verified (HandoffTlsSession *self);
/* (transfer none): before the peer's certificate is known: that of no peer. */
const HandoffPeerVerification *handoff_tls_session_get_verification (HandoffTlsSession *self);

/* (nullable): why the peer's messages are refused: see peer-limits.h */
const GError *handoff_tls_session_get_refusal (HandoffTlsSession *self);

/* Tries once: a peer that does not read must not keep the worker. */
void handoff_tls_session_send_alert (HandoffTlsSession *self, gnutls_alert_description_t alert);

/* (transfer none) */
gnutls_session_t handoff_tls_session_get (HandoffTlsSession *self);
HandoffKeyExport *handoff_tls_session_get_export (HandoffTlsSession *self);
HandoffHandshakeCredential *handoff_tls_session_get_credential (HandoffTlsSession *self);
