/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key/public-key.h"

#include "key/gnutls-support.h"

static char *
dup_curve_algorithm (gnutls_pubkey_t key)
{
  gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;

  if (gnutls_pubkey_export_ecc_raw2 (key, &curve, NULL, NULL, 0) < 0)
    return g_strdup ("ecdsa");
  switch (curve)
    {
    case GNUTLS_ECC_CURVE_SECP256R1:
      return g_strdup ("ecdsa-p256");
    case GNUTLS_ECC_CURVE_SECP384R1:
      return g_strdup ("ecdsa-p384");
    case GNUTLS_ECC_CURVE_SECP521R1:
      return g_strdup ("ecdsa-p521");
    default:
      return g_strdup_printf ("ecdsa-%s", gnutls_ecc_curve_get_name (curve));
    }
}

char *
handoff_public_key_dup_algorithm (gnutls_pubkey_t key)
{
  unsigned int bits = 0;

  switch (gnutls_pubkey_get_pk_algorithm (key, &bits))
    {
    case GNUTLS_PK_RSA:
      return g_strdup_printf ("rsa-%u", bits);
    case GNUTLS_PK_RSA_PSS:
      return g_strdup_printf ("rsa-pss-%u", bits);
    case GNUTLS_PK_ECDSA:
      return dup_curve_algorithm (key);
    case GNUTLS_PK_EDDSA_ED25519:
      return g_strdup ("ed25519");
    case GNUTLS_PK_EDDSA_ED448:
      return g_strdup ("ed448");
    default:
      return g_strdup ("other");
    }
}

GBytes *
handoff_public_key_export (gnutls_pubkey_t key, GError **error)
{
  gnutls_datum_t der;
  int code = gnutls_pubkey_export2 (key, GNUTLS_X509_FMT_DER, &der);
  GBytes *bytes;

  if (code < 0)
    {
      handoff_gnutls_set_error (error, code, "Cannot write the public key");
      return NULL;
    }
  bytes = g_bytes_new (der.data, der.size);
  gnutls_free (der.data);
  return bytes;
}

gnutls_pubkey_t
handoff_public_key_import (GBytes *der, GError **error)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (der, &size);
  const gnutls_datum_t datum = { (unsigned char *) data, (unsigned int) size };
  gnutls_pubkey_t key;
  int code;

  gnutls_pubkey_init (&key);
  code = gnutls_pubkey_import (key, &datum, GNUTLS_X509_FMT_DER);
  if (code >= 0)
    return key;
  gnutls_pubkey_deinit (key);
  handoff_gnutls_set_error (error, code, "Cannot read the public key");
  return NULL;
}
