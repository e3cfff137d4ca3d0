/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The manager's administrative calls. */

#include "config.h"

#include "tls-handoff-manager.h"

#include "keyblob/handoff-names.h"
#include "manager/method-call.h"

/**
 * tls_handoff_manager_get_status_sync:
 * @self: the manager
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Asks the service for its public facts. Starts the service if it does not run.
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
  return handoff_method_call_sync (HANDOFF_METHOD_GET_STATUS, self, TLS_HANDOFF_HANDSHAKE_NONE,
                                   cancellable, error, HANDOFF_MANAGER_INTERFACE);
}

/**
 * tls_handoff_manager_get_status_async:
 * @self: the manager
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_manager_get_status_sync(), without blocking.
 *
 * Since: 0.2
 */
void
tls_handoff_manager_get_status_async (TlsHandoffManager *self,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  handoff_method_call_async (HANDOFF_METHOD_GET_STATUS, self, TLS_HANDOFF_HANDSHAKE_NONE,
                             cancellable, callback, user_data, HANDOFF_MANAGER_INTERFACE);
}

/**
 * tls_handoff_manager_get_status_finish:
 * @self: the manager
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: (transfer full): as for tls_handoff_manager_get_status_sync(), or %NULL
 *
 * Since: 0.2
 */
GVariant *
tls_handoff_manager_get_status_finish (TlsHandoffManager *self,
                                       GAsyncResult *result,
                                       GError **error)
{
  return handoff_method_call_finish (HANDOFF_METHOD_GET_STATUS, self, result, error);
}

/**
 * tls_handoff_manager_get_statistics_sync:
 * @self: the manager
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Asks the service what it did so far. By default only an administrator may.
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
  return handoff_method_call_sync (HANDOFF_METHOD_GET_STATISTICS, self, flags, cancellable, error);
}

/**
 * tls_handoff_manager_get_statistics_async:
 * @self: the manager
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_manager_get_statistics_sync(), without blocking.
 *
 * Since: 0.2
 */
void
tls_handoff_manager_get_statistics_async (TlsHandoffManager *self,
                                          TlsHandoffHandshakeFlags flags,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data)
{
  handoff_method_call_async (HANDOFF_METHOD_GET_STATISTICS, self, flags, cancellable, callback,
                             user_data);
}

/**
 * tls_handoff_manager_get_statistics_finish:
 * @self: the manager
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: (transfer full): as for tls_handoff_manager_get_statistics_sync(), or %NULL
 *
 * Since: 0.2
 */
GVariant *
tls_handoff_manager_get_statistics_finish (TlsHandoffManager *self,
                                           GAsyncResult *result,
                                           GError **error)
{
  return handoff_method_call_finish (HANDOFF_METHOD_GET_STATISTICS, self, result, error);
}

/**
 * tls_handoff_manager_reload_sync:
 * @self: the manager
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Makes the service read its configuration and its trust store again. By default only an
 * administrator may. %TLS_HANDOFF_ERROR_INVALID_ARGUMENT names what is wrong in the configuration;
 * the old configuration then stays in force.
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
  return handoff_method_call_sync (HANDOFF_METHOD_RELOAD, self, flags, cancellable, error) != NULL;
}

/**
 * tls_handoff_manager_reload_async:
 * @self: the manager
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_manager_reload_sync(), without blocking.
 *
 * Since: 0.2
 */
void
tls_handoff_manager_reload_async (TlsHandoffManager *self,
                                  TlsHandoffHandshakeFlags flags,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  handoff_method_call_async (HANDOFF_METHOD_RELOAD, self, flags, cancellable, callback, user_data);
}

/**
 * tls_handoff_manager_reload_finish:
 * @self: the manager
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: %TRUE on success
 *
 * Since: 0.2
 */
gboolean
tls_handoff_manager_reload_finish (TlsHandoffManager *self, GAsyncResult *result, GError **error)
{
  return handoff_method_call_finish (HANDOFF_METHOD_RELOAD, self, result, error) != NULL;
}
