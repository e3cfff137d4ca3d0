/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "policy/handshake-options.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "description/credential-label.h"
#include "keyblob/cipher-suite.h"
#include "keyblob/handoff-names.h"
#include "keyblob/server-identity.h"
#include "keyblob/tls-handoff-error.h"

#define MAX_CIPHER_SUITES 256
#define MAX_TRUST_ANCHORS 256
#define MAX_TRUST_ANCHOR_SIZE 65536 /* bytes */
/* Bytes of all together: each waiting call has them in memory. */
#define MAX_TRUST_ANCHORS_SIZE 1048576

typedef gboolean (*OptionFunc) (HandoffHandshakeOptions *self,
                                GVariant *value,
                                const HandoffConfiguration *configuration,
                                GError **error);

typedef struct
{
  const char *name;
  const char *type;
  OptionFunc parse;
} Option;

static gboolean
refuse (GError **error, const char *option, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "Option %s: %s",
               option, what);
  return FALSE;
}

static gboolean
parse_application_protocols (HandoffHandshakeOptions *self,
                             GVariant *value,
                             const HandoffConfiguration *configuration,
                             GError **error)
{
  GVariantIter iter;
  const char *name;

  if (g_variant_n_children (value) > HANDOFF_MAX_APPLICATION_PROTOCOLS)
    return refuse (
        error, HANDOFF_OPTION_APPLICATION_PROTOCOLS,
        "at most " G_STRINGIFY (HANDOFF_MAX_APPLICATION_PROTOCOLS) " protocols are allowed");

  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "&s", &name))
    {
      if (*name == '\0' || strlen (name) > HANDOFF_MAX_APPLICATION_PROTOCOL_SIZE)
        return refuse (error, HANDOFF_OPTION_APPLICATION_PROTOCOLS,
                       "a protocol's name must be 1 to " G_STRINGIFY (
                           HANDOFF_MAX_APPLICATION_PROTOCOL_SIZE) " bytes long");
      g_ptr_array_add (self->application_protocols, g_strdup (name));
    }
  return TRUE;
}

static gboolean
parse_blob_format (HandoffHandshakeOptions *self,
                   GVariant *value,
                   const HandoffConfiguration *configuration,
                   GError **error)
{
  /* The caller names the newest format that it reads, and readers read all older ones. */
  self->blob_format = MIN (g_variant_get_uint32 (value), HANDOFF_BLOB_FORMAT);
  if (self->blob_format >= 1)
    return TRUE;
  return refuse (error, HANDOFF_OPTION_BLOB_FORMAT, "the oldest format is 1");
}

static gboolean
parse_cipher_suites (HandoffHandshakeOptions *self,
                     GVariant *value,
                     const HandoffConfiguration *configuration,
                     GError **error)
{
  gsize i, n_ids;
  const guint16 *ids = g_variant_get_fixed_array (value, &n_ids, sizeof (guint16));

  if (n_ids > MAX_CIPHER_SUITES)
    return refuse (error, HANDOFF_OPTION_CIPHER_SUITES,
                   "at most " G_STRINGIFY (MAX_CIPHER_SUITES) " suites are allowed");

  self->cipher_suites = g_array_new (FALSE, FALSE, sizeof (guint16));
  for (i = 0; i < n_ids; i++)
    {
      /* A newer library may have suites that the service lacks: only common ones count. */
      if (handoff_cipher_suite_by_id (ids[i]) != NULL)
        g_array_append_val (self->cipher_suites, ids[i]);
    }
  if (self->cipher_suites->len > 0)
    return TRUE;

  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
               "Option %s: the service has none of these suites; see the property CipherSuites",
               HANDOFF_OPTION_CIPHER_SUITES);
  return FALSE;
}

