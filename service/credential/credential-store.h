/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "credential/credentials.h"
#include "importers/importers.h"
#include "keeping/keeper.h"

/* HandoffCredentials: all of them, as the broker knows them: what they are called, whose they are,
 * and what their certificates say. Keys and folders are the keeper's, who does one change after the
 * other. If that ends, changes under way fail, and a new one reads all again.
 *
 * Signal "changed" (guint owner): a credential of that user was added, changed or removed; of the
 * machine, or of anybody: all were read again. It comes before who changed it is answered. */
#define HANDOFF_TYPE_CREDENTIAL_STORE (handoff_credential_store_get_type ())
G_DECLARE_FINAL_TYPE (
    HandoffCredentialStore, handoff_credential_store, HANDOFF, CREDENTIAL_STORE, GObject)

/* Starts the keeper, and asks it for all: until it has told, the store is busy. Damaged folders are
 * reported and skipped. If the directory cannot be used at all, there is a warning, and every
 * change fails; handshakes without a credential still work. importers: must outlive it. */
HandoffCredentialStore *handoff_credential_store_new (HandoffKeeper *keeper,
                                                      HandoffImporters *importers);
/* Reads all again; changes that are under way come before or after it. */
void handoff_credential_store_reload_async (HandoffCredentialStore *self,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
gboolean handoff_credential_store_reload_finish (HandoffCredentialStore *self,
                                                 GAsyncResult *result,
                                                 GError **error);

guint handoff_credential_store_get_size (HandoffCredentialStore *self);
/* The number of a user's credentials, with those being added: for the limit. */
guint handoff_credential_store_count (HandoffCredentialStore *self, guint owner);
/* The number of folders that could not be read. */
guint handoff_credential_store_get_n_damaged (HandoffCredentialStore *self);
/* Whether a change is under way. */
gboolean handoff_credential_store_is_busy (HandoffCredentialStore *self);

/* A changed credential: (transfer full), or NULL with the error. INVALID_ARGUMENT if the owner has
 * a credential with that label already. A key in a file is the one that the keeper holds under the
 * credential's id. */
void handoff_credential_store_add_async (HandoffCredentialStore *self,
                                         HandoffCredential *credential,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
/* Puts credential, which has new certificates, in the place of the one with its id.
 * CREDENTIAL_NOT_FOUND if that one was removed meanwhile. */
void handoff_credential_store_set_certificates_async (HandoffCredentialStore *self,
                                                      HandoffCredential *credential,
                                                      GAsyncReadyCallback callback,
                                                      gpointer user_data);
/* Likewise one with another OCSP response, or none. FAILED if the other has other certificates. */
void handoff_credential_store_set_ocsp_response_async (HandoffCredentialStore *self,
                                                       HandoffCredential *credential,
                                                       GAsyncReadyCallback callback,
                                                       gpointer user_data);
HandoffCredential *handoff_credential_store_change_finish (HandoffCredentialStore *self,
                                                           GAsyncResult *result,
                                                           GError **error);
/* CREDENTIAL_NOT_FOUND if it was removed meanwhile. */
void handoff_credential_store_remove_async (HandoffCredentialStore *self,
                                            const char *id,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
gboolean handoff_credential_store_remove_finish (HandoffCredentialStore *self,
                                                 GAsyncResult *result,
                                                 GError **error);
