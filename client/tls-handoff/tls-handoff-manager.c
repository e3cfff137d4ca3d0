/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tls-handoff-manager-private.h"

#include <gio/gunixfdlist.h>

#include "handoff-names.h"
#include "tls-handoff-error.h"
#include "tls-handoff-handshake-options-private.h"
#include "tls-handoff-handshake-result-private.h"
#include "service-call.h"

#define HANDSHAKE_REPLY_TYPE "(soa{sv})"

struct _TlsHandoffManager
{
  GObject parent_instance;

  GDBusConnection *connection; /* (owned) */
};

G_DEFINE_FINAL_TYPE (TlsHandoffManager, tls_handoff_manager, G_TYPE_OBJECT)

typedef enum
{
  PROP_CONNECTION = 1,
} TlsHandoffManagerProperty;

static GParamSpec *properties[PROP_CONNECTION + 1];

static void
tls_handoff_manager_get_property (GObject *object,
                                  guint property_id,
                                  GValue *value,
                                  GParamSpec *pspec)
{
  TlsHandoffManager *self = TLS_HANDOFF_MANAGER (object);

  switch ((TlsHandoffManagerProperty) property_id)
    {
    case PROP_CONNECTION:
      g_value_set_object (value, self->connection);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tls_handoff_manager_set_property (GObject *object,
                                  guint property_id,
                                  const GValue *value,
                                  GParamSpec *pspec)
{
  TlsHandoffManager *self = TLS_HANDOFF_MANAGER (object);

  switch ((TlsHandoffManagerProperty) property_id)
    {
    case PROP_CONNECTION:
      self->connection = g_value_dup_object (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tls_handoff_manager_dispose (GObject *object)
{
  TlsHandoffManager *self = TLS_HANDOFF_MANAGER (object);

  g_clear_object (&self->connection);

  G_OBJECT_CLASS (tls_handoff_manager_parent_class)->dispose (object);
}

static void
tls_handoff_manager_class_init (TlsHandoffManagerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = tls_handoff_manager_get_property;
  object_class->set_property = tls_handoff_manager_set_property;
  object_class->dispose = tls_handoff_manager_dispose;

  /**
   * TlsHandoffManager:connection:
   *
   * The D-Bus connection to the service.
   *
   * Since: 0.1
   */
  properties[PROP_CONNECTION] =
      g_param_spec_object ("connection", NULL, NULL, G_TYPE_DBUS_CONNECTION,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
tls_handoff_manager_init (TlsHandoffManager *self)
{
}

static TlsHandoffManager *
manager_new (GDBusConnection *connection)
{
  return g_object_new (TLS_HANDOFF_TYPE_MANAGER, "connection", connection, NULL);
}

/**
 * tls_handoff_manager_new_sync: (constructor)
 * @connection: (nullable): a D-Bus connection, or %NULL for the system bus
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * The service is not contacted yet: it is started on the first call.
 *
 * Returns: (transfer full): a manager, or %NULL if the system bus cannot be reached
 *
 * Since: 0.1
 */
TlsHandoffManager *
tls_handoff_manager_new_sync (GDBusConnection *connection,
                              GCancellable *cancellable,
                              GError **error)
{
  g_autoptr (GDBusConnection) system_bus = NULL;

  g_return_val_if_fail (connection == NULL || G_IS_DBUS_CONNECTION (connection), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (connection == NULL)
    {
      system_bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, cancellable, error);
      if (system_bus == NULL)
        {
          g_prefix_error (error, "The system bus, and so the TLS Handoff service, cannot be "
                                 "reached: ");
          return NULL;
        }
      connection = system_bus;
    }

  return manager_new (connection);
}

static void
bus_get_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GDBusConnection) connection = NULL;
  GError *error = NULL;

  connection = g_bus_get_finish (result, &error);
  if (connection == NULL)
    {
      g_prefix_error (&error,
                      "The system bus, and so the TLS Handoff service, cannot be reached: ");
      g_task_return_error (task, error);
      return;
    }

  g_task_return_pointer (task, manager_new (connection), g_object_unref);
}

/**
 * tls_handoff_manager_new_async:
 * @connection: (nullable): a D-Bus connection, or %NULL for the system bus
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when the manager is there
 * @user_data: for @callback
 *
 * Like tls_handoff_manager_new_sync(), without blocking.
 *
 * Since: 0.1
 */
void
tls_handoff_manager_new_async (GDBusConnection *connection,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (connection == NULL || G_IS_DBUS_CONNECTION (connection));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, tls_handoff_manager_new_async);

  if (connection != NULL)
    g_task_return_pointer (task, manager_new (connection), g_object_unref);
  else
    g_bus_get (G_BUS_TYPE_SYSTEM, cancellable, bus_get_cb, g_steal_pointer (&task));
}

/**
 * tls_handoff_manager_new_finish: (constructor)
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: (transfer full): a manager, or %NULL if the system bus cannot be reached
 *
 * Since: 0.1
 */
TlsHandoffManager *
tls_handoff_manager_new_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, tls_handoff_manager_new_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * tls_handoff_manager_get_connection:
 * @self: the manager
 *
 * Returns: (transfer none): the D-Bus connection to the service
 *
 * Since: 0.1
 */
GDBusConnection *
tls_handoff_manager_get_connection (TlsHandoffManager *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);

  return self->connection;
}

/* What a handshake in flight holds. */
typedef struct
{
  GSocket *socket;                 /* (owned) */
  TlsHandoffImportKey *import_key; /* (owned) */
} Handshake;

static void
handshake_free (Handshake *handshake)
{
  g_clear_object (&handshake->socket);
  g_clear_object (&handshake->import_key);
  g_free (handshake);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Handshake, handshake_free)

static gboolean
check_arguments (GSocket *socket, const char *server_identity, GError **error)
{
  if (g_socket_is_closed (socket))
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_UNSUPPORTED_SOCKET,
                           "The socket is closed");
      return FALSE;
    }

  if (!g_utf8_validate (server_identity, -1, NULL))
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           "The server's identity is not UTF-8");
      return FALSE;
    }

  return TRUE;
}

