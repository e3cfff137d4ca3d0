/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token/token-table.h"

/* A token in use. It is in the table as long as somebody uses it. */
typedef struct
{
  HandoffToken *token; /* (owned) */
  guint n_uses;
} Entry;

struct _HandoffTokenTable
{
  HandoffTokenPins *pins; /* (owned) */
  GHashTable *tokens;     /* (owned) (element-type utf8 Entry): by label */
};

struct _HandoffTokenLease
{
  grefcount ref_count;
  HandoffTokenTable *table; /* (unowned) */
  HandoffTokenUri *uri;     /* (owned) */
  char *canonical_uri;      /* (owned) */
  GBytes *key_id;           /* (owned) (nullable): of the key that is wanted */
  HandoffToken *token;      /* (unowned): the table's */
};

static void
free_entry (gpointer data)
{
  Entry *entry = data;

  handoff_token_unref (entry->token);
  g_free (entry);
}

HandoffTokenTable *
handoff_token_table_new (HandoffTokenPins *pins)
{
  HandoffTokenTable *self = g_new0 (HandoffTokenTable, 1);

  self->pins = handoff_token_pins_ref (pins);
  self->tokens = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_entry);
  return self;
}

HandoffTokenLease *
handoff_token_lease_new (HandoffTokenTable *table, const char *uri, GBytes *key_id, GError **error)
{
  g_autoptr (HandoffTokenUri) parsed = handoff_token_uri_parse (uri, error);
  HandoffTokenLease *self;
  const char *label;
  Entry *entry;

  if (parsed == NULL)
    return NULL;
  label = handoff_token_uri_get_token (parsed);

  entry = g_hash_table_lookup (table->tokens, label);
  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      entry->token = handoff_token_new (label, table->pins);
      g_hash_table_insert (table->tokens, g_strdup (label), entry);
    }
  entry->n_uses++;

  self = g_new0 (HandoffTokenLease, 1);
  g_ref_count_init (&self->ref_count);
  self->table = table;
  self->token = entry->token;
  self->canonical_uri = handoff_token_uri_to_string (parsed);
  self->uri = g_steal_pointer (&parsed);
  self->key_id = key_id != NULL ? g_bytes_ref (key_id) : NULL;
  return self;
}

HandoffTokenLease *
handoff_token_lease_ref (HandoffTokenLease *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_token_lease_unref (HandoffTokenLease *self)
{
  const char *label = handoff_token_uri_get_token (self->uri);
  Entry *entry;

  if (!g_ref_count_dec (&self->ref_count))
    return;
  entry = g_hash_table_lookup (self->table->tokens, label);
  if (--entry->n_uses == 0)
    g_hash_table_remove (self->table->tokens, label);

  handoff_token_uri_free (self->uri);
  g_free (self->canonical_uri);
  g_clear_pointer (&self->key_id, g_bytes_unref);
  g_free (self);
}

const HandoffTokenUri *
handoff_token_lease_get_uri (HandoffTokenLease *self)
{
  return self->uri;
}

void
handoff_token_lease_use (HandoffTokenLease *self,
                         HandoffTokenUse use,
                         HandoffTokenUsed used,
                         gpointer user_data)
{
  handoff_token_use_key (self->token, self->canonical_uri, self->key_id, use, used, user_data);
}

void
handoff_token_lease_use_with_pin (HandoffTokenLease *self,
                                  GBytes *pin,
                                  gboolean may_use_known_pin,
                                  HandoffTokenUse use,
                                  HandoffTokenUsed used,
                                  gpointer user_data)
{
  handoff_token_use_key_with_pin (self->token, self->canonical_uri, self->key_id, pin,
                                  may_use_known_pin, use, used, user_data);
}
