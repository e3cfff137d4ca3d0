/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "session/session-book.h"

#include "keyblob/handoff-names.h"
#include "work/clock.h"

/* Threads: the lock covers everything. No other lock is taken under it. Each entry is its own key.
 */
struct _HandoffSessionBook
{
  GMutex mutex;
  GTree *entries; /* (owned) (element-type HandoffSessionEntry HandoffSessionEntry): by number */
  guint64 last_time;
  guint slot;
  guint n_slots; /* 1 if it is the only book */
};

const char *
handoff_session_role_get_name (HandoffRole role)
{
  return role == HANDOFF_ROLE_SERVER ? HANDOFF_ROLE_NAME_SERVER : HANDOFF_ROLE_NAME_CLIENT;
}

int
handoff_session_entry_compare (gconstpointer a, gconstpointer b)
{
  const HandoffSessionEntry *one = a;
  const HandoffSessionEntry *other = b;

  return (one->number > other->number) - (one->number < other->number);
}

HandoffSessionBook *
handoff_session_book_new (void)
{
  HandoffSessionBook *self = g_new0 (HandoffSessionBook, 1);

  g_mutex_init (&self->mutex);
  self->n_slots = 1;
  self->entries = g_tree_new (handoff_session_entry_compare);
  return self;
}

void
handoff_session_book_free (HandoffSessionBook *self)
{
  g_assert (g_tree_nnodes (self->entries) == 0);
  g_tree_unref (self->entries);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
handoff_session_book_set_slot (HandoffSessionBook *self, guint slot, guint n_slots)
{
  self->slot = slot;
  self->n_slots = n_slots;
}

static HandoffSessionEntry *
entry_copy (const HandoffSessionEntry *entry)
{
  HandoffSessionEntry *copy = g_memdup2 (entry, sizeof *entry);

  copy->server_identity = g_strdup (entry->server_identity);
  copy->credential_label = g_strdup (entry->credential_label);
  copy->id = g_strdup (entry->id);
  return copy;
}

void
handoff_session_entry_free (HandoffSessionEntry *entry)
{
  g_free (entry->server_identity);
  g_free (entry->credential_label);
  g_free (entry->id);
  g_free (entry);
}

HandoffSessionEntry *
handoff_session_book_add (HandoffSessionBook *self, const HandoffSessionEntry *description)
{
  HandoffSessionEntry *entry = entry_copy (description);

  g_mutex_lock (&self->mutex);
  /* The numbers come from the clock: if they were counted, callers could tell how many sessions
   * others make. */
  self->last_time = MAX (self->last_time + 1, (guint64) handoff_clock_get_monotonic_time ());
  entry->number = self->last_time * self->n_slots + self->slot;
  g_tree_insert (self->entries, entry, entry);
  g_mutex_unlock (&self->mutex);
  return entry;
}

static void
update_string (char **string, const char *now)
{
  if (g_str_equal (*string, now))
    return;
  g_free (*string);
  *string = g_strdup (now);
}

void
handoff_session_book_update (HandoffSessionBook *self,
                             HandoffSessionEntry *entry,
                             const HandoffSessionEntry *description)
{
  g_mutex_lock (&self->mutex);
  entry->state = description->state;
  entry->protocol = description->protocol;
  entry->cipher_suite = description->cipher_suite;
  update_string (&entry->server_identity, description->server_identity);
  update_string (&entry->credential_label, description->credential_label);
  g_mutex_unlock (&self->mutex);
}

void
handoff_session_book_remove (HandoffSessionBook *self, HandoffSessionEntry *entry)
{
  g_mutex_lock (&self->mutex);
  g_tree_remove (self->entries, entry);
  g_mutex_unlock (&self->mutex);
  handoff_session_entry_free (entry);
}

GPtrArray *
handoff_session_book_dup_page (HandoffSessionBook *self, guint64 after, guint maximum)
{
  GPtrArray *page = g_ptr_array_new_with_free_func ((GDestroyNotify) handoff_session_entry_free);
  const HandoffSessionEntry place = { .number = after };
  GTreeNode *node;

  g_mutex_lock (&self->mutex);
  for (node = g_tree_upper_bound (self->entries, &place); node != NULL && page->len < maximum;
       node = g_tree_node_next (node))
    g_ptr_array_add (page, entry_copy (g_tree_node_value (node)));
  g_mutex_unlock (&self->mutex);
  return page;
}

HandoffSessionEntry *
handoff_session_book_dup_entry (HandoffSessionBook *self, const HandoffSessionEntry *entry)
{
  HandoffSessionEntry *copy;

  g_mutex_lock (&self->mutex);
  copy = entry_copy (entry);
  g_mutex_unlock (&self->mutex);
  return copy;
}

guint
handoff_session_book_get_size (HandoffSessionBook *self)
{
  guint size;

  g_mutex_lock (&self->mutex);
  size = (guint) g_tree_nnodes (self->entries);
  g_mutex_unlock (&self->mutex);
  return size;
}
