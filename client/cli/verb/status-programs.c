/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verb/status-programs.h"

#include <glib/gi18n.h>

#include "terminal/table.h"
#include "terminal/user-name.h"

/* What has a column of its own. */
static const char *const columns[] = { "program", "uid", "pid", "age", "state", "module", NULL };

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

/* What it holds: "credentials 2, sessions 1"; nothing of which it has none. (transfer full) */
static char *
describe_holdings (GVariant *program)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  const char *module;
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, program);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      if (!g_strv_contains (columns, key) && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32) &&
          g_variant_get_uint32 (value) > 0)
        g_ptr_array_add (parts, g_strdup_printf ("%s %u", key, g_variant_get_uint32 (value)));
    }
  g_ptr_array_sort (parts, compare_texts);
  if (g_variant_lookup (program, "module", "&s", &module))
    g_ptr_array_insert (parts, 0, g_strdup (module));
  g_ptr_array_add (parts, NULL);
  return g_strjoinv (", ", (char **) parts->pdata);
}

static void
add_row (CliTable *table, GVariant *program)
{
  const char *name = "?";
  const char *state = "";
  guint32 uid = 0, pid = 0;
  guint64 age = 0;
  g_autofree char *user = NULL;
  g_autofree char *pid_text = NULL;
  g_autofree char *age_text = NULL;
  g_autofree char *holdings = describe_holdings (program);

  g_variant_lookup (program, "program", "&s", &name);
  g_variant_lookup (program, "state", "&s", &state);
  g_variant_lookup (program, "pid", "u", &pid);
  g_variant_lookup (program, "age", "t", &age);
  user = g_variant_lookup (program, "uid", "u", &uid) ? cli_user_name_dup (uid) : g_strdup ("-");
  pid_text = g_strdup_printf ("%u", pid);
  age_text = g_strdup_printf ("%.1f s", (double) age / G_USEC_PER_SEC);
  cli_table_add (table, (const char *[]){ name, user, pid_text, age_text, state, holdings });
}

void
cli_status_print_programs (GVariant *statistics)
{
  g_autoptr (GVariant) programs =
      g_variant_lookup_value (statistics, "programs", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (CliTable) table = cli_table_new ("llrrll");
  gsize i;

  if (programs == NULL)
    return;
  g_print (_ ("programs:\n"));
  for (i = 0; i < g_variant_n_children (programs); i++)
    {
      g_autoptr (GVariant) program = g_variant_get_child_value (programs, i);

      add_row (table, program);
    }
  cli_table_print (table, "  ");
}
