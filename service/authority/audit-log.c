/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "authority/audit-log.h"

#include <glib/gstdio.h>
#include <string.h>

#include "work/clock.h"

#define FILE_TYPE "a(uta{sv})" /* uid, number, what the API has; by number */
#define FIELD_PREFIX "HANDOFF_"

/* Bytes of a text: what is longer is cut. A handshaker may write what it likes, and the peer has a
 * say in what goes wrong. */
#define MAX_MESSAGE_SIZE 1024
#define MAX_TEXT_SIZE 256
/* A larger file is not ours. */
#define MAX_FILE_SIZE (2 * HANDOFF_AUDIT_LOG_USERS * HANDOFF_AUDIT_LOG_SIZE_PER_USER)

typedef struct
{
  guint64 number; /* real time, microseconds; each has its own */
  guint uid;
  GVariant *description; /* (owned): a{sv} */
} Entry;

typedef struct
{
  GQueue entries; /* (element-type Entry): by number */
  gsize size;     /* bytes */
} User;

struct _HandoffAuditLog
{
  char *path;          /* (owned) (nullable) */
  GHashTable *by_user; /* (owned) (element-type uid User): none is empty */
  guint64 last_number;
  gboolean is_listening;
  gboolean is_changed; /* since it was read or written */
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_variant_unref (entry->description);
  g_free (entry);
}

static void
user_free (gpointer data)
{
  User *user = data;

  g_queue_clear_full (&user->entries, entry_free);
  g_free (user);
}

static guint64
get_newest (User *user)
{
  return ((const Entry *) g_queue_peek_tail (&user->entries))->number;
}

/* The user who has been quiet for longest is forgotten. */
static void
forget_one (HandoffAuditLog *self)
{
  GHashTableIter iter;
  gpointer uid, user, quiet = NULL;
  guint64 oldest = G_MAXUINT64;

  g_hash_table_iter_init (&iter, self->by_user);
  while (g_hash_table_iter_next (&iter, &uid, &user))
    {
      if (get_newest (user) < oldest)
        {
          oldest = get_newest (user);
          quiet = uid;
        }
    }
  g_hash_table_remove (self->by_user, quiet);
}

static User *
get_user (HandoffAuditLog *self, guint uid)
{
  User *user = g_hash_table_lookup (self->by_user, GUINT_TO_POINTER (uid));

  if (user != NULL)
    return user;
  if (g_hash_table_size (self->by_user) == HANDOFF_AUDIT_LOG_USERS)
    forget_one (self);
  user = g_new0 (User, 1);
  g_queue_init (&user->entries);
  g_hash_table_insert (self->by_user, GUINT_TO_POINTER (uid), user);
  return user;
}

static gsize
get_size (const Entry *entry)
{
  return g_variant_get_size (entry->description);
}

/* description: consumed if floating */
static void
add (HandoffAuditLog *self, guint uid, guint64 number, GVariant *description)
{
  User *user = get_user (self, uid);
  Entry *entry = g_new (Entry, 1);

  *entry = (Entry){ number, uid, g_variant_ref_sink (description) };
  /* In one piece from now on: in many, it would take ten times the memory. */
  g_variant_get_data (entry->description);
  self->last_number = number;
  g_queue_push_tail (&user->entries, entry);
  user->size += get_size (entry);
  while (g_queue_get_length (&user->entries) > HANDOFF_AUDIT_LOG_PER_USER ||
         (user->size > HANDOFF_AUDIT_LOG_SIZE_PER_USER && g_queue_get_length (&user->entries) > 1))
    {
      Entry *oldest = g_queue_pop_head (&user->entries);

      user->size -= get_size (oldest);
      entry_free (oldest);
    }
}

static void
read_file (HandoffAuditLog *self)
{
  char *data;
  gsize size;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GVariant) file = NULL;
  GVariantIter iter;
  GVariant *description;
  guint64 number;
  guint uid;
  GStatBuf status;

  if (g_stat (self->path, &status) != 0)
    return;
  if (!S_ISREG (status.st_mode) || status.st_size > MAX_FILE_SIZE)
    {
      g_message ("%s is no log of the service's, and left aside", self->path);
      return;
    }
  if (!g_file_get_contents (self->path, &data, &size, NULL))
    return;
  bytes = g_bytes_new_take (data, size);
  file = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (FILE_TYPE), bytes, FALSE));
  if (!g_variant_is_normal_form (file))
    {
      g_message ("%s is damaged, and left aside", self->path);
      return;
    }
  g_variant_iter_init (&iter, file);
  while (g_variant_iter_next (&iter, "(ut@a{sv})", &uid, &number, &description))
    {
      /* On its own, so that it does not keep the whole file. */
      g_autoptr (GVariant) part = description;
      g_autoptr (GBytes) copy = g_bytes_new (g_variant_get_data (part), g_variant_get_size (part));

      /* Two services may have written of two users at the same microsecond. */
      if (number >= self->last_number)
        add (self, uid, number, g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, copy, TRUE));
    }
}

HandoffAuditLog *
handoff_audit_log_new (const char *path)
{
  HandoffAuditLog *self = g_new0 (HandoffAuditLog, 1);

  self->path = g_strdup (path);
  self->by_user = g_hash_table_new_full (NULL, NULL, NULL, user_free);
  if (path != NULL)
    read_file (self);
  return self;
}

static void
take_record (const HandoffAuditRecord *record, gpointer user_data)
{
  handoff_audit_log_add (user_data, record);
}

void
handoff_audit_log_listen (HandoffAuditLog *self)
{
  self->is_listening = TRUE;
  handoff_audit_set_listener (take_record, self);
}

