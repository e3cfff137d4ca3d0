/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The tables of methods, against the interface's description. */

#include "config.h"

#include "bus/facade.h"

/* (transfer full): the type of the tuple of the method's arguments */
static char *
dup_arguments (const GDBusMethodInfo *method)
{
  GString *type = g_string_new ("(");
  GDBusArgInfo **argument;

  for (argument = method->in_args; argument != NULL && *argument != NULL; argument++)
    g_string_append (type, (*argument)->signature);
  g_string_append_c (type, ')');
  return g_string_free (type, FALSE);
}

static const HandoffMethod *
find_row (const HandoffFacadeKind *kind, const char *name)
{
  const HandoffMethod *const *table;
  const HandoffMethod *row;

  for (table = kind->methods; *table != NULL; table++)
    {
      for (row = *table; row->method_name != NULL; row++)
        {
          if (g_str_equal (row->interface_name, kind->interface->name) &&
              g_str_equal (row->method_name, name))
            return row;
        }
    }
  return NULL;
}

/* GDBus checks the arguments of a call that comes on the bus by the description; of one that comes
 * elsewhere they are checked by the table. Breaks if a table says something else, or lacks a
 * method. */
static void
test_arguments (gconstpointer data)
{
  const HandoffFacadeKind *kind = data;
  GDBusMethodInfo **method;

  for (method = kind->interface->methods; *method != NULL; method++)
    {
      g_autofree char *arguments = dup_arguments (*method);
      const HandoffMethod *row = find_row (kind, (*method)->name);

      g_test_message ("%s%s", (*method)->name, arguments);
      g_assert_nonnull (row);
      g_assert_cmpstr (row->arguments, ==, arguments);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/methods/arguments/manager", &handoff_manager_facade, test_arguments);
  g_test_add_data_func ("/methods/arguments/session", &handoff_session_facade, test_arguments);
  g_test_add_data_func ("/methods/arguments/credential", &handoff_credential_facade,
                        test_arguments);

  return g_test_run ();
}
