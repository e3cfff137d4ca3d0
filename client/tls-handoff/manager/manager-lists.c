/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The manager's calls that list what the service has. */

#include "config.h"

#include "manager/credential.h"

#include "call/service-list.h"
#include "manager/manager.h"

/* entries: (transfer full) (nullable) */
static GPtrArray *
make_credentials (TlsHandoffManager *self, GPtrArray *entries)
{
  G_GNUC_UNUSED g_autoptr (GPtrArray) owned_entries = entries;
  GPtrArray *credentials;
  guint i;

  if (entries == NULL)
    return NULL;
  credentials = g_ptr_array_new_with_free_func (g_object_unref);
  for (i = 0; i < entries->len; i++)
    {
      g_autoptr (GVariant) properties = NULL;
      const char *path;

      g_variant_get (g_ptr_array_index (entries, i), "(&o@a{sv})", &path, &properties);
      g_ptr_array_add (credentials, handoff_credential_object_new (handoff_manager_get_bus (self),
                                                                   path, properties));
    }
  return credentials;
}

/* Likewise. */
static GVariant *
make_sessions (GPtrArray *entries)
{
  G_GNUC_UNUSED g_autoptr (GPtrArray) owned_entries = entries;

  if (entries == NULL)
    return NULL;
  return g_variant_ref_sink (g_variant_new_array (
      G_VARIANT_TYPE_VARDICT, (GVariant *const *) entries->pdata, entries->len));
}

/**
 * tls_handoff_manager_list_credentials_sync:
 * @self: the manager
 * @all: whether to list those of all users, which takes an administrator
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
  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return make_credentials (self,
                           handoff_service_list_sync (
                               HANDOFF_SERVICE_LIST_CREDENTIALS, handoff_manager_get_bus (self),
                               all, flags & TLS_HANDOFF_HANDSHAKE_INTERACTIVE, cancellable, error));
}

/**
 * tls_handoff_manager_list_credentials_async:
 * @self: the manager
 * @all: as for tls_handoff_manager_list_credentials_sync()
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
  g_return_if_fail (TLS_HANDOFF_IS_MANAGER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  handoff_service_list_async (
      HANDOFF_SERVICE_LIST_CREDENTIALS, self, handoff_manager_get_bus (self), all,
      flags & TLS_HANDOFF_HANDSHAKE_INTERACTIVE, cancellable, callback, user_data);
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
  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);

  return make_credentials (self, handoff_service_list_finish (self, result, error));
}

/**
 * tls_handoff_manager_list_sessions_sync:
 * @self: the manager
 * @all: whether to list those of all users, which takes an administrator
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
  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return make_sessions (
      handoff_service_list_sync (HANDOFF_SERVICE_LIST_SESSIONS, handoff_manager_get_bus (self), all,
                                 flags & TLS_HANDOFF_HANDSHAKE_INTERACTIVE, cancellable, error));
}

/**
 * tls_handoff_manager_list_sessions_async:
 * @self: the manager
 * @all: as for tls_handoff_manager_list_sessions_sync()
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
  g_return_if_fail (TLS_HANDOFF_IS_MANAGER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  handoff_service_list_async (HANDOFF_SERVICE_LIST_SESSIONS, self, handoff_manager_get_bus (self),
                              all, flags & TLS_HANDOFF_HANDSHAKE_INTERACTIVE, cancellable, callback,
                              user_data);
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
  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);

  return make_sessions (handoff_service_list_finish (self, result, error));
}
