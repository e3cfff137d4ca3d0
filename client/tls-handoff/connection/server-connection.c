/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tls-handoff-server-connection.h"

#include "connection/connection-object.h"

struct _TlsHandoffServerConnection
{
  TlsHandoffConnection parent_instance;
};

/* GTlsServerConnection's */
typedef enum
{
  PROP_AUTHENTICATION_MODE = 1,
} TlsHandoffServerConnectionProperty;

static void tls_handoff_server_connection_server_init (GTlsServerConnectionInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TlsHandoffServerConnection,
                               tls_handoff_server_connection,
                               TLS_HANDOFF_TYPE_CONNECTION,
                               G_IMPLEMENT_INTERFACE (G_TYPE_TLS_SERVER_CONNECTION,
                                                      tls_handoff_server_connection_server_init))

static void
tls_handoff_server_connection_server_init (GTlsServerConnectionInterface *iface)
{
}

static void
tls_handoff_server_connection_get_property (GObject *object,
                                            guint property_id,
                                            GValue *value,
                                            GParamSpec *pspec)
{
  TlsHandoffConnection *base = TLS_HANDOFF_CONNECTION (object);

  switch ((TlsHandoffServerConnectionProperty) property_id)
    {
    case PROP_AUTHENTICATION_MODE:
      g_value_set_enum (value, base->authentication_mode);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tls_handoff_server_connection_set_property (GObject *object,
                                            guint property_id,
                                            const GValue *value,
                                            GParamSpec *pspec)
{
  TlsHandoffConnection *base = TLS_HANDOFF_CONNECTION (object);

  switch ((TlsHandoffServerConnectionProperty) property_id)
    {
    case PROP_AUTHENTICATION_MODE:
      base->authentication_mode = g_value_get_enum (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tls_handoff_server_connection_class_init (TlsHandoffServerConnectionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = tls_handoff_server_connection_get_property;
  object_class->set_property = tls_handoff_server_connection_set_property;
  g_object_class_override_property (object_class, PROP_AUTHENTICATION_MODE, "authentication-mode");
}

static void
tls_handoff_server_connection_init (TlsHandoffServerConnection *self)
{
  TLS_HANDOFF_CONNECTION (self)->is_server = TRUE;
}

/**
 * tls_handoff_server_connection_new: (constructor)
 * @base_io_stream: a connected stream to the client, such as a #GSocketConnection
 * @certificate: (nullable): a certificate with its private key, both of which the process then has;
 *   one that stands for a credential of the service's ([method@Credential.get_certificate]); or
 *   %NULL for a credential that the service finds: the one that the option
 *   [property@HandshakeOptions:credential] names, or else the one that fits the server name which
 *   the client asks for
 * @manager: (nullable): the service to use, or %NULL for that of the system bus
 * @error: return location for a #GError
 *
 * Nothing is sent or received yet; see g_tls_connection_handshake().
 *
 * Returns: (transfer full) (type TlsHandoffServerConnection): a connection, or %NULL
 *
 * Since: 0.1
 */
GIOStream *
tls_handoff_server_connection_new (GIOStream *base_io_stream,
                                   GTlsCertificate *certificate,
                                   TlsHandoffManager *manager,
                                   GError **error)
{
  g_return_val_if_fail (G_IS_IO_STREAM (base_io_stream), NULL);
  g_return_val_if_fail (certificate == NULL || G_IS_TLS_CERTIFICATE (certificate), NULL);
  g_return_val_if_fail (manager == NULL || TLS_HANDOFF_IS_MANAGER (manager), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_initable_new (TLS_HANDOFF_TYPE_SERVER_CONNECTION, NULL, error, "base-io-stream",
                         base_io_stream, "certificate", certificate, "manager", manager, NULL);
}
