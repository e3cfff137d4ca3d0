/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "policy/tls-policy.h"

/* The policy in force, of a process that is told it. Main thread, except where it says otherwise.
 */
#define HANDOFF_TYPE_TLS_POLICY_SOURCE (handoff_tls_policy_source_get_type ())
G_DECLARE_FINAL_TYPE (
    HandoffTlsPolicySource, handoff_tls_policy_source, HANDOFF, TLS_POLICY_SOURCE, GObject)

/* Signal "changed": another policy is in force.
 * policy: (transfer full) */
HandoffTlsPolicySource *handoff_tls_policy_source_new_for_policy (HandoffTlsPolicy *policy);
/* From now on that one is in force. policy: (transfer full) */
void handoff_tls_policy_source_set_policy (HandoffTlsPolicySource *self, HandoffTlsPolicy *policy);

/* (transfer full): the policy that is in force at this moment. Any thread. */
HandoffTlsPolicy *handoff_tls_policy_source_dup_policy (HandoffTlsPolicySource *self);
