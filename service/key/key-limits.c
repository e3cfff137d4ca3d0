/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key/key-limits.h"

#include "keyblob/tls-handoff-error.h"

/* number: big-endian, unsigned */
static guint
count_bits (const gnutls_datum_t *number)
{
  guint i = 0;

  while (i < number->size && number->data[i] == 0)
    i++;
  return i < number->size ? (number->size - i - 1) * 8 + (guint) g_bit_storage (number->data[i])
                          : 0;
}

static gboolean
check (const char *what, guint bits, guint maximum, GError **error)
{
  if (bits <= maximum)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "%s of %u bits: at most %u are possible", what, bits, maximum);
  return FALSE;
}

static gboolean
check_rsa (gnutls_pubkey_t key, GError **error)
{
  gnutls_datum_t modulus = { NULL, 0 }, exponent = { NULL, 0 };
  gboolean is_small;

  if (gnutls_pubkey_export_rsa_raw2 (key, &modulus, &exponent, 0) < 0)
    return TRUE;
  is_small = check ("an RSA key", count_bits (&modulus), HANDOFF_MAX_RSA_MODULUS_BITS, error) &&
             check ("an RSA key with a public exponent", count_bits (&exponent),
                    HANDOFF_MAX_RSA_EXPONENT_BITS, error);
  gnutls_free (modulus.data);
  gnutls_free (exponent.data);
  return is_small;
}

static gboolean
check_dsa (gnutls_pubkey_t key, GError **error)
{
  gnutls_datum_t p = { NULL, 0 }, q = { NULL, 0 }, g = { NULL, 0 }, y = { NULL, 0 };
  gboolean is_small;

  if (gnutls_pubkey_export_dsa_raw2 (key, &p, &q, &g, &y, 0) < 0)
    return TRUE;
  is_small =
      check ("a DSA key", count_bits (&p), HANDOFF_MAX_DSA_PRIME_BITS, error) &&
      check ("a DSA key with a subgroup", count_bits (&q), HANDOFF_MAX_DSA_SUBGROUP_BITS, error);
  gnutls_free (p.data);
  gnutls_free (q.data);
  gnutls_free (g.data);
  gnutls_free (y.data);
  return is_small;
}

gboolean
handoff_key_limits_check_public (gnutls_pubkey_t key, GError **error)
{
  switch (gnutls_pubkey_get_pk_algorithm (key, NULL))
    {
    case GNUTLS_PK_RSA:
    case GNUTLS_PK_RSA_PSS:
      return check_rsa (key, error);
    case GNUTLS_PK_DSA:
      return check_dsa (key, error);
    default:
      return TRUE; /* curves, whose sizes are fixed */
    }
}

gboolean
handoff_key_limits_check_certificate (gnutls_x509_crt_t certificate, GError **error)
{
  gnutls_pubkey_t key;
  gboolean is_small = TRUE;

  if (gnutls_pubkey_init (&key) < 0)
    return TRUE;
  if (gnutls_pubkey_import_x509 (key, certificate, 0) >= 0)
    is_small = handoff_key_limits_check_public (key, error);
  gnutls_pubkey_deinit (key);
  return is_small;
}
