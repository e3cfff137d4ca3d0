/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "manager/manager.h"

#include "handshake/handshake-options.h"
#include "handshake/socket-handshake.h"

struct _TlsHandoffManager
{
  GObject parent_instance;

  HandoffServiceBus *bus; /* (owned) */
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
      g_value_set_object (value, handoff_service_bus_get_connection (self->bus));
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
      self->bus = handoff_service_bus_new (g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tls_handoff_manager_finalize (GObject *object)
{
  handoff_service_bus_unref (TLS_HANDOFF_MANAGER (object)->bus);

  G_OBJECT_CLASS (tls_handoff_manager_parent_class)->finalize (object);
}

static void
tls_handoff_manager_class_init (TlsHandoffManagerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = tls_handoff_manager_get_property;
  object_class->set_property = tls_handoff_manager_set_property;
  object_class->finalize = tls_handoff_manager_finalize;

  /**
   * TlsHandoffManager:connection:
   *
   * The D-Bus connection to the service; see tls_handoff_manager_get_connection().
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

HandoffServiceBus *
handoff_manager_get_bus (TlsHandoffManager *self)
{
  return self->bus;
}

/**
 * tls_handoff_manager_new_sync: (constructor)
 * @connection: (nullable): a D-Bus connection, or %NULL for one of the library's own to the system
 *   bus
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * The service is not contacted yet: it is started on the first call.
 *
 * A process has one connection of the library's own. It is not the connection of g_bus_get_sync().
 * When the bus closes it, the next call makes another, and the application goes on. A @connection
 * of the application is used as it is: when it is closed, the library does not replace it.
 *
 * Neither connection can be used in a forked child that did not execute a program: every call there
 * fails with %G_DBUS_ERROR_DISCONNECTED. Fork before the first call.
 *
 * Returns: (transfer full): a manager, or %NULL with an error of the domain %G_DBUS_ERROR if the
 *   system bus cannot be reached
 *
 * Since: 0.1
 */
TlsHandoffManager *
tls_handoff_manager_new_sync (GDBusConnection *connection,
                              GCancellable *cancellable,
                              GError **error)
{
  g_autoptr (TlsHandoffManager) self = NULL;
  g_autoptr (GDBusConnection) connected = NULL;

  g_return_val_if_fail (connection == NULL || G_IS_DBUS_CONNECTION (connection), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_object_new (TLS_HANDOFF_TYPE_MANAGER, "connection", connection, NULL);
  connected = handoff_service_bus_connect_sync (self->bus, cancellable, error);
  return connected != NULL ? g_steal_pointer (&self) : NULL;
}

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GDBusConnection) connection = NULL;
  GError *error = NULL;

  connection = handoff_service_bus_connect_finish (result, &error);
  if (connection == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_object_ref (g_task_get_task_data (task)), g_object_unref);
}

/**
 * tls_handoff_manager_new_async:
 * @connection: (nullable): as for tls_handoff_manager_new_sync()
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
  GTask *task;
  TlsHandoffManager *self;

  g_return_if_fail (connection == NULL || G_IS_DBUS_CONNECTION (connection));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, tls_handoff_manager_new_async);
  self = g_object_new (TLS_HANDOFF_TYPE_MANAGER, "connection", connection, NULL);
  g_task_set_task_data (task, self, g_object_unref);
  handoff_service_bus_connect_async (self->bus, cancellable, connected_cb, task);
}

/**
 * tls_handoff_manager_new_finish: (constructor)
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: (transfer full): a manager, or %NULL with an error of the domain %G_DBUS_ERROR if the
 *   system bus cannot be reached
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
 * The D-Bus connection of the last call. The next call may use another, if the bus has closed this
 * one. Each stays valid as long as @self.
 *
 * Returns: (transfer none) (nullable): the connection; %NULL in a forked child
 *
 * Since: 0.1
 */
GDBusConnection *
tls_handoff_manager_get_connection (TlsHandoffManager *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);

  return handoff_service_bus_get_connection (self->bus);
}

/* server_identity, options: (nullable) */
static HandoffHandshakeRequest
make_request (HandoffRole role,
              const char *server_identity,
              TlsHandoffHandshakeOptions *options,
              TlsHandoffHandshakeFlags flags)
{
  return (HandoffHandshakeRequest){
    .role = role,
    .server_identity = server_identity,
    .options = options,
    .interactive = (flags & TLS_HANDOFF_HANDSHAKE_INTERACTIVE) != 0,
    .review = options != NULL ? options->review : NULL,
  };
}

static void
take_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

/* In the thread that called; in a main context of its own, once the application was asked. */
static TlsHandoffHandshakeResult *
handshake_sync (TlsHandoffManager *self,
                GSocket *socket,
                const HandoffHandshakeRequest *request,
                GCancellable *cancellable,
                GError **error)
{
  HandoffSocketHandshake *paused = NULL;
  g_autoptr (GMainContext) context = NULL;
  g_autoptr (GAsyncResult) finished = NULL;
  TlsHandoffHandshakeResult *result;

  result = handoff_socket_handshake_sync (self->bus, socket, request, &paused, cancellable, error);
  if (paused == NULL)
    return result;

  context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  handoff_socket_handshake_go_on_async (self, paused, cancellable, take_result_cb, &finished);
  while (finished == NULL)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  return handoff_socket_handshake_finish (finished, error);
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
 * the result's record layer protects and unprotects everything that travels on @socket.
 *
 * The socket must not be used during the call. After an error nothing more can be done with it,
 * unless the error is %TLS_HANDOFF_ERROR_INVALID_ARGUMENT, %TLS_HANDOFF_ERROR_NOT_AUTHORIZED or
 * %TLS_HANDOFF_ERROR_LIMIT_REACHED: then no byte was sent or received. Cancelling shuts the socket
 * down in both directions: that is what makes the service stop.
 *
 * A certificate that does not verify ends the handshake, unless a function that
 * [method@HandshakeOptions.set_review] was given accepts it.
 *
 * tls_handoff_error_get_details() returns the details of %TLS_HANDOFF_ERROR_HANDSHAKE_FAILED and
 * %TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED.
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
  const HandoffHandshakeRequest request =
      make_request (HANDOFF_ROLE_CLIENT, server_identity, options, flags);

  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);
  g_return_val_if_fail (G_IS_SOCKET (socket), NULL);
  g_return_val_if_fail (server_identity != NULL, NULL);
  g_return_val_if_fail (options == NULL || TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (options), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return handshake_sync (self, socket, &request, cancellable, error);
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
  const HandoffHandshakeRequest request =
      make_request (HANDOFF_ROLE_CLIENT, server_identity, options, flags);

  g_return_if_fail (TLS_HANDOFF_IS_MANAGER (self));
  g_return_if_fail (G_IS_SOCKET (socket));
  g_return_if_fail (server_identity != NULL);
  g_return_if_fail (options == NULL || TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (options));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  handoff_socket_handshake_async (self, self->bus, socket, &request, cancellable, callback,
                                  user_data);
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
  g_return_val_if_fail (g_async_result_is_tagged (result, handoff_socket_handshake_async), NULL);

  return handoff_socket_handshake_finish (result, error);
}

/**
 * tls_handoff_manager_handshake_as_server_sync:
 * @self: the manager
 * @socket: a connected stream socket, on which nothing of TLS was sent or received yet
 * @options: (nullable): options, or %NULL for the service's defaults
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Like tls_handoff_manager_handshake_as_client_sync(), as the server. The server's key is that of
 * the credential that @options name, or a key of the application's own in @options. Without either,
 * the service takes the credential that fits the server name in the client's request.
 *
 * Returns: (transfer full): the result, or %NULL
 *
 * Since: 0.1
 */
TlsHandoffHandshakeResult *
tls_handoff_manager_handshake_as_server_sync (TlsHandoffManager *self,
                                              GSocket *socket,
                                              TlsHandoffHandshakeOptions *options,
                                              TlsHandoffHandshakeFlags flags,
                                              GCancellable *cancellable,
                                              GError **error)
{
  const HandoffHandshakeRequest request = make_request (HANDOFF_ROLE_SERVER, NULL, options, flags);

  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);
  g_return_val_if_fail (G_IS_SOCKET (socket), NULL);
  g_return_val_if_fail (options == NULL || TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (options), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return handshake_sync (self, socket, &request, cancellable, error);
}

/**
 * tls_handoff_manager_handshake_as_server_async:
 * @self: the manager
 * @socket: as for tls_handoff_manager_handshake_as_server_sync()
 * @options: (nullable): likewise
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when the handshake is done
 * @user_data: for @callback
 *
 * Like tls_handoff_manager_handshake_as_server_sync(), without blocking. No thread is used.
 *
 * Since: 0.1
 */
void
tls_handoff_manager_handshake_as_server_async (TlsHandoffManager *self,
                                               GSocket *socket,
                                               TlsHandoffHandshakeOptions *options,
                                               TlsHandoffHandshakeFlags flags,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data)
{
  const HandoffHandshakeRequest request = make_request (HANDOFF_ROLE_SERVER, NULL, options, flags);

  g_return_if_fail (TLS_HANDOFF_IS_MANAGER (self));
  g_return_if_fail (G_IS_SOCKET (socket));
  g_return_if_fail (options == NULL || TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (options));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  handoff_socket_handshake_async (self, self->bus, socket, &request, cancellable, callback,
                                  user_data);
}

/**
 * tls_handoff_manager_handshake_as_server_finish:
 * @self: the manager
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: (transfer full): the result, or %NULL
 *
 * Since: 0.1
 */
TlsHandoffHandshakeResult *
tls_handoff_manager_handshake_as_server_finish (TlsHandoffManager *self,
                                                GAsyncResult *result,
                                                GError **error)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, handoff_socket_handshake_async), NULL);

  return handoff_socket_handshake_finish (result, error);
}
