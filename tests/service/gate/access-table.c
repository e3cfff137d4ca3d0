/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <gio/gio.h>
#include <string.h>

#include "gate/access-table.h"
#include "keyblob/handoff-names.h"

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

static void
assert_action_exists (const char *policy, const char *action)
{
  g_autofree char *declaration = g_strdup_printf ("<action id=\"%s\">", action);

  g_assert_nonnull (strstr (policy, declaration));
}

/* A row has what its kind needs, and nothing else. */
static void
assert_sound (const HandoffAccessRow *row, const char *policy)
{
  switch (row->access)
    {
    case HANDOFF_ACCESS_OWNER:
      g_assert_null (row->action);
      g_assert_null (row->other_action);
      break;
    case HANDOFF_ACCESS_ACTION:
      assert_action_exists (policy, row->action);
      g_assert_null (row->other_action);
      break;
    case HANDOFF_ACCESS_ROLE:
      assert_action_exists (policy, row->action);
      assert_action_exists (policy, row->other_action);
      break;
    case HANDOFF_ACCESS_OWNED:
    case HANDOFF_ACCESS_OWNED_OBJECT:
      if (row->action != NULL)
        assert_action_exists (policy, row->action);
      /* Nobody gets at what is another's without an action. */
      assert_action_exists (policy, row->other_action);
      break;
    case HANDOFF_ACCESS_FREE:
      /* Who wants one more has to think about it here. */
      g_assert_cmpstr (row->method_name, ==, "OpenChannel");
      g_assert_null (row->action);
      g_assert_null (row->other_action);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
assert_listed (const char *object, const char *interface, const char *method, const char *policy)
{
  const HandoffAccessRow *row = handoff_access_table_lookup (object, interface, method);

  g_test_message ("%s: %s.%s", object, interface, method);
  g_assert_nonnull (row);
  g_assert_cmpstr (row->object, ==, object);
  g_assert_cmpstr (row->interface_name, ==, interface);
  g_assert_cmpstr (row->method_name, ==, method);
  assert_sound (row, policy);
}

/* Breaks if the table lacks a method of the interface, or the reading of an owned object's
 * properties; or if polkit's policy lacks an action. */
static void
test_everything_has_a_row (void)
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
          assert_listed (interface->name, interface->name, interface->methods[j]->name, policy);
          n_methods++;
        }
      /* The manager's properties are public facts: its façade gives them out without the gate. */
      if (g_str_equal (interface->name, HANDOFF_MANAGER_INTERFACE))
        continue;
      g_assert_nonnull (interface->properties);
      assert_listed (interface->name, HANDOFF_PROPERTIES_INTERFACE, "Get", policy);
      assert_listed (interface->name, HANDOFF_PROPERTIES_INTERFACE, "GetAll", policy);
    }
  g_assert_cmpuint (n_methods, ==, 24);
  /* Each caller is shown his own. */
  g_assert_nonnull (handoff_access_table_lookup (
      HANDOFF_OBJECT_MANAGER_INTERFACE, HANDOFF_OBJECT_MANAGER_INTERFACE, "GetManagedObjects"));
}

/* Breaks if a property is writable, or if the manager gets a new property that nobody has judged to
 * be public. */
static void
test_no_property_is_writable (void)
{
  g_autofree char *xml = read_data_file ("org.tlshandoff.Handoff1.xml");
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, &error);

  g_assert_no_error (error);
  for (guint i = 0; node->interfaces[i] != NULL; i++)
    {
      GDBusInterfaceInfo *interface = node->interfaces[i];
      guint n_properties = 0;

      for (guint j = 0; interface->properties[j] != NULL; j++)
        {
          g_assert_cmpint (interface->properties[j]->flags, ==,
                           G_DBUS_PROPERTY_INFO_FLAGS_READABLE);
          n_properties++;
        }
      if (g_str_equal (interface->name, HANDOFF_MANAGER_INTERFACE))
        g_assert_cmpuint (n_properties, ==, 4);
    }
}

