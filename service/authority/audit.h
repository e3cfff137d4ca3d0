/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "caller/caller.h"

#define HANDOFF_AUDIT_AUTHORIZATION_ID "0d4d9b9f6a3b4c5c9d0e6c1f5f3c2a71"

/* The audit log's entry for an authorization decision. details: (nullable): what polkit's rules
 * saw. error: (nullable): why it was denied */
void handoff_audit_authorization (HandoffCaller *caller,
                                  const char *action,
                                  GHashTable *details,
                                  const GError *error);
/* Likewise for a yes that polkit gave before, and that a channel remembers (grants.h). Any thread.
 */
void handoff_audit_remembered (HandoffCaller *caller, const char *action, GHashTable *details);
