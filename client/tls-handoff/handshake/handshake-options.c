/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-options.h"

#include "call/certificates-variant.h"
#include "tls-handoff-enum-types.h"

G_DEFINE_FINAL_TYPE (TlsHandoffHandshakeOptions, tls_handoff_handshake_options, G_TYPE_OBJECT)

typedef enum
{
  PROP_APPLICATION_PROTOCOLS = 1,
  PROP_MINIMUM_PROTOCOL,
  PROP_MAXIMUM_PROTOCOL,
  PROP_TRUST_ANCHORS,
  PROP_TIMEOUT,
  PROP_RESUMPTION,
  PROP_CREDENTIAL,
  PROP_CREDENTIAL_PEM,
  PROP_CLIENT_CERTIFICATE,
  PROP_CREDENTIAL_CHOICE,
  PROP_SERVER_NAME,
} TlsHandoffHandshakeOptionsProperty;

static GParamSpec *properties[PROP_SERVER_NAME + 1];

static void
set_protocol (TlsHandoffHandshakeOptions *self,
              GTlsProtocolVersion *field,
              GTlsProtocolVersion version,
              guint property)
{
  if (*field == version)
    return;

  *field = version;
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/* anchors: (transfer full) (nullable) */
static void
take_trust_anchors (TlsHandoffHandshakeOptions *self, GPtrArray *anchors)
{
  g_clear_pointer (&self->trust_anchors, g_ptr_array_unref);
  self->trust_anchors = anchors;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TRUST_ANCHORS]);
}

