/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "session/session.h"

/* The audit log's entry for a handshake. error: (nullable): why it failed; without, the session has
 * the outcome */
void handoff_session_audit (const HandoffSession *session, const GError *error);
