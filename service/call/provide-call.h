/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/call-context.h"

/* Session.ProvideCredential(), from its argument to its reply: the caller's choice is looked up or
 * read, and the handshake goes on with it. An answer that cannot be taken leaves the session as it
 * was. */

gboolean
handoff_provide_call_prepare (HandoffCall *call, const HandoffCallContext *context, GError **error);
/* session: the caller's, in the state REQUEST. call: (transfer full): prepared */
void handoff_provide_call_run (HandoffCall *call,
                               const HandoffCallContext *context,
                               HandoffSession *session);
