/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "facade-context.h"

/* Handshakes by outcome, since the service started. */
typedef struct
{
  guint64 completed;
  guint64 failed;
  guint64 denied;
} HandoffHandshakeCounters;

/* Manager.HandshakeAsClient(), from its arguments to its reply. counters must outlive the call. */
gboolean handoff_handshake_call_prepare (HandoffCall *call,
                                         const HandoffFacadeContext *context,
                                         HandoffHandshakeCounters *counters,
                                         GError **error);
/* call: (transfer full): prepared */
void handoff_handshake_call_run (HandoffCall *call);
