/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "resumption/session-cache.h"

#include "keyblob/secret-memory.h"
#include "work/clock.h"

struct _HandoffSessionCacheKey
{
  gatomicrefcount ref_count;
  char *digest; /* (owned) */
  guint uid;
  char *bus_name; /* (owned) (nullable) */
};

/* Entries of one key, of one user, or of all: the newest first. */
typedef struct
{
  GQueue entries; /* (element-type Entry): links within the entries */
  gsize bytes;
} Group;

enum
{
  BY_KEY,
  BY_USER,
  ALL,
  N_GROUPS
};

typedef struct
{
  HandoffSessionCacheKey *key; /* (owned) */
  gpointer data;               /* (owned): secret memory */
  gboolean single_use;
  gint64 ends_at;     /* boot time: by the server's lifetime */
  gint64 verified_at; /* boot time: for the maximum age */
  Group *groups[N_GROUPS];
  GList links[N_GROUPS];
} Entry;

/* Threads: the lock covers everything; what is static needs it held. Under it the sweeper is armed,
 * which takes the lock of the main context. */
struct _HandoffSessionCache
{
  GMutex mutex;
  GHashTable *by_key;  /* (owned) (element-type utf8 Group): by digest */
  GHashTable *by_user; /* (owned) (element-type uid Group) */
  Group all;
  gint64 maximum_age; /* microseconds */
  GSource *sweeper;   /* (owned) */
  gint64 sweeps_at;   /* boot time; G_MAXINT64: never */
};

HandoffSessionCacheKey *
handoff_session_cache_key_new (guint uid, const char *bus_name, GVariant *conditions)
{
  /* A serialized GVariant can be read in one way only, and a variant has its type with it. */
  g_autoptr (GVariant) all =
      g_variant_ref_sink (g_variant_new ("(umsv)", uid, bus_name, conditions));
  HandoffSessionCacheKey *self = g_new0 (HandoffSessionCacheKey, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, g_variant_get_data (all),
                                              g_variant_get_size (all));
  self->uid = uid;
  self->bus_name = g_strdup (bus_name);
  return self;
}

HandoffSessionCacheKey *
handoff_session_cache_key_ref (HandoffSessionCacheKey *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_session_cache_key_unref (HandoffSessionCacheKey *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->digest);
  g_free (self->bus_name);
  g_free (self);
}