static void
tls_handoff_handshake_options_get_property (GObject *object,
                                            guint property_id,
                                            GValue *value,
                                            GParamSpec *pspec)
{
  TlsHandoffHandshakeOptions *self = TLS_HANDOFF_HANDSHAKE_OPTIONS (object);

  switch ((TlsHandoffHandshakeOptionsProperty) property_id)
    {
    case PROP_APPLICATION_PROTOCOLS:
      g_value_set_boxed (value, self->application_protocols);
      break;
    case PROP_MINIMUM_PROTOCOL:
      g_value_set_enum (value, self->minimum_protocol);
      break;
    case PROP_MAXIMUM_PROTOCOL:
      g_value_set_enum (value, self->maximum_protocol);
      break;
    case PROP_TRUST_ANCHORS:
      /* A copy: what its user does to the array changes nothing here. */
      g_value_take_boxed (value, handoff_certificates_copy_ptr_array (self->trust_anchors));
      break;
    case PROP_TIMEOUT:
      g_value_set_uint (value, self->timeout);
      break;
    case PROP_RESUMPTION:
      g_value_set_boolean (value, self->resumption);
      break;
    case PROP_CREDENTIAL:
      g_value_set_string (value, self->credential);
      break;
    case PROP_CREDENTIAL_PEM:
      g_value_set_boxed (value, self->credential_pem);
      break;
    case PROP_CLIENT_CERTIFICATE:
      g_value_set_enum (value, self->client_certificate);
      break;
    case PROP_CREDENTIAL_CHOICE:
      g_value_set_enum (value, self->credential_choice);
      break;
    case PROP_SERVER_NAME:
      g_value_set_string (value, self->server_name);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tls_handoff_handshake_options_set_property (GObject *object,
                                            guint property_id,
                                            const GValue *value,
                                            GParamSpec *pspec)
{
  TlsHandoffHandshakeOptions *self = TLS_HANDOFF_HANDSHAKE_OPTIONS (object);

  switch ((TlsHandoffHandshakeOptionsProperty) property_id)
    {
    case PROP_APPLICATION_PROTOCOLS:
      tls_handoff_handshake_options_set_application_protocols (self, g_value_get_boxed (value));
      break;
    case PROP_MINIMUM_PROTOCOL:
      set_protocol (self, &self->minimum_protocol, g_value_get_enum (value), property_id);
      break;
    case PROP_MAXIMUM_PROTOCOL:
      set_protocol (self, &self->maximum_protocol, g_value_get_enum (value), property_id);
      break;
    case PROP_TRUST_ANCHORS:
      tls_handoff_handshake_options_set_trust_anchors (self, g_value_get_boxed (value));
      break;
    case PROP_TIMEOUT:
      tls_handoff_handshake_options_set_timeout (self, g_value_get_uint (value));
      break;
    case PROP_RESUMPTION:
      tls_handoff_handshake_options_set_resumption (self, g_value_get_boolean (value));
      break;
    case PROP_CREDENTIAL:
      tls_handoff_handshake_options_set_credential (self, g_value_get_string (value));
      break;
    case PROP_CREDENTIAL_PEM:
      tls_handoff_handshake_options_set_credential_pem (self, g_value_get_boxed (value));
      break;
    case PROP_CLIENT_CERTIFICATE:
      tls_handoff_handshake_options_set_client_certificate (self, g_value_get_enum (value));
      break;
    case PROP_CREDENTIAL_CHOICE:
      tls_handoff_handshake_options_set_credential_choice (self, g_value_get_enum (value));
      break;
    case PROP_SERVER_NAME:
      tls_handoff_handshake_options_set_server_name (self, g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tls_handoff_handshake_options_finalize (GObject *object)
{
  TlsHandoffHandshakeOptions *self = TLS_HANDOFF_HANDSHAKE_OPTIONS (object);

  g_strfreev (self->application_protocols);
  g_clear_pointer (&self->trust_anchors, g_ptr_array_unref);
  g_clear_pointer (&self->cipher_suites, g_array_unref);
  g_free (self->server_name);
  g_free (self->credential);
  g_clear_pointer (&self->credential_pem, g_bytes_unref);
  g_clear_pointer (&self->review, handoff_certificate_review_unref);

  G_OBJECT_CLASS (tls_handoff_handshake_options_parent_class)->finalize (object);
}

static void
tls_handoff_handshake_options_class_init (TlsHandoffHandshakeOptionsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = tls_handoff_handshake_options_get_property;
  object_class->set_property = tls_handoff_handshake_options_set_property;
  object_class->finalize = tls_handoff_handshake_options_finalize;

  /**
   * TlsHandoffHandshakeOptions:application-protocols:
   *
   * See tls_handoff_handshake_options_set_application_protocols().
   *
   * Since: 0.1
   */
  properties[PROP_APPLICATION_PROTOCOLS] =
      g_param_spec_boxed ("application-protocols", NULL, NULL, G_TYPE_STRV, flags);
  /**
   * TlsHandoffHandshakeOptions:minimum-protocol:
   *
   * The oldest protocol to accept; %G_TLS_PROTOCOL_VERSION_UNKNOWN for the service's own bound.
   *
   * Since: 0.1
   */
  properties[PROP_MINIMUM_PROTOCOL] =
      g_param_spec_enum ("minimum-protocol", NULL, NULL, G_TYPE_TLS_PROTOCOL_VERSION,
                         G_TLS_PROTOCOL_VERSION_UNKNOWN, flags);
  /**
   * TlsHandoffHandshakeOptions:maximum-protocol:
   *
   * The newest protocol to offer; %G_TLS_PROTOCOL_VERSION_UNKNOWN for the service's own bound.
   *
   * Since: 0.1
   */
  properties[PROP_MAXIMUM_PROTOCOL] =
      g_param_spec_enum ("maximum-protocol", NULL, NULL, G_TYPE_TLS_PROTOCOL_VERSION,
                         G_TLS_PROTOCOL_VERSION_UNKNOWN, flags);
  /**
   * TlsHandoffHandshakeOptions:trust-anchors: (skip)
   *
   * A #GPtrArray of #GBytes; see tls_handoff_handshake_options_set_trust_anchors(). To language
   * bindings, which take it for another kind of array, it is the functions alone.
   *
   * Since: 0.1
   */
  properties[PROP_TRUST_ANCHORS] =
      g_param_spec_boxed ("trust-anchors", NULL, NULL, G_TYPE_PTR_ARRAY, flags);
  /**
   * TlsHandoffHandshakeOptions:timeout:
   *
   * Seconds that the handshake may take, waiting for authorization not counted; 0 for the
   * service's default.
   *
   * Since: 0.1
   */
  properties[PROP_TIMEOUT] = g_param_spec_uint ("timeout", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * TlsHandoffHandshakeOptions:resumption:
   *
   * See tls_handoff_handshake_options_set_resumption().
   *
   * Since: 0.1
   */
  properties[PROP_RESUMPTION] = g_param_spec_boolean ("resumption", NULL, NULL, TRUE, flags);
  /**
   * TlsHandoffHandshakeOptions:credential:
   *
   * See tls_handoff_handshake_options_set_credential().
   *
   * Since: 0.1
   */
  properties[PROP_CREDENTIAL] = g_param_spec_string ("credential", NULL, NULL, NULL, flags);
  /**
   * TlsHandoffHandshakeOptions:credential-pem:
   *
   * See tls_handoff_handshake_options_set_credential_pem().
   *
   * Since: 0.1
   */
  properties[PROP_CREDENTIAL_PEM] =
      g_param_spec_boxed ("credential-pem", NULL, NULL, G_TYPE_BYTES, flags);
  /**
   * TlsHandoffHandshakeOptions:client-certificate:
   *
   * See tls_handoff_handshake_options_set_client_certificate().
   *
   * Since: 0.1
   */
  properties[PROP_CLIENT_CERTIFICATE] =
      g_param_spec_enum ("client-certificate", NULL, NULL, G_TYPE_TLS_AUTHENTICATION_MODE,
                         G_TLS_AUTHENTICATION_NONE, flags);
  /**
   * TlsHandoffHandshakeOptions:credential-choice:
   *
   * See tls_handoff_handshake_options_set_credential_choice().
   *
   * Since: 0.2
   */
  properties[PROP_CREDENTIAL_CHOICE] =
      g_param_spec_enum ("credential-choice", NULL, NULL, TLS_HANDOFF_TYPE_CREDENTIAL_CHOICE,
                         TLS_HANDOFF_CREDENTIAL_CHOICE_DEFAULT, flags);
  /**
   * TlsHandoffHandshakeOptions:server-name:
   *
   * See tls_handoff_handshake_options_set_server_name().
   *
   * Since: 0.2
   */
  properties[PROP_SERVER_NAME] = g_param_spec_string ("server-name", NULL, NULL, NULL, flags);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
tls_handoff_handshake_options_init (TlsHandoffHandshakeOptions *self)
{
  self->resumption = TRUE;
}

/**
 * tls_handoff_handshake_options_new:
 *
 * Returns: (transfer full): options that are all the service's defaults
 *
 * Since: 0.1
 */
TlsHandoffHandshakeOptions *
tls_handoff_handshake_options_new (void)
{
  return g_object_new (TLS_HANDOFF_TYPE_HANDSHAKE_OPTIONS, NULL);
}

/**
 * tls_handoff_handshake_options_set_application_protocols:
 * @self: the options
 * @protocols: (nullable) (array zero-terminated=1): ALPN protocol names (RFC 7301 section 3.1),
 * such as `h2`, the preferred one first; each of 1 to 31 bytes, at most 8 of them
 *
 * Sets what to offer by ALPN. %NULL (the default) and the empty array: no ALPN.
 *
 * Since: 0.1
 */
void
tls_handoff_handshake_options_set_application_protocols (TlsHandoffHandshakeOptions *self,
                                                         const char *const *protocols)
{
  char **copy;

  g_return_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self));

  copy = g_strdupv ((char **) protocols);
  g_strfreev (self->application_protocols);
  self->application_protocols = copy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_APPLICATION_PROTOCOLS]);
}

/**
 * tls_handoff_handshake_options_set_protocol_range:
 * @self: the options
 * @minimum: %G_TLS_PROTOCOL_VERSION_TLS_1_2, %G_TLS_PROTOCOL_VERSION_TLS_1_3, or
 *   %G_TLS_PROTOCOL_VERSION_UNKNOWN for the service's own bound
 * @maximum: likewise
 *
 * Narrows the protocols that the service's configuration allows. Another version than these makes
 * the handshake fail with %TLS_HANDOFF_ERROR_INVALID_ARGUMENT.
 *
 * Since: 0.1
 */
void
tls_handoff_handshake_options_set_protocol_range (TlsHandoffHandshakeOptions *self,
                                                  GTlsProtocolVersion minimum,
                                                  GTlsProtocolVersion maximum)
{
  g_return_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self));

  set_protocol (self, &self->minimum_protocol, minimum, PROP_MINIMUM_PROTOCOL);
  set_protocol (self, &self->maximum_protocol, maximum, PROP_MAXIMUM_PROTOCOL);
}

/**
 * tls_handoff_handshake_options_set_trust_anchors:
 * @self: the options
 * @anchors: (nullable) (element-type GBytes): certificates, DER, at most 256, and 1 MiB in all; the
 *   array and its elements are copied
 *
 * Sets which certificate authorities to trust in place of the system's; %NULL (the default) for
 * the system's, an empty array for nobody. An element that is %NULL makes the handshake fail with
 * %TLS_HANDOFF_ERROR_INVALID_ARGUMENT.
 *
 * Since: 0.1
 */
void
tls_handoff_handshake_options_set_trust_anchors (TlsHandoffHandshakeOptions *self,
                                                 GPtrArray *anchors)
{
  g_return_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self));

  take_trust_anchors (self, handoff_certificates_copy_ptr_array (anchors));
}

