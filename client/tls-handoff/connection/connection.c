/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tls-handoff-connection.h"

#include "connection/connection-certificate.h"
#include "connection/connection-close.h"
#include "connection/connection-handshake.h"
#include "connection/connection-outcome.h"
#include "connection/connection-streams.h"
#include "connection/connection-trust.h"
#include "handshake/handshake-options-variant.h"
#include "tls-handoff-enum-types.h"
#include "phrasebook/library-text.h"

typedef enum
{
  PROP_MANAGER = 1,
  PROP_OPTIONS,
  PROP_FLAGS,
  PROP_RESULT,
  N_OWN_PROPERTIES,
  /* GTlsConnection's */
  PROP_BASE_IO_STREAM = N_OWN_PROPERTIES,
  PROP_REQUIRE_CLOSE_NOTIFY,
  PROP_REHANDSHAKE_MODE,
  PROP_USE_SYSTEM_CERTDB,
  PROP_DATABASE,
  PROP_INTERACTION,
  PROP_CERTIFICATE,
  PROP_PEER_CERTIFICATE,
  PROP_PEER_CERTIFICATE_ERRORS,
  PROP_ADVERTISED_PROTOCOLS,
  PROP_NEGOTIATED_PROTOCOL,
  PROP_PROTOCOL_VERSION,
  PROP_CIPHERSUITE_NAME,
} TlsHandoffConnectionProperty;

static GParamSpec *properties[N_OWN_PROPERTIES];

static void tls_handoff_connection_initable_init (GInitableIface *iface);

/* Not derivable outside: its structure is private. */
G_DEFINE_ABSTRACT_TYPE_WITH_CODE (TlsHandoffConnection,
                                  tls_handoff_connection,
                                  G_TYPE_TLS_CONNECTION,
                                  G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE,
                                                         tls_handoff_connection_initable_init))

