/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The options of a handshake as they go over the bus: a table of what each is called, and of the
 * function that finds its value in a request. What the request has wins over what its options
 * object has. */

#include "config.h"

#include "handshake/handshake-options-variant.h"

#include <string.h>

#include "call/certificates-variant.h"
#include "call/secret-file.h"
#include "handshake/handshake-options.h"
#include "keyblob/cipher-suite.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

/* What a value is made of. */
typedef struct
{
  const HandoffHandshakeRequest *request;
  TlsHandoffHandshakeOptions *options;
  GUnixFDList *fds; /* for descriptors */
} Sources;

/* (transfer floating): NULL, without an error, for the service's default */
typedef GVariant *(*OptionFunc) (const Sources *from, GError **error);

static GVariant *
get_true (const Sources *from, GError **error)
{
  return g_variant_new_boolean (TRUE);
}

static GVariant *
get_blob_format (const Sources *from, GError **error)
{
  return g_variant_new_uint32 (HANDOFF_BLOB_FORMAT);
}

/* All that there are. */
static GVariant *
get_all_cipher_suites (const Sources *from, GError **error)
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
get_cipher_suites (const Sources *from)
{
  GArray *ids = from->options->cipher_suites;

  return g_variant_new_fixed_array (G_VARIANT_TYPE_UINT16, ids->data, ids->len, sizeof (guint16));
}

static GVariant *
get_review_certificate (const Sources *from, GError **error)
{
  return from->request->review_certificate || from->request->review != NULL
             ? g_variant_new_boolean (TRUE)
             : NULL;
}

static GVariant *
get_application_protocol_optional (const Sources *from, GError **error)
{
  return from->request->role == HANDOFF_ROLE_SERVER && from->request->application_protocol_optional
             ? g_variant_new_boolean (TRUE)
             : NULL;
}

gboolean
handoff_application_protocols_check (const char *const *protocols, GError **error)
{
  gsize i;

  for (i = 0; protocols != NULL && protocols[i] != NULL; i++)
    {
      const gsize size = strlen (protocols[i]);

      /* ALPN allows any bytes, D-Bus strings do not. */
      if (!g_utf8_validate (protocols[i], -1, NULL))
        {
          g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                       _ ("Application protocol number %zu is not UTF-8; the names of registered "
                          "protocols are ASCII"),
                       i + 1);
          return FALSE;
        }
      if (size == 0 || size > HANDOFF_MAX_APPLICATION_PROTOCOL_SIZE)
        {
          g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                       _ ("The application protocol “%s” cannot be offered: a name must be 1 to %d "
                          "bytes long"),
                       protocols[i], HANDOFF_MAX_APPLICATION_PROTOCOL_SIZE);
          return FALSE;
        }
    }
  if (i <= HANDOFF_MAX_APPLICATION_PROTOCOLS)
    return TRUE;

  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               _ ("%zu application protocols cannot be offered, at most %d"), i,
               HANDOFF_MAX_APPLICATION_PROTOCOLS);
  return FALSE;
}

static GVariant *
get_application_protocols (const Sources *from, GError **error)
{
  const char *const *protocols = from->request->application_protocols;

  if (protocols == NULL)
    protocols = (const char *const *) from->options->application_protocols;
  if (protocols == NULL || protocols[0] == NULL ||
      !handoff_application_protocols_check (protocols, error))
    return NULL;
  return g_variant_new_strv (protocols, -1);
}

/* What is set for one handshake wins over all that the options name. There, a key wins over a
 * credential. */
static GBytes *
get_own_key (const Sources *from)
{
  if (from->request->credential != NULL || from->request->credential_pem != NULL)
    return from->request->credential_pem;
  return from->options->credential_pem;
}

static GVariant *
get_credential (const Sources *from, GError **error)
{
  const char *credential = from->request->credential;

  if (credential == NULL && get_own_key (from) == NULL)
    credential = from->options->credential;
  return credential != NULL ? g_variant_new_string (credential) : NULL;
}

static GVariant *
get_ask_for_credential (const Sources *from, GError **error)
{
  return from->request->ask_for_credential ? g_variant_new_boolean (TRUE) : NULL;
}