/* Breaks if a method needs another action than the documentation says. */
static void
test_actions (void)
{
  const struct
  {
    const char *object;
    const char *method;
    const char *action;
    const char *other_action;
  } cases[] = {
    { HANDOFF_MANAGER_INTERFACE, "HandshakeAsClient", "handshake-as-client", NULL },
    { HANDOFF_MANAGER_INTERFACE, "HandshakeAsServer", "handshake-as-server", NULL },
    { HANDOFF_MANAGER_INTERFACE, "CreateSession", "handshake-as-client", "handshake-as-server" },
    { HANDOFF_MANAGER_INTERFACE, "ImportCredential", "manage-own-credentials",
      "manage-any-credentials" },
    { HANDOFF_MANAGER_INTERFACE, "GenerateCredential", "manage-own-credentials",
      "manage-any-credentials" },
    { HANDOFF_MANAGER_INTERFACE, "LinkCredential", "manage-own-credentials",
      "manage-any-credentials" },
    { HANDOFF_MANAGER_INTERFACE, "ListCredentials", NULL, "manage-any-credentials" },
    { HANDOFF_MANAGER_INTERFACE, "ListSessions", NULL, "inspect-sessions" },
    { HANDOFF_MANAGER_INTERFACE, "GetLog", NULL, "inspect-sessions" },
    { HANDOFF_MANAGER_INTERFACE, "GetStatistics", "inspect-sessions", NULL },
    { HANDOFF_MANAGER_INTERFACE, "Reload", "reload", NULL },
    { HANDOFF_CREDENTIAL_INTERFACE, "CreateCertificateRequest", "manage-own-credentials",
      "manage-any-credentials" },
    { HANDOFF_CREDENTIAL_INTERFACE, "SelfSign", "manage-own-credentials",
      "manage-any-credentials" },
    { HANDOFF_CREDENTIAL_INTERFACE, "SetCertificates", "manage-own-credentials",
      "manage-any-credentials" },
    { HANDOFF_CREDENTIAL_INTERFACE, "SetOcspResponse", "manage-own-credentials",
      "manage-any-credentials" },
    { HANDOFF_CREDENTIAL_INTERFACE, "Unlock", "manage-own-credentials", "manage-any-credentials" },
    { HANDOFF_CREDENTIAL_INTERFACE, "Remove", "manage-own-credentials", "manage-any-credentials" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const HandoffAccessRow *row =
          handoff_access_table_lookup (cases[i].object, cases[i].object, cases[i].method);
      const gsize prefix = strlen (HANDOFF_BUS_NAME ".");

      g_test_message ("%s", cases[i].method);
      g_assert_cmpstr (row->action != NULL ? row->action + prefix : NULL, ==, cases[i].action);
      g_assert_cmpstr (row->other_action != NULL ? row->other_action + prefix : NULL, ==,
                       cases[i].other_action);
    }
}

/* Breaks if a call that is not in the table is allowed because its object, its interface or its
 * method's name is. */
static void
test_what_is_not_there_is_denied (void)
{
  const char *manager = HANDOFF_MANAGER_INTERFACE;
  const char *session = HANDOFF_SESSION_INTERFACE;
  const char *properties = HANDOFF_PROPERTIES_INTERFACE;

  g_assert_null (handoff_access_table_lookup (manager, manager, "Close"));
  g_assert_null (handoff_access_table_lookup (manager, manager, ""));
  g_assert_null (handoff_access_table_lookup (session, session, "Reload"));
  g_assert_null (handoff_access_table_lookup (session, manager, "Reload"));
  g_assert_null (handoff_access_table_lookup (manager, session, "Close"));
  g_assert_null (handoff_access_table_lookup (manager, properties, "GetAll"));
  g_assert_null (handoff_access_table_lookup (session, properties, "Set"));
  g_assert_null (handoff_access_table_lookup (HANDOFF_CREDENTIAL_INTERFACE, properties, "Set"));
  g_assert_null (handoff_access_table_lookup ("", session, "Close"));
  g_assert_null (handoff_access_table_lookup (session, "", "Close"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/access-table/everything", test_everything_has_a_row);
  g_test_add_func ("/service/access-table/no-property-is-writable", test_no_property_is_writable);
  g_test_add_func ("/service/access-table/actions", test_actions);
  g_test_add_func ("/service/access-table/default", test_what_is_not_there_is_denied);
  return g_test_run ();
}
