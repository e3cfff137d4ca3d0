/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "tokens/token-places.h"

/* The keys of credentials that are in tokens, and the processes that sign with them. Main thread.
 */
typedef struct _HandoffModuleKeys HandoffModuleKeys;

HandoffModuleKeys *handoff_module_keys_new (HandoffTokenPlaces *places);
/* What is under way ends with an error. */
void handoff_module_keys_free (HandoffModuleKeys *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffModuleKeys, handoff_module_keys_free)
/* The module has the token open: it keeps it so for the keys in it. */
void handoff_module_keys_attach (HandoffModuleKeys *self,
                                 const char *label,
                                 HandoffModuleProcess *module);
/* The module ends. */
void handoff_module_keys_drop_module (HandoffModuleKeys *self, HandoffModuleProcess *module);

/* A credential has its key in a token: as it was added before, or another one. Does not ask the
 * token. id: of the credential. public_key:
 * SubjectPublicKeyInfo */
void handoff_module_keys_add (HandoffModuleKeys *self,
                              const char *id,
                              const char *uri,
                              GBytes *public_key);
/* There need be none of that id. */
void handoff_module_keys_remove (HandoffModuleKeys *self, const char *id);
/* Removes those that are not needed any more. */
void handoff_module_keys_prune (HandoffModuleKeys *self,
                                gboolean (*is_needed) (const char *id, gpointer user_data),
                                gpointer user_data);
/* How many of that module's keys its process, which runs, can sign with. */
guint handoff_module_keys_count (HandoffModuleKeys *self, HandoffModuleProcess *module);
/* Which process signs with that credential's key: it is started if it does not run. Asks for the
 * token if more than one module may have it. CREDENTIAL_NOT_FOUND; FAILED. */
void handoff_module_keys_open_async (HandoffModuleKeys *self,
                                     const char *id,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
/* The process's number; 0 with an error. */
guint64 handoff_module_keys_open_finish (GAsyncResult *result, GError **error);

/* body: HANDOFF_CERTIFICATE_REQUEST_TYPE, of a credential whose key is in a token; consumed if
 * floating */
void handoff_module_keys_request_certificate_async (HandoffModuleKeys *self,
                                                    GVariant *body,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
/* DER. (transfer full) */
GBytes *handoff_module_keys_request_certificate_finish (GAsyncResult *result, GError **error);
