/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "credential/credential.h"

/* Credentials and their parts, of the certificates of tests/lib/make-certs. */

/* The content of a file there: "rsa.key". */
GBytes *test_file_new (const char *name);
/* NAME.pem, DER. */
GBytes *test_certificate_new (const char *name);
/* Of the certificates with these names, NULL at the end. (element-type GBytes) */
GPtrArray *test_certificates_new (const char *name, ...) G_GNUC_NULL_TERMINATED;
gnutls_x509_privkey_t test_x509_key_new (const char *name);
HandoffPrivateKey *test_private_key_new (const char *name);
/* A credential of that key with these certificates (element-type GBytes) (nullable), and a response
 * to staple (nullable). id, token_uri: (nullable). NULL with error if they are no description. */
HandoffCredential *test_credential_make (const char *id,
                                         const char *label,
                                         guint owner,
                                         HandoffCredentialRoles roles,
                                         HandoffPrivateKey *key,
                                         const char *token_uri,
                                         GPtrArray *certificates,
                                         GBytes *ocsp_response,
                                         GError **error);
/* NAME's key and certificate. id: (nullable) */
HandoffCredential *
test_credential_new (const char *id, const char *label, guint owner, const char *name);
