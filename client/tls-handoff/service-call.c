/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "service-call.h"

#include "error-private.h"
#include "handoff-names.h"
#include "tls-handoff-error.h"

GDBusMessage *
handoff_service_call_new (HandoffServiceBus *bus,
                          const char *interface,
                          const char *method,
                          GVariant *body,
                          TlsHandoffHandshakeFlags flags)
{
  g_autoptr (GDBusMessage) call = g_dbus_message_new_method_call (
      handoff_service_bus_get_destination (bus), HANDOFF_ROOT_PATH, interface, method);

  if (flags & TLS_HANDOFF_HANDSHAKE_INTERACTIVE)
    g_dbus_message_set_flags (call, G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION);
  if (body != NULL)
    g_dbus_message_set_body (call, body);

  return g_steal_pointer (&call);
}

GDBusMessage *
handoff_service_call_send_sync (HandoffServiceBus *bus,
                                GDBusMessage *call,
                                const char *reply_type,
                                GCancellable *cancellable,
                                GError **error)
{
  g_autoptr (GDBusMessage) reply = NULL;

  reply = handoff_service_bus_send_sync (bus, call, NULL, cancellable, error);
  if (reply == NULL || !handoff_service_call_check_reply (reply, reply_type, error))
    return NULL;

  return g_steal_pointer (&reply);
}

gboolean
handoff_service_call_check_reply (GDBusMessage *reply, const char *reply_type, GError **error)
{
  GVariant *body;

  if (g_dbus_message_get_message_type (reply) == G_DBUS_MESSAGE_TYPE_ERROR)
    {
      g_propagate_error (error, handoff_error_from_reply (reply));
      handoff_service_call_explain_error (error);
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

/* NULL if there is nothing better to say than what the error says. */
static const char *
explanation_of (const GError *error)
{
  g_autofree char *remote_name = NULL;

  if (error->domain == G_DBUS_ERROR)
    {
      switch (error->code)
        {
        case G_DBUS_ERROR_SERVICE_UNKNOWN:
        case G_DBUS_ERROR_NAME_HAS_NO_OWNER:
        case G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND:
          return "The TLS Handoff service is not installed or not running, so no TLS connection "
                 "can be made; install it, or ask the administrator to";
        case G_DBUS_ERROR_SPAWN_EXEC_FAILED:
        case G_DBUS_ERROR_SPAWN_FORK_FAILED:
        case G_DBUS_ERROR_SPAWN_CHILD_EXITED:
        case G_DBUS_ERROR_SPAWN_CHILD_SIGNALED:
        case G_DBUS_ERROR_SPAWN_FAILED:
        case G_DBUS_ERROR_SPAWN_SETUP_FAILED:
        case G_DBUS_ERROR_SPAWN_CONFIG_INVALID:
        case G_DBUS_ERROR_SPAWN_SERVICE_INVALID:
        case G_DBUS_ERROR_SPAWN_PERMISSIONS_INVALID:
        case G_DBUS_ERROR_SPAWN_FILE_INVALID:
        case G_DBUS_ERROR_SPAWN_NO_MEMORY:
        case G_DBUS_ERROR_TIMED_OUT:
          return "The TLS Handoff service did not start; the system journal says why "
                 "(journalctl -u tls-handoffd)";
        case G_DBUS_ERROR_ACCESS_DENIED:
          return "The system bus does not let this process talk to the TLS Handoff service; the "
                 "administrator decides that in the bus policy org.tlshandoff.Handoff1.conf";
        case G_DBUS_ERROR_NO_REPLY:
        case G_DBUS_ERROR_DISCONNECTED:
          return "The TLS Handoff service went away before it replied; the system journal says why "
                 "(journalctl -u tls-handoffd)";
        case G_DBUS_ERROR_UNKNOWN_METHOD:
        case G_DBUS_ERROR_UNKNOWN_INTERFACE:
        case G_DBUS_ERROR_UNKNOWN_OBJECT:
        case G_DBUS_ERROR_UNKNOWN_PROPERTY:
          return "The TLS Handoff service is too old for this library; update it";
        default:
          return "The TLS Handoff service cannot be used";
        }
    }

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    return "The connection to the message bus is closed";

  remote_name = g_dbus_error_is_remote_error (error) ? g_dbus_error_get_remote_error (error) : NULL;
  if (remote_name != NULL && g_str_has_prefix (remote_name, "org.freedesktop.systemd1."))
    return "The TLS Handoff service did not start; the system journal says why "
           "(journalctl -u tls-handoffd)";

  return NULL;
}

void
handoff_service_call_explain_error (GError **error)
{
  const char *explanation;

  if (error == NULL || *error == NULL || (*error)->domain == TLS_HANDOFF_ERROR)
    return;

  explanation = explanation_of (*error);
  g_dbus_error_strip_remote_error (*error);
  if (explanation != NULL)
    g_prefix_error (error, "%s: ", explanation);
}

void
handoff_service_call_mark_unreachable (GError **error)
{
  if (error == NULL || *error == NULL || (*error)->domain != G_IO_ERROR)
    return;
  /* The caller's wish, and what this process lacks. */
  if ((*error)->code == G_IO_ERROR_CANCELLED || (*error)->code == G_IO_ERROR_TOO_MANY_OPEN_FILES ||
      (*error)->code == G_IO_ERROR_NO_SPACE)
    return;

  (*error)->domain = G_DBUS_ERROR;
  (*error)->code = G_DBUS_ERROR_DISCONNECTED;
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

  /* The reply in which HandshakeAsClient() would have said the same. */
  g_dbus_message_set_message_type (reply, G_DBUS_MESSAGE_TYPE_ERROR);
  g_dbus_message_set_error_name (
      reply, g_dbus_is_interface_name (name) ? name : HANDOFF_ERROR_PREFIX "Failed");
  g_dbus_message_set_body (reply, g_variant_new ("(s@a{sv})", message, details));
  return handoff_error_from_reply (reply);
}
