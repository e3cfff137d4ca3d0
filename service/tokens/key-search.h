/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "tokens/token-places.h"

/* What a token has. */
typedef struct
{
  GBytes *public_key;      /* (owned): SubjectPublicKeyInfo, DER */
  GPtrArray *certificates; /* (owned) (element-type GBytes): DER, of this key; may be empty */
} HandoffModuleKey;

void handoff_module_key_free (HandoffModuleKey *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffModuleKey, handoff_module_key_free)

/* Finds the key in its token and proves, by a signature that verifies, that it can be used. pin:
 * (nullable): secret memory; remembered if it is right. Without it, may_use_known_pin must be set:
 * then the remembered PIN, or the PIN file's, is used. If the token is open already, pin must be
 * the one that opened it. public_key: (nullable): SubjectPublicKeyInfo of the key that is wanted;
 * if the token has another key, the PIN is not remembered. CREDENTIAL_NOT_FOUND, CREDENTIAL_LOCKED;
 * FAILED if the process ended meanwhile. */
void handoff_key_search_async (HandoffTokenPlaces *places,
                               const char *uri,
                               GBytes *public_key,
                               GBytes *pin,
                               gboolean may_use_known_pin,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
/* (transfer full) */
HandoffModuleKey *handoff_key_search_finish (GAsyncResult *result, GError **error);
