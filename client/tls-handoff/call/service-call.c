/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/service-call.h"

#include "keyblob/error-reply.h"
#include "keyblob/handoff-names.h"
#include "call/service-error.h"
#include "tls-handoff-error.h"

GDBusMessage *
handoff_service_call_new (HandoffServiceBus *bus,
                          const char *path,
                          const char *interface,
                          const char *method,
                          GVariant *body,
                          gboolean interactive)
{
  g_autoptr (GDBusMessage) call = g_dbus_message_new_method_call (
      handoff_service_bus_get_destination (bus), path, interface, method);

  if (interactive)
    g_dbus_message_set_flags (call, G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION);
  if (body != NULL)
    g_dbus_message_set_body (call, body);

  return g_steal_pointer (&call);
}

gboolean
handoff_service_call_check_reply (GDBusMessage *reply, const char *reply_type, GError **error)
{
  GVariant *body;

  if (g_dbus_message_get_message_type (reply) == G_DBUS_MESSAGE_TYPE_ERROR)
    {
      g_propagate_error (error, handoff_error_from_reply (reply));
      handoff_service_error_explain (error);
      return FALSE;
    }

  body = g_dbus_message_get_body (reply);
  if (!g_str_equal (body != NULL ? g_variant_get_type_string (body) : "()", reply_type))
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "The TLS Handoff service replied with type “%s” in place of “%s”; its version "
                   "does not fit the library's",
                   body != NULL ? g_variant_get_type_string (body) : "()", reply_type);
      return FALSE;
    }

  return TRUE;
}

gboolean
handoff_service_call_check_identity (const char *server_identity, GError **error)
{
  if (g_utf8_validate (server_identity, -1, NULL))
    return TRUE;

  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                       "The server's identity is not UTF-8");
  return FALSE;
}

GError *
handoff_service_call_error_from_details (GVariant *details)
{
  g_autoptr (GDBusMessage) reply = g_dbus_message_new ();
  const char *name = "";
  const char *message = "The service gave no reason";

  g_variant_lookup (details, HANDOFF_DETAIL_ERROR, "&s", &name);
  g_variant_lookup (details, HANDOFF_DETAIL_MESSAGE, "&s", &message);

  /* The error reply of HandshakeAsClient() that says the same. */
  g_dbus_message_set_message_type (reply, G_DBUS_MESSAGE_TYPE_ERROR);
  g_dbus_message_set_error_name (
      reply, g_dbus_is_interface_name (name) ? name : HANDOFF_ERROR_PREFIX "Failed");
  g_dbus_message_set_body (reply, g_variant_new ("(s@a{sv})", message, details));
  return handoff_error_from_reply (reply);
}