/* The call of HandshakeAsClient(), and in *handshake what its reply will need. */
static GDBusMessage *
prepare_handshake (TlsHandoffManager *self,
                   GSocket *socket,
                   const char *server_identity,
                   TlsHandoffHandshakeOptions *options,
                   const char *const *application_protocols,
                   TlsHandoffHandshakeFlags flags,
                   Handshake **handshake,
                   GError **error)
{
  g_autoptr (TlsHandoffImportKey) import_key = NULL;
  g_autoptr (GVariant) options_variant = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GBytes) public_key = NULL;
  g_autoptr (GDBusMessage) call = NULL;
  int handle;

  if (!check_arguments (socket, server_identity, error))
    return NULL;
  options_variant = handoff_handshake_options_to_variant (options, application_protocols, error);
  if (options_variant == NULL)
    return NULL;
  g_variant_ref_sink (options_variant);
  import_key = tls_handoff_import_key_new (error);
  if (import_key == NULL)
    return NULL;
  fds = g_unix_fd_list_new ();
  handle = g_unix_fd_list_append (fds, g_socket_get_fd (socket), error);
  if (handle < 0)
    return NULL;

  public_key = tls_handoff_import_key_dup_public_key (import_key);
  call = handoff_service_call_new (
      self->connection, HANDOFF_MANAGER_INTERFACE, "HandshakeAsClient",
      g_variant_new ("(hs@ay@a{sv})", handle, server_identity,
                     g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, public_key, TRUE),
                     options_variant),
      flags);
  g_dbus_message_set_unix_fd_list (call, fds);

  *handshake = g_new0 (Handshake, 1);
  (*handshake)->socket = g_object_ref (socket);
  (*handshake)->import_key = g_steal_pointer (&import_key);

  return g_steal_pointer (&call);
}

/* The service does not see that its caller lost interest, but it does see the end of the stream. */
static void
stop_service_if_cancelled (Handshake *handshake, const GError *error)
{
  g_autoptr (GError) shutdown_error = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
      !g_socket_shutdown (handshake->socket, TRUE, TRUE, &shutdown_error))
    g_debug ("Shutting down the socket of a cancelled handshake failed: %s",
             shutdown_error->message);
}

static TlsHandoffHandshakeResult *
complete_handshake (TlsHandoffManager *self,
                    Handshake *handshake,
                    GDBusMessage *reply,
                    GError **error)
{
  g_autoptr (TlsHandoffHandshakeResult) result = NULL;
  g_autoptr (GVariant) details = NULL;
  const char *state;
  const char *session;

  if (!handoff_service_call_check_reply (reply, HANDSHAKE_REPLY_TYPE, error))
    return NULL;

  g_variant_get (g_dbus_message_get_body (reply), "(&s&o@a{sv})", &state, &session, &details);
  if (g_str_equal (state, HANDOFF_STATE_COMPLETE))
    result = handoff_handshake_result_new (details, g_dbus_message_get_unix_fd_list (reply),
                                           handshake->import_key, error);
  else
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                 "The TLS Handoff service replied with the unknown state “%s”; its version does "
                 "not fit the library's",
                 state);

  /* Nothing more is to be had from it, and sessions are limited. */
  handoff_service_call_close_session (self->connection, reply, session);

  return g_steal_pointer (&result);
}

TlsHandoffHandshakeResult *
handoff_manager_handshake_sync (TlsHandoffManager *self,
                                GSocket *socket,
                                const char *server_identity,
                                TlsHandoffHandshakeOptions *options,
                                const char *const *application_protocols,
                                TlsHandoffHandshakeFlags flags,
                                GCancellable *cancellable,
                                GError **error)
{
  g_autoptr (Handshake) handshake = NULL;
  g_autoptr (GDBusMessage) call = NULL;
  g_autoptr (GDBusMessage) reply = NULL;
  g_autoptr (GError) local_error = NULL;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  call = prepare_handshake (self, socket, server_identity, options, application_protocols, flags,
                            &handshake, error);
  if (call == NULL)
    return NULL;

  reply = handoff_service_call_send_sync (self->connection, call, HANDSHAKE_REPLY_TYPE, cancellable,
                                          &local_error);
  if (reply == NULL)
    {
      stop_service_if_cancelled (handshake, local_error);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  return complete_handshake (self, handshake, reply, error);
}

static void
handshake_reply_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (TlsHandoffHandshakeResult) handshake_result = NULL;
  g_autoptr (GDBusMessage) reply = NULL;
  TlsHandoffManager *self = g_task_get_source_object (task);
  Handshake *handshake = g_task_get_task_data (task);
  GError *error = NULL;

  reply =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, &error);
  if (reply == NULL)
    {
      stop_service_if_cancelled (handshake, error);
      handoff_service_call_explain_error (&error);
      g_task_return_error (task, error);
      return;
    }

  handshake_result = complete_handshake (self, handshake, reply, &error);
  if (handshake_result == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&handshake_result), g_object_unref);
}

