/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/abstract.h>

#include "token/token-pins.h"

/* A token: its thread, and the keys that are open there. The token stays open while somebody has a
 * reference. Its label tells it from others, as in the PIN file. Reference-counted; any thread. */
typedef struct _HandoffToken HandoffToken;

HandoffToken *handoff_token_new (const char *label, HandoffTokenPins *pins);
HandoffToken *handoff_token_ref (HandoffToken *self);
/* Does not wait: the last reference closes the token in its own thread. */
void handoff_token_unref (HandoffToken *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffToken, handoff_token_unref)

/* Uses a key, and returns a GnuTLS code. May be called a second time if the first call failed
 * because the token was away. */
typedef int (*HandoffTokenUse) (gnutls_privkey_t key, gpointer user_data);
/* Called once, at the end. error: (nullable): TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED or
 * _CREDENTIAL_NOT_FOUND name the token; otherwise _FAILED. */
typedef void (*HandoffTokenUsed) (const GError *error, gpointer user_data);

/* Both functions are called later, in the token's thread, and may take as long as the token likes;
 * used also at once, if no thread can be started. uri: canonical, of this token. key_id:
 * (nullable): handoff_gnutls_dup_key_id() of the key that is wanted: for another key the error is
 * CREDENTIAL_NOT_FOUND, and the token's PIN is not remembered. This is for the service itself: any
 * PIN that it knows may be used. */
void handoff_token_use_key (HandoffToken *self,
                            const char *uri,
                            GBytes *key_id,
                            HandoffTokenUse use,
                            HandoffTokenUsed used,
                            gpointer user_data);
/* The same for a user, who has to give a PIN unless may_use_known_pin; see
 * handoff_tokens_find_key_async(). pin: (nullable) */
void handoff_token_use_key_with_pin (HandoffToken *self,
                                     const char *uri,
                                     GBytes *key_id,
                                     GBytes *pin,
                                     gboolean may_use_known_pin,
                                     HandoffTokenUse use,
                                     HandoffTokenUsed used,
                                     gpointer user_data);
