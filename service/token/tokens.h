/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "policy/configuration.h"
#include "key/private-key.h"
#include "token/token-key.h"

/* PKCS#11: the modules that the configuration names, the tokens in them, and their PINs. Nothing
 * here blocks its caller: each token has a thread of its own while there is something to do with
 * it.
 *
 * A PIN that a token refused is never tried again by itself: neither now, nor, if it is from the
 * PIN file, by a later process, until the file is another one. A PIN is never taken from a URI. */
typedef struct _HandoffTokens HandoffTokens;

/* state_directory: where refused PIN files are remembered ("refused-pins"). */
HandoffTokens *handoff_tokens_new (const char *state_directory);
/* Waits for no token: what is under way there goes on, and ends in the dark. */
void handoff_tokens_free (HandoffTokens *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTokens, handoff_tokens_free)
/* Whether a thread is in a module, of whichever HandoffTokens. A process must not exit() then, but
 * _exit(): the module's destructors would take away what that thread works with. */
gboolean handoff_tokens_are_busy (void);
/* [Tokens] Modules and PinFile. Modules that are loaded stay. Main thread. */
void handoff_tokens_configure (HandoffTokens *self, const HandoffConfiguration *configuration);

/* Checks a PKCS#11 URI of a private key: it must name token and object, and no PIN. Returns its
 * canonical spelling, (transfer full), or NULL with TLS_HANDOFF_ERROR_INVALID_ARGUMENT. */
char *handoff_token_uri_canonicalize (const char *uri, GError **error);

/* The key with that canonical URI, without asking the token. public_key: (transfer full). */
HandoffPrivateKey *
handoff_tokens_get_key (HandoffTokens *self, const char *uri, gnutls_pubkey_t public_key);

/* Finds the key in its token and proves, by a signature that verifies, that it can be used. pin:
 * (nullable): secret memory; remembered if it is right. Who gives none needs may_use_known_pin:
 * then the PIN that is remembered, or that of the PIN file, is used. A PIN that is given while the
 * token is open already must be the one that opened it. public_key: (nullable) (transfer none): of
 * the key that it has to be; if the token has another one, its PIN is not remembered.
 * CREDENTIAL_NOT_FOUND or CREDENTIAL_LOCKED. Main thread. */
void handoff_tokens_find_key_async (HandoffTokens *self,
                                    const char *uri,
                                    gnutls_pubkey_t public_key,
                                    GBytes *pin,
                                    gboolean may_use_known_pin,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
/* (transfer full) */
HandoffTokenKey *handoff_tokens_find_key_finish (GAsyncResult *result, GError **error);
/* Whether no PIN is known for the token of that URI. Asks nobody. */
gboolean handoff_tokens_is_locked (HandoffTokens *self, const char *uri);
/* Whether a PIN is remembered that a later process would not have: the service must not leave only
 * because it is idle. */
gboolean handoff_tokens_holds_pins (HandoffTokens *self);