static gboolean
parse_client_certificate (HandoffHandshakeOptions *self,
                          GVariant *value,
                          const HandoffConfiguration *configuration,
                          GError **error)
{
  const char *mode = g_variant_get_string (value, NULL);

  if (g_str_equal (mode, HANDOFF_CLIENT_CERTIFICATE_NONE))
    self->client_certificate = HANDOFF_CLIENT_CERTIFICATE_MODE_NONE;
  else if (g_str_equal (mode, HANDOFF_CLIENT_CERTIFICATE_REQUEST))
    self->client_certificate = HANDOFF_CLIENT_CERTIFICATE_MODE_REQUEST;
  else if (g_str_equal (mode, HANDOFF_CLIENT_CERTIFICATE_REQUIRE))
    self->client_certificate = HANDOFF_CLIENT_CERTIFICATE_MODE_REQUIRE;
  else
    return refuse (error, HANDOFF_OPTION_CLIENT_CERTIFICATE,
                   "must be " HANDOFF_CLIENT_CERTIFICATE_NONE
                   ", " HANDOFF_CLIENT_CERTIFICATE_REQUEST
                   " or " HANDOFF_CLIENT_CERTIFICATE_REQUIRE);
  return TRUE;
}

static gboolean
parse_credential (HandoffHandshakeOptions *self,
                  GVariant *value,
                  const HandoffConfiguration *configuration,
                  GError **error)
{
  const char *name = g_variant_get_string (value, NULL);

  if (*name != '\0' && !handoff_credential_name_check (HANDOFF_OPTION_CREDENTIAL, name, error))
    return FALSE;
  self->credential = g_strdup (name);
  return TRUE;
}

static const char *const credential_choices[] = {
  [HANDOFF_CREDENTIAL_CHOICE_MODE_AUTOMATIC] = HANDOFF_CREDENTIAL_CHOICE_AUTOMATIC,
  [HANDOFF_CREDENTIAL_CHOICE_MODE_CONFIGURED] = HANDOFF_CREDENTIAL_CHOICE_CONFIGURED,
};

const char *
handoff_credential_choice_mode_get_name (HandoffCredentialChoiceMode mode)
{
  return credential_choices[mode];
}

static gboolean
parse_credential_choice (HandoffHandshakeOptions *self,
                         GVariant *value,
                         const HandoffConfiguration *configuration,
                         GError **error)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (credential_choices); i++)
    {
      if (g_str_equal (credential_choices[i], g_variant_get_string (value, NULL)))
        {
          self->credential_choice = (HandoffCredentialChoiceMode) i;
          return TRUE;
        }
    }
  return refuse (error, HANDOFF_OPTION_CREDENTIAL_CHOICE,
                 "must be " HANDOFF_CREDENTIAL_CHOICE_AUTOMATIC
                 " or " HANDOFF_CREDENTIAL_CHOICE_CONFIGURED);
}

static gboolean
parse_credential_pem (HandoffHandshakeOptions *self,
                      GVariant *value,
                      const HandoffConfiguration *configuration,
                      GError **error)
{
  self->credential_pem = g_variant_get_handle (value);
  if (self->credential_pem >= 0)
    return TRUE;
  return refuse (error, HANDOFF_OPTION_CREDENTIAL_PEM, "is no index of a descriptor");
}

/* An option that is a flag, with the field that it sets. */
#define FLAG_PARSER(field)                                                                         \
  static gboolean parse_##field (HandoffHandshakeOptions *self, GVariant *value,                   \
                                 const HandoffConfiguration *configuration, GError **error)        \
  {                                                                                                \
    self->field = g_variant_get_boolean (value);                                                   \
    return TRUE;                                                                                   \
  }

FLAG_PARSER (application_protocol_optional)
FLAG_PARSER (ask_for_credential)
FLAG_PARSER (error_details)
FLAG_PARSER (outlive_caller)
FLAG_PARSER (resumption)
FLAG_PARSER (review_certificate)
FLAG_PARSER (transient)
FLAG_PARSER (wait)

static gboolean
parse_protocol (guint *protocol, const char *option, GVariant *value, GError **error)
{
  *protocol = handoff_protocol_by_name (g_variant_get_string (value, NULL));
  if (*protocol != 0)
    return TRUE;
  return refuse (error, option, "must be " HANDOFF_PROTOCOL_TLS1_2 " or " HANDOFF_PROTOCOL_TLS1_3);
}

static gboolean
parse_minimum_protocol (HandoffHandshakeOptions *self,
                        GVariant *value,
                        const HandoffConfiguration *configuration,
                        GError **error)
{
  return parse_protocol (&self->minimum_protocol, HANDOFF_OPTION_MINIMUM_PROTOCOL, value, error);
}