static void
tls_handoff_connection_get_property (GObject *object,
                                     guint property_id,
                                     GValue *value,
                                     GParamSpec *pspec)
{
  TlsHandoffConnection *self = TLS_HANDOFF_CONNECTION (object);
  TlsHandoffHandshakeResult *result = tls_handoff_connection_get_result (self);

  switch ((TlsHandoffConnectionProperty) property_id)
    {
    case PROP_MANAGER:
      g_mutex_lock (&self->lock);
      g_value_set_object (value, self->manager);
      g_mutex_unlock (&self->lock);
      break;
    case PROP_OPTIONS:
      g_value_set_object (value, self->options);
      break;
    case PROP_FLAGS:
      g_value_set_flags (value, self->flags);
      break;
    case PROP_RESULT:
      g_value_set_object (value, result);
      break;
    case PROP_BASE_IO_STREAM:
      g_value_set_object (value, self->base_io_stream);
      break;
    case PROP_REQUIRE_CLOSE_NOTIFY:
      g_value_set_boolean (value, self->require_close_notify);
      break;
    case PROP_REHANDSHAKE_MODE:
      g_value_set_enum (value, self->rehandshake_mode);
      break;
    case PROP_USE_SYSTEM_CERTDB:
      g_value_set_boolean (value, handoff_connection_get_use_system_certdb (self));
      break;
    case PROP_DATABASE:
      g_value_take_object (value, handoff_connection_dup_database (self));
      break;
    case PROP_INTERACTION:
      g_value_set_object (value, self->interaction);
      break;
    case PROP_CERTIFICATE:
      g_value_take_object (value, handoff_connection_dup_certificate (self));
      break;
    case PROP_PEER_CERTIFICATE:
      g_value_take_object (value, handoff_connection_dup_peer_certificate (self));
      break;
    case PROP_PEER_CERTIFICATE_ERRORS:
      g_mutex_lock (&self->lock);
      g_value_set_flags (value, self->peer_certificate_errors);
      g_mutex_unlock (&self->lock);
      break;
    case PROP_ADVERTISED_PROTOCOLS:
      g_value_set_boxed (value, self->advertised_protocols);
      break;
    case PROP_NEGOTIATED_PROTOCOL:
      g_value_set_string (value,
                          g_tls_connection_get_negotiated_protocol (G_TLS_CONNECTION (self)));
      break;
    case PROP_PROTOCOL_VERSION:
      if (result != NULL)
        g_value_set_enum (value, tls_handoff_handshake_result_get_protocol_version (result));
      break;
    case PROP_CIPHERSUITE_NAME:
      if (result != NULL)
        g_value_set_string (value, tls_handoff_handshake_result_get_ciphersuite_name (result));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/* What cannot be offered is not left out: the handshake will fail. It is said here, too, where the
 * application can see what it did. */
static void
set_advertised_protocols (TlsHandoffConnection *self, const char *const *protocols)
{
  g_autoptr (GError) error = NULL;

  g_strfreev (self->advertised_protocols);
  self->advertised_protocols = g_strdupv ((char **) protocols);
  if (!handoff_application_protocols_check (protocols, &error))
    g_warning ("%s", error->message);
}

static void
tls_handoff_connection_set_property (GObject *object,
                                     guint property_id,
                                     const GValue *value,
                                     GParamSpec *pspec)
{
  TlsHandoffConnection *self = TLS_HANDOFF_CONNECTION (object);

  switch ((TlsHandoffConnectionProperty) property_id)
    {
    case PROP_MANAGER:
      self->manager = g_value_dup_object (value);
      break;
    case PROP_OPTIONS:
      tls_handoff_connection_set_options (self, g_value_get_object (value));
      break;
    case PROP_FLAGS:
      tls_handoff_connection_set_flags (self, g_value_get_flags (value));
      break;
    case PROP_BASE_IO_STREAM:
      self->base_io_stream = g_value_dup_object (value);
      break;
    case PROP_REQUIRE_CLOSE_NOTIFY:
      self->require_close_notify = g_value_get_boolean (value);
      break;
    case PROP_REHANDSHAKE_MODE:
      self->rehandshake_mode = g_value_get_enum (value);
      break;
    case PROP_USE_SYSTEM_CERTDB:
      handoff_connection_set_use_system_certdb (self, g_value_get_boolean (value));
      break;
    case PROP_DATABASE:
      handoff_connection_set_database (self, g_value_get_object (value));
      break;
    case PROP_INTERACTION:
      g_set_object (&self->interaction, g_value_get_object (value));
      break;
    case PROP_CERTIFICATE:
      handoff_connection_set_certificate (self, g_value_get_object (value));
      break;
    case PROP_ADVERTISED_PROTOCOLS:
      set_advertised_protocols (self, g_value_get_boxed (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static gboolean
tls_handoff_connection_initable_real_init (GInitable *initable,
                                           GCancellable *cancellable,
                                           GError **error)
{
  TlsHandoffConnection *self = TLS_HANDOFF_CONNECTION (initable);

  if (self->base_io_stream == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _ ("A TLS connection needs a base stream"));
      return FALSE;
    }

  return TRUE;
}

static void
tls_handoff_connection_initable_init (GInitableIface *iface)
{
  iface->init = tls_handoff_connection_initable_real_init;
}

static GInputStream *
tls_handoff_connection_get_input_stream (GIOStream *stream)
{
  return TLS_HANDOFF_CONNECTION (stream)->input;
}

static GOutputStream *
tls_handoff_connection_get_output_stream (GIOStream *stream)
{
  return TLS_HANDOFF_CONNECTION (stream)->output;
}

static gboolean
tls_handoff_connection_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  return handoff_connection_close (TLS_HANDOFF_CONNECTION (stream), G_IO_IN | G_IO_OUT, cancellable,
                                   error);
}

static void
tls_handoff_connection_close_async (GIOStream *stream,
                                    int io_priority,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  handoff_connection_close_async (TLS_HANDOFF_CONNECTION (stream), stream, G_IO_IN | G_IO_OUT,
                                  io_priority, cancellable, callback, user_data);
}

static gboolean
tls_handoff_connection_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static const char closed_message[] = N_ ("The TLS connection is closed");

/* A handshake needs both directions. */
static gboolean
is_closed (TlsHandoffConnection *self)
{
  return handoff_connection_is_closed (self, G_IO_IN) ||
         handoff_connection_is_closed (self, G_IO_OUT);
}

static gboolean
tls_handoff_connection_handshake (GTlsConnection *connection,
                                  GCancellable *cancellable,
                                  GError **error)
{
  TlsHandoffConnection *self = TLS_HANDOFF_CONNECTION (connection);

  if (is_closed (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ (closed_message));
      return FALSE;
    }
  return handoff_connection_handshake (self, cancellable, error);
}

static void
tls_handoff_connection_handshake_async (GTlsConnection *connection,
                                        int io_priority,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  TlsHandoffConnection *self = TLS_HANDOFF_CONNECTION (connection);

  if (is_closed (self))
    g_task_report_new_error (self, callback, user_data, tls_handoff_connection_handshake_async,
                             G_IO_ERROR, G_IO_ERROR_CLOSED, _ (closed_message));
  else
    handoff_connection_handshake_async (self, io_priority, cancellable, callback, user_data);
}

static gboolean
tls_handoff_connection_handshake_finish (GTlsConnection *connection,
                                         GAsyncResult *result,
                                         GError **error)
{
  return handoff_connection_handshake_finish (TLS_HANDOFF_CONNECTION (connection), result, error);
}

static const char *
tls_handoff_connection_get_negotiated_protocol (GTlsConnection *connection)
{
  TlsHandoffConnection *self = TLS_HANDOFF_CONNECTION (connection);
  TlsHandoffHandshakeResult *result = tls_handoff_connection_get_result (self);

  return result != NULL ? tls_handoff_handshake_result_get_application_protocol (result) : NULL;
}

static gboolean
tls_handoff_connection_get_binding_data (GTlsConnection *connection,
                                         GTlsChannelBindingType type,
                                         GByteArray *data,
                                         GError **error)
{
  TlsHandoffHandshakeResult *result =
      tls_handoff_connection_get_result (TLS_HANDOFF_CONNECTION (connection));
  g_autoptr (GBytes) binding = NULL;

  if (result == NULL)
    {
      g_set_error_literal (error, G_TLS_CHANNEL_BINDING_ERROR,
                           G_TLS_CHANNEL_BINDING_ERROR_INVALID_STATE,
                           _ ("There is no channel binding before the handshake is complete"));
      return FALSE;
    }
  binding = tls_handoff_record_layer_dup_channel_binding_data (
      tls_handoff_handshake_result_get_record_layer (result), type, error);
  if (binding == NULL)
    return FALSE;

  /* What is in the array is replaced, as in glib-networking. */
  if (data != NULL)
    {
      g_byte_array_set_size (data, 0);
      g_byte_array_append (data, g_bytes_get_data (binding, NULL),
                           (guint) g_bytes_get_size (binding));
    }
  return TRUE;
}

static void
tls_handoff_connection_dispose (GObject *object)
{
  TlsHandoffConnection *self = TLS_HANDOFF_CONNECTION (object);

  /* GIOStream closes what was not closed; letting go of an object must not wait for a peer. */
  self->disposing = TRUE;
  G_OBJECT_CLASS (tls_handoff_connection_parent_class)->dispose (object);
  /* It counts a stream as closed that could not be closed, as in a handler of ours. */
  if (self->base_io_stream != NULL)
    handoff_connection_close (self, G_IO_IN | G_IO_OUT, NULL, NULL);

  g_clear_pointer (&self->stream, handoff_record_stream_free);
  g_clear_object (&self->base_io_stream);
  g_clear_object (&self->server_identity);
  g_clear_object (&self->manager);
  g_clear_object (&self->options);
  g_clear_object (&self->certificate);
  g_clear_object (&self->database);
  g_clear_object (&self->judge);
  g_clear_object (&self->interaction);
  g_clear_object (&self->result);
  g_clear_object (&self->peer_certificate);
}

static void
tls_handoff_connection_finalize (GObject *object)
{
  TlsHandoffConnection *self = TLS_HANDOFF_CONNECTION (object);

  /* Not in dispose(): GIO asks for the streams of what is being disposed of. */
  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_strfreev (self->advertised_protocols);
  g_clear_object (&self->handshake_cancellable);
  g_clear_object (&self->handshake_ended);
  g_clear_error (&self->handshake_error);
  g_clear_error (&self->judge_failure);
  g_clear_error (&self->interaction_error);
  g_clear_pointer (&self->accepted_cas, g_ptr_array_unref);
  g_clear_pointer (&self->peer_certificates, g_ptr_array_unref);
  g_clear_pointer (&self->error_details, g_variant_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_pointer (&self->flight_context, g_main_context_unref);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);

  G_OBJECT_CLASS (tls_handoff_connection_parent_class)->finalize (object);
}

static void
override_properties (GObjectClass *object_class)
{
  static const struct
  {
    TlsHandoffConnectionProperty id;
    const char *name;
  } overridden[] = {
    { PROP_BASE_IO_STREAM, "base-io-stream" },
    { PROP_REQUIRE_CLOSE_NOTIFY, "require-close-notify" },
    { PROP_REHANDSHAKE_MODE, "rehandshake-mode" },
    { PROP_USE_SYSTEM_CERTDB, "use-system-certdb" },
    { PROP_DATABASE, "database" },
    { PROP_INTERACTION, "interaction" },
    { PROP_CERTIFICATE, "certificate" },
    { PROP_PEER_CERTIFICATE, "peer-certificate" },
    { PROP_PEER_CERTIFICATE_ERRORS, "peer-certificate-errors" },
    { PROP_ADVERTISED_PROTOCOLS, "advertised-protocols" },
    { PROP_NEGOTIATED_PROTOCOL, "negotiated-protocol" },
    { PROP_PROTOCOL_VERSION, "protocol-version" },
    { PROP_CIPHERSUITE_NAME, "ciphersuite-name" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (overridden); i++)
    g_object_class_override_property (object_class, overridden[i].id, overridden[i].name);
}

static void
tls_handoff_connection_class_init (TlsHandoffConnectionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);
  GTlsConnectionClass *connection_class = G_TLS_CONNECTION_CLASS (klass);

  object_class->get_property = tls_handoff_connection_get_property;
  object_class->set_property = tls_handoff_connection_set_property;
  object_class->dispose = tls_handoff_connection_dispose;
  object_class->finalize = tls_handoff_connection_finalize;
  stream_class->get_input_stream = tls_handoff_connection_get_input_stream;
  stream_class->get_output_stream = tls_handoff_connection_get_output_stream;
  stream_class->close_fn = tls_handoff_connection_close;
  stream_class->close_async = tls_handoff_connection_close_async;
  stream_class->close_finish = tls_handoff_connection_close_finish;
  connection_class->handshake = tls_handoff_connection_handshake;
  connection_class->handshake_async = tls_handoff_connection_handshake_async;
  connection_class->get_negotiated_protocol = tls_handoff_connection_get_negotiated_protocol;
  connection_class->get_binding_data = tls_handoff_connection_get_binding_data;
  connection_class->handshake_finish = tls_handoff_connection_handshake_finish;

  /**
   * TlsHandoffConnection:manager:
   *
   * The service to use; %NULL for that of the system bus, which the handshake then finds.
   *
   * Since: 0.1
   */
  properties[PROP_MANAGER] =
      g_param_spec_object ("manager", NULL, NULL, TLS_HANDOFF_TYPE_MANAGER,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  /**
   * TlsHandoffConnection:options:
   *
   * See tls_handoff_connection_set_options().
   *
   * Since: 0.1
   */
  properties[PROP_OPTIONS] =
      g_param_spec_object ("options", NULL, NULL, TLS_HANDOFF_TYPE_HANDSHAKE_OPTIONS,
                           G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  /**
   * TlsHandoffConnection:flags:
   *
   * See tls_handoff_connection_set_flags().
   *
   * Since: 0.1
   */
  properties[PROP_FLAGS] = g_param_spec_flags (
      "flags", NULL, NULL, TLS_HANDOFF_TYPE_HANDSHAKE_FLAGS, TLS_HANDOFF_HANDSHAKE_NONE,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  /**
   * TlsHandoffConnection:result:
   *
   * See tls_handoff_connection_get_result().
   *
   * Since: 0.1
   */
  properties[PROP_RESULT] =
      g_param_spec_object ("result", NULL, NULL, TLS_HANDOFF_TYPE_HANDSHAKE_RESULT,
                           G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  override_properties (object_class);
}

static void
tls_handoff_connection_init (TlsHandoffConnection *self)
{
  self->input = handoff_input_stream_new (self);
  self->output = handoff_output_stream_new (self);
  self->require_close_notify = TRUE;
  self->handshake_cancellable = g_cancellable_new ();
  self->handshake_ended = g_cancellable_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
}

/**
 * tls_handoff_connection_set_options:
 * @self: a connection whose handshake did not start yet
 * @options: (nullable): options, or %NULL for the service's defaults
 *
 * Sets the handshake's options: trust anchors, protocol range, timeout. The application protocols
 * of #GTlsConnection:advertised-protocols, if there are any, win over those of @options.
 *
 * Since: 0.1
 */
void
tls_handoff_connection_set_options (TlsHandoffConnection *self, TlsHandoffHandshakeOptions *options)
{
  g_return_if_fail (TLS_HANDOFF_IS_CONNECTION (self));
  g_return_if_fail (options == NULL || TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (options));

  if (g_set_object (&self->options, options))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OPTIONS]);
}

/**
 * tls_handoff_connection_set_flags:
 * @self: a connection whose handshake did not start yet
 * @flags: flags
 *
 * Sets the handshake's flags, such as %TLS_HANDOFF_HANDSHAKE_INTERACTIVE.
 *
 * A connection has none to begin with: a handshake for which the administrator's policy wants the
 * user's password fails with %G_IO_ERROR_PERMISSION_DENIED. Only the application knows whether it
 * can wait for a person, and whether there is one. Connections that the GIO module makes for
 * programs that do not know this library are the same.
 *
 * Since: 0.1
 */
void
tls_handoff_connection_set_flags (TlsHandoffConnection *self, TlsHandoffHandshakeFlags flags)
{
  g_return_if_fail (TLS_HANDOFF_IS_CONNECTION (self));

  if (self->flags == flags)
    return;

  self->flags = flags;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FLAGS]);
}

/**
 * tls_handoff_connection_get_result:
 * @self: a connection
 *
 * What the handshake gave, in more detail than #GTlsConnection has it. Its record layer belongs to
 * the connection: using it apart would break the stream.
 *
 * Returns: (transfer none) (nullable): the result; %NULL until the handshake is done
 *
 * Since: 0.1
 */
TlsHandoffHandshakeResult *
tls_handoff_connection_get_result (TlsHandoffConnection *self)
{
  TlsHandoffHandshakeResult *result;

  g_return_val_if_fail (TLS_HANDOFF_IS_CONNECTION (self), NULL);

  g_mutex_lock (&self->lock);
  result = self->result;
  g_mutex_unlock (&self->lock);
  return result;
}

/**
 * tls_handoff_connection_dup_error_details:
 * @self: a connection
 *
 * What the service said of a handshake that failed, beyond the error's message: the details of the
 * D-Bus interface's documentation, such as `alert` and `verification-errors`. The errors of a
 * #GTlsConnection cannot carry them, and some language bindings lose those of
 * tls_handoff_error_get_details().
 *
 * Returns: (transfer full) (nullable): details (`a{sv}`); %NULL if the handshake did not fail, or
 * the service said nothing more
 *
 * Since: 0.2
 */
GVariant *
tls_handoff_connection_dup_error_details (TlsHandoffConnection *self)
{
  GVariant *details = NULL;

  g_return_val_if_fail (TLS_HANDOFF_IS_CONNECTION (self), NULL);

  g_mutex_lock (&self->lock);
  if (self->error_details != NULL)
    details = g_variant_ref (self->error_details);
  g_mutex_unlock (&self->lock);
  return details;
}
