/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

#include "credential/credential.h"
#include "signature/signing-grant.h"
#include "keyblob/key-state.h"

/* Which credential a handshake shall have. It asks when it has to know, since the server's name, or
 * the server's authorities, are known now. The question is made on the handshake's worker, and
 * answered on the main thread, which may have to ask polkit first. The handshake waits meanwhile;
 * its worker does not. */
typedef struct _HandoffCredentialQuestion HandoffCredentialQuestion;

/* How the handshake asks: at its home, which sends the question on to the main thread if that is
 * elsewhere. On a worker: within the handshake's fiber. question: (transfer full): ended by its
 * answer, sooner or later. */
typedef void (*HandoffCredentialAskFunc) (HandoffCredentialQuestion *question, gpointer user_data);

/* How the handshake hears the answer. On the main thread; from there it is the handshake's business
 * to get back to its worker. credential, grant: as in handoff_credential_question_answer(). error:
 * (nullable) */
typedef void (*HandoffCredentialAnswered) (HandoffCredential *credential,
                                           HandoffSigningGrant *grant,
                                           const GError *error,
                                           gpointer user_data);

/* As a client: authorities: distinguished names, DER, (transfer none). algorithms: the kinds of
 * keys that the server takes. */
HandoffCredentialQuestion *
handoff_credential_question_new_for_client (const gnutls_datum_t *authorities,
                                            guint n_authorities,
                                            const gnutls_pk_algorithm_t *algorithms,
                                            guint n_algorithms,
                                            HandoffCredentialAnswered answered,
                                            gpointer user_data);
/* As a server: server_name: (nullable). schemes: the client's signature schemes (RFC 8446 4.2.3);
 * n_schemes: 0 if it sent none. */
HandoffCredentialQuestion *
handoff_credential_question_new_for_server (const char *server_name,
                                            const guint16 *schemes,
                                            guint n_schemes,
                                            HandoffCredentialAnswered answered,
                                            gpointer user_data);

/* (transfer none) */
HandoffRole handoff_credential_question_get_role (HandoffCredentialQuestion *self);
/* As a server: the name that the client asked for, A-labels in lower case; NULL if none. */
const char *handoff_credential_question_get_server_name (HandoffCredentialQuestion *self);
/* As a client: whether one of the authorities that the server names issued the credential, and the
 * server takes keys of its kind. As a server: whether the client does. */
gboolean handoff_credential_question_accepts (HandoffCredentialQuestion *self,
                                              const HandoffCredential *credential);

/* Ends and frees it. credential: (transfer none) (nullable): NULL for none. grant: (transfer none)
 * (nullable): to use that. error: (transfer none)
 * (nullable): what the handshake fails with: why a server has none, or why nobody can tell. */
void handoff_credential_question_answer (HandoffCredentialQuestion *self,
                                         HandoffCredential *credential,
                                         HandoffSigningGrant *grant,
                                         const GError *error);