static gboolean
parse_maximum_protocol (HandoffHandshakeOptions *self,
                        GVariant *value,
                        const HandoffConfiguration *configuration,
                        GError **error)
{
  return parse_protocol (&self->maximum_protocol, HANDOFF_OPTION_MAXIMUM_PROTOCOL, value, error);
}

/* RFC 6066 3: a host's name, and no address. */
static gboolean
parse_server_name (HandoffHandshakeOptions *self,
                   GVariant *value,
                   const HandoffConfiguration *configuration,
                   GError **error)
{
  const char *text = g_variant_get_string (value, NULL);
  g_autoptr (HandoffServerIdentity) name = NULL;

  if (*text == '\0')
    {
      self->server_name = g_strdup (text);
      return TRUE;
    }
  name = handoff_server_identity_parse (text, NULL);
  if (name == NULL || name->host_name == NULL)
    return refuse (error, HANDOFF_OPTION_SERVER_NAME, "must be a DNS name, or empty to send none");
  self->server_name = g_steal_pointer (&name->host_name);
  return TRUE;
}

static gboolean
parse_timeout (HandoffHandshakeOptions *self,
               GVariant *value,
               const HandoffConfiguration *configuration,
               GError **error)
{
  self->timeout = g_variant_get_uint32 (value);
  if (self->timeout >= 1 && self->timeout <= configuration->maximum_timeout)
    return TRUE;

  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "Option %s: must be 1 to %u seconds", HANDOFF_OPTION_TIMEOUT,
               configuration->maximum_timeout);
  return FALSE;
}

static gboolean
parse_trust_anchors (HandoffHandshakeOptions *self,
                     GVariant *value,
                     const HandoffConfiguration *configuration,
                     GError **error)
{
  gsize i, n_anchors = g_variant_n_children (value);

  if (n_anchors < 1 || n_anchors > MAX_TRUST_ANCHORS)
    return refuse (error, HANDOFF_OPTION_TRUST_ANCHORS,
                   "must be 1 to " G_STRINGIFY (MAX_TRUST_ANCHORS) " certificates");

  if (g_variant_get_size (value) > MAX_TRUST_ANCHORS_SIZE)
    return refuse (error, HANDOFF_OPTION_TRUST_ANCHORS,
                   "must be at most " G_STRINGIFY (MAX_TRUST_ANCHORS_SIZE) " bytes in all");

  gnutls_hash_fast (GNUTLS_DIG_SHA256, g_variant_get_data (value), g_variant_get_size (value),
                    self->trust_anchors_digest);
  self->trust_anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (i = 0; i < n_anchors; i++)
    {
      g_autoptr (GVariant) anchor = g_variant_get_child_value (value, i);

      if (g_variant_get_size (anchor) < 1 || g_variant_get_size (anchor) > MAX_TRUST_ANCHOR_SIZE)
        return refuse (
            error, HANDOFF_OPTION_TRUST_ANCHORS,
            "a certificate must be 1 to " G_STRINGIFY (MAX_TRUST_ANCHOR_SIZE) " bytes long");
      g_ptr_array_add (self->trust_anchors, g_variant_get_data_as_bytes (anchor));
    }
  return TRUE;
}

static gboolean
parse_trust_nobody (HandoffHandshakeOptions *self,
                    GVariant *value,
                    const HandoffConfiguration *configuration,
                    GError **error)
{
  self->trust_nobody = g_variant_get_boolean (value);
  return TRUE;
}

