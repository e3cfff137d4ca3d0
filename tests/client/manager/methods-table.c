/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The table of the service's methods. */

#include <gio/gio.h>

#include "manager/methods.h"

static char *
interface_signature (GDBusArgInfo **arguments)
{
  GString *signature = g_string_new ("(");

  for (; arguments != NULL && *arguments != NULL; arguments++)
    g_string_append (signature, (*arguments)->signature);
  return g_string_free (g_string_append_c (signature, ')'), FALSE);
}

static char *
row_signature (const HandoffServiceMethod *row)
{
  static const char *const types[] = {
    [HANDOFF_ARGUMENT_STRING] = "s",         [HANDOFF_ARGUMENT_STRINGS] = "as",
    [HANDOFF_ARGUMENT_BOOLEAN] = "b",        [HANDOFF_ARGUMENT_UID] = "u",
    [HANDOFF_ARGUMENT_CERTIFICATES] = "aay", [HANDOFF_ARGUMENT_SECRET] = "h",
    [HANDOFF_ARGUMENT_BYTES] = "ay",         [HANDOFF_ARGUMENT_SECRET_BYTES] = "h",
  };
  GString *signature = g_string_new ("(");

  for (const HandoffArgument *argument = row->parameters; argument->name != NULL; argument++)
    g_string_append (signature, types[argument->type]);
  if (row->options[0].name != NULL)
    g_string_append (signature, "a{sv}");
  return g_string_free (g_string_append_c (signature, ')'), FALSE);
}

/* Breaks if a row does not say what the D-Bus interface says. */
static void
test_table_fits_interface (void)
{
  g_autofree char *xml = NULL;
  g_autoptr (GDBusNodeInfo) node = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (TEST_INTERFACE_XML, &xml, NULL, &error);
  g_assert_no_error (error);
  node = g_dbus_node_info_new_for_xml (xml, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < HANDOFF_N_METHODS; i++)
    {
      const HandoffServiceMethod *row = &handoff_methods[i];
      GDBusInterfaceInfo *interface = g_dbus_node_info_lookup_interface (node, row->interface);
      GDBusMethodInfo *method;
      g_autofree char *expected = NULL, *expected_reply = NULL, *signature = NULL;

      g_assert_nonnull (row->function);
      if (i == HANDOFF_METHOD_GET_STATUS)
        continue;
      g_assert_nonnull (interface);
      method = g_dbus_interface_info_lookup_method (interface, row->method);
      g_assert_nonnull (method);
      expected = interface_signature (method->in_args);
      expected_reply = interface_signature (method->out_args);
      signature = row_signature (row);
      g_assert_cmpstr (signature, ==, expected);
      g_assert_cmpstr (row->reply.type, ==, expected_reply);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/methods-table/fits-interface", test_table_fits_interface);
  return g_test_run ();
}
