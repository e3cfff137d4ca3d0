/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/bus-context.h"

/* Manager.ImportCredential(), GenerateCredential() and LinkCredential(), from their arguments to
 * their replies. */

/* Checks that come before the service asks polkit. */
gboolean handoff_credential_call_prepare (HandoffCall *call,
                                          const HandoffCallContext *context,
                                          GError **error);
/* call: (transfer full): prepared */
void handoff_credential_call_run (HandoffCall *call, const HandoffCallContext *context);
