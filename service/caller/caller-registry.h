/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "caller/caller.h"

/* All callers that are on the bus now. Learns from the bus who they are, and when they leave. */
#define HANDOFF_TYPE_CALLER_REGISTRY (handoff_caller_registry_get_type ())
G_DECLARE_FINAL_TYPE (
    HandoffCallerRegistry, handoff_caller_registry, HANDOFF, CALLER_REGISTRY, GObject)

/* Signal "caller-vanished" (HandoffCaller *): after its cancellable was cancelled. */
HandoffCallerRegistry *handoff_caller_registry_new (GDBusConnection *connection);
guint handoff_caller_registry_get_size (HandoffCallerRegistry *self);

/* Finds out who bus_name is. CANCELLED if the caller has left, or the service ends; FAILED, with
 * the words of the bus, if the bus does not tell. */
void handoff_caller_registry_identify_async (HandoffCallerRegistry *self,
                                             const char *bus_name,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
/* The same two, for a registry. */
extern const HandoffCallerFinder handoff_caller_registry_finder;
/* (transfer full) */
HandoffCaller *handoff_caller_registry_identify_finish (HandoffCallerRegistry *self,
                                                        GAsyncResult *result,
                                                        GError **error);
