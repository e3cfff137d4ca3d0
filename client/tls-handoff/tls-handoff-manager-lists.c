/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The manager's calls that list what the service has. */

#include "config.h"

#include "tls-handoff-credential-private.h"

#include "handoff-names.h"
#include "service-call.h"
#include "service-request.h"
#include "tls-handoff-manager-private.h"

static gpointer
take_list (HandoffServiceBus *bus, GDBusMessage *call, GDBusMessage *reply, GError **error)
{
  GPtrArray *credentials = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GVariant) list = g_variant_get_child_value (g_dbus_message_get_body (reply), 0);
  GVariantIter iter;
  const char *path;
  GVariant *properties;

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_loop (&iter, "(&o@a{sv})", &path, &properties))
    g_ptr_array_add (credentials, handoff_credential_object_new (bus, path, properties));
  return credentials;
}

static const HandoffServiceRequest list_request = { "(a(oa{sv}))", take_list,
                                                    (GDestroyNotify) g_ptr_array_unref, NULL };

static gpointer
take_sessions (HandoffServiceBus *bus, GDBusMessage *call, GDBusMessage *reply, GError **error)
{
  return g_variant_get_child_value (g_dbus_message_get_body (reply), 0);
}

static const HandoffServiceRequest sessions_request = { "(aa{sv})", take_sessions,
                                                        (GDestroyNotify) g_variant_unref, NULL };

/* (transfer floating) */
static GVariant *
new_list_parameters (gboolean all)
{
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);

  if (all)
    g_variant_dict_insert (&options, HANDOFF_OPTION_ALL, "b", TRUE);
  return g_variant_new ("(@a{sv})", g_variant_dict_end (&options));
}

static GDBusMessage *
new_list_credentials_call (TlsHandoffManager *self,
                           gboolean all,
                           TlsHandoffHandshakeFlags flags,
                           GError **error)
{
  return handoff_service_call_new (handoff_manager_get_bus (self), HANDOFF_MANAGER_INTERFACE,
                                   "ListCredentials", new_list_parameters (all), flags);
}

static GDBusMessage *
new_list_sessions_call (TlsHandoffManager *self,
                        gboolean all,
                        TlsHandoffHandshakeFlags flags,
                        GError **error)
{
  return handoff_service_call_new (handoff_manager_get_bus (self), HANDOFF_MANAGER_INTERFACE,
                                   "ListSessions", new_list_parameters (all), flags);
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

  return handoff_service_request_sync (&list_request, handoff_manager_get_bus (self),
                                       new_list_credentials_call (self, all, flags, error),
                                       cancellable, error);
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
  GError *error = NULL;
  GDBusMessage *call;

  g_return_if_fail (TLS_HANDOFF_IS_MANAGER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  call = new_list_credentials_call (self, all, flags, &error);
  handoff_service_request_async (&list_request, self, handoff_manager_get_bus (self), call, error,
                                 cancellable, callback, user_data);
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

  return handoff_service_request_finish (self, result, error);
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

  return handoff_service_request_sync (&sessions_request, handoff_manager_get_bus (self),
                                       new_list_sessions_call (self, all, flags, error),
                                       cancellable, error);
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
  GError *error = NULL;
  GDBusMessage *call;

  g_return_if_fail (TLS_HANDOFF_IS_MANAGER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  call = new_list_sessions_call (self, all, flags, &error);
  handoff_service_request_async (&sessions_request, self, handoff_manager_get_bus (self), call,
                                 error, cancellable, callback, user_data);
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

  return handoff_service_request_finish (self, result, error);
}
