/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/abstract.h>

#include "handshake/credential-question.h"
#include "handshake/client-hello.h"
#include "handshake/handshake-pause.h"
#include "handshake/handshake-request.h"
#include "handshake/signature-input.h"

/* The credential of one handshake, which was named before it, or is asked for in the middle: of the
 * caller, if it wants to choose, or of the main thread, which looks for one of the user's. It
 * tells GnuTLS its certificates, and with which key to sign (handshake-key.h). On the worker. */
typedef struct _HandoffHandshakeCredential HandoffHandshakeCredential;

/* pause, request, input: must outlive it. ask: (nullable): NULL: nobody is asked. It is called on
 * the main thread, with ask_data, only as long as the handshake has not ended. */
HandoffHandshakeCredential *
handoff_handshake_credential_new (HandoffHandshakePause *pause,
                                  const HandoffHandshakeRequest *request,
                                  HandoffSignatureInput *input,
                                  HandoffCredentialAskFunc ask,
                                  gpointer ask_data);
void handoff_handshake_credential_free (HandoffHandshakeCredential *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakeCredential, handoff_handshake_credential_free)

/* As a server, on the fiber, when the ClientHello has come: chooses the credential. Returns a
 * GnuTLS code, negative if there is none. */
int handoff_handshake_credential_choose (HandoffHandshakeCredential *self,
                                         const HandoffClientHello *client_hello);

/* (transfer none) (nullable): the one that the peer has seen, or will see. */
HandoffCredential *handoff_handshake_credential_get (HandoffHandshakeCredential *self);
/* As a server: the name that the client asked for. (transfer none) (nullable) */
const char *handoff_handshake_credential_get_server_name (HandoffHandshakeCredential *self);
/* As a client: whether the server asked for a certificate. */
gboolean handoff_handshake_credential_is_requested (HandoffHandshakeCredential *self);
/* As a client that asks its caller: whether run() returned because the caller has to choose. TRUE
 * once. */
gboolean handoff_handshake_credential_takes_request (HandoffHandshakeCredential *self);
/* As a client: the names that the server sent with its request, aay; NULL if it asked for nothing.
 * (transfer none) (nullable) */
GVariant *handoff_handshake_credential_get_authorities (HandoffHandshakeCredential *self);
/* The caller's answer, while it is asked: the function that pauses can go on. credential: (transfer
 * none) (nullable): NULL for none. grant: (transfer none) (nullable): to use that. automatic: look
 * for one of the user's, if the request may */
void handoff_handshake_credential_provide (HandoffHandshakeCredential *self,
                                           HandoffCredential *credential,
                                           HandoffSigningGrant *grant,
                                           gboolean automatic);
gboolean handoff_handshake_credential_was_caller_asked (HandoffHandshakeCredential *self);
/* As a client: whether the user's credentials were looked through for the server's authorities. */
gboolean handoff_handshake_credential_was_looked_for (HandoffHandshakeCredential *self);
/* Whether the credential's certificate, if there is one, allows its key to sign handshakes. FALSE:
 * get_error() says so. */
gboolean handoff_handshake_credential_may_sign (HandoffHandshakeCredential *self);
/* Why there is no credential, or why it could not sign. (transfer none) (nullable) */
const GError *handoff_handshake_credential_get_error (HandoffHandshakeCredential *self);

/* For gnutls_certificate_set_retrieve_function3(): what the peer will see. On the fiber. */
int handoff_handshake_credential_retrieve (HandoffHandshakeCredential *self,
                                           const struct gnutls_cert_retr_st *info,
                                           gnutls_pcert_st **pcerts,
                                           unsigned int *n_pcerts,
                                           gnutls_ocsp_data_st **ocsp,
                                           unsigned int *n_ocsp,
                                           gnutls_privkey_t *key,
                                           unsigned int *flags);
