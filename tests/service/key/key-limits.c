/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Public keys with certain sizes: nobody could use them. */

#include "config.h"

#include "key/key-limits.h"

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "trust/trust-store.h"

/* bits: of an odd number that starts with ones. zeros: bytes before it, as DER has them. */
static GByteArray *
make_number (guint bits, guint zeros)
{
  GByteArray *number = g_byte_array_new ();

  g_byte_array_set_size (number, zeros + (bits + 7) / 8);
  memset (number->data, 0xff, number->len);
  memset (number->data, 0, zeros);
  if (bits % 8 != 0)
    number->data[zeros] = (guint8) ((1 << bits % 8) - 1);
  return number;
}

static gnutls_pubkey_t
make_rsa (guint modulus_bits, guint exponent_bits)
{
  g_autoptr (GByteArray) modulus = make_number (modulus_bits, 1);
  g_autoptr (GByteArray) exponent = make_number (exponent_bits, 3);
  const gnutls_datum_t n = { modulus->data, modulus->len };
  const gnutls_datum_t e = { exponent->data, exponent->len };
  gnutls_pubkey_t key;

  gnutls_pubkey_init (&key);
  g_assert_cmpint (gnutls_pubkey_import_rsa_raw (key, &n, &e), >=, 0);
  return key;
}

static gnutls_pubkey_t
make_dsa (guint p_bits, guint q_bits)
{
  g_autoptr (GByteArray) prime = make_number (p_bits, 0);
  g_autoptr (GByteArray) subgroup = make_number (q_bits, 0);
  const gnutls_datum_t p = { prime->data, prime->len };
  const gnutls_datum_t q = { subgroup->data, subgroup->len };
  gnutls_pubkey_t key;

  gnutls_pubkey_init (&key);
  g_assert_cmpint (gnutls_pubkey_import_dsa_raw (key, &p, &q, &q, &q), >=, 0);
  return key;
}

/* A certificate for key, by any authority. (transfer full): key too */
static gnutls_x509_crt_t
make_certificate (gnutls_pubkey_t key)
{
  gnutls_x509_crt_t certificate, authority;
  gnutls_x509_privkey_t signer;
  const guint8 serial = 1;

  gnutls_x509_privkey_init (&signer);
  gnutls_x509_privkey_generate (signer, GNUTLS_PK_EDDSA_ED25519, 0, 0);
  gnutls_x509_crt_init (&authority);
  gnutls_x509_crt_set_key (authority, signer);
  gnutls_x509_crt_set_dn (authority, "CN=authority", NULL);
  gnutls_x509_crt_init (&certificate);
  gnutls_x509_crt_set_version (certificate, 3);
  gnutls_x509_crt_set_serial (certificate, &serial, sizeof serial);
  gnutls_x509_crt_set_dn (certificate, "CN=giant", NULL);
  gnutls_x509_crt_set_activation_time (certificate, 0);
  gnutls_x509_crt_set_expiration_time (certificate, G_MAXINT32);
  gnutls_x509_crt_set_basic_constraints (certificate, 1, -1);
  g_assert_cmpint (gnutls_x509_crt_set_pubkey (certificate, key), >=, 0);
  g_assert_cmpint (gnutls_x509_crt_sign2 (certificate, authority, signer, GNUTLS_DIG_SHA512, 0), >=,
                   0);
  gnutls_x509_crt_deinit (authority);
  gnutls_x509_privkey_deinit (signer);
  gnutls_pubkey_deinit (key);
  return certificate;
}

/* key: (transfer full). message: (nullable): what the error must say */
static void
expect (gnutls_pubkey_t key, const char *message)
{
  gnutls_x509_crt_t certificate = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) certificate_error = NULL;
  g_autoptr (GError) anchor_error = NULL;
  g_autoptr (GPtrArray) anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (HandoffTrustStore) store = NULL;
  gnutls_datum_t der;

  g_assert_true (handoff_key_limits_check_public (key, &error) == (message == NULL));
  certificate = make_certificate (key);
  g_assert_true (handoff_key_limits_check_certificate (certificate, &certificate_error) ==
                 (message == NULL));
  g_assert_cmpint (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_DER, &der), >=, 0);
  g_ptr_array_add (anchors, g_bytes_new (der.data, der.size));
  gnutls_free (der.data);
  store = handoff_trust_store_new_for_anchors (anchors, &anchor_error);
  g_assert_true ((store != NULL) == (message == NULL));
  gnutls_x509_crt_deinit (certificate);
  if (message == NULL)
    return;

  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, message));
  g_assert_error (certificate_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (certificate_error->message, ==, error->message);
  g_assert_error (anchor_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (anchor_error->message, HANDOFF_OPTION_TRUST_ANCHORS));
  g_assert_nonnull (strstr (anchor_error->message, message));
}

/* Breaks if a stranger's key decides how long a verification takes, or if a usual key is refused.
 */
static void
test_public_keys (void)
{
  expect (make_rsa (2048, 17), NULL);
  expect (make_rsa (8192, 17), NULL);
  expect (make_rsa (HANDOFF_MAX_RSA_MODULUS_BITS, 17), NULL);
  expect (make_rsa (2048, HANDOFF_MAX_RSA_EXPONENT_BITS), NULL);
  expect (make_rsa (HANDOFF_MAX_RSA_MODULUS_BITS + 1, 17),
          "an RSA key of 16385 bits: at most 16384 are possible");
  expect (make_rsa (2048, HANDOFF_MAX_RSA_EXPONENT_BITS + 1),
          "an RSA key with a public exponent of 257 bits: at most");
  expect (make_rsa (32768, 32768), "an RSA key of 32768 bits: at most");
  expect (make_dsa (3072, 256), NULL);
  expect (make_dsa (32768, 256), "a DSA key of 32768 bits: at most");
  expect (make_dsa (3072, 3072), "a DSA key with a subgroup of 3072 bits: at most");
}

/* Breaks if a key of another kind is checked as if it had such numbers. */
static void
test_curves (void)
{
  static const gnutls_pk_algorithm_t algorithms[] = { GNUTLS_PK_ECDSA, GNUTLS_PK_EDDSA_ED25519,
                                                      GNUTLS_PK_EDDSA_ED448 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (algorithms); i++)
    {
      gnutls_privkey_t key;
      gnutls_pubkey_t public_key;

      gnutls_privkey_init (&key);
      g_assert_cmpint (gnutls_privkey_generate (key, algorithms[i], 256, 0), >=, 0);
      gnutls_pubkey_init (&public_key);
      g_assert_cmpint (gnutls_pubkey_import_privkey (public_key, key, 0, 0), >=, 0);
      gnutls_privkey_deinit (key);
      expect (public_key, NULL);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/key-limits/public-keys", test_public_keys);
  g_test_add_func ("/service/key-limits/curves", test_curves);
  return g_test_run ();
}
