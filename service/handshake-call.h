/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "facade-context.h"

/* Manager.HandshakeAsClient() and Manager.CreateSession(), from their arguments to their replies.
 */

/* What is checked before polkit is asked. */
gboolean handoff_handshake_call_prepare (HandoffCall *call,
                                         const HandoffFacadeContext *context,
                                         GError **error);
gboolean handoff_create_session_call_prepare (HandoffCall *call,
                                              const HandoffFacadeContext *context,
                                              GError **error);
/* call: (transfer full): prepared */
void handoff_handshake_call_run (HandoffCall *call);
void handoff_create_session_call_run (HandoffCall *call);
