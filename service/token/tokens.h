/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "policy/configuration.h"
#include "key/private-key.h"
#include "token/token-key.h"

/* PKCS#11: the modules that the configuration names, the tokens in them, and their PINs. Nothing
 * here blocks its caller: each token with work to do has a thread of its own.
 *
 * The service never tries a PIN again that a token refused. If that PIN is from the PIN file, later
 * processes do not try it either, until the file changes. A PIN is never taken from a URI. */
typedef struct _HandoffTokens HandoffTokens;

/* state_directory: where refused PIN files are remembered ("refused-pins"). */
HandoffTokens *handoff_tokens_new (const char *state_directory);
/* Does not wait for tokens: work under way there goes on, and nobody takes its result. */
void handoff_tokens_free (HandoffTokens *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTokens, handoff_tokens_free)
/* Whether any thread of the process is in a module. Then the process must call _exit(), not exit():
 * the module's destructors would destroy what that thread works with. */
gboolean handoff_tokens_are_busy (void);
/* [Tokens] Modules and PinFile. Modules that are loaded stay. Main thread. */
void handoff_tokens_configure (HandoffTokens *self, const HandoffConfiguration *configuration);

/* The key with that canonical URI, without asking the token. public_key: (transfer full). */
HandoffPrivateKey *
handoff_tokens_get_key (HandoffTokens *self, const char *uri, gnutls_pubkey_t public_key);

/* Finds the key in its token and proves, by a signature that verifies, that it can be used. pin:
 * (nullable): secret memory; remembered if it is right. Without it, may_use_known_pin must be set:
 * then the remembered PIN, or the PIN file's, is used. If the token is open already, pin must be
 * the one that opened it. public_key: (nullable) (transfer none): of the key that is wanted; if the
 * token has another key, the PIN is not remembered. CREDENTIAL_NOT_FOUND or CREDENTIAL_LOCKED. Main
 * thread. */
void handoff_tokens_find_key_async (HandoffTokens *self,
                                    const char *uri,
                                    gnutls_pubkey_t public_key,
                                    GBytes *pin,
                                    gboolean may_use_known_pin,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
/* (transfer full) */
HandoffTokenKey *handoff_tokens_find_key_finish (GAsyncResult *result, GError **error);
/* Whether no PIN is known for the token of that URI. Does not ask the token. */
gboolean handoff_tokens_is_locked (HandoffTokens *self, const char *uri);
/* Whether a PIN is remembered that a later process would not know: then the service must not leave
 * when it is idle. */
gboolean handoff_tokens_holds_pins (HandoffTokens *self);
