/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/authority.h"
#include "caller/caller.h"

/* A question to the authority with its entry in the audit log: before a call runs, and in the
 * middle of one, when it turns out what more it needs. */

/* details: (nullable): not changed until the answer. Cancelled when the caller leaves. */
void handoff_authorization_ask_async (HandoffAuthority *authority,
                                      HandoffCaller *caller,
                                      const char *action,
                                      GHashTable *details,
                                      gboolean interactive,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
/* TRUE if allowed. An answer may take minutes: whoever gets it checks again what he asked about.
 * TLS_HANDOFF_ERROR_CANCELLED if the caller has left, whatever the answer. */
gboolean handoff_authorization_ask_finish (GAsyncResult *result, GError **error);
