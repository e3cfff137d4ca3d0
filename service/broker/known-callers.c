/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/known-callers.h"

/* How many of those who have left are still known. */
#define MAX_GONE 1024

typedef struct
{
  HandoffCaller *caller; /* (owned) */
  guint64 number;
} Known;

struct _HandoffKnownCallers
{
  GHashTable *by_caller; /* (owned) (element-type HandoffCaller Known): those on the bus */
  GHashTable *by_number; /* (owned) (element-type guint64 Known): all: owns them */
  GQueue gone;           /* (element-type Known): the first to leave first */
};

static void
known_free (gpointer data)
{
  Known *known = data;

  g_object_unref (known->caller);
  g_free (known);
}

HandoffKnownCallers *
handoff_known_callers_new (void)
{
  HandoffKnownCallers *self = g_new0 (HandoffKnownCallers, 1);

  self->by_caller = g_hash_table_new (NULL, NULL);
  self->by_number = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, known_free);
  g_queue_init (&self->gone);
  return self;
}

void
handoff_known_callers_free (HandoffKnownCallers *self)
{
  g_queue_clear (&self->gone);
  g_hash_table_unref (self->by_caller);
  g_hash_table_unref (self->by_number);
  g_free (self);
}

guint64
handoff_handshaker_announce (HandoffHandshaker *self, HandoffCaller *caller)
{
  HandoffKnownCallers *callers = self->callers;
  Known *known = g_hash_table_lookup (callers->by_caller, caller);

  if (known != NULL)
    return known->number;
  known = g_new (Known, 1);
  known->caller = g_object_ref (caller);
  known->number = handoff_handshaker_next_number ();
  g_hash_table_insert (callers->by_caller, caller, known);
  g_hash_table_insert (callers->by_number, &known->number, known);
  handoff_handshaker_send (self, HANDOFF_HANDSHAKER_CALLER,
                           g_variant_new ("(tsu)", known->number,
                                          handoff_caller_get_bus_name (caller),
                                          handoff_caller_get_pid (caller)));
  return known->number;
}

void
handoff_handshaker_forget_caller (HandoffHandshaker *self, HandoffCaller *caller)
{
  HandoffKnownCallers *callers = self->callers;
  Known *known = g_hash_table_lookup (callers->by_caller, caller);

  if (known == NULL)
    return;
  g_hash_table_remove (callers->by_caller, caller);
  g_queue_push_tail (&callers->gone, known);
  if (g_queue_get_length (&callers->gone) > MAX_GONE)
    {
      Known *first = g_queue_pop_head (&callers->gone);

      g_hash_table_remove (callers->by_number, &first->number);
    }
  handoff_handshaker_send (self, HANDOFF_HANDSHAKER_CALLER_GONE,
                           g_variant_new ("(t)", known->number));
}

HandoffCaller *
handoff_handshaker_find_caller (HandoffHandshaker *self, guint64 number)
{
  const Known *known = g_hash_table_lookup (self->callers->by_number, &number);

  return known != NULL ? known->caller : NULL;
}

guint
handoff_known_callers_get_size (HandoffKnownCallers *self)
{
  return g_hash_table_size (self->by_caller);
}

void
handoff_handshaker_take_note_read (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  HandoffCaller *caller;
  guint64 number;
  guint32 serial;

  g_variant_get (message->body, "(tu)", &number, &serial);
  caller = handoff_handshaker_find_caller (self, number);
  if (caller != NULL && self->support->note_read != NULL)
    self->support->note_read (handoff_caller_get_bus_name (caller), serial,
                              self->support->note_read_data);
}
