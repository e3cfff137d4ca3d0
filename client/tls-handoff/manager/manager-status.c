/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The manager's administrative calls. */

#include "config.h"

#include "manager/manager.h"

#include <gio/gcredentials.h>

#include "keyblob/handoff-names.h"
#include "call/service-call.h"
#include "call/service-error.h"
#include "tls-handoff-error.h"

/* Adds pid and uid of the process that sent reply, as the bus knows them. */
static gboolean
add_process (GDBusConnection *connection,
             GDBusMessage *reply,
             GVariantDict *status,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (GVariant) body = NULL;
  g_autoptr (GVariant) credentials = NULL;
  const char *sender = g_dbus_message_get_sender (reply);
  guint32 pid, uid;

  if (sender == NULL) /* peer to peer: there is no bus to ask */
    return TRUE;

  body = g_dbus_connection_call_sync (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                      "org.freedesktop.DBus", "GetConnectionCredentials",
                                      g_variant_new ("(s)", sender), G_VARIANT_TYPE ("(a{sv})"),
                                      G_DBUS_CALL_FLAGS_NONE, -1, cancellable, error);
  if (body == NULL)
    {
      handoff_service_error_explain (error);
      return FALSE;
    }

  credentials = g_variant_get_child_value (body, 0);
  if (g_variant_lookup (credentials, "ProcessID", "u", &pid))
    g_variant_dict_insert (status, "pid", "u", pid);
  if (g_variant_lookup (credentials, "UnixUserID", "u", &uid))
    g_variant_dict_insert (status, "uid", "u", uid);
  return TRUE;
}

/**
 * tls_handoff_manager_get_status_sync:
 * @self: the manager
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Asks the service for its public facts; starts it if it does not run.
 *
 * Returns: (transfer full): an `a{sv}` with `Version` (s), `Protocols` (as), `CipherSuites` (as),
 *   `BlobFormat` (u), and, for the process that answered, `pid` (u) and `uid` (u); or %NULL
 *
 * Since: 0.1
 */
GVariant *
tls_handoff_manager_get_status_sync (TlsHandoffManager *self,
                                     GCancellable *cancellable,
                                     GError **error)
{
  g_autoptr (GDBusMessage) call = NULL;
  g_autoptr (GDBusMessage) reply = NULL;
  g_autoptr (GVariant) properties = NULL;
  g_auto (GVariantDict) status = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GDBusConnection) connection = NULL;

  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  call = handoff_service_call_new (
      handoff_manager_get_bus (self), "org.freedesktop.DBus.Properties", "GetAll",
      g_variant_new ("(s)", HANDOFF_MANAGER_INTERFACE), TLS_HANDOFF_HANDSHAKE_NONE);
  reply = handoff_service_bus_send_sync (handoff_manager_get_bus (self), call, &connection,
                                         cancellable, error);
  if (reply == NULL || !handoff_service_call_check_reply (reply, "(a{sv})", error))
    return NULL;

  properties = g_variant_get_child_value (g_dbus_message_get_body (reply), 0);
  g_variant_dict_init (&status, properties);
  if (!add_process (connection, reply, &status, cancellable, error))
    return NULL;

  return g_variant_ref_sink (g_variant_dict_end (&status));
}

/**
 * tls_handoff_manager_get_statistics_sync:
 * @self: the manager
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Asks the service what it did so far. By default that takes an administrator.
 *
 * Returns: (transfer full): an `a{sv}`, whose keys the D-Bus method `GetStatistics()` documents; or
 *   %NULL
 *
 * Since: 0.1
 */
GVariant *
tls_handoff_manager_get_statistics_sync (TlsHandoffManager *self,
                                         TlsHandoffHandshakeFlags flags,
                                         GCancellable *cancellable,
                                         GError **error)
{
  g_autoptr (GDBusMessage) call = NULL;
  g_autoptr (GDBusMessage) reply = NULL;

  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  call =
      handoff_service_call_new (handoff_manager_get_bus (self), HANDOFF_MANAGER_INTERFACE,
                                "GetStatistics", NULL, flags & TLS_HANDOFF_HANDSHAKE_INTERACTIVE);
  reply = handoff_service_call_send_sync (handoff_manager_get_bus (self), call, "(a{sv})",
                                          cancellable, error);
  if (reply == NULL)
    return NULL;

  return g_variant_get_child_value (g_dbus_message_get_body (reply), 0);
}

/**
 * tls_handoff_manager_reload_sync:
 * @self: the manager
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Makes the service read its configuration and its trust store again. By default that takes an
 * administrator. %TLS_HANDOFF_ERROR_INVALID_ARGUMENT names what is wrong in the configuration; the
 * old one then stays in force.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
tls_handoff_manager_reload_sync (TlsHandoffManager *self,
                                 TlsHandoffHandshakeFlags flags,
                                 GCancellable *cancellable,
                                 GError **error)
{
  g_autoptr (GDBusMessage) call = NULL;
  g_autoptr (GDBusMessage) reply = NULL;

  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  call = handoff_service_call_new (handoff_manager_get_bus (self), HANDOFF_MANAGER_INTERFACE,
                                   "Reload", NULL, flags & TLS_HANDOFF_HANDSHAKE_INTERACTIVE);
  reply = handoff_service_call_send_sync (handoff_manager_get_bus (self), call, "()", cancellable,
                                          error);

  return reply != NULL;
}