static const Option known_options[] = {
  { HANDOFF_OPTION_APPLICATION_PROTOCOL_OPTIONAL, "b", parse_application_protocol_optional },
  { HANDOFF_OPTION_APPLICATION_PROTOCOLS, "as", parse_application_protocols },
  { HANDOFF_OPTION_ASK_FOR_CREDENTIAL, "b", parse_ask_for_credential },
  { HANDOFF_OPTION_BLOB_FORMAT, "u", parse_blob_format },
  { HANDOFF_OPTION_CIPHER_SUITES, "aq", parse_cipher_suites },
  { HANDOFF_OPTION_CLIENT_CERTIFICATE, "s", parse_client_certificate },
  { HANDOFF_OPTION_CREDENTIAL, "s", parse_credential },
  { HANDOFF_OPTION_CREDENTIAL_CHOICE, "s", parse_credential_choice },
  { HANDOFF_OPTION_CREDENTIAL_PEM, "h", parse_credential_pem },
  { HANDOFF_OPTION_ERROR_DETAILS, "b", parse_error_details },
  { HANDOFF_OPTION_MAXIMUM_PROTOCOL, "s", parse_maximum_protocol },
  { HANDOFF_OPTION_MINIMUM_PROTOCOL, "s", parse_minimum_protocol },
  { HANDOFF_OPTION_OUTLIVE_CALLER, "b", parse_outlive_caller },
  { HANDOFF_OPTION_RESUMPTION, "b", parse_resumption },
  { HANDOFF_OPTION_REVIEW_CERTIFICATE, "b", parse_review_certificate },
  { HANDOFF_OPTION_SERVER_NAME, "s", parse_server_name },
  { HANDOFF_OPTION_TIMEOUT, "u", parse_timeout },
  { HANDOFF_OPTION_TRANSIENT, "b", parse_transient },
  { HANDOFF_OPTION_TRUST_ANCHORS, "aay", parse_trust_anchors },
  { HANDOFF_OPTION_TRUST_NOBODY, "b", parse_trust_nobody },
  { HANDOFF_OPTION_WAIT, "b", parse_wait },
};

static const Option *
find_option (const char *name)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (known_options); i++)
    {
      if (g_str_equal (known_options[i].name, name))
        return &known_options[i];
    }
  return NULL;
}

static gboolean
parse_option (HandoffHandshakeOptions *self,
              const char *name,
              GVariant *value,
              const HandoffConfiguration *configuration,
              GError **error)
{
  const Option *option = find_option (name);

  if (option == NULL)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "There is no option “%.64s” in this version of the service", name);
      return FALSE;
    }
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE (option->type)))
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "Option %s: must be of type %s, is of type %.64s", name, option->type,
                   g_variant_get_type_string (value));
      return FALSE;
    }
  return option->parse (self, value, configuration, error);
}

static gboolean
check_protocol_range (HandoffHandshakeOptions *self,
                      const HandoffConfiguration *configuration,
                      GError **error)
{
  if (self->minimum_protocol > self->maximum_protocol)
    return refuse (error, HANDOFF_OPTION_MINIMUM_PROTOCOL,
                   "must not be newer than " HANDOFF_OPTION_MAXIMUM_PROTOCOL);

  self->minimum_protocol = MAX (self->minimum_protocol, configuration->minimum_protocol);
  self->maximum_protocol = MIN (self->maximum_protocol, configuration->maximum_protocol);
  if (self->minimum_protocol <= self->maximum_protocol)
    return TRUE;

  g_set_error_literal (
      error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
      "The service's configuration allows none of the protocols that are asked for; "
      "see the property Protocols");
  return FALSE;
}

static gboolean
check_trust (HandoffHandshakeOptions *self, GError **error)
{
  if (!self->trust_nobody)
    return TRUE;
  if (self->trust_anchors != NULL)
    return refuse (error, HANDOFF_OPTION_TRUST_NOBODY,
                   "cannot be given together with " HANDOFF_OPTION_TRUST_ANCHORS);

  self->trust_anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  return TRUE;
}

/* Options of one role alone. given: the names of the options that there are */
static gboolean
check_role (GHashTable *given, HandoffRole role, GError **error)
{
  static const struct
  {
    const char *option;
    HandoffRole role;
  } roles[] = {
    { HANDOFF_OPTION_APPLICATION_PROTOCOL_OPTIONAL, HANDOFF_ROLE_SERVER },
    { HANDOFF_OPTION_ASK_FOR_CREDENTIAL, HANDOFF_ROLE_CLIENT },
    { HANDOFF_OPTION_CREDENTIAL_CHOICE, HANDOFF_ROLE_CLIENT },
    { HANDOFF_OPTION_CLIENT_CERTIFICATE, HANDOFF_ROLE_SERVER },
    { HANDOFF_OPTION_SERVER_NAME, HANDOFF_ROLE_CLIENT },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (roles); i++)
    {
      if (roles[i].role != role && g_hash_table_contains (given, roles[i].option))
        return refuse (error, roles[i].option,
                       role == HANDOFF_ROLE_CLIENT ? "is for a server only"
                                                   : "is for a client only");
    }
  return TRUE;
}

