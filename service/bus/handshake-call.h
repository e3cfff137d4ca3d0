/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/facade-context.h"

/* Manager.HandshakeAsClient(), HandshakeAsServer() and CreateSession(), from their arguments to
 * their replies: the handshake begins when it is known that the caller may do it, and with which
 * credential. */

/* What is checked before polkit is asked. */
gboolean handoff_handshake_call_prepare_client (HandoffCall *call,
                                                const HandoffFacadeContext *context,
                                                GError **error);
gboolean handoff_handshake_call_prepare_server (HandoffCall *call,
                                                const HandoffFacadeContext *context,
                                                GError **error);
gboolean handoff_handshake_call_prepare_session (HandoffCall *call,
                                                 const HandoffFacadeContext *context,
                                                 GError **error);
/* It was prepared, and may not run. */
void handoff_handshake_call_denied (HandoffCall *call, const GError *error);
/* call: (transfer full): prepared */
void handoff_handshake_call_run (HandoffCall *call, const HandoffFacadeContext *context);
