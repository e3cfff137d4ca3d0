/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tls-handoff-handshake-options-private.h"

#include "cipher-suite.h"
#include "handoff-names.h"
#include "tls-handoff-error.h"

struct _TlsHandoffHandshakeOptions
{
  GObject parent_instance;

  char **application_protocols; /* (nullable) (owned) */
  GTlsProtocolVersion minimum_protocol;
  GTlsProtocolVersion maximum_protocol;
  GPtrArray *trust_anchors; /* (nullable) (owned) (element-type GBytes): DER */
  guint timeout;            /* seconds; 0: the service's default */
  gboolean resumption;
};

G_DEFINE_FINAL_TYPE (TlsHandoffHandshakeOptions, tls_handoff_handshake_options, G_TYPE_OBJECT)

typedef enum
{
  PROP_APPLICATION_PROTOCOLS = 1,
  PROP_MINIMUM_PROTOCOL,
  PROP_MAXIMUM_PROTOCOL,
  PROP_TRUST_ANCHORS,
  PROP_TIMEOUT,
  PROP_RESUMPTION,
} TlsHandoffHandshakeOptionsProperty;

static GParamSpec *properties[PROP_RESUMPTION + 1];

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
      g_value_set_boxed (value, self->trust_anchors);
      break;
    case PROP_TIMEOUT:
      g_value_set_uint (value, self->timeout);
      break;
    case PROP_RESUMPTION:
      g_value_set_boolean (value, self->resumption);
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
   * TlsHandoffHandshakeOptions:trust-anchors: (type GPtrArray(GBytes))
   *
   * See tls_handoff_handshake_options_set_trust_anchors().
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
 * @anchors: (nullable) (element-type GBytes): certificates, DER
 *
 * Sets which certificate authorities to trust in place of the system's; %NULL (the default) for
 * the system's. The array must not be changed afterwards.
 *
 * Since: 0.1
 */
void
tls_handoff_handshake_options_set_trust_anchors (TlsHandoffHandshakeOptions *self,
                                                 GPtrArray *anchors)
{
  g_return_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self));

  if (anchors != NULL)
    g_ptr_array_ref (anchors);
  g_clear_pointer (&self->trust_anchors, g_ptr_array_unref);
  self->trust_anchors = anchors;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TRUST_ANCHORS]);
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

static gboolean
add_application_protocols (GVariantDict *dict, const char *const *protocols, GError **error)
{
  gsize i;

  for (i = 0; protocols[i] != NULL; i++)
    {
      /* ALPN allows any bytes, D-Bus strings do not. */
      if (!g_utf8_validate (protocols[i], -1, NULL))
        {
          g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                       "Application protocol number %" G_GSIZE_FORMAT
                       " is not UTF-8; the names of registered protocols are ASCII",
                       i + 1);
          return FALSE;
        }
    }

  if (i > 0)
    g_variant_dict_insert (dict, HANDOFF_OPTION_APPLICATION_PROTOCOLS, "^as", protocols);
  return TRUE;
}

static gboolean
add_protocol (GVariantDict *dict, const char *key, GTlsProtocolVersion version, GError **error)
{
  switch (version)
    {
    case G_TLS_PROTOCOL_VERSION_UNKNOWN:
      return TRUE;
    case G_TLS_PROTOCOL_VERSION_TLS_1_2:
      g_variant_dict_insert (dict, key, "s", HANDOFF_PROTOCOL_TLS1_2);
      return TRUE;
    case G_TLS_PROTOCOL_VERSION_TLS_1_3:
      g_variant_dict_insert (dict, key, "s", HANDOFF_PROTOCOL_TLS1_3);
      return TRUE;
    default:
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "The option “%s” must be TLS 1.2 or TLS 1.3", key);
      return FALSE;
    }
}

static GVariant *
supported_cipher_suites (void)
{
  g_autofree guint16 *ids = NULL;
  const HandoffCipherSuite *suites;
  gsize i, n_suites;

  suites = handoff_cipher_suites (&n_suites);
  ids = g_new (guint16, n_suites);
  for (i = 0; i < n_suites; i++)
    ids[i] = suites[i].id;

  return g_variant_new_fixed_array (G_VARIANT_TYPE_UINT16, ids, n_suites, sizeof *ids);
}

static GVariant *
certificates_to_variant (GPtrArray *certificates)
{
  GVariantBuilder builder;
  guint i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aay"));
  for (i = 0; i < certificates->len; i++)
    g_variant_builder_add_value (&builder, g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING,
                                                                     certificates->pdata[i], TRUE));
  return g_variant_builder_end (&builder);
}

GVariant *
handoff_handshake_options_to_variant (TlsHandoffHandshakeOptions *self,
                                      const char *const *application_protocols,
                                      gboolean review_certificate,
                                      GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (application_protocols == NULL && self != NULL)
    application_protocols = (const char *const *) self->application_protocols;
  if (application_protocols != NULL &&
      !add_application_protocols (&dict, application_protocols, error))
    return NULL;

  g_variant_dict_insert (&dict, HANDOFF_OPTION_ERROR_DETAILS, "b", TRUE);
  g_variant_dict_insert (&dict, HANDOFF_OPTION_TRANSIENT, "b", TRUE);
  g_variant_dict_insert (&dict, HANDOFF_OPTION_BLOB_FORMAT, "u", (guint) HANDOFF_BLOB_FORMAT);
  g_variant_dict_insert_value (&dict, HANDOFF_OPTION_CIPHER_SUITES, supported_cipher_suites ());
  if (review_certificate)
    g_variant_dict_insert (&dict, HANDOFF_OPTION_REVIEW_CERTIFICATE, "b", TRUE);

  if (self != NULL)
    {
      if (!add_protocol (&dict, HANDOFF_OPTION_MINIMUM_PROTOCOL, self->minimum_protocol, error) ||
          !add_protocol (&dict, HANDOFF_OPTION_MAXIMUM_PROTOCOL, self->maximum_protocol, error))
        return NULL;
      if (self->timeout != 0)
        g_variant_dict_insert (&dict, HANDOFF_OPTION_TIMEOUT, "u", self->timeout);
      if (self->trust_anchors != NULL)
        g_variant_dict_insert_value (&dict, HANDOFF_OPTION_TRUST_ANCHORS,
                                     certificates_to_variant (self->trust_anchors));
      if (!self->resumption)
        g_variant_dict_insert (&dict, HANDOFF_OPTION_RESUMPTION, "b", FALSE);
    }

  return g_variant_dict_end (&dict);
}

guint
handoff_handshake_options_get_timeout (TlsHandoffHandshakeOptions *self)
{
  return self != NULL ? self->timeout : 0;
}

gboolean
handoff_handshake_options_get_resumption (TlsHandoffHandshakeOptions *self)
{
  return self == NULL || self->resumption;
}
