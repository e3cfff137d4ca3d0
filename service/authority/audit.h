/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/call.h"
#include "session/session.h"

/* The audit log: one structured journal entry for each authorization decision and each handshake.
 * Fields: MESSAGE_ID, HANDOFF_UID, HANDOFF_PID, HANDOFF_ACTION, HANDOFF_SERVER_IDENTITY,
 * HANDOFF_ROLE, HANDOFF_CREDENTIAL, HANDOFF_PROTOCOL, HANDOFF_CIPHER_SUITE, HANDOFF_RESUMED,
 * HANDOFF_ACCEPTED_FAULTS, HANDOFF_OUTCOME, HANDOFF_DURATION_USEC.
 * Never a secret. */

#define HANDOFF_AUDIT_AUTHORIZATION_ID "0d4d9b9f6a3b4c5c9d0e6c1f5f3c2a71"
#define HANDOFF_AUDIT_HANDSHAKE_ID "5b1f6e0c7d1d4c0f8a0b6b7d8d4c9e52"

/* details: (nullable): what polkit's rules saw. error: (nullable): why it was denied */
void handoff_audit_authorization (HandoffCaller *caller,
                                  const char *action,
                                  GHashTable *details,
                                  const GError *error);
/* error: (nullable): why it failed; without, the session has the outcome */
void handoff_audit_handshake (const HandoffSession *session, const GError *error);
