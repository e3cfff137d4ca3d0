/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "credential/credential.h"
#include "importers/held-import.h"

/* Makes credentials. Who has a private key, or parses what strangers wrote, is another process: the
 * keeper, and the importer of the caller. Main thread. */

/* The label and the owner of a new credential. */
typedef struct
{
  char *label; /* (owned) */
  guint owner; /* uid */
  HandoffCredentialRoles roles;
} HandoffCredentialName;

/* A credential that the store does not have yet, of a key that the keeper holds as long as held is
 * there. FAILED if the public key cannot be read. (transfer full) */
HandoffCredential *handoff_credential_new_held (const HandoffHeldImport *held,
                                                const HandoffCredentialName *name,
                                                GError **error);

/* Has the keeper make a key. uid: whose turn it is. */
void handoff_credential_generate_async (HandoffKeeper *keeper,
                                        guint uid,
                                        const char *key_type,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
/* (transfer full): without certificates */
HandoffHeldImport *handoff_credential_generate_finish (GAsyncResult *result, GError **error);

/* The same credential with other certificates (element-type GBytes): DER, its own first, the others
 * in the order in which they are sent: see handoff_certificate_chain_arrange(). uid: the caller's.
 */
void handoff_credential_certify_async (HandoffImporters *importers,
                                       guint uid,
                                       HandoffCredential *credential,
                                       GPtrArray *certificates,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
/* (transfer full). INVALID_ARGUMENT if the certificates cannot be read, or are not the key's. */
HandoffCredential *handoff_credential_certify_finish (GAsyncResult *result, GError **error);

/* The same credential with an OCSP response to staple: DER; empty: with none. uid: the caller's. */
void handoff_credential_staple_async (HandoffImporters *importers,
                                      guint uid,
                                      HandoffCredential *credential,
                                      GBytes *response,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
/* (transfer full). INVALID_ARGUMENT unless the response says that the first certificate is good. */
HandoffCredential *handoff_credential_staple_finish (GAsyncResult *result, GError **error);
