/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshaker/caller-table.h"

struct _HandoffCallerTable
{
  guint uid;
  GHashTable *callers; /* (owned) (element-type guint64 HandoffCaller): by number */
};

HandoffCallerTable *
handoff_caller_table_new (guint uid)
{
  HandoffCallerTable *self = g_new0 (HandoffCallerTable, 1);

  self->uid = uid;
  self->callers = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_object_unref);
  return self;
}

void
handoff_caller_table_free (HandoffCallerTable *self)
{
  g_hash_table_unref (self->callers);
  g_free (self);
}

gboolean
handoff_caller_table_add (HandoffCallerTable *self, guint64 number, const char *bus_name, guint pid)
{
  HandoffCaller *caller;

  if (g_hash_table_contains (self->callers, &number))
    return FALSE;
  caller = handoff_caller_new (bus_name, self->uid, pid);
  handoff_caller_set_number (caller, number);
  g_hash_table_insert (self->callers, g_memdup2 (&number, sizeof number), caller);
  return TRUE;
}

HandoffCaller *
handoff_caller_table_find (HandoffCallerTable *self, guint64 number)
{
  return g_hash_table_lookup (self->callers, &number);
}

HandoffCaller *
handoff_caller_table_remove (HandoffCallerTable *self, guint64 number)
{
  gpointer key = NULL;
  gpointer caller = NULL;

  if (!g_hash_table_steal_extended (self->callers, &number, &key, &caller))
    return NULL;
  g_free (key);
  g_cancellable_cancel (handoff_caller_get_cancellable (caller));
  return caller;
}

void
handoff_caller_table_remove_all (HandoffCallerTable *self,
                                 void (*left) (HandoffCaller *caller, gpointer user_data),
                                 gpointer user_data)
{
  GHashTableIter iter;
  const guint64 *number;

  for (;;)
    {
      g_autoptr (HandoffCaller) caller = NULL;

      /* When one leaves, others may leave with him. */
      g_hash_table_iter_init (&iter, self->callers);
      if (!g_hash_table_iter_next (&iter, (gpointer *) &number, NULL))
        return;
      caller = handoff_caller_table_remove (self, *number);
      left (caller, user_data);
    }
}
