/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "token-uri.h"
#include "tokens.h"

/* Whether the key that the token has at this URI is known to be another one than that with this
 * handoff_gnutls_dup_key_id(). A token need not tell: then it is not. In the token's thread. */
gboolean
handoff_token_key_is_other (gnutls_privkey_t key, const HandoffTokenUri *uri, GBytes *key_id);

/* Reads what belongs to a key of a token, and proves by a signature that the key can be used. A
 * GnuTLS code. result: empty; filled, perhaps in part. In the token's thread. */
int
handoff_token_key_read (gnutls_privkey_t key, const HandoffTokenUri *uri, HandoffTokenKey *result);
