/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "gate/call.h"
#include "guard/bus-guard.h"

/* A method call that came over the bus. Main thread. */

/* invocation: (transfer full). guard: (nullable): through which it came; must outlive it */
HandoffCallMessage *handoff_bus_call_new (GDBusMethodInvocation *invocation,
                                          HandoffBusGuard *guard);
