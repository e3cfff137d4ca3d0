/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/user-cache.h"

#include <string.h>

#include "work/clock.h"

enum
{
  BY_USER,
  ALL,
  N_ORDERS
};

typedef struct
{
  guint uid;
  guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE];
  gpointer value;  /* (owned) */
  gint64 ends_at;  /* boot time */
  GQueue *of_user; /* (unowned) */
  GList links[N_ORDERS];
} Entry;

struct _HandoffUserCache
{
  const HandoffUserCacheKind *kind; /* (unowned) */

  GMutex mutex;
  GHashTable *entries; /* (owned) (element-type Entry Entry): by uid and digest, owns the entries */
  GHashTable *users;   /* (owned) (element-type uid GQueue) */
  GQueue all; /* (element-type Entry): links within the entries, as in each user's queue: what was
                 used last is first */
};

/* A digest's bytes are as good as a hash. */
static guint
hash_entry (gconstpointer key)
{
  const Entry *entry = key;
  guint hash;

  memcpy (&hash, entry->digest, sizeof hash);
  return hash;
}

static gboolean
is_equal_entry (gconstpointer a, gconstpointer b)
{
  const Entry *one = a, *other = b;

  return one->uid == other->uid && memcmp (one->digest, other->digest, sizeof one->digest) == 0;
}

HandoffUserCache *
handoff_user_cache_new (const HandoffUserCacheKind *kind)
{
  HandoffUserCache *self = g_new0 (HandoffUserCache, 1);

  self->kind = kind;
  g_mutex_init (&self->mutex);
  self->entries = g_hash_table_new_full (hash_entry, is_equal_entry, g_free, NULL);
  self->users = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_queue_init (&self->all);
  return self;
}

static void
remove_entry (HandoffUserCache *self, Entry *entry)
{
  g_queue_unlink (&self->all, &entry->links[ALL]);
  g_queue_unlink (entry->of_user, &entry->links[BY_USER]);
  if (entry->of_user->length == 0)
    g_hash_table_remove (self->users, GUINT_TO_POINTER (entry->uid));
  self->kind->free (entry->value);
  g_hash_table_remove (self->entries, entry);
}

void
handoff_user_cache_free (HandoffUserCache *self)
{
  while (self->all.length > 0)
    remove_entry (self, g_queue_peek_tail (&self->all));
  g_hash_table_unref (self->entries);
  g_hash_table_unref (self->users);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static Entry *
find (HandoffUserCache *self, guint uid, const guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE])
{
  Entry key = { .uid = uid };

  memcpy (key.digest, digest, sizeof key.digest);
  return g_hash_table_lookup (self->entries, &key);
}

static void
make_room (HandoffUserCache *self, guint uid)
{
  GQueue *own = g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid));

  if (own != NULL && own->length >= self->kind->maximum_per_user)
    remove_entry (self, g_queue_peek_tail (own));
  else if (self->all.length >= self->kind->maximum)
    remove_entry (self, g_queue_peek_tail (&self->all));
}

void
handoff_user_cache_put (HandoffUserCache *self,
                        guint uid,
                        const guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE],
                        gpointer value)
{
  Entry *entry = g_new0 (Entry, 1);
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  Entry *old = find (self, uid, digest);

  if (old != NULL)
    remove_entry (self, old);
  make_room (self, uid);

  entry->uid = uid;
  memcpy (entry->digest, digest, sizeof entry->digest);
  entry->value = value;
  entry->ends_at = handoff_clock_get_boot_time () + self->kind->maximum_age * G_TIME_SPAN_SECOND;
  entry->links[BY_USER].data = entry->links[ALL].data = entry;
  entry->of_user = g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid));
  if (entry->of_user == NULL)
    {
      entry->of_user = g_new0 (GQueue, 1);
      g_hash_table_insert (self->users, GUINT_TO_POINTER (uid), entry->of_user);
    }
  g_queue_push_head_link (entry->of_user, &entry->links[BY_USER]);
  g_queue_push_head_link (&self->all, &entry->links[ALL]);
  g_hash_table_add (self->entries, entry);
}

static void
move_to_front (GQueue *queue, GList *link)
{
  g_queue_unlink (queue, link);
  g_queue_push_head_link (queue, link);
}

gpointer
handoff_user_cache_get (HandoffUserCache *self,
                        guint uid,
                        const guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE])
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  Entry *entry = find (self, uid, digest);

  if (entry == NULL)
    return NULL;
  if (entry->ends_at <= handoff_clock_get_boot_time ())
    {
      remove_entry (self, entry);
      return NULL;
    }
  move_to_front (entry->of_user, &entry->links[BY_USER]);
  move_to_front (&self->all, &entry->links[ALL]);
  return self->kind->copy (entry->value);
}

void
handoff_user_cache_remove (HandoffUserCache *self,
                           guint uid,
                           const guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE])
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  Entry *entry = find (self, uid, digest);

  if (entry != NULL)
    remove_entry (self, entry);
}

guint
handoff_user_cache_get_size (HandoffUserCache *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->all.length;
}
