/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "token/token.h"
#include "token-text/token-uri.h"

/* The tokens in use, by their labels. A token stays open as long as somebody uses it. Main thread;
 * the tokens' own threads do what is asked of them. */
typedef struct _HandoffTokenTable HandoffTokenTable;
/* One key of a token, as somebody uses it. */
typedef struct _HandoffTokenLease HandoffTokenLease;

/* As long as the process. */
HandoffTokenTable *handoff_token_table_new (HandoffTokenPins *pins);

/* uri: of the key. key_id: (nullable): handoff_gnutls_dup_key_id() of the key that is wanted. Does
 * not ask the token. TLS_HANDOFF_ERROR_INVALID_ARGUMENT if uri is none. */
HandoffTokenLease *
handoff_token_lease_new (HandoffTokenTable *table, const char *uri, GBytes *key_id, GError **error);
HandoffTokenLease *handoff_token_lease_ref (HandoffTokenLease *self);
/* The last reference to the last lease of a token closes that. Does not wait. */
void handoff_token_lease_unref (HandoffTokenLease *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTokenLease, handoff_token_lease_unref)

/* (transfer none). Any thread. */
const HandoffTokenUri *handoff_token_lease_get_uri (HandoffTokenLease *self);

/* As handoff_token_use_key() and handoff_token_use_key_with_pin(). The lease must stay until used
 * is called. */
void handoff_token_lease_use (HandoffTokenLease *self,
                              HandoffTokenUse use,
                              HandoffTokenUsed used,
                              gpointer user_data);
void handoff_token_lease_use_with_pin (HandoffTokenLease *self,
                                       GBytes *pin,
                                       gboolean may_use_known_pin,
                                       HandoffTokenUse use,
                                       HandoffTokenUsed used,
                                       gpointer user_data);
