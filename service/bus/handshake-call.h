/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/facade-context.h"

/* Manager.HandshakeAsClient(), HandshakeAsServer() and CreateSession(), from their arguments to
 * their replies. The handshake begins when the caller is authorized and the credential is known. */

/* Checks that come before the service asks polkit. */
gboolean handoff_handshake_call_prepare_client (HandoffCall *call,
                                                const HandoffFacadeContext *context,
                                                GError **error);
gboolean handoff_handshake_call_prepare_server (HandoffCall *call,
                                                const HandoffFacadeContext *context,
                                                GError **error);
gboolean handoff_handshake_call_prepare_session (HandoffCall *call,
                                                 const HandoffFacadeContext *context,
                                                 GError **error);
/* The call was prepared, but may not run. */
void handoff_handshake_call_denied (HandoffCall *call, const GError *error);
/* call: (transfer full): prepared */
void handoff_handshake_call_run (HandoffCall *call, const HandoffFacadeContext *context);
