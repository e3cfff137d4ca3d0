/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "token/token-uri.h"
#include "token/tokens.h"

/* handoff_gnutls_dup_key_id() of the key that the token has at this URI. (transfer full)
 * (nullable): a token need not tell. In the token's thread. */
GBytes *handoff_token_key_dup_id (gnutls_privkey_t key, const HandoffTokenUri *uri);

/* Reads what belongs to a key of a token, and proves by a signature that the key can be used. A
 * GnuTLS code. result: empty; filled, perhaps in part. In the token's thread. */
int
handoff_token_key_read (gnutls_privkey_t key, const HandoffTokenUri *uri, HandoffTokenKey *result);
