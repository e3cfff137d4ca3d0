/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verb/status-statistics.h"

#include <glib/gi18n.h>

#include "terminal/table.h"
#include "terminal/user-name.h"
#include "verb/status-programs.h"

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

/* The keys of an a{sv}, sorted, so that two calls can be compared. */
static GPtrArray *
get_sorted_keys (GVariant *dictionary)
{
  GPtrArray *keys = g_ptr_array_new_with_free_func (g_free);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, dictionary);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    g_ptr_array_add (keys, g_strdup (key));
  g_ptr_array_sort (keys, compare_names);
  return keys;
}

/* But for those of each user, and programs. */
static void
print_counters (GVariant *counters)
{
  g_autoptr (GPtrArray) keys = get_sorted_keys (counters);
  g_autoptr (CliTable) table = cli_table_new ("lr");

  for (guint i = 0; i < keys->len; i++)
    {
      const char *key = g_ptr_array_index (keys, i);
      g_autoptr (GVariant) value = g_variant_lookup_value (counters, key, NULL);
      g_autofree char *text = g_variant_print (value, FALSE);

      if (!g_str_equal (key, "users") && !g_str_equal (key, "programs"))
        cli_table_add (table, (const char *[]){ key, text });
    }
  cli_table_print (table, "  ");
}

/* The counters of a user, and what their columns are called. */
static const char *const user_counters[] = {
  "handshakes-completed", "handshakes-failed",    "handshakes-denied",
  "handshakes-resumed",   "handshakes-in-flight",
};

static void
add_user (CliTable *table, guint uid, GVariant *counters)
{
  g_autofree char *name = cli_user_name_dup (uid);
  char *cells[1 + G_N_ELEMENTS (user_counters)] = { name };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (user_counters); i++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (counters, user_counters[i], NULL);

      cells[i + 1] = value != NULL ? g_variant_print (value, FALSE) : g_strdup ("-");
    }
  cli_table_add (table, (const char *const *) cells);
  for (i = 1; i < G_N_ELEMENTS (cells); i++)
    g_free (cells[i]);
}

static void
print_users (GVariant *statistics)
{
  g_autoptr (GVariant) users =
      g_variant_lookup_value (statistics, "users", G_VARIANT_TYPE ("a{ua{sv}}"));
  g_autoptr (CliTable) table = cli_table_new ("lrrrrr");
  GVariantIter iter;
  GVariant *counters;
  guint uid;

  if (users == NULL || g_variant_n_children (users) == 0)
    return;
  g_print (_ ("handshakes:\n"));
  cli_table_add (table, (const char *[]){ _ ("user"), _ ("completed"), _ ("failed"), _ ("denied"),
                                          _ ("resumed"), _ ("in flight") });
  g_variant_iter_init (&iter, users);
  while (g_variant_iter_loop (&iter, "{u@a{sv}}", &uid, &counters))
    add_user (table, uid, counters);
  cli_table_print (table, "  ");
}

/**
 * cli_status_print_statistics:
 *
 * Prints counters, those of each user, and the service's programs, each as a table.
 */
void
cli_status_print_statistics (GVariant *statistics)
{
  g_print (_ ("statistics:\n"));
  print_counters (statistics);
  print_users (statistics);
  cli_status_print_programs (statistics);
}

/* What the key "programs" has: objects with an age. */
static void
add_programs (JsonBuilder *builder, GVariant *programs)
{
  gsize i;

  json_builder_begin_array (builder);
  for (i = 0; i < g_variant_n_children (programs); i++)
    {
      g_autoptr (GVariant) program = g_variant_get_child_value (programs, i);

      cli_json_add_dictionary (builder, program);
    }
  json_builder_end_array (builder);
}

/**
 * cli_status_add_statistics:
 *
 * Adds the member statistics.
 */
void
cli_status_add_statistics (JsonBuilder *builder, GVariant *statistics)
{
  g_autoptr (GPtrArray) keys = get_sorted_keys (statistics);
  guint i;

  json_builder_set_member_name (builder, "statistics");
  json_builder_begin_object (builder);
  for (i = 0; i < keys->len; i++)
    {
      const char *key = g_ptr_array_index (keys, i);
      g_autoptr (GVariant) value = g_variant_lookup_value (statistics, key, NULL);

      json_builder_set_member_name (builder, key);
      if (g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}")))
        add_programs (builder, value);
      else
        json_builder_add_value (builder, json_gvariant_serialize (value));
    }
  json_builder_end_object (builder);
}
