/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "guard/bus-own-messages.h"

#define BUS_NAME "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

/* (transfer full) */
static GDBusMessage *
new_call_to_bus (const char *method, const char *argument)
{
  GDBusMessage *message = g_dbus_message_new_method_call (BUS_NAME, BUS_PATH, BUS_NAME, method);

  g_dbus_message_set_body (message, g_variant_new ("(s)", argument));
  return message;
}

HandoffBusMessage *
handoff_bus_own_message_new_who (const char *bus_name, guint32 serial)
{
  g_autoptr (GDBusMessage) question = new_call_to_bus ("GetConnectionCredentials", bus_name);

  return handoff_bus_message_new_from_gdbus (question, serial);
}

HandoffBusMessage *
handoff_bus_own_message_new_ping (const char *bus_name, guint32 serial)
{
  g_autoptr (GDBusMessage) ping =
      g_dbus_message_new_method_call (bus_name, "/", "org.freedesktop.DBus.Peer", "Ping");

  g_dbus_message_set_flags (ping, G_DBUS_MESSAGE_FLAGS_NO_AUTO_START);
  return handoff_bus_message_new_from_gdbus (ping, serial);
}

HandoffBusMessage *
handoff_bus_own_message_new_match (guint32 serial)
{
  g_autoptr (GDBusMessage) match =
      new_call_to_bus ("AddMatch", "type='signal',sender='" BUS_NAME "',path='" BUS_PATH
                                   "',interface='" BUS_NAME "',member='NameOwnerChanged'");

  g_dbus_message_set_flags (match, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  return handoff_bus_message_new_from_gdbus (match, serial);
}

HandoffBusMessage *
handoff_bus_own_message_new_left (const char *bus_name, guint32 serial)
{
  g_autoptr (GDBusMessage) signal =
      g_dbus_message_new_signal (BUS_PATH, BUS_NAME, "NameOwnerChanged");

  g_dbus_message_set_sender (signal, BUS_NAME);
  g_dbus_message_set_body (signal, g_variant_new ("(sss)", bus_name, bus_name, ""));
  return handoff_bus_message_new_from_gdbus (signal, serial);
}

HandoffBusMessage *
handoff_bus_own_message_new_refusal (const HandoffBusMessage *call,
                                     const char *error_name,
                                     const char *reason,
                                     guint32 serial)
{
  g_autoptr (GDBusMessage) reply = NULL;

  if (call->flags & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED)
    return NULL;
  reply = g_dbus_message_new ();
  g_dbus_message_set_message_type (reply, G_DBUS_MESSAGE_TYPE_ERROR);
  g_dbus_message_set_flags (reply, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  g_dbus_message_set_destination (reply, call->sender);
  g_dbus_message_set_reply_serial (reply, call->serial);
  g_dbus_message_set_error_name (reply, error_name);
  g_dbus_message_set_body (reply, g_variant_new ("(s)", reason));
  return handoff_bus_message_new_from_gdbus (reply, serial);
}

gboolean
handoff_bus_own_message_read_who (const HandoffBusMessage *answer, guint *uid, char **error_name)
{
  g_autoptr (GDBusMessage) reply = handoff_bus_message_to_gdbus (answer);
  GVariant *body = reply != NULL ? g_dbus_message_get_body (reply) : NULL;
  g_autoptr (GVariant) credentials = NULL;
  const char *error = reply != NULL ? g_dbus_message_get_error_name (reply) : NULL;

  if (body != NULL && g_variant_is_of_type (body, G_VARIANT_TYPE ("(a{sv})")))
    g_variant_get (body, "(@a{sv})", &credentials);
  if (credentials != NULL && g_variant_lookup (credentials, "UnixUserID", "u", uid))
    return TRUE;
  *error_name = g_strdup (error != NULL ? error : "no UnixUserID");
  return FALSE;
}

char *
handoff_bus_own_message_read_left (const HandoffBusMessage *signal)
{
  g_autoptr (GDBusMessage) parsed = handoff_bus_message_to_gdbus (signal);
  GVariant *body = parsed != NULL ? g_dbus_message_get_body (parsed) : NULL;
  const char *name, *new_owner;

  if (body == NULL || !g_variant_is_of_type (body, G_VARIANT_TYPE ("(sss)")))
    return NULL;
  g_variant_get (body, "(&s&s&s)", &name, NULL, &new_owner);
  return *new_owner == '\0' ? g_strdup (name) : NULL;
}

gboolean
handoff_bus_own_message_is_error (const HandoffBusMessage *answer, const char *name)
{
  g_autofree char *full_name = g_strconcat (BUS_NAME ".Error.", name, NULL);
  g_autoptr (GDBusMessage) reply = handoff_bus_message_to_gdbus (answer);

  return reply != NULL && g_strcmp0 (g_dbus_message_get_error_name (reply), full_name) == 0;
}
