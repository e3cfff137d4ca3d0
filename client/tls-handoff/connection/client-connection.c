/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tls-handoff-client-connection.h"

#include "connection/connection-certificate.h"

struct _TlsHandoffClientConnection
{
  TlsHandoffConnection parent_instance;
};

/* GTlsClientConnection's */
typedef enum
{
  PROP_VALIDATION_FLAGS = 1,
  PROP_SERVER_IDENTITY,
  PROP_USE_SSL3,
  PROP_ACCEPTED_CAS,
} TlsHandoffClientConnectionProperty;

static void tls_handoff_client_connection_client_init (GTlsClientConnectionInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TlsHandoffClientConnection,
                               tls_handoff_client_connection,
                               TLS_HANDOFF_TYPE_CONNECTION,
                               G_IMPLEMENT_INTERFACE (G_TYPE_TLS_CLIENT_CONNECTION,
                                                      tls_handoff_client_connection_client_init))

/* Sessions, and with them what this would copy, are the service's. GIO wants it to be there. */
static void
copy_session_state (GTlsClientConnection *connection, GTlsClientConnection *source)
{
}

static void
tls_handoff_client_connection_client_init (GTlsClientConnectionInterface *iface)
{
  iface->copy_session_state = copy_session_state;
}

static void
tls_handoff_client_connection_get_property (GObject *object,
                                            guint property_id,
                                            GValue *value,
                                            GParamSpec *pspec)
{
  TlsHandoffConnection *base = TLS_HANDOFF_CONNECTION (object);

  switch ((TlsHandoffClientConnectionProperty) property_id)
    {
    case PROP_VALIDATION_FLAGS:
      g_value_set_flags (value, base->validation_flags);
      break;
    case PROP_SERVER_IDENTITY:
      g_value_set_object (value, base->server_identity);
      break;
    case PROP_USE_SSL3:
      g_value_set_boolean (value, FALSE);
      break;
    case PROP_ACCEPTED_CAS:
      g_value_set_pointer (value, handoff_connection_get_accepted_cas (base));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tls_handoff_client_connection_set_property (GObject *object,
                                            guint property_id,
                                            const GValue *value,
                                            GParamSpec *pspec)
{
  TlsHandoffConnection *base = TLS_HANDOFF_CONNECTION (object);

  switch ((TlsHandoffClientConnectionProperty) property_id)
    {
    case PROP_VALIDATION_FLAGS:
      base->validation_flags = g_value_get_flags (value);
      break;
    case PROP_SERVER_IDENTITY:
      g_set_object (&base->server_identity, g_value_get_object (value));
      break;
    case PROP_USE_SSL3:
      /* Deprecated, and without effect in GIO too. */
      break;
    case PROP_ACCEPTED_CAS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tls_handoff_client_connection_class_init (TlsHandoffClientConnectionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = tls_handoff_client_connection_get_property;
  object_class->set_property = tls_handoff_client_connection_set_property;
  g_object_class_override_property (object_class, PROP_VALIDATION_FLAGS, "validation-flags");
  g_object_class_override_property (object_class, PROP_SERVER_IDENTITY, "server-identity");
  g_object_class_override_property (object_class, PROP_USE_SSL3, "use-ssl3");
  g_object_class_override_property (object_class, PROP_ACCEPTED_CAS, "accepted-cas");
}

static void
tls_handoff_client_connection_init (TlsHandoffClientConnection *self)
{
  TLS_HANDOFF_CONNECTION (self)->validation_flags = G_TLS_CERTIFICATE_VALIDATE_ALL;
}

/**
 * tls_handoff_client_connection_new: (constructor)
 * @base_io_stream: a connected stream to the server, such as a #GSocketConnection
 * @server_identity: (nullable): whom the server must prove to be: a #GNetworkAddress,
 *   #GNetworkService or #GInetSocketAddress; %NULL (since 0.2) if the application cannot say
 * @manager: (nullable): the service to use, or %NULL for that of the system bus
 * @error: return location for a #GError
 *
 * Nothing is sent or received yet; see g_tls_connection_handshake().
 *
 * Returns: (transfer full) (type TlsHandoffClientConnection): a connection, or %NULL
 *
 * Since: 0.1
 */
GIOStream *
tls_handoff_client_connection_new (GIOStream *base_io_stream,
                                   GSocketConnectable *server_identity,
                                   TlsHandoffManager *manager,
                                   GError **error)
{
  g_return_val_if_fail (G_IS_IO_STREAM (base_io_stream), NULL);
  g_return_val_if_fail (server_identity == NULL || G_IS_SOCKET_CONNECTABLE (server_identity), NULL);
  g_return_val_if_fail (manager == NULL || TLS_HANDOFF_IS_MANAGER (manager), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_initable_new (TLS_HANDOFF_TYPE_CLIENT_CONNECTION, NULL, error, "base-io-stream",
                         base_io_stream, "server-identity", server_identity, "manager", manager,
                         NULL);
}
