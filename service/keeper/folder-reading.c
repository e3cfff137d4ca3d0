/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "keeper/folder-reading.h"

#include "keeper/folder-files.h"

void
handoff_folder_reading_free (HandoffFolderReading *self)
{
  g_ptr_array_unref (self->folders);
  g_free (self);
}

static void
report_damage (HandoffFolderReading *self, const char *path, const char *name, const char *reason)
{
  self->n_damaged++;
  g_warning ("The credential in %s/%s is damaged, and left aside: %s", path, name, reason);
}

/* Two credentials of one owner must not have the same label: nobody could name one of them.
 * (transfer full) */
static char *
dup_name (const HandoffFolderMetadata *metadata)
{
  return g_strdup_printf ("%u/%s", metadata->owner, metadata->label);
}

static void
read_folder (
    HandoffFolderReading *self, GHashTable *names, int directory, const char *path, const char *id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffKeptFolder) folder = handoff_kept_folder_read (directory, id, &error);

  if (folder == NULL)
    report_damage (self, path, id, error->message);
  else if (!g_hash_table_add (names, dup_name (folder->metadata)))
    report_damage (self, path, id, "another one has the same label");
  else
    g_ptr_array_add (self->folders, g_steal_pointer (&folder));
}

HandoffFolderReading *
handoff_folder_reading_new (int directory, const char *path, GError **error)
{
  g_auto (GStrv) ids = handoff_folder_list (directory, error);
  g_autoptr (GHashTable) names = NULL;
  HandoffFolderReading *self;
  guint i;

  if (ids == NULL)
    return NULL;
  names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self = g_new0 (HandoffFolderReading, 1);
  self->folders = g_ptr_array_new_with_free_func ((GDestroyNotify) handoff_kept_folder_free);
  for (i = 0; ids[i] != NULL; i++)
    {
      if (*ids[i] == '.')
        handoff_folder_clean (directory, ids[i]);
      else
        read_folder (self, names, directory, path, ids[i]);
    }
  return self;
}
