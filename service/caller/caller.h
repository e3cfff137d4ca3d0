/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* A connection to the bus that called the service: who it is, and what it holds. */
#define HANDOFF_TYPE_CALLER (handoff_caller_get_type ())
G_DECLARE_FINAL_TYPE (HandoffCaller, handoff_caller, HANDOFF, CALLER, GObject)

HandoffCaller *handoff_caller_new (const char *bus_name, guint uid, guint pid);
/* What the programs of the service call it among themselves; 0: nothing, as it is at first. */
void handoff_caller_set_number (HandoffCaller *self, guint64 number);
guint64 handoff_caller_get_number (HandoffCaller *self);
/* The same caller for one call of his, which can be cancelled alone; neither's cancellable touches
 * the other's. keep: (transfer full): what has to be there as long as that call, and what it made;
 * release: frees it, on any thread. Any thread. */
HandoffCaller *
handoff_caller_new_for_call (HandoffCaller *caller, gpointer keep, GDestroyNotify release);

/* Who finds out which caller has a name on the bus, for messages that do not say whose they are.
 * finder: what the functions are of. */
typedef struct
{
  void (*identify_async) (gpointer finder,
                          const char *bus_name,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
  /* (transfer full) */
  HandoffCaller *(*identify_finish) (gpointer finder, GAsyncResult *result, GError **error);
} HandoffCallerFinder;

const char *handoff_caller_get_bus_name (HandoffCaller *self);
guint handoff_caller_get_uid (HandoffCaller *self);
/* For logs only: pids are reused, and no decision may depend on one. */
guint handoff_caller_get_pid (HandoffCaller *self);
/* (transfer none): cancelled when the caller leaves the bus, or waits for this call no more. */
GCancellable *handoff_caller_get_cancellable (HandoffCaller *self);