/**
 * tls_handoff_handshake_options_set_trust_anchors_array: (rename-to tls_handoff_handshake_options_set_trust_anchors)
 * @self: the options
 * @anchors: (array length=n_anchors): certificates, DER, which are copied
 * @n_anchors: how many; 0 to trust nobody
 *
 * Sets which certificate authorities to trust in place of the system's, as
 * tls_handoff_handshake_options_set_trust_anchors() does, in a form that language bindings can
 * call. Some of them cannot tell an empty list from none, so that either means to trust nobody; see
 * [method@HandshakeOptions.unset_trust_anchors] for what the system trusts.
 *
 * Since: 0.2
 */
void
tls_handoff_handshake_options_set_trust_anchors_array (TlsHandoffHandshakeOptions *self,
                                                       GBytes *const *anchors,
                                                       gsize n_anchors)
{
  g_return_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self));
  g_return_if_fail (anchors != NULL || n_anchors == 0);

  take_trust_anchors (self, handoff_certificates_copy (anchors, n_anchors));
}

/**
 * tls_handoff_handshake_options_unset_trust_anchors:
 * @self: the options
 *
 * Trusts what the system trusts, as is the default: undoes
 * tls_handoff_handshake_options_set_trust_anchors_array().
 *
 * Since: 0.2
 */
