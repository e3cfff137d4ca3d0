/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "authority/audit-log.h"

#include <string.h>

#define FILE_TYPE "a(uta{sv})" /* uid, number, what the API has; by number */
#define FIELD_PREFIX "HANDOFF_"

typedef struct
{
  guint64 number; /* real time, microseconds; each has its own */
  guint uid;
  GVariant *description; /* (owned): a{sv} */
} Entry;

struct _HandoffAuditLog
{
  char *path;          /* (owned) (nullable) */
  GHashTable *by_user; /* (owned) (element-type uid GQueue): of Entry, none is empty */
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
entries_free (gpointer data)
{
  g_queue_free_full (data, entry_free);
}

static guint64
get_newest (GQueue *entries)
{
  return ((const Entry *) g_queue_peek_tail (entries))->number;
}

/* The user who has been quiet for longest is forgotten. */
static void
forget_one (HandoffAuditLog *self)
{
  GHashTableIter iter;
  gpointer uid, entries, quiet = NULL;
  guint64 oldest = G_MAXUINT64;

  g_hash_table_iter_init (&iter, self->by_user);
  while (g_hash_table_iter_next (&iter, &uid, &entries))
    {
      if (get_newest (entries) < oldest)
        {
          oldest = get_newest (entries);
          quiet = uid;
        }
    }
  g_hash_table_remove (self->by_user, quiet);
}

/* description: consumed if floating */
static void
add (HandoffAuditLog *self, guint uid, guint64 number, GVariant *description)
{
  GQueue *entries = g_hash_table_lookup (self->by_user, GUINT_TO_POINTER (uid));
  Entry *entry = g_new (Entry, 1);

  *entry = (Entry){ number, uid, g_variant_ref_sink (description) };
  self->last_number = number;
  if (entries == NULL)
    {
      if (g_hash_table_size (self->by_user) == HANDOFF_AUDIT_LOG_USERS)
        forget_one (self);
      entries = g_queue_new ();
      g_hash_table_insert (self->by_user, GUINT_TO_POINTER (uid), entries);
    }
  g_queue_push_tail (entries, entry);
  if (g_queue_get_length (entries) > HANDOFF_AUDIT_LOG_PER_USER)
    entry_free (g_queue_pop_head (entries));
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

      if (number > self->last_number)
        add (self, uid, number, g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, copy, TRUE));
    }
}

HandoffAuditLog *
handoff_audit_log_new (const char *path)
{
  HandoffAuditLog *self = g_new0 (HandoffAuditLog, 1);

  self->path = g_strdup (path);
  self->by_user = g_hash_table_new_full (NULL, NULL, NULL, entries_free);
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

/* "HANDOFF_SERVER_IDENTITY" is "server-identity". */
static void
insert_field (GVariantDict *dict, const GLogField *field)
{
  g_autofree char *key = NULL;

  if (!g_str_has_prefix (field->key, FIELD_PREFIX))
    return;
  key = g_ascii_strdown (field->key + strlen (FIELD_PREFIX), -1);
  g_variant_dict_insert (dict, g_strdelimit (key, "_", '-'), "s", field->value);
}

void
handoff_audit_log_add (HandoffAuditLog *self, const HandoffAuditRecord *record)
{
  const guint uid = handoff_caller_get_uid (record->caller);
  const guint64 now = (guint64) g_get_real_time ();
  const guint64 number = MAX (self->last_number + 1, now);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  gsize i;

  for (i = 0; i < record->n_fields; i++)
    insert_field (&dict, &record->fields[i]);
  g_variant_dict_insert (&dict, "number", "t", number);
  g_variant_dict_insert (&dict, "time", "t", now);
  g_variant_dict_insert (&dict, "uid", "u", uid);
  g_variant_dict_insert (&dict, "pid", "u", handoff_caller_get_pid (record->caller));
  g_variant_dict_insert (&dict, "kind", "s",
                         record->kind == HANDOFF_AUDIT_HANDSHAKE ? "handshake" : "authorization");
  g_variant_dict_insert (&dict, "message", "s", record->text);
  add (self, uid, number, g_variant_dict_end (&dict));
  self->is_changed = TRUE;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const Entry *one = *(const Entry *const *) a;
  const Entry *other = *(const Entry *const *) b;

  return (one->number > other->number) - (one->number < other->number);
}

static void
collect (GPtrArray *found, const GQueue *entries, guint64 after)
{
  const GList *link;

  for (link = entries->head; link != NULL; link = link->next)
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
  gpointer owner, entries;

  g_hash_table_iter_init (&iter, self->by_user);
  while (g_hash_table_iter_next (&iter, &owner, &entries))
    {
      if (uid == NULL || *uid == GPOINTER_TO_UINT (owner))
        collect (found, entries, after);
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
