/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/authority.h"
#include "caller/caller.h"

/* A question to the authority, with an entry in the audit log: before a call runs, or in the middle
 * of one, when the service learns what more the call needs. */

/* details: (nullable): not changed until the answer. Cancelled when the caller leaves. */
void handoff_authorization_ask_async (HandoffAuthority *authority,
                                      HandoffCaller *caller,
                                      const char *action,
                                      GHashTable *details,
                                      gboolean interactive,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
/* Likewise, whether a handshake may use a credential. credential: need not outlive the call. */
void handoff_authorization_ask_for_credential_async (HandoffAuthority *authority,
                                                     HandoffCaller *caller,
                                                     const char *action,
                                                     GHashTable *details,
                                                     gboolean interactive,
                                                     const HandoffAuthorityCredential *credential,
                                                     GAsyncReadyCallback callback,
                                                     gpointer user_data);
/* TRUE if allowed. An answer may take minutes: check again afterwards that what you asked about is
 * still the same. TLS_HANDOFF_ERROR_CANCELLED if the caller has left, whatever the answer.
 * is_plain: (out) (nullable): whether a yes may be remembered: handoff_authority_check_finish(). */
gboolean
handoff_authorization_ask_finish (GAsyncResult *result, gboolean *is_plain, GError **error);
/* After a yes: see handoff_authority_take_grant(). (transfer full) (nullable) */
HandoffSigningGrant *handoff_authorization_take_grant (GAsyncResult *result);
