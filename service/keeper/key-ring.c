/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "keeper/key-ring.h"

#include "keyblob/tls-handoff-error.h"

struct _HandoffKeyRing
{
  GHashTable *stored; /* (owned) (element-type utf8 HandoffKeptKey) */
  GHashTable *held;   /* (owned) (element-type utf8 HandoffKeptKey) */
};

static GHashTable *
new_table (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                (GDestroyNotify) handoff_kept_key_unref);
}

HandoffKeyRing *
handoff_key_ring_new (void)
{
  HandoffKeyRing *self = g_new0 (HandoffKeyRing, 1);

  self->stored = new_table ();
  self->held = new_table ();
  return self;
}

void
handoff_key_ring_free (HandoffKeyRing *self)
{
  g_hash_table_unref (self->stored);
  g_hash_table_unref (self->held);
  g_free (self);
}

HandoffKeptKey *
handoff_key_ring_lookup (HandoffKeyRing *self, const char *id)
{
  HandoffKeptKey *key = g_hash_table_lookup (self->stored, id);

  return key != NULL ? key : g_hash_table_lookup (self->held, id);
}

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, what);
  return FALSE;
}

gboolean
handoff_key_ring_hold (HandoffKeyRing *self, const char *id, HandoffKeptKey *key, GError **error)
{
  if (handoff_key_ring_lookup (self, id) != NULL)
    return refuse (error, "There is a key with that id already");
  if (g_hash_table_size (self->held) >= HANDOFF_MAX_HELD_KEYS)
    return refuse (error, "Too many keys are held");
  g_hash_table_insert (self->held, g_strdup (id), handoff_kept_key_ref (key));
  return TRUE;
}

void
handoff_key_ring_release (HandoffKeyRing *self, const char *id)
{
  g_hash_table_remove (self->held, id);
}

void
handoff_key_ring_store (HandoffKeyRing *self, const char *id, HandoffKeptKey *key)
{
  g_hash_table_insert (self->stored, g_strdup (id), handoff_kept_key_ref (key));
  g_hash_table_remove (self->held, id);
}

void
handoff_key_ring_remove (HandoffKeyRing *self, const char *id)
{
  g_hash_table_remove (self->stored, id);
}

void
handoff_key_ring_remove_stored (HandoffKeyRing *self)
{
  g_hash_table_remove_all (self->stored);
}
