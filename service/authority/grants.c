/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "authority/grants.h"

#include <string.h>

#include "work/clock.h"

/* The owner of the credentials that everybody may name. */
#define MACHINE 0
/* What a grant takes beside its key: itself, its place in the table, and what malloc() adds. */
#define OVERHEAD 192

struct _HandoffGrantBook
{
  GHashTable *tables; /* (owned) (element-type HandoffGrants): a set */
  guint seconds;
};

struct _HandoffGrants
{
  gatomicrefcount ref_count;
  HandoffGrantBook *book; /* (unowned) (nullable): NULL when it is closed. The main thread's */
  guint uid;

  GMutex lock; /* guards what follows; a leaf */
  guint64 era; /* counts what ended the memory of this table */
  /* (owned) (element-type GBytes HandoffGrant): the table has a reference to each grant, whose key
   * is a part of it */
  GHashTable *grants;
  GQueue by_use; /* (element-type HandoffGrant): the one that was used last is the first */
  gsize size;    /* bytes */
};

struct _HandoffGrant
{
  gatomicrefcount ref_count;
  GBytes *key;            /* (owned) */
  gint64 expiry;          /* boot time, microseconds */
  gpointer data;          /* (owned) (nullable) */
  GDestroyNotify destroy; /* (nullable) */
  GList link;             /* in by_use */
};

static void
add_text (GByteArray *key, const char *text)
{
  g_byte_array_append (key, (const guint8 *) text, (guint) strlen (text) + 1);
}

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Texts, each with its zero: the action, the details in the order of their keys, and the
 * credential's name if there is one. With a name their number is even, or else odd: so no two
 * questions have the same key. (transfer full) */
static GBytes *
new_key (const HandoffGrantQuestion *question)
{
  GByteArray *key = g_byte_array_sized_new (256);
  g_autofree const char **keys = NULL;
  guint i, n_keys = 0;

  add_text (key, question->action);
  if (question->details != NULL)
    keys = (const char **) g_hash_table_get_keys_as_array (question->details, &n_keys);
  if (n_keys > 1)
    qsort (keys, n_keys, sizeof *keys, compare_keys);
  for (i = 0; i < n_keys; i++)
    {
      add_text (key, keys[i]);
      add_text (key, g_hash_table_lookup (question->details, keys[i]));
    }
  if (question->credential_name != NULL)
    add_text (key, question->credential_name);
  return g_byte_array_free_to_bytes (key);
}

static gsize
get_cost (const HandoffGrant *grant)
{
  return g_bytes_get_size (grant->key) + OVERHEAD;
}

static HandoffGrant *
grant_ref (HandoffGrant *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_grant_unref (HandoffGrant *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->destroy != NULL)
    self->destroy (self->data);
  g_bytes_unref (self->key);
  g_free (self);
}

gpointer
handoff_grant_get_data (const HandoffGrant *self)
{
  return self->data;
}

/* Takes it out of the table. The lock is held; destroy() must not be called then, so the reference
 * goes to the list of those that are dropped when it is not. */
static void
take_out (HandoffGrants *self, HandoffGrant *grant, GSList **dropped)
{
  g_hash_table_steal (self->grants, grant->key);
  g_queue_unlink (&self->by_use, &grant->link);
  self->size -= get_cost (grant);
  *dropped = g_slist_prepend (*dropped, grant);
}

static void
drop (GSList *dropped)
{
  g_slist_free_full (dropped, (GDestroyNotify) handoff_grant_unref);
}

static void
forget (HandoffGrants *self)
{
  GSList *dropped = NULL;

  g_mutex_lock (&self->lock);
  self->era++;
  while (!g_queue_is_empty (&self->by_use))
    take_out (self, g_queue_peek_head (&self->by_use), &dropped);
  g_mutex_unlock (&self->lock);
  drop (dropped);
}

HandoffGrantBook *
handoff_grant_book_new (void)
{
  HandoffGrantBook *self = g_new0 (HandoffGrantBook, 1);

  self->tables = g_hash_table_new (NULL, NULL);
  return self;
}

void
handoff_grant_book_free (HandoffGrantBook *self)
{
  g_assert (g_hash_table_size (self->tables) == 0);
  g_hash_table_unref (self->tables);
  g_free (self);
}

void
handoff_grant_book_configure (HandoffGrantBook *self, guint seconds)
{
  self->seconds = seconds;
  handoff_grant_book_forget_all (self);
}

void
handoff_grant_book_forget_all (HandoffGrantBook *self)
{
  GHashTableIter iter;
  HandoffGrants *table;

  g_hash_table_iter_init (&iter, self->tables);
  while (g_hash_table_iter_next (&iter, (gpointer *) &table, NULL))
    forget (table);
}

