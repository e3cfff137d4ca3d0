/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "importer/import-work.h"

#include <gnutls/crypto.h>

#include "attack/attack.h"
#include "certificate/certificate-chain.h"
#include "describe/description-maker.h"
#include "key-file/key-material.h"
#include "key/pkcs8.h"
#include "key/public-key.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

void
handoff_imported_free (HandoffImported *self)
{
  g_clear_pointer (&self->description, handoff_description_unref);
  g_clear_pointer (&self->key, g_bytes_unref);
  g_clear_pointer (&self->digest, g_bytes_unref);
  g_free (self);
}

static HandoffImported *
describe_material (HandoffKeyMaterial *material, GError **error)
{
  g_autoptr (HandoffImported) self = g_new0 (HandoffImported, 1);
  gnutls_pubkey_t public_key = handoff_public_key_new_of (material->key, error);

  if (public_key == NULL)
    return NULL;
  self->description = handoff_description_make (public_key, material->certificates, NULL, error);
  gnutls_pubkey_deinit (public_key);
  if (self->description == NULL)
    return NULL;
  self->key = handoff_pkcs8_write (material->key, error);
  return self->key != NULL ? g_steal_pointer (&self) : NULL;
}

/* See attack/attack.h. */
static gboolean
was_attacked (GBytes *data, GError **error)
{
  gsize size;
  gconstpointer bytes = g_bytes_get_data (data, &size);
  g_autofree char *answers = NULL;

  if (!handoff_attack_is_meant (bytes, size))
    return FALSE;
  answers = handoff_attack_run (bytes, size);
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, answers);
  return TRUE;
}

HandoffImported *
handoff_import_parse (GBytes *data, GBytes *passphrase, GError **error)
{
  g_autoptr (HandoffKeyMaterial) material = NULL;

  if (was_attacked (data, error))
    return NULL;
  material = handoff_key_material_parse (data, passphrase, error);
  if (material == NULL)
    {
      g_prefix_error_literal (error, "data: ");
      return NULL;
    }
  return describe_material (material, error);
}

static GBytes *
make_digest (GBytes *data)
{
  guint8 digest[32];
  gsize size;
  gconstpointer bytes = g_bytes_get_data (data, &size);

  if (gnutls_hash_fast (GNUTLS_DIG_SHA256, bytes, size, digest) < 0)
    return NULL;
  return g_bytes_new (digest, sizeof digest);
}

static HandoffImported *
parse_plain (GBytes *pem, GError **error)
{
  g_autoptr (HandoffKeyMaterial) material = handoff_key_material_parse_plain (pem, error);
  HandoffImported *self;

  if (material == NULL)
    return NULL;
  self = describe_material (material, error);
  if (self != NULL)
    self->digest = make_digest (pem);
  return self;
}

HandoffImported *
handoff_import_parse_plain (GBytes *pem, GError **error)
{
  HandoffImported *self = parse_plain (pem, error);

  if (self == NULL)
    g_prefix_error (error, "Option %s: ", HANDOFF_OPTION_CREDENTIAL_PEM);
  return self;
}

static HandoffImported *
describe_chain (GBytes *public_key, GPtrArray *chain, GBytes *ocsp_response, GError **error)
{
  g_autoptr (HandoffImported) self = g_new0 (HandoffImported, 1);
  gnutls_pubkey_t key = handoff_public_key_import (public_key, error);

  if (key == NULL)
    return NULL;
  self->description = handoff_description_make (key, chain, ocsp_response, error);
  gnutls_pubkey_deinit (key);
  return self->description != NULL ? g_steal_pointer (&self) : NULL;
}

HandoffImported *
handoff_import_certify (GBytes *public_key, GPtrArray *certificates, GError **error)
{
  g_autoptr (GPtrArray) chain = NULL;

  if (!handoff_description_check_chain (certificates, error))
    return NULL;
  chain = handoff_certificate_chain_arrange (certificates, error);
  if (chain == NULL)
    {
      g_prefix_error_literal (error, "certificates: ");
      return NULL;
    }
  return describe_chain (public_key, chain, NULL, error);
}

HandoffImported *
handoff_import_staple (GBytes *public_key,
                       GPtrArray *certificates,
                       GBytes *ocsp_response,
                       GError **error)
{
  g_autoptr (HandoffImported) self = NULL;

  if (was_attacked (ocsp_response, error))
    return NULL;
  self = describe_chain (public_key, certificates, ocsp_response, error);
  if (self == NULL || self->description->ocsp_problem == NULL)
    return g_steal_pointer (&self);
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "response: this OCSP response cannot be stapled: %s",
               self->description->ocsp_problem);
  return NULL;
}

static void
take_certificate (GPtrArray *chain, gnutls_x509_crt_t certificate)
{
  gnutls_datum_t der;

  if (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_DER, &der) >= 0)
    {
      g_ptr_array_add (chain, g_bytes_new (der.data, der.size));
      gnutls_free (der.data);
    }
  gnutls_x509_crt_deinit (certificate);
}

/* (transfer full) (element-type GBytes) */
static GPtrArray *
read_certificates (GBytes *pem, GError **error)
{
  g_autoptr (GPtrArray) chain = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  gsize size;
  gconstpointer data = g_bytes_get_data (pem, &size);
  const gnutls_datum_t datum = { (unsigned char *) data, (unsigned int) size };
  gnutls_x509_crt_t *certificates = NULL;
  unsigned int i, n = 0;
  int code = gnutls_x509_crt_list_import2 (&certificates, &n, &datum, GNUTLS_X509_FMT_PEM, 0);

  if (code < 0)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "certificates: %s",
                   code == GNUTLS_E_NO_CERTIFICATE_FOUND ? "there are none in PEM"
                                                         : gnutls_strerror (code));
      return NULL;
    }
  for (i = 0; i < n; i++)
    take_certificate (chain, certificates[i]);
  gnutls_free (certificates);
  return g_steal_pointer (&chain);
}

HandoffImported *
handoff_import_describe (GBytes *public_key,
                         GBytes *certificates,
                         GBytes *ocsp_response,
                         GError **error)
{
  g_autoptr (GPtrArray) chain = NULL;

  if (certificates != NULL)
    {
      chain = read_certificates (certificates, error);
      if (chain == NULL)
        return NULL;
    }
  return describe_chain (public_key, chain, ocsp_response, error);
}
