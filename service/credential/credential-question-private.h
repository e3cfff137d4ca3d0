/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/gnutls.h>

#include "credential/credential-question.h"

/* The side of the handshake. */

/* On the main thread, when the question is answered; from there it is the handshake's business to
 * get back to its worker. credential: (transfer none) (nullable). error: (nullable) */
typedef void (*HandoffCredentialAnswered) (HandoffCredential *credential,
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
