/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "session/session.h"

#define HANDOFF_SESSION_AUDIT_ID "5b1f6e0c7d1d4c0f8a0b6b7d8d4c9e52"

/* The audit log's entry for a handshake. error: (nullable): why it failed; without, the session has
 * the outcome */
void handoff_session_audit (const HandoffSession *session, const GError *error);
