/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "credential/credential.h"
#include "keeping/keeper.h"

/* Makes credentials out of key material: on a thread, and in the keeper, who holds the key of a new
 * one until it is added to the store, or released (handoff_keeper_release()). */

/* The label and the owner of a new credential. */
typedef struct
{
  char *label; /* (owned) */
  guint owner; /* uid */
  HandoffCredentialRoles roles;
} HandoffCredentialName;

/* data: secret memory. passphrase: (nullable): secret memory. name is copied. */
void handoff_credential_import_async (HandoffKeeper *keeper,
                                      const HandoffCredentialName *name,
                                      GBytes *data,
                                      GBytes *passphrase,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
/* Has a key made. name is copied. */
void handoff_credential_generate_async (HandoffKeeper *keeper,
                                        const HandoffCredentialName *name,
                                        const char *key_type,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
/* Of both: a credential that the store does not have yet. (transfer full) */
HandoffCredential *handoff_credential_make_finish (GAsyncResult *result, GError **error);

/* The same credential with other certificates (element-type GBytes): DER, its own first, the others
 * in the order in which they are sent: see handoff_certificate_chain_arrange(). */
void handoff_credential_certify_async (HandoffCredential *credential,
                                       GPtrArray *certificates,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
/* (transfer full). INVALID_ARGUMENT if the certificates cannot be read, or are not the key's. */
HandoffCredential *handoff_credential_certify_finish (GAsyncResult *result, GError **error);