static GVariant *
get_credential_choice (const Sources *from, GError **error)
{
  TlsHandoffCredentialChoice choice = from->options->credential_choice;

  if (from->request->role != HANDOFF_ROLE_CLIENT)
    return NULL;
  if (choice == TLS_HANDOFF_CREDENTIAL_CHOICE_DEFAULT)
    choice = from->request->credential_choice;

  switch (choice)
    {
    case TLS_HANDOFF_CREDENTIAL_CHOICE_AUTOMATIC:
      return g_variant_new_string (HANDOFF_CREDENTIAL_CHOICE_AUTOMATIC);
    case TLS_HANDOFF_CREDENTIAL_CHOICE_CONFIGURED:
      return g_variant_new_string (HANDOFF_CREDENTIAL_CHOICE_CONFIGURED);
    case TLS_HANDOFF_CREDENTIAL_CHOICE_DEFAULT:
    default:
      return NULL;
    }
}

static GVariant *
get_credential_pem (const Sources *from, GError **error)
{
  GBytes *pem = get_own_key (from);
  int handle;

  if (pem == NULL)
    return NULL;
  handle = handoff_secret_file_append (from->fds, pem, error);
  return handle >= 0 ? g_variant_new_handle (handle) : NULL;
}

static GVariant *
get_client_certificate (const Sources *from, GError **error)
{
  GTlsAuthenticationMode mode = from->request->client_certificate;

  if (from->request->role != HANDOFF_ROLE_SERVER)
    return NULL;
  if (mode == G_TLS_AUTHENTICATION_NONE)
    mode = from->options->client_certificate;
  if (mode == G_TLS_AUTHENTICATION_NONE)
    return NULL;
  return g_variant_new_string (mode == G_TLS_AUTHENTICATION_REQUIRED
                                   ? HANDOFF_CLIENT_CERTIFICATE_REQUIRE
                                   : HANDOFF_CLIENT_CERTIFICATE_REQUEST);
}

/* (nullable): NULL for the system's, empty for nobody */
static GPtrArray *
get_anchors (const Sources *from)
{
  if (from->request->trust_anchors != NULL)
    return from->request->trust_anchors;
  return from->options->trust_anchors;
}

static GVariant *
get_trust_nobody (const Sources *from, GError **error)
{
  GPtrArray *anchors = get_anchors (from);

  return anchors != NULL && anchors->len == 0 ? g_variant_new_boolean (TRUE) : NULL;
}

static GVariant *
get_trust_anchors (const Sources *from, GError **error)
{
  GPtrArray *anchors = get_anchors (from);

  return anchors != NULL && anchors->len > 0
             ? handoff_certificates_to_variant (anchors, HANDOFF_OPTION_TRUST_ANCHORS, error)
             : NULL;
}

static GVariant *
name_protocol (GTlsProtocolVersion version, const char *key, GError **error)
{
  switch (version)
    {
    case G_TLS_PROTOCOL_VERSION_UNKNOWN:
      return NULL;
    case G_TLS_PROTOCOL_VERSION_TLS_1_2:
      return g_variant_new_string (HANDOFF_PROTOCOL_TLS1_2);
    case G_TLS_PROTOCOL_VERSION_TLS_1_3:
      return g_variant_new_string (HANDOFF_PROTOCOL_TLS1_3);
    default:
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   _ ("The option “%s” must be TLS 1.2 or TLS 1.3"), key);
      return NULL;
    }
}

static GVariant *
get_minimum_protocol (const Sources *from, GError **error)
{
  return name_protocol (from->options->minimum_protocol, HANDOFF_OPTION_MINIMUM_PROTOCOL, error);
}

static GVariant *
get_maximum_protocol (const Sources *from, GError **error)
{
  return name_protocol (from->options->maximum_protocol, HANDOFF_OPTION_MAXIMUM_PROTOCOL, error);
}

static GVariant *
get_server_name (const Sources *from, GError **error)
{
  return from->request->role == HANDOFF_ROLE_CLIENT && from->options->server_name != NULL
             ? g_variant_new_string (from->options->server_name)
             : NULL;
}

static GVariant *
get_timeout (const Sources *from, GError **error)
{
  return from->options->timeout != 0 ? g_variant_new_uint32 (from->options->timeout) : NULL;
}

