/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/call-context.h"
#include "gate/dispatcher.h"

/* The methods of Session, from their arguments to their replies. Ends with a zeroed row. */
extern const HandoffMethod handoff_session_methods[];

/* The object of the call, if it is the caller's; otherwise ends the call. (transfer none)
 * (nullable) */
HandoffSession *handoff_session_call_get (const HandoffCallContext *context, HandoffCall *call);
