/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/bus-context.h"

/* Manager.OpenChannel(), from its argument to its reply. It needs no authorization: a channel
 * allows nothing that the bus does not. */

gboolean handoff_open_channel_call_prepare (HandoffCall *call,
                                            const HandoffCallContext *context,
                                            GError **error);
/* call: (transfer full): prepared */
void handoff_open_channel_call_run (HandoffCall *call, const HandoffCallContext *context);
