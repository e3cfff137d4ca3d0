/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <gio/gio.h>
#include <string.h>

#include "access-table.h"

static char *
read_data_file (const char *name)
{
  g_autofree char *path = g_build_filename (TEST_DATA_DIR, name, NULL);
  g_autoptr (GError) error = NULL;
  char *content;

  g_file_get_contents (path, &content, NULL, &error);
  g_assert_no_error (error);
  return content;
}

/* Breaks if a method of the interface can be forgotten in the table, or an action in polkit's
 * policy. */
static void
test_every_method_has_a_row (void)
{
  g_autofree char *xml = read_data_file ("org.tlshandoff.Handoff1.xml");
  g_autofree char *policy = read_data_file ("org.tlshandoff.Handoff1.policy.in");
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, &error);
  guint n_methods = 0;

  g_assert_no_error (error);
  for (guint i = 0; node->interfaces[i] != NULL; i++)
    {
      GDBusInterfaceInfo *interface = node->interfaces[i];

      for (guint j = 0; interface->methods != NULL && interface->methods[j] != NULL; j++)
        {
          const char *method = interface->methods[j]->name;
          const HandoffAccessRow *row = handoff_access_table_lookup (interface->name, method);
          g_autofree char *declaration = NULL;

          g_test_message ("%s.%s", interface->name, method);
          g_assert_nonnull (row);
          g_assert_cmpstr (row->interface_name, ==, interface->name);
          g_assert_cmpstr (row->method_name, ==, method);
          n_methods++;
          if (row->access == HANDOFF_ACCESS_OWNER)
            {
              g_assert_null (row->action);
              continue;
            }
          g_assert_cmpint (row->access, ==, HANDOFF_ACCESS_ACTION);
          declaration = g_strdup_printf ("<action id=\"%s\">", row->action);
          g_assert_nonnull (strstr (policy, declaration));
        }
    }
  g_assert_cmpuint (n_methods, >=, 4);
}

/* Breaks if whatever is not in the table is let through: nothing is allowed by its interface, or
 * its method's name, alone. */
static void
test_what_is_not_there_is_denied (void)
{
  g_assert_null (handoff_access_table_lookup ("org.tlshandoff.Handoff1.Manager", "Close"));
  g_assert_null (handoff_access_table_lookup ("org.tlshandoff.Handoff1.Manager", ""));
  g_assert_null (handoff_access_table_lookup ("org.tlshandoff.Handoff1.Session", "Reload"));
  g_assert_null (handoff_access_table_lookup ("org.freedesktop.DBus.Properties", "Set"));
  g_assert_null (handoff_access_table_lookup ("", "Close"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/access-table/every-method", test_every_method_has_a_row);
  g_test_add_func ("/service/access-table/default", test_what_is_not_there_is_denied);
  return g_test_run ();
}
