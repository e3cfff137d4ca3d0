/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>
#include <gnutls/abstract.h>

#include "token-text/token-uri.h"

/* What a token has. */
typedef struct
{
  gnutls_pubkey_t public_key; /* (owned) */
  GPtrArray *certificates;    /* (owned) (element-type GBytes): DER, of this key; may be empty */
} HandoffTokenKey;

void handoff_token_key_free (HandoffTokenKey *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTokenKey, handoff_token_key_free)

/* handoff_gnutls_dup_key_id() of the key that the token has at this URI. (transfer full)
 * (nullable): some tokens do not tell it. In the token's thread. */
GBytes *handoff_token_key_dup_id (gnutls_privkey_t key, const HandoffTokenUri *uri);

/* public_key: (out) (transfer full): of the key at this URI; NULL if that fails. A GnuTLS code. In
 * the token's thread. */
int handoff_token_key_read_public_key (gnutls_privkey_t key,
                                       const HandoffTokenUri *uri,
                                       gnutls_pubkey_t *public_key);

/* Reads what belongs to a key of a token, and proves by a signature that the key can be used. A
 * GnuTLS code. result: empty; filled, perhaps in part. In the token's thread. */
int
handoff_token_key_read (gnutls_privkey_t key, const HandoffTokenUri *uri, HandoffTokenKey *result);