/* Options that contradict each other. */
static gboolean
check_credential (HandoffHandshakeOptions *self, HandoffRole role, GError **error)
{
  if (self->credential != NULL && self->credential_pem >= 0)
    return refuse (error, HANDOFF_OPTION_CREDENTIAL_PEM,
                   "cannot be given together with " HANDOFF_OPTION_CREDENTIAL);
  if (self->ask_for_credential && (self->credential != NULL || self->credential_pem >= 0))
    return refuse (error, HANDOFF_OPTION_ASK_FOR_CREDENTIAL,
                   "cannot be given together with " HANDOFF_OPTION_CREDENTIAL
                   " or " HANDOFF_OPTION_CREDENTIAL_PEM);
  if (role == HANDOFF_ROLE_CLIENT)
    return TRUE;

  if (self->credential != NULL && *self->credential == '\0')
    return refuse (error, HANDOFF_OPTION_CREDENTIAL,
                   "must name one: a server cannot do without; leave the option out to let the "
                   "client's server name choose");
  if (self->client_certificate != HANDOFF_CLIENT_CERTIFICATE_MODE_NONE &&
      self->trust_anchors == NULL && !self->review_certificate)
    return refuse (error, HANDOFF_OPTION_CLIENT_CERTIFICATE,
                   "needs " HANDOFF_OPTION_TRUST_ANCHORS
                   " to verify what the client sends, or " HANDOFF_OPTION_REVIEW_CERTIFICATE);
  return TRUE;
}

HandoffHandshakeOptions *
handoff_handshake_options_parse (GVariant *options,
                                 HandoffRole role,
                                 const HandoffConfiguration *configuration,
                                 GError **error)
{
  g_autoptr (HandoffHandshakeOptions) self = g_new0 (HandoffHandshakeOptions, 1);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  static guint64 last_serial; /* (atomic) */
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_atomic_ref_count_init (&self->ref_count);
  self->serial = __atomic_add_fetch (&last_serial, 1, __ATOMIC_RELAXED);
  self->application_protocols = g_ptr_array_new_with_free_func (g_free);
  self->blob_format = 1;
  self->credential_pem = -1;
  self->minimum_protocol = 0x0303;
  self->maximum_protocol = 0x0304;
  self->timeout = configuration->handshake_timeout;
  self->resumption = TRUE;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) owned_value = value;

      if (!g_hash_table_add (seen, (gpointer) name))
        {
          refuse (error, name, "is given twice");
          return NULL;
        }
      if (!parse_option (self, name, owned_value, configuration, error))
        return NULL;
    }
  if (!check_protocol_range (self, configuration, error) || !check_trust (self, error) ||
      !check_role (seen, role, error) || !check_credential (self, role, error))
    return NULL;
  if (self->outlive_caller)
    self->timeout = MIN (self->timeout, HANDOFF_OUTLIVING_SESSION_SECONDS);
  return g_steal_pointer (&self);
}

HandoffHandshakeOptions *
handoff_handshake_options_ref (HandoffHandshakeOptions *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_handshake_options_unref (HandoffHandshakeOptions *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->application_protocols, g_ptr_array_unref);
  g_clear_pointer (&self->cipher_suites, g_array_unref);
  g_clear_pointer (&self->trust_anchors, g_ptr_array_unref);
  g_free (self->server_name);
  g_free (self->credential);
  g_free (self);
}

gboolean
handoff_handshake_options_allow_suite (const HandoffHandshakeOptions *self,
                                       const HandoffCipherSuite *suite)
{
  guint i;

  if (suite->protocol < self->minimum_protocol || suite->protocol > self->maximum_protocol)
    return FALSE;
  if (self->cipher_suites == NULL)
    return TRUE;
  for (i = 0; i < self->cipher_suites->len; i++)
    {
      if (g_array_index (self->cipher_suites, guint16, i) == suite->id)
        return TRUE;
    }
  return FALSE;
}
