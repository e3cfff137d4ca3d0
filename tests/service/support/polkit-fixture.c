/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/polkit-fixture.h"

#include "authority/polkit-authority.h"

static const char interface_xml[] =
    "<node><interface name='org.freedesktop.PolicyKit1.Authority'>"
    "<method name='CheckAuthorization'>"
    "<arg type='(sa{sv})' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='a{ss}' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='s' direction='in'/><arg type='(bba{ss})' direction='out'/></method>"
    "<method name='CancelCheckAuthorization'><arg type='s' direction='in'/></method>"
    "</interface></node>";

static void
method_call (GDBusConnection *connection,
             const char *sender,
             const char *object_path,
             const char *interface_name,
             const char *method_name,
             GVariant *parameters,
             GDBusMethodInvocation *invocation,
             gpointer user_data)
{
  PolkitFixture *f = user_data;
  char *id;

  if (g_str_equal (method_name, "CheckAuthorization"))
    {
      g_ptr_array_add (f->asked, invocation);
      return;
    }
  g_variant_get (parameters, "(s)", &id);
  g_ptr_array_add (f->cancelled, id);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

GDBusConnection *
polkit_connect (PolkitFixture *f)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection =
      g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (f->bus),
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

void
polkit_start (PolkitFixture *f)
{
  static const GDBusInterfaceVTable vtable = { method_call, NULL, NULL, { 0 } };
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  f->polkit = polkit_connect (f);
  g_dbus_connection_register_object (f->polkit, "/org/freedesktop/PolicyKit1/Authority",
                                     f->node->interfaces[0], &vtable, f, NULL, &error);
  g_assert_no_error (error);
  reply = g_dbus_connection_call_sync (
      f->polkit, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "RequestName", g_variant_new ("(su)", POLKIT, 4), NULL, 0, -1, NULL, &error);
  g_assert_no_error (error);
}

void
polkit_set_up (PolkitFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (f->bus);
  f->node = g_dbus_node_info_new_for_xml (interface_xml, &error);
  g_assert_no_error (error);
  f->asked = g_ptr_array_new ();
  f->cancelled = g_ptr_array_new_with_free_func (g_free);
  f->service = polkit_connect (f);
  f->authority = handoff_polkit_authority_new (f->service);
  polkit_start (f);
}

void
polkit_emit_changed (GDBusConnection *sender, const char *destination)
{
  g_autoptr (GError) error = NULL;

  g_dbus_connection_emit_signal (sender, destination, "/org/freedesktop/PolicyKit1/Authority",
                                 POLKIT ".Authority", "Changed", NULL, &error);
  g_assert_no_error (error);
}

void
polkit_answer (PolkitFixture *f, guint index, gboolean yes, gboolean challenge)
{
  GDBusMethodInvocation *invocation = g_steal_pointer (&f->asked->pdata[index]);

  g_assert_nonnull (invocation);
  g_dbus_method_invocation_return_value (invocation,
                                         g_variant_new ("((bba{ss}))", yes, challenge, NULL));
}

gboolean
polkit_is_answered (PolkitFixture *f, guint index)
{
  return f->asked->pdata[index] == NULL;
}

static void
called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  G_GNUC_UNUSED g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);

  *(gboolean *) user_data = TRUE;
}

void
polkit_settle_down (PolkitFixture *f)
{
  for (guint i = 0; i < 3; i++)
    {
      gboolean done = FALSE;

      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_dbus_connection_call (f->service, POLKIT, "/", "org.freedesktop.DBus.Peer", "Ping", NULL,
                              NULL, 0, -1, NULL, called, &done);
      while (!done)
        g_main_context_iteration (NULL, TRUE);
    }
}

void
polkit_tear_down (PolkitFixture *f, gconstpointer data)
{
  for (guint i = 0; i < f->asked->len; i++)
    if (!polkit_is_answered (f, i))
      polkit_answer (f, i, FALSE, FALSE);
  if (f->polkit != NULL)
    polkit_settle_down (f);
  g_clear_object (&f->authority);
  g_clear_object (&f->polkit);
  g_clear_object (&f->service);
  g_ptr_array_unref (f->asked);
  g_ptr_array_unref (f->cancelled);
  g_dbus_node_info_unref (f->node);
  g_test_dbus_down (f->bus);
  g_object_unref (f->bus);
}

guint
polkit_count_open (PolkitFixture *f)
{
  guint n = 0;

  for (guint i = 0; i < f->asked->len; i++)
    n += !polkit_is_answered (f, i);
  return n;
}

guint
polkit_find (PolkitFixture *f, const char *action, guint flags)
{
  for (guint i = 0; i < f->asked->len; i++)
    {
      const char *asked_action;
      guint asked_flags;

      if (polkit_is_answered (f, i))
        continue;
      g_variant_get (g_dbus_method_invocation_get_parameters (f->asked->pdata[i]),
                     "((sa{sv})&sa{ss}us)", NULL, NULL, &asked_action, NULL, &asked_flags, NULL);
      if (g_str_equal (asked_action, action) && asked_flags == flags)
        return i;
    }
  return G_MAXUINT;
}
