/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/service-call.h"

#include "keyblob/error-reply.h"
#include "keyblob/handoff-names.h"
#include "call/service-error.h"
#include "phrasebook/phrasebook.h"
#include "tls-handoff-error.h"
#include "phrasebook/library-text.h"

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
handoff_service_call_check_type (GVariant *body, const char *type, GError **error)
{
  const char *found = body != NULL ? g_variant_get_type_string (body) : "()";

  if (g_str_equal (found, type))
    return TRUE;

  g_set_error (
      error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
      _ ("The TLS Handoff service replied with type “%s” in place of “%s”; its version does "
         "not fit the library's"),
      found, type);
  return FALSE;
}

gboolean
handoff_service_call_check_reply (GDBusMessage *reply, const char *reply_type, GError **error)
{
  if (g_dbus_message_get_message_type (reply) == G_DBUS_MESSAGE_TYPE_ERROR)
    {
      g_propagate_error (error, handoff_error_from_reply (reply));
      handoff_service_error_explain (error);
      return FALSE;
    }

  return handoff_service_call_check_type (g_dbus_message_get_body (reply), reply_type, error);
}

gboolean
handoff_service_call_check_identity (const char *server_identity, GError **error)
{
  if (g_utf8_validate (server_identity, -1, NULL))
    return TRUE;

  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                       _ ("The server's identity is not UTF-8"));
  return FALSE;
}

GError *
handoff_service_call_error_from_details (GVariant *details)
{
  const char *name = "";
  GError *error;
  const char *message = "The service gave no reason";

  g_variant_lookup (details, HANDOFF_DETAIL_ERROR, "&s", &name);
  g_variant_lookup (details, HANDOFF_DETAIL_MESSAGE, "&s", &message);

  /* The error of HandshakeAsClient() that says the same. */
  error = handoff_error_from_name (
      g_dbus_is_interface_name (name) ? name : HANDOFF_ERROR_PREFIX "Failed", message, details);
  handoff_phrasebook_translate_error (error);
  return error;
}
