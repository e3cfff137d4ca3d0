/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "caller/caller.h"

/* All callers that are on the bus now. Learns who they are from the bus, and when they leave. */
#define HANDOFF_TYPE_CALLER_REGISTRY (handoff_caller_registry_get_type ())
G_DECLARE_FINAL_TYPE (
    HandoffCallerRegistry, handoff_caller_registry, HANDOFF, CALLER_REGISTRY, GObject)

/* Signal "caller-vanished" (HandoffCaller *): after its cancellable was cancelled. */
HandoffCallerRegistry *handoff_caller_registry_new (GDBusConnection *connection);
guint handoff_caller_registry_get_size (HandoffCallerRegistry *self);

/* Who bus_name is. CANCELLED if it has left, or the service ends; FAILED, with what the bus said,
 * if it cannot be told. */
void handoff_caller_registry_identify_async (HandoffCallerRegistry *self,
                                             const char *bus_name,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
/* (transfer full) */
HandoffCaller *handoff_caller_registry_identify_finish (HandoffCallerRegistry *self,
                                                        GAsyncResult *result,
                                                        GError **error);
