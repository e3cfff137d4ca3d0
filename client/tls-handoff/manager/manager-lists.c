/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The manager's calls that list what the service has. */

#include "config.h"

#include "tls-handoff-credential.h"

#include "manager/method-call.h"

/**
 * tls_handoff_manager_list_credentials_sync:
 * @self: the manager
 * @all: whether to list those of all users; only an administrator may
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Lists the credentials of the caller's user, or of all.
 *
 * Returns: (transfer container) (element-type TlsHandoffCredential): the credentials, or %NULL
 *
 * Since: 0.1
 */
GPtrArray *
tls_handoff_manager_list_credentials_sync (TlsHandoffManager *self,
                                           gboolean all,
                                           TlsHandoffHandshakeFlags flags,
                                           GCancellable *cancellable,
                                           GError **error)
{
  return handoff_method_call_sync (HANDOFF_METHOD_LIST_CREDENTIALS, self, flags, cancellable, error,
                                   all);
}

/**
 * tls_handoff_manager_list_credentials_async:
 * @self: the manager
 * @all: as for the blocking form
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_manager_list_credentials_sync(), without blocking.
 *
 * Since: 0.1
 */
void
tls_handoff_manager_list_credentials_async (TlsHandoffManager *self,
                                            gboolean all,
                                            TlsHandoffHandshakeFlags flags,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data)
{
  handoff_method_call_async (HANDOFF_METHOD_LIST_CREDENTIALS, self, flags, cancellable, callback,
                             user_data, all);
}

/**
 * tls_handoff_manager_list_credentials_finish:
 * @self: the manager
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: (transfer container) (element-type TlsHandoffCredential): the credentials, or %NULL
 *
 * Since: 0.1
 */
GPtrArray *
tls_handoff_manager_list_credentials_finish (TlsHandoffManager *self,
                                             GAsyncResult *result,
                                             GError **error)
{
  return handoff_method_call_finish (HANDOFF_METHOD_LIST_CREDENTIALS, self, result, error);
}

/**
 * tls_handoff_manager_list_sessions_sync:
 * @self: the manager
 * @all: whether to list those of all users; only an administrator may
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Lists the handshakes, running or complete, whose objects the service still has.
 *
 * Returns: (transfer full): an `aa{sv}`, whose keys the D-Bus method `ListSessions()` documents; or
 * %NULL
 *
 * Since: 0.1
 */
GVariant *
tls_handoff_manager_list_sessions_sync (TlsHandoffManager *self,
                                        gboolean all,
                                        TlsHandoffHandshakeFlags flags,
                                        GCancellable *cancellable,
                                        GError **error)
{
  return handoff_method_call_sync (HANDOFF_METHOD_LIST_SESSIONS, self, flags, cancellable, error,
                                   all);
}

/**
 * tls_handoff_manager_list_sessions_async:
 * @self: the manager
 * @all: as for the blocking form
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_manager_list_sessions_sync(), without blocking.
 *
 * Since: 0.1
 */
void
tls_handoff_manager_list_sessions_async (TlsHandoffManager *self,
                                         gboolean all,
                                         TlsHandoffHandshakeFlags flags,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  handoff_method_call_async (HANDOFF_METHOD_LIST_SESSIONS, self, flags, cancellable, callback,
                             user_data, all);
}

/**
 * tls_handoff_manager_list_sessions_finish:
 * @self: the manager
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: (transfer full): an `aa{sv}`, whose keys the D-Bus method `ListSessions()` documents; or
 * %NULL
 *
 * Since: 0.1
 */
GVariant *
tls_handoff_manager_list_sessions_finish (TlsHandoffManager *self,
                                          GAsyncResult *result,
                                          GError **error)
{
  return handoff_method_call_finish (HANDOFF_METHOD_LIST_SESSIONS, self, result, error);
}

/**
 * tls_handoff_manager_get_log_sync:
 * @self: the manager
 * @all: whether to get those of all users; only an administrator may
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Gets the newest entries of the service's log: what the user's processes asked for, what polkit
 * said to it, and what came of it.
 *
 * Returns: (transfer full): an `aa{sv}`, whose keys the D-Bus method `GetLog()` documents; or
 * %NULL
 *
 * Since: 0.2
 */
GVariant *
tls_handoff_manager_get_log_sync (TlsHandoffManager *self,
                                  gboolean all,
                                  TlsHandoffHandshakeFlags flags,
                                  GCancellable *cancellable,
                                  GError **error)
{
  return handoff_method_call_sync (HANDOFF_METHOD_GET_LOG, self, flags, cancellable, error, all);
}

/**
 * tls_handoff_manager_get_log_async:
 * @self: the manager
 * @all: as for the blocking form
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_manager_get_log_sync(), without blocking.
 *
 * Since: 0.2
 */
void
tls_handoff_manager_get_log_async (TlsHandoffManager *self,
                                   gboolean all,
                                   TlsHandoffHandshakeFlags flags,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  handoff_method_call_async (HANDOFF_METHOD_GET_LOG, self, flags, cancellable, callback, user_data,
                             all);
}

/**
 * tls_handoff_manager_get_log_finish:
 * @self: the manager
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: (transfer full): an `aa{sv}`, whose keys the D-Bus method `GetLog()` documents; or
 * %NULL
 *
 * Since: 0.2
 */
GVariant *
tls_handoff_manager_get_log_finish (TlsHandoffManager *self, GAsyncResult *result, GError **error)
{
  return handoff_method_call_finish (HANDOFF_METHOD_GET_LOG, self, result, error);
}