void
tls_handoff_handshake_options_unset_trust_anchors (TlsHandoffHandshakeOptions *self)
{
  g_return_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self));

  take_trust_anchors (self, NULL);
}

/**
 * tls_handoff_handshake_options_dup_trust_anchors:
 * @self: the options
 *
 * Returns: (transfer container) (nullable) (element-type GBytes): the certificates to trust,
 * or %NULL for those of the system
 *
 * Since: 0.2
 */
GPtrArray *
tls_handoff_handshake_options_dup_trust_anchors (TlsHandoffHandshakeOptions *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self), NULL);

  return handoff_certificates_copy_ptr_array (self->trust_anchors);
}

/**
 * tls_handoff_handshake_options_set_timeout:
 * @self: the options
 * @seconds: at most what the service's configuration allows; 0 for the service's default
 *
 * Sets how long the handshake may take. Waiting for authorization does not count.
 *
 * Since: 0.1
 */
void
tls_handoff_handshake_options_set_timeout (TlsHandoffHandshakeOptions *self, guint seconds)
{
  g_return_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self));

  if (self->timeout == seconds)
    return;

  self->timeout = seconds;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TIMEOUT]);
}

/**
 * tls_handoff_handshake_options_set_resumption:
 * @self: the options
 * @resumption: whether to resume, and to be resumed
 *
 * Sets whether an earlier session with the same server, of any process of this user, may be
 * resumed, and this one by a later handshake. The default is %TRUE: as far as the service's
 * configuration has it on. What was agreed on for the earlier session, its trust included, holds
 * for the resumed one; see [method@HandshakeResult.get_resumed].
 *
 * Since: 0.1
 */
