/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The options of a handshake as they go over the bus. */

#include "config.h"

#include "handshake/handshake-options-variant.h"

#include "call/certificates-variant.h"
#include "call/secret-file.h"
#include "handshake/handshake-options.h"
#include "keyblob/cipher-suite.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

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

/* Whoever sets a key for one handshake means that, whatever credential the options name. */
static gboolean
add_credential (GVariantDict *dict,
                TlsHandoffHandshakeOptions *self,
                GBytes *pem,
                GUnixFDList *fds,
                GError **error)
{
  int handle;

  if (pem == NULL && self != NULL)
    pem = self->credential_pem;
  if (pem == NULL)
    {
      if (self != NULL && self->credential != NULL)
        g_variant_dict_insert (dict, HANDOFF_OPTION_CREDENTIAL, "s", self->credential);
      return TRUE;
    }

  handle = handoff_secret_file_append (fds, pem, error);
  if (handle < 0)
    return FALSE;
  g_variant_dict_insert (dict, HANDOFF_OPTION_CREDENTIAL_PEM, "h", handle);
  return TRUE;
}

/* anchors: (nullable): NULL for the system's */
static gboolean
add_trust_anchors (GVariantDict *dict, GPtrArray *anchors, GError **error)
{
  GVariant *value;

  if (anchors == NULL)
    return TRUE;
  if (anchors->len == 0)
    {
      g_variant_dict_insert (dict, HANDOFF_OPTION_TRUST_NOBODY, "b", TRUE);
      return TRUE;
    }
  value = handoff_certificates_to_variant (anchors, HANDOFF_OPTION_TRUST_ANCHORS, error);
  if (value == NULL)
    return FALSE;
  g_variant_dict_insert_value (dict, HANDOFF_OPTION_TRUST_ANCHORS, value);
  return TRUE;
}

static void
add_client_certificate (GVariantDict *dict, const HandoffHandshakeRequest *request)
{
  GTlsAuthenticationMode mode = request->client_certificate;

  if (mode == G_TLS_AUTHENTICATION_NONE && request->options != NULL)
    mode = request->options->client_certificate;
  if (mode != G_TLS_AUTHENTICATION_NONE)
    g_variant_dict_insert (dict, HANDOFF_OPTION_CLIENT_CERTIFICATE, "s",
                           mode == G_TLS_AUTHENTICATION_REQUIRED
                               ? HANDOFF_CLIENT_CERTIFICATE_REQUIRE
                               : HANDOFF_CLIENT_CERTIFICATE_REQUEST);
}

GVariant *
handoff_handshake_options_to_variant (const HandoffHandshakeRequest *request,
                                      GUnixFDList *fds,
                                      GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  TlsHandoffHandshakeOptions *self = request->options;
  const char *const *application_protocols = request->application_protocols;
  GPtrArray *trust_anchors = request->trust_anchors;

  if (trust_anchors == NULL && self != NULL)
    trust_anchors = self->trust_anchors;
  if (application_protocols == NULL && self != NULL)
    application_protocols = (const char *const *) self->application_protocols;
  if (application_protocols != NULL &&
      !add_application_protocols (&dict, application_protocols, error))
    return NULL;

  g_variant_dict_insert (&dict, HANDOFF_OPTION_ERROR_DETAILS, "b", TRUE);
  g_variant_dict_insert (&dict, HANDOFF_OPTION_TRANSIENT, "b", TRUE);
  g_variant_dict_insert (&dict, HANDOFF_OPTION_BLOB_FORMAT, "u", (guint) HANDOFF_BLOB_FORMAT);
  g_variant_dict_insert_value (&dict, HANDOFF_OPTION_CIPHER_SUITES, supported_cipher_suites ());
  if (request->review != NULL)
    g_variant_dict_insert (&dict, HANDOFF_OPTION_REVIEW_CERTIFICATE, "b", TRUE);

  if (!add_credential (&dict, self, request->credential_pem, fds, error))
    return NULL;
  if (request->role == HANDOFF_ROLE_SERVER)
    add_client_certificate (&dict, request);

  if (!add_trust_anchors (&dict, trust_anchors, error))
    return NULL;

  if (self != NULL)
    {
      if (!add_protocol (&dict, HANDOFF_OPTION_MINIMUM_PROTOCOL, self->minimum_protocol, error) ||
          !add_protocol (&dict, HANDOFF_OPTION_MAXIMUM_PROTOCOL, self->maximum_protocol, error))
        return NULL;
      if (self->timeout != 0)
        g_variant_dict_insert (&dict, HANDOFF_OPTION_TIMEOUT, "u", self->timeout);
      if (!self->resumption)
        g_variant_dict_insert (&dict, HANDOFF_OPTION_RESUMPTION, "b", FALSE);
    }

  return g_variant_dict_end (&dict);
}
