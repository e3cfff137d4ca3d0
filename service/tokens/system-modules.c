/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tokens/system-modules.h"

#include <string.h>

#define SUFFIX ".module"
#define OUR_NAME "tls-handoffd"

typedef struct
{
  const char *name;  /* (unowned): of the file */
  const char *value; /* (unowned): of "module" */
  gint64 priority;
} Found;

const char *const *
handoff_system_modules_get_folders (void)
{
  static const char *const folders[] = { "/etc/pkcs11/modules", P11_MODULE_CONFIGS, NULL };

  return folders;
}

/* Lines "key: value"; what is said there already stays. */
static void
take_lines (GHashTable *keys, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  gsize i;

  for (i = 0; lines[i] != NULL; i++)
    {
      char *line = g_strstrip (lines[i]);
      char *colon = strchr (line, ':');
      char *key;

      if (*line == '#' || colon == NULL)
        continue;
      *colon = '\0';
      key = g_strchomp (line);
      if (!g_hash_table_contains (keys, key))
        g_hash_table_insert (keys, g_strdup (key), g_strdup (g_strchug (colon + 1)));
    }
}

/* files: (element-type utf8 GHashTable): by name, what they say */
static void
read_folder (GHashTable *files, const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *text = NULL;
      g_autoptr (GError) error = NULL;
      GHashTable *keys;

      if (!g_str_has_suffix (name, SUFFIX))
        continue;
      if (!g_file_get_contents (path, &text, NULL, &error))
        {
          g_warning ("Cannot read the configuration of a PKCS#11 module: %s", error->message);
          continue;
        }
      keys = g_hash_table_lookup (files, name);
      if (keys == NULL)
        {
          keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
          g_hash_table_insert (files, g_strdup (name), keys);
        }
      take_lines (keys, text);
    }
}

/* text: (nullable): names, separated by commas or spaces */
static gboolean
names_us (const char *text)
{
  g_auto (GStrv) names = g_strsplit_set (text != NULL ? text : "", ", \t", -1);

  return g_strv_contains ((const char *const *) names, OUR_NAME);
}

static gboolean
is_for_us (GHashTable *keys)
{
  const char *enabled = g_hash_table_lookup (keys, "enable-in");

  if (g_hash_table_contains (keys, "remote") || g_hash_table_lookup (keys, "module") == NULL)
    return FALSE;
  if (g_strcmp0 (g_hash_table_lookup (keys, "trust-policy"), "yes") == 0)
    return FALSE;
  return enabled != NULL ? names_us (enabled)
                         : !names_us (g_hash_table_lookup (keys, "disable-in"));
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const Found *first = a;
  const Found *second = b;

  if (first->priority != second->priority)
    return first->priority > second->priority ? -1 : 1;
  return strcmp (first->name, second->name);
}

char **
handoff_system_modules_find (const char *const *folders)
{
  g_autoptr (GHashTable) files =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_hash_table_unref);
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (Found));
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  GHashTableIter iter;
  gpointer name, keys;
  guint i;

  for (i = 0; folders[i] != NULL; i++)
    read_folder (files, folders[i]);
  g_hash_table_iter_init (&iter, files);
  while (g_hash_table_iter_next (&iter, &name, &keys))
    {
      const char *priority = g_hash_table_lookup (keys, "priority");
      const Found one = { name, g_hash_table_lookup (keys, "module"),
                          priority != NULL ? g_ascii_strtoll (priority, NULL, 10) : 0 };

      if (is_for_us (keys))
        g_array_append_val (found, one);
    }
  g_array_sort (found, compare);
  for (i = 0; i < found->len; i++)
    {
      const char *value = g_array_index (found, Found, i).value;
      g_autofree char *path = g_path_is_absolute (value)
                                  ? g_strdup (value)
                                  : g_build_filename (P11_MODULE_PATH, value, NULL);

      g_strv_builder_add (paths, path);
    }
  return g_strv_builder_end (paths);
}
