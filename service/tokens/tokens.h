/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/abstract.h>

#include "tokens/modules.h"

/* Credentials' keys in PKCS#11 tokens, as GnuTLS has public keys: modules.h does the work. Main
 * thread. */
typedef struct _HandoffTokens HandoffTokens;

/* As for handoff_modules_new(). */
HandoffTokens *handoff_tokens_new (const char *state_directory,
                                   const HandoffModulesFunctions *functions,
                                   gpointer user_data);
void handoff_tokens_free (HandoffTokens *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTokens, handoff_tokens_free)
void handoff_tokens_configure (HandoffTokens *self, const HandoffConfiguration *configuration);

/* What a token has. */
typedef struct
{
  gnutls_pubkey_t public_key; /* (owned) */
  GPtrArray *certificates;    /* (owned) (element-type GBytes): DER, of this key; may be empty */
} HandoffTokenKey;

void handoff_token_key_free (HandoffTokenKey *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTokenKey, handoff_token_key_free)

/* As handoff_key_search_async(). public_key: (nullable) (transfer none) */
void handoff_tokens_find_key_async (HandoffTokens *self,
                                    const char *uri,
                                    gnutls_pubkey_t public_key,
                                    GBytes *pin,
                                    gboolean may_use_known_pin,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
/* (transfer full) */
HandoffTokenKey *handoff_tokens_find_key_finish (GAsyncResult *result, GError **error);

/* (transfer none) */
HandoffModuleKeys *handoff_tokens_get_keys (HandoffTokens *self);

/* As those of modules.h. */
gboolean handoff_tokens_is_locked (HandoffTokens *self, const char *uri);
gboolean handoff_tokens_holds_pins (HandoffTokens *self);
void handoff_tokens_describe (HandoffTokens *self, GVariantBuilder *programs);