void
handoff_manager_handshake_async (TlsHandoffManager *self,
                                 GSocket *socket,
                                 const char *server_identity,
                                 TlsHandoffHandshakeOptions *options,
                                 const char *const *application_protocols,
                                 TlsHandoffHandshakeFlags flags,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GDBusMessage) call = NULL;
  Handshake *handshake = NULL;
  GError *error = NULL;

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, tls_handoff_manager_handshake_as_client_async);
  /* Keys that arrived are not thrown away because of a cancellation that came too late. */
  g_task_set_check_cancellable (task, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  call = prepare_handshake (self, socket, server_identity, options, application_protocols, flags,
                            &handshake, &error);
  if (call == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  g_task_set_task_data (task, handshake, (GDestroyNotify) handshake_free);
  g_dbus_connection_send_message_with_reply (self->connection, call, G_DBUS_SEND_MESSAGE_FLAGS_NONE,
                                             G_MAXINT, NULL, cancellable, handshake_reply_cb,
                                             g_steal_pointer (&task));
}

/**
 * tls_handoff_manager_handshake_as_client_sync:
 * @self: the manager
 * @socket: a connected stream socket, on which nothing of TLS was sent or received yet
 * @server_identity: whom the server must prove to be: a DNS name, or an IP address without brackets
 * @options: (nullable): options, or %NULL for the service's defaults
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Lets the service do the TLS handshake on @socket and takes the connection over: after the call,
 * all that travels on @socket is protected and unprotected by the result's record layer.
 *
 * The socket must not be used during the call. After an error nothing more can be done with it,
 * unless the error is %TLS_HANDOFF_ERROR_INVALID_ARGUMENT, %TLS_HANDOFF_ERROR_NOT_AUTHORIZED or
 * %TLS_HANDOFF_ERROR_LIMIT_REACHED: then no byte was sent or received. Cancelling shuts the socket
 * down in both directions: that is what makes the service stop.
 *
 * The details of %TLS_HANDOFF_ERROR_HANDSHAKE_FAILED and %TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED
 * are to be had from tls_handoff_error_get_details().
 *
 * Returns: (transfer full): the result, or %NULL
 *
 * Since: 0.1
 */
TlsHandoffHandshakeResult *
tls_handoff_manager_handshake_as_client_sync (TlsHandoffManager *self,
                                              GSocket *socket,
                                              const char *server_identity,
                                              TlsHandoffHandshakeOptions *options,
                                              TlsHandoffHandshakeFlags flags,
                                              GCancellable *cancellable,
                                              GError **error)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);
  g_return_val_if_fail (G_IS_SOCKET (socket), NULL);
  g_return_val_if_fail (server_identity != NULL, NULL);
  g_return_val_if_fail (options == NULL || TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (options), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return handoff_manager_handshake_sync (self, socket, server_identity, options, NULL, flags,
                                         cancellable, error);
}

/**
 * tls_handoff_manager_handshake_as_client_async:
 * @self: the manager
 * @socket: as for tls_handoff_manager_handshake_as_client_sync()
 * @server_identity: likewise
 * @options: (nullable): likewise
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when the handshake is done
 * @user_data: for @callback
 *
 * Like tls_handoff_manager_handshake_as_client_sync(), without blocking. No thread is used.
 *
 * Since: 0.1
 */
void
tls_handoff_manager_handshake_as_client_async (TlsHandoffManager *self,
                                               GSocket *socket,
                                               const char *server_identity,
                                               TlsHandoffHandshakeOptions *options,
                                               TlsHandoffHandshakeFlags flags,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data)
{
  g_return_if_fail (TLS_HANDOFF_IS_MANAGER (self));
  g_return_if_fail (G_IS_SOCKET (socket));
  g_return_if_fail (server_identity != NULL);
  g_return_if_fail (options == NULL || TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (options));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  handoff_manager_handshake_async (self, socket, server_identity, options, NULL, flags, cancellable,
                                   callback, user_data);
}

/**
 * tls_handoff_manager_handshake_as_client_finish:
 * @self: the manager
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: (transfer full): the result, or %NULL
 *
 * Since: 0.1
 */
TlsHandoffHandshakeResult *
tls_handoff_manager_handshake_as_client_finish (TlsHandoffManager *self,
                                                GAsyncResult *result,
                                                GError **error)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