void
handoff_grant_book_forget_credentials (HandoffGrantBook *self, guint owner)
{
  GHashTableIter iter;
  HandoffGrants *table;

  g_hash_table_iter_init (&iter, self->tables);
  while (g_hash_table_iter_next (&iter, (gpointer *) &table, NULL))
    {
      if (owner == MACHINE || owner == table->uid)
        forget (table);
    }
}

HandoffGrants *
handoff_grants_new (HandoffGrantBook *book, guint uid)
{
  HandoffGrants *self = g_new0 (HandoffGrants, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->book = book;
  self->uid = uid;
  g_mutex_init (&self->lock);
  self->grants = g_hash_table_new (g_bytes_hash, g_bytes_equal);
  g_queue_init (&self->by_use);
  g_hash_table_add (book->tables, self);
  return self;
}

void
handoff_grants_close (HandoffGrants *self)
{
  g_hash_table_remove (self->book->tables, self);
  self->book = NULL;
  forget (self);
  handoff_grants_unref (self);
}

HandoffGrants *
handoff_grants_ref (HandoffGrants *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_grants_unref (HandoffGrants *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->book == NULL && g_queue_is_empty (&self->by_use));
  g_hash_table_unref (self->grants);
  g_mutex_clear (&self->lock);
  g_free (self);
}

HandoffGrantMoment
handoff_grants_get_moment (HandoffGrants *self)
{
  HandoffGrantMoment moment = { .time = handoff_clock_get_boot_time () };

  g_mutex_lock (&self->lock);
  moment.era = self->era;
  g_mutex_unlock (&self->lock);
  return moment;
}

/* The lock is held. grant: (transfer full) */
static void
put_in (HandoffGrants *self, HandoffGrant *grant, gint64 now, GSList **dropped)
{
  HandoffGrant *other = g_hash_table_lookup (self->grants, grant->key);

  if (other != NULL)
    take_out (self, other, dropped);
  self->size += get_cost (grant);
  g_hash_table_insert (self->grants, grant->key, grant);
  g_queue_push_head_link (&self->by_use, &grant->link);
  while ((other = g_queue_peek_tail (&self->by_use)) != NULL &&
         (self->size > HANDOFF_GRANTS_SIZE || other->expiry <= now))
    take_out (self, other, dropped);
}

static guint
get_seconds (const HandoffGrants *self)
{
  return self->book != NULL ? self->book->seconds : 0;
}

/* Whether handoff_grant_book_forget_credentials() would reach this table. */
static gboolean
is_told_of (const HandoffGrants *self, guint credential_owner)
{
  return credential_owner == HANDOFF_GRANT_NO_OWNER || credential_owner == MACHINE ||
         credential_owner == self->uid;
}

void
handoff_grants_add (HandoffGrants *self,
                    const HandoffGrantQuestion *question,
                    const HandoffGrantMoment *moment,
                    guint credential_owner,
                    gpointer data,
                    GDestroyNotify destroy)
{
  const gint64 now = handoff_clock_get_boot_time ();
  HandoffGrant *grant = g_new0 (HandoffGrant, 1);
  GSList *dropped = NULL;

  g_atomic_ref_count_init (&grant->ref_count);
  grant->key = new_key (question);
  grant->expiry = moment->time + get_seconds (self) * G_TIME_SPAN_SECOND;
  grant->data = data;
  grant->destroy = destroy;
  grant->link.data = grant;

  g_mutex_lock (&self->lock);
  if (moment->era == self->era && grant->expiry > now && is_told_of (self, credential_owner))
    put_in (self, g_steal_pointer (&grant), now, &dropped);
  g_mutex_unlock (&self->lock);
  if (grant != NULL)
    handoff_grant_unref (grant);
  drop (dropped);
}

HandoffGrant *
handoff_grants_lookup (HandoffGrants *self, const HandoffGrantQuestion *question)
{
  g_autoptr (GBytes) key = new_key (question);
  const gint64 now = handoff_clock_get_boot_time ();
  HandoffGrant *grant;
  GSList *dropped = NULL;

  g_mutex_lock (&self->lock);
  grant = g_hash_table_lookup (self->grants, key);
  if (grant != NULL && grant->expiry <= now)
    {
      take_out (self, g_steal_pointer (&grant), &dropped);
    }
  else if (grant != NULL)
    {
      g_queue_unlink (&self->by_use, &grant->link);
      g_queue_push_head_link (&self->by_use, &grant->link);
      grant_ref (grant);
    }
  g_mutex_unlock (&self->lock);
  drop (dropped);
  return grant;
}

guint
handoff_grants_get_size (HandoffGrants *self)
{
  guint size;

  g_mutex_lock (&self->lock);
  size = self->by_use.length;
  g_mutex_unlock (&self->lock);
  return size;
}