void
tls_handoff_handshake_options_set_resumption (TlsHandoffHandshakeOptions *self, gboolean resumption)
{
  g_return_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self));

  resumption = !!resumption;
  if (self->resumption == resumption)
    return;

  self->resumption = resumption;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RESUMPTION]);
}

/**
 * tls_handoff_handshake_options_set_credential:
 * @self: the options
 * @credential: (nullable): the label of a credential that the service keeps: the user's own or else
 *   one of the machine's; or the object path of any; the empty string for none at all
 *
 * Sets what to authenticate with. %NULL is the default. Then, if a server asks its client for a
 * certificate, [method@HandshakeOptions.set_credential_choice] says what comes of it. A server uses
 * the credential that fits the name that the client asks for.
 *
 * %TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND if there is no such credential, or it cannot be used now;
 * %TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED if its token wants a PIN.
 *
 * Since: 0.1
 */
void
tls_handoff_handshake_options_set_credential (TlsHandoffHandshakeOptions *self,
                                              const char *credential)
{
  g_return_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self));

  if (g_strcmp0 (self->credential, credential) == 0)
    return;

  g_free (self->credential);
  self->credential = g_strdup (credential);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CREDENTIAL]);
}

/**
 * tls_handoff_handshake_options_set_credential_pem:
 * @self: the options
 * @pem: (nullable): the certificate chain and the unencrypted private key, in PEM, at most 256 KiB
 *
 * Sets a key of the application's own to authenticate with, in place of a credential of the
 * service's: for applications that have their keys today. The service is given it for one handshake
 * at a time.
 *
 * Since: 0.1
 */
void
tls_handoff_handshake_options_set_credential_pem (TlsHandoffHandshakeOptions *self, GBytes *pem)
{
  g_return_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self));

  if (pem != NULL)
    g_bytes_ref (pem);
  g_clear_pointer (&self->credential_pem, g_bytes_unref);
  self->credential_pem = pem;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CREDENTIAL_PEM]);
}

/**
 * tls_handoff_handshake_options_set_client_certificate:
 * @self: the options
 * @mode: whether a server asks its client for a certificate
 *
 * Sets whether the client is asked for a certificate, or has to have one, which is then verified
 * against the trust anchors. The default is %G_TLS_AUTHENTICATION_NONE. Clients have no use for it.
 * A [class@ServerConnection] has a property of its own for it, which wins unless it is
 * %G_TLS_AUTHENTICATION_NONE.
 *
 * Since: 0.1
 */
void
tls_handoff_handshake_options_set_client_certificate (TlsHandoffHandshakeOptions *self,
                                                      GTlsAuthenticationMode mode)
{
  g_return_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self));

  if (self->client_certificate == mode)
    return;

  self->client_certificate = mode;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CLIENT_CERTIFICATE]);
}

/**
 * tls_handoff_handshake_options_set_credential_choice:
 * @self: the options
 * @choice: whether a client uses a credential of the user's that nobody named
 *
 * Sets what a client does that names no credential, if the server asks for a certificate and names
 * the authorities that it accepts. Whether the server learns who the user is depends on it.
 *
 * Since: 0.2
 */
void
tls_handoff_handshake_options_set_credential_choice (TlsHandoffHandshakeOptions *self,
                                                     TlsHandoffCredentialChoice choice)
{
  g_return_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self));

  if (self->credential_choice == choice)
    return;

  self->credential_choice = choice;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CREDENTIAL_CHOICE]);
}

guint
handoff_handshake_options_get_timeout (TlsHandoffHandshakeOptions *self)
{
  return self != NULL ? self->timeout : 0;
}

gboolean
handoff_handshake_options_name_credential (TlsHandoffHandshakeOptions *self)
{
  return self != NULL && (self->credential != NULL || self->credential_pem != NULL);
}

gboolean
handoff_handshake_options_get_resumption (TlsHandoffHandshakeOptions *self)
{
  return self == NULL || self->resumption;
}
