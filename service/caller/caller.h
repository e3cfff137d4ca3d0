/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* A connection to the bus that called the service: who it is, and what it holds. */
#define HANDOFF_TYPE_CALLER (handoff_caller_get_type ())
G_DECLARE_FINAL_TYPE (HandoffCaller, handoff_caller, HANDOFF, CALLER, GObject)

HandoffCaller *handoff_caller_new (const char *bus_name, guint uid, guint pid);

const char *handoff_caller_get_bus_name (HandoffCaller *self);
guint handoff_caller_get_uid (HandoffCaller *self);
/* For logs only: pids are reused, and no decision may depend on one. */
guint handoff_caller_get_pid (HandoffCaller *self);
/* (transfer none): cancelled when the caller leaves the bus. */
GCancellable *handoff_caller_get_cancellable (HandoffCaller *self);
