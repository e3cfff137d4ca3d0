/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "credential.h"

/* What makes a credential out of key material, on a thread. */

/* What it shall be called, and whose it shall be. */
typedef struct
{
  char *label; /* (owned) */
  guint owner; /* uid */
  HandoffCredentialRoles roles;
} HandoffCredentialName;

/* A credential that the store does not have yet. */
typedef struct
{
  HandoffCredential *credential; /* (owned) */
  GBytes *key_pem;               /* (owned): PKCS #8; secret memory */
} HandoffNewCredential;

void handoff_new_credential_free (HandoffNewCredential *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffNewCredential, handoff_new_credential_free)

/* data: secret memory. passphrase: (nullable): secret memory. name is copied. */
void handoff_credential_import_async (const HandoffCredentialName *name,
                                      GBytes *data,
                                      GBytes *passphrase,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
/* Makes a key. name is copied. */
void handoff_credential_generate_async (const HandoffCredentialName *name,
                                        const char *key_type,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
/* Of both. (transfer full) */
HandoffNewCredential *handoff_new_credential_finish (GAsyncResult *result, GError **error);
