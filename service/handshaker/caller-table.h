/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "caller/caller.h"

/* The callers of the handshaker's user, as the broker tells of them. Main thread. */
typedef struct _HandoffCallerTable HandoffCallerTable;

HandoffCallerTable *handoff_caller_table_new (guint uid);
void handoff_caller_table_free (HandoffCallerTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffCallerTable, handoff_caller_table_free)

/* FALSE if there is one of that number. */
gboolean handoff_caller_table_add (HandoffCallerTable *self,
                                   guint64 number,
                                   const char *bus_name,
                                   guint pid);
/* (transfer none) (nullable) */
HandoffCaller *handoff_caller_table_find (HandoffCallerTable *self, guint64 number);
/* He has left: his cancellable is cancelled. (transfer full) (nullable) */
HandoffCaller *handoff_caller_table_remove (HandoffCallerTable *self, guint64 number);
/* All callers leave. left: called for each, when his cancellable is cancelled. */
void handoff_caller_table_remove_all (HandoffCallerTable *self,
                                      void (*left) (HandoffCaller *caller, gpointer user_data),
                                      gpointer user_data);
