/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/prepared-handshake.h"

/* Gets the credential that the options of an authorized handshake name or send, if any. Then begins
 * the handshake, or ends the call. prepared, call: (transfer full) */
void handoff_prepared_credential_use (HandoffPreparedHandshake *prepared, HandoffCall *call);