static gboolean
sweep (gpointer data)
{
  handoff_session_cache_sweep (data);
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs sweeper_functions = { .dispatch = dispatch };

HandoffSessionCache *
handoff_session_cache_new (guint maximum_age)
{
  HandoffSessionCache *self = g_new0 (HandoffSessionCache, 1);

  g_mutex_init (&self->mutex);
  self->by_key = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->by_user = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->maximum_age = maximum_age * G_TIME_SPAN_SECOND;
  self->sweeps_at = G_MAXINT64;
  self->sweeper = g_source_new (&sweeper_functions, sizeof (GSource));
  g_source_set_static_name (self->sweeper, "session cache");
  g_source_set_callback (self->sweeper, sweep, self, NULL);
  g_source_attach (self->sweeper, NULL);
  return self;
}

void
handoff_session_cache_free (HandoffSessionCache *self)
{
  handoff_session_cache_clear (self);
  g_source_destroy (self->sweeper);
  g_source_unref (self->sweeper);
  g_hash_table_unref (self->by_key);
  g_hash_table_unref (self->by_user);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static gint64
get_end (HandoffSessionCache *self, const Entry *entry)
{
  return MIN (entry->ends_at, entry->verified_at + self->maximum_age);
}

/* After a suspend the timer is late; so take() looks at the age, too. */
static void
schedule_sweep (HandoffSessionCache *self, gint64 at, gint64 now)
{
  self->sweeps_at = at;
  handoff_clock_arm (self->sweeper, at == G_MAXINT64
                                        ? -1
                                        : handoff_clock_get_monotonic_time () + MAX (at - now, 0));
}

static void
free_entry (Entry *entry)
{
  handoff_session_cache_key_unref (entry->key);
  handoff_secret_free (entry->data);
  g_free (entry);
}

static void
unlink_entry (HandoffSessionCache *self, Entry *entry)
{
  guint i;

  for (i = 0; i < N_GROUPS; i++)
    {
      g_queue_unlink (&entry->groups[i]->entries, &entry->links[i]);
      entry->groups[i]->bytes -= handoff_secret_get_size (entry->data);
    }
  if (entry->groups[BY_KEY]->entries.length == 0)
    g_hash_table_remove (self->by_key, entry->key->digest);
  if (entry->groups[BY_USER]->entries.length == 0)
    g_hash_table_remove (self->by_user, GUINT_TO_POINTER (entry->key->uid));
}

static void
remove_entry (HandoffSessionCache *self, Entry *entry)
{
  unlink_entry (self, entry);
  free_entry (entry);
}

static void
remove_oldest (HandoffSessionCache *self, Group *group)
{
  remove_entry (self, g_queue_peek_tail (&group->entries));
}

static Group *
find_group (GHashTable *groups, gconstpointer name)
{
  return g_hash_table_lookup (groups, name);
}

/* Removes the user's oldest entries until there is room for size bytes; FALSE, and nothing is
 * removed, if others' entries leave none. */
static gboolean
make_room (HandoffSessionCache *self, guint uid, gsize size)
{
  Group *own = find_group (self->by_user, GUINT_TO_POINTER (uid));
  guint n_others = self->all.entries.length - (own != NULL ? own->entries.length : 0);
  gsize others_bytes = self->all.bytes - (own != NULL ? own->bytes : 0);

  if (n_others >= HANDOFF_SESSION_CACHE_MAX_TOTAL ||
      others_bytes + size > HANDOFF_SESSION_CACHE_MAX_BYTES_TOTAL)
    return FALSE;

  while (own != NULL && (own->entries.length >= HANDOFF_SESSION_CACHE_MAX_PER_USER ||
                         own->bytes + size > HANDOFF_SESSION_CACHE_MAX_BYTES_PER_USER ||
                         self->all.entries.length >= HANDOFF_SESSION_CACHE_MAX_TOTAL ||
                         self->all.bytes + size > HANDOFF_SESSION_CACHE_MAX_BYTES_TOTAL))
    {
      remove_oldest (self, own);
      own = find_group (self->by_user, GUINT_TO_POINTER (uid));
    }
  return TRUE;
}

/* The same for one key: removes what the new entry replaces, and the oldest entry if there is one
 * too many. */
static void
make_room_of_key (HandoffSessionCache *self, HandoffSessionCacheKey *key, gboolean single_use)
{
  Group *group = find_group (self->by_key, key->digest);
  GList *link = group != NULL && !single_use ? group->entries.head : NULL;
  GList *next;

  for (; link != NULL; link = next)
    {
      next = link->next;
      if (!((Entry *) link->data)->single_use)
        remove_entry (self, link->data);
    }

  group = find_group (self->by_key, key->digest);
  if (group != NULL && group->entries.length >= HANDOFF_SESSION_CACHE_MAX_PER_KEY)
    remove_oldest (self, group);
}

static Group *
add_group (GHashTable *groups, gpointer name)
{
  Group *group = g_new0 (Group, 1);

  g_hash_table_insert (groups, name, group);
  return group;
}

static void
add_entry (HandoffSessionCache *self, Entry *entry)
{
  char *digest = entry->key->digest;
  gpointer uid = GUINT_TO_POINTER (entry->key->uid);
  guint i;

  entry->groups[BY_KEY] = find_group (self->by_key, digest);
  entry->groups[BY_USER] = find_group (self->by_user, uid);
  entry->groups[ALL] = &self->all;
  if (entry->groups[BY_KEY] == NULL)
    entry->groups[BY_KEY] = add_group (self->by_key, g_strdup (digest));
  if (entry->groups[BY_USER] == NULL)
    entry->groups[BY_USER] = add_group (self->by_user, uid);

  for (i = 0; i < N_GROUPS; i++)
    {
      entry->links[i].data = entry;
      g_queue_push_head_link (&entry->groups[i]->entries, &entry->links[i]);
      entry->groups[i]->bytes += handoff_secret_get_size (entry->data);
    }
}

void
handoff_session_cache_put (HandoffSessionCache *self,
                           HandoffSessionCacheKey *key,
                           gboolean single_use,
                           gpointer data,
                           guint lifetime,
                           gint64 verified_at)
{
  gint64 now = handoff_clock_get_boot_time ();
  gsize size = handoff_secret_get_size (data);
  Entry *entry = g_new0 (Entry, 1);
  gboolean is_kept;

  entry->key = handoff_session_cache_key_ref (key);
  entry->data = data;
  entry->single_use = single_use;
  entry->ends_at = now + lifetime * G_TIME_SPAN_SECOND;
  entry->verified_at = verified_at == HANDOFF_SESSION_VERIFIED_NOW ? now : verified_at;

  g_mutex_lock (&self->mutex);
  is_kept = size <= HANDOFF_SESSION_CACHE_MAX_DATA_SIZE && get_end (self, entry) > now &&
            make_room (self, key->uid, size);
  if (is_kept)
    {
      make_room_of_key (self, key, single_use);
      add_entry (self, entry);
      if (get_end (self, entry) < self->sweeps_at)
        schedule_sweep (self, get_end (self, entry), now);
    }
  g_mutex_unlock (&self->mutex);
  if (!is_kept)
    free_entry (entry);
}

/* The newest entry of that key that has not expired, which is not in the cache any more. (transfer
 * full) (nullable) */
static Entry *
take_entry (HandoffSessionCache *self, HandoffSessionCacheKey *key)
{
  gint64 now = handoff_clock_get_boot_time ();
  Group *group = find_group (self->by_key, key->digest);
  GList *link = group != NULL ? group->entries.head : NULL;
  Entry *entry;

  /* The sweep removes what has expired. */
  while (link != NULL && get_end (self, link->data) <= now)
    link = link->next;
  if (link == NULL)
    return NULL;
  entry = link->data;
  unlink_entry (self, entry);
  return entry;
}

gpointer
handoff_session_cache_take (HandoffSessionCache *self,
                            HandoffSessionCacheKey *key,
                            gint64 *verified_at)
{
  Entry *entry;
  gpointer data;

  g_mutex_lock (&self->mutex);
  entry = take_entry (self, key);
  g_mutex_unlock (&self->mutex);
  if (entry == NULL)
    return NULL;
  data = g_steal_pointer (&entry->data);
  *verified_at = entry->verified_at;
  free_entry (entry);
  return data;
}

void
handoff_session_cache_remove (HandoffSessionCache *self, HandoffSessionCacheKey *key)
{
  Group *group;

  g_mutex_lock (&self->mutex);
  while ((group = find_group (self->by_key, key->digest)) != NULL && group->entries.head != NULL)
    remove_entry (self, group->entries.head->data);
  g_mutex_unlock (&self->mutex);
}

void
handoff_session_cache_remove_all_of (HandoffSessionCache *self, const char *bus_name)
{
  GList *link, *next;

  g_return_if_fail (bus_name != NULL);

  g_mutex_lock (&self->mutex);
  for (link = self->all.entries.head; link != NULL; link = next)
    {
      Entry *entry = link->data;

      next = link->next;
      if (g_strcmp0 (entry->key->bus_name, bus_name) == 0)
        remove_entry (self, entry);
    }
  g_mutex_unlock (&self->mutex);
}

void
handoff_session_cache_clear (HandoffSessionCache *self)
{
  g_mutex_lock (&self->mutex);
  while (self->all.entries.length > 0)
    remove_oldest (self, &self->all);
  schedule_sweep (self, G_MAXINT64, 0);
  g_mutex_unlock (&self->mutex);
}

static void
remove_expired (HandoffSessionCache *self)
{
  gint64 now = handoff_clock_get_boot_time ();
  gint64 earliest = G_MAXINT64;
  GList *link, *next;

  for (link = self->all.entries.head; link != NULL; link = next)
    {
      gint64 end = get_end (self, link->data);

      next = link->next;
      if (end <= now)
        remove_entry (self, link->data);
      else
        earliest = MIN (earliest, end);
    }
  schedule_sweep (self, earliest, now);
}

void
handoff_session_cache_sweep (HandoffSessionCache *self)
{
  g_mutex_lock (&self->mutex);
  remove_expired (self);
  g_mutex_unlock (&self->mutex);
}

void
handoff_session_cache_set_maximum_age (HandoffSessionCache *self, guint maximum_age)
{
  g_mutex_lock (&self->mutex);
  self->maximum_age = maximum_age * G_TIME_SPAN_SECOND;
  remove_expired (self);
  g_mutex_unlock (&self->mutex);
}

guint
handoff_session_cache_get_size (HandoffSessionCache *self)
{
  guint size;

  g_mutex_lock (&self->mutex);
  size = self->all.entries.length;
  g_mutex_unlock (&self->mutex);
  return size;
}
