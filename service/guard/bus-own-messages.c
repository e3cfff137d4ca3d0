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
