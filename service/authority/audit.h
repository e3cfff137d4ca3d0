/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "caller/caller.h"

/* The audit log's entry for an authorization decision. details: (nullable): what polkit's rules
 * saw. error: (nullable): why it was denied */
void handoff_audit_authorization (HandoffCaller *caller,
                                  const char *action,
                                  GHashTable *details,
                                  const GError *error);
/* Likewise for a yes that polkit gave before, and that a channel remembers (grants.h). Any thread.
 */
void handoff_audit_remembered (HandoffCaller *caller, const char *action, GHashTable *details);