void
handoff_audit_log_free (HandoffAuditLog *self)
{
  if (self->is_listening)
    handoff_audit_set_listener (NULL, NULL);
  g_hash_table_unref (self->by_user);
  g_free (self->path);
  g_free (self);
}

/* (transfer full): UTF-8, at most that many bytes of it */
static char *
dup_cut (const char *text, gsize max_size)
{
  return g_utf8_make_valid (text, (gssize) MIN (strlen (text), max_size));
}

/* "HANDOFF_SERVER_IDENTITY" is "server-identity". */
static void
insert_field (GVariantDict *dict, const GLogField *field)
{
  g_autofree char *key = NULL;
  g_autofree char *text = NULL;

  if (!g_str_has_prefix (field->key, FIELD_PREFIX))
    return;
  key = g_ascii_strdown (field->key + strlen (FIELD_PREFIX), -1);
  text = dup_cut (field->value, MAX_TEXT_SIZE);
  g_variant_dict_insert (dict, g_strdelimit (key, "_", '-'), "s", text);
}

void
handoff_audit_log_add (HandoffAuditLog *self, const HandoffAuditRecord *record)
{
  const guint uid = handoff_caller_get_uid (record->caller);
  const guint64 now = (guint64) handoff_clock_get_wall_time ();
  const guint64 number = MAX (self->last_number + 1, now);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *message = dup_cut (record->text, MAX_MESSAGE_SIZE);
  gsize i;

  for (i = 0; i < record->n_fields; i++)
    insert_field (&dict, &record->fields[i]);
  g_variant_dict_insert (&dict, "number", "t", number);
  g_variant_dict_insert (&dict, "time", "t", now);
  g_variant_dict_insert (&dict, "uid", "u", uid);
  g_variant_dict_insert (&dict, "pid", "u", handoff_caller_get_pid (record->caller));
  g_variant_dict_insert (&dict, "kind", "s",
                         record->kind == HANDOFF_AUDIT_HANDSHAKE ? "handshake" : "authorization");
  g_variant_dict_insert (&dict, "message", "s", message);
  add (self, uid, number, g_variant_dict_end (&dict));
  self->is_changed = TRUE;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const Entry *one = *(const Entry *const *) a;
  const Entry *other = *(const Entry *const *) b;

  if (one->number != other->number)
    return one->number > other->number ? 1 : -1;
  return (one->uid > other->uid) - (one->uid < other->uid);
}

static void
collect (GPtrArray *found, const User *user, guint64 after)
{
  const GList *link;

  for (link = user->entries.head; link != NULL; link = link->next)
    {
      if (((const Entry *) link->data)->number > after)
        g_ptr_array_add (found, link->data);
    }
}

/* (transfer full) (element-type Entry): by number */
static GPtrArray *
find (HandoffAuditLog *self, const guint *uid, guint64 after)
{
  GPtrArray *found = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer owner, user;

  g_hash_table_iter_init (&iter, self->by_user);
  while (g_hash_table_iter_next (&iter, &owner, &user))
    {
      if (uid == NULL || *uid == GPOINTER_TO_UINT (owner))
        collect (found, user, after);
    }
  g_ptr_array_sort (found, compare);
  return found;
}

GVariant *
handoff_audit_log_list (HandoffAuditLog *self, const guint *uid, guint64 after, guint maximum)
{
  g_autoptr (GPtrArray) found = find (self, uid, after);
  GVariantBuilder builder;
  guint i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (i = 0; i < found->len && i < maximum; i++)
    g_variant_builder_add_value (&builder, ((const Entry *) found->pdata[i])->description);
  return g_variant_builder_end (&builder);
}

/* Where systemd does not start the service, one may begin while an earlier one still ends: what
 * that has written meanwhile is kept. */
static void
merge_file (HandoffAuditLog *self)
{
  g_autoptr (HandoffAuditLog) other = handoff_audit_log_new (self->path);
  GHashTable *by_user = self->by_user; /* (owned): until its entries have been added again */
  g_autoptr (GPtrArray) all = find (self, NULL, 0);
  g_autoptr (GPtrArray) others = find (other, NULL, 0);
  guint i;

  g_ptr_array_extend (all, others, NULL, NULL);
  g_ptr_array_sort (all, compare);
  self->by_user = g_hash_table_new_full (NULL, NULL, NULL, user_free);
  for (i = 0; i < all->len; i++)
    {
      const Entry *entry = all->pdata[i];

      if (i == 0 || compare (&all->pdata[i - 1], &all->pdata[i]) != 0)
        add (self, entry->uid, entry->number, entry->description);
    }
  g_hash_table_unref (by_user);
}

void
handoff_audit_log_save (HandoffAuditLog *self)
{
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GVariant) file = NULL;
  g_autoptr (GError) error = NULL;
  GVariantBuilder builder;
  guint i;

  if (self->path == NULL || !self->is_changed)
    return;
  merge_file (self);
  found = find (self, NULL, 0);
  g_variant_builder_init (&builder, G_VARIANT_TYPE (FILE_TYPE));
  for (i = 0; i < found->len; i++)
    {
      const Entry *entry = found->pdata[i];

      g_variant_builder_add (&builder, "(ut@a{sv})", entry->uid, entry->number, entry->description);
    }
  file = g_variant_ref_sink (g_variant_builder_end (&builder));
  if (g_file_set_contents_full (self->path, g_variant_get_data (file),
                                (gssize) g_variant_get_size (file), G_FILE_SET_CONTENTS_CONSISTENT,
                                0600, &error))
    self->is_changed = FALSE;
  else
    g_message ("The newest entries of the log are lost to their users: %s", error->message);
}