static GVariant *
get_resumption (const Sources *from, GError **error)
{
  return handoff_handshake_options_get_resumption (from->request->options)
             ? NULL
             : g_variant_new_boolean (FALSE);
}

static const struct
{
  const char *key;
  OptionFunc get_value;
  gboolean is_constant; /* there is a value, the same each time */
} options[] = {
  { HANDOFF_OPTION_APPLICATION_PROTOCOL_OPTIONAL, get_application_protocol_optional },
  { HANDOFF_OPTION_APPLICATION_PROTOCOLS, get_application_protocols },
  { HANDOFF_OPTION_ASK_FOR_CREDENTIAL, get_ask_for_credential },
  { HANDOFF_OPTION_BLOB_FORMAT, get_blob_format, TRUE },
  { HANDOFF_OPTION_CIPHER_SUITES, get_all_cipher_suites, TRUE },
  { HANDOFF_OPTION_CLIENT_CERTIFICATE, get_client_certificate },
  { HANDOFF_OPTION_CREDENTIAL, get_credential },
  { HANDOFF_OPTION_CREDENTIAL_CHOICE, get_credential_choice },
  { HANDOFF_OPTION_CREDENTIAL_PEM, get_credential_pem },
  { HANDOFF_OPTION_ERROR_DETAILS, get_true, TRUE },
  { HANDOFF_OPTION_MAXIMUM_PROTOCOL, get_maximum_protocol },
  { HANDOFF_OPTION_MINIMUM_PROTOCOL, get_minimum_protocol },
  { HANDOFF_OPTION_RESUMPTION, get_resumption },
  { HANDOFF_OPTION_REVIEW_CERTIFICATE, get_review_certificate },
  { HANDOFF_OPTION_SERVER_NAME, get_server_name },
  { HANDOFF_OPTION_TIMEOUT, get_timeout },
  { HANDOFF_OPTION_TRANSIENT, get_true, TRUE },
  { HANDOFF_OPTION_TRUST_ANCHORS, get_trust_anchors },
  { HANDOFF_OPTION_TRUST_NOBODY, get_trust_nobody },
  { HANDOFF_OPTION_WAIT, get_true, TRUE },
};

static GVariant *
new_entry (gsize row, GVariant *value)
{
  return g_variant_new_dict_entry (g_variant_new_string (options[row].key),
                                   g_variant_new_variant (value));
}

/* That of a row which is constant, made once for the process. (transfer none) */
static GVariant *
get_constant_entry (gsize row)
{
  static GVariant *entries[G_N_ELEMENTS (options)];

  if (g_once_init_enter (&entries[row]))
    {
      GVariant *made = g_variant_ref_sink (new_entry (row, options[row].get_value (NULL, NULL)));

      /* Makes the bytes, which are copied from then on. */
      g_variant_get_data (made);
      g_once_init_leave (&entries[row], made);
    }
  return entries[row];
}

/* (transfer none): what whoever has none means; nobody changes it */
static TlsHandoffHandshakeOptions *
get_defaults (void)
{
  static TlsHandoffHandshakeOptions *defaults;

  if (g_once_init_enter (&defaults))
    g_once_init_leave (&defaults, tls_handoff_handshake_options_new ());
  return defaults;
}

GVariant *
handoff_handshake_options_to_variant (const HandoffHandshakeRequest *request,
                                      GUnixFDList *fds,
                                      GError **error)
{
  const Sources sources = { request, request->options != NULL ? request->options : get_defaults (),
                            fds };
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (options); i++)
    {
      GError *local_error = NULL;
      GVariant *value;

      if (options[i].get_value == get_all_cipher_suites && sources.options->cipher_suites != NULL)
        {
          g_variant_builder_add_value (&builder, new_entry (i, get_cipher_suites (&sources)));
          continue;
        }
      if (options[i].is_constant)
        {
          g_variant_builder_add_value (&builder, get_constant_entry (i));
          continue;
        }
      value = options[i].get_value (&sources, &local_error);
      if (local_error != NULL)
        {
          g_propagate_error (error, local_error);
          return NULL;
        }
      if (value != NULL)
        g_variant_builder_add_value (&builder, new_entry (i, value));
    }

  return g_variant_builder_end (&builder);
}
