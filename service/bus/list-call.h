/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "credential/credential-options.h"
#include "bus/bus-context.h"

/* Manager.ListCredentials(), ListSessions() and GetLog(): the caller's own, or, with an
 * authorization, all. */

gboolean handoff_list_call_prepare_credentials (HandoffCall *call,
                                                const HandoffCallContext *context,
                                                GError **error);
gboolean handoff_list_call_prepare_sessions (HandoffCall *call,
                                             const HandoffCallContext *context,
                                             GError **error);
/* call: (transfer full): prepared */
void handoff_list_call_run_credentials (HandoffCall *call, const HandoffCallContext *context);
void handoff_list_call_run_sessions (HandoffCall *call, const HandoffCallContext *context);
/* Likewise, prepared as for sessions. */
void handoff_list_call_run_log (HandoffCall *call, const HandoffCallContext *context);
