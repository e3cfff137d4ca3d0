/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Private keys on their way to who keeps them. */

#include "config.h"

#include "key/pkcs8.h"

#include <gnutls/abstract.h>
#include <string.h>

#include "key/key-type.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

/* A key of each kind; a long RSA key takes too long to make here. */
static gnutls_x509_privkey_t
make_key (guint kind)
{
  static const struct
  {
    gnutls_pk_algorithm_t algorithm;
    guint bits;
  } kinds[] = {
    { GNUTLS_PK_RSA, 2048 },
    { GNUTLS_PK_RSA_PSS, 2048 },
    { GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1) },
    { GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP384R1) },
    { GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP521R1) },
    { GNUTLS_PK_EDDSA_ED25519, 0 },
    { GNUTLS_PK_EDDSA_ED448, 0 },
  };
  gnutls_x509_privkey_t key;

  if (kind >= G_N_ELEMENTS (kinds))
    return NULL;
  gnutls_x509_privkey_init (&key);
  g_assert_cmpint (gnutls_x509_privkey_generate (key, kinds[kind].algorithm, kinds[kind].bits, 0),
                   ==, 0);
  return key;
}

static GBytes *
write_key (gnutls_x509_privkey_t key)
{
  g_autoptr (GError) error = NULL;
  GBytes *der = handoff_pkcs8_write (key, &error);

  g_assert_no_error (error);
  return der;
}

static gboolean
is_read (gconstpointer data, gsize size)
{
  g_autoptr (GBytes) der = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  gnutls_x509_privkey_t key = handoff_pkcs8_read (der, &error);

  if (key == NULL)
    {
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      return FALSE;
    }
  gnutls_x509_privkey_deinit (key);
  return TRUE;
}

static void
test_round_trip (void)
{
  gnutls_x509_privkey_t key;
  guint i;

  for (i = 0; (key = make_key (i)) != NULL; i++)
    {
      g_autoptr (GBytes) der = write_key (key);
      g_autoptr (GBytes) again = NULL;
      g_autoptr (GError) error = NULL;
      gnutls_x509_privkey_t read = handoff_pkcs8_read (der, &error);

      g_assert_no_error (error);
      again = write_key (read);
      g_assert_true (g_bytes_equal (again, der));
      gnutls_x509_privkey_deinit (read);
      gnutls_x509_privkey_deinit (key);
    }
  g_assert_cmpuint (i, ==, 7);
}

/* What differs in one bit is not read, unless it is another key in the same form: any bytes are one
 * of Ed25519 and Ed448, and of RSA nobody needs d beside the other numbers. */
static void
test_damage (void)
{
  gnutls_x509_privkey_t key;
  guint i;

  for (i = 0; (key = make_key (i)) != NULL; i++)
    {
      g_autoptr (GBytes) der = write_key (key);
      gsize size, j;
      const guint8 *data = g_bytes_get_data (der, &size);
      g_autofree guint8 *copy = g_malloc (size + 1);

      memcpy (copy, data, size);
      copy[size] = 0;
      g_assert_false (is_read (copy, size + 1));
      for (j = 0; j < size; j += j < 40 ? 1 : 29)
        {
          g_assert_false (is_read (copy, j));
          copy[j] ^= 0x80;
          if (is_read (copy, size))
            g_assert_true (i < 2 || i >= 5);
          copy[j] ^= 0x80;
        }
      gnutls_x509_privkey_deinit (key);
    }
}

/* A length in more bytes than it needs. */
static void
test_long_length (void)
{
  gnutls_x509_privkey_t key = make_key (5);
  g_autoptr (GBytes) der = write_key (key);
  gsize size;
  const guint8 *data = g_bytes_get_data (der, &size);
  g_autofree guint8 *longer = g_malloc (size + 1);

  g_assert_cmpuint (data[1], <, 0x80);
  longer[0] = data[0];
  longer[1] = 0x81;
  memcpy (longer + 2, data + 1, size - 1);
  g_assert_false (is_read (longer, size + 1));
  gnutls_x509_privkey_deinit (key);
}

/* What others may write: a newer version with the public key, traditional forms, encrypted. */
static void
test_other_forms (void)
{
  gnutls_x509_privkey_t key = make_key (2);
  gnutls_datum_t traditional, encrypted, text;

  g_assert_cmpint (gnutls_x509_privkey_export2 (key, GNUTLS_X509_FMT_DER, &traditional), ==, 0);
  g_assert_cmpint (gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_DER, "secret",
                                                      GNUTLS_PKCS_PBES2_AES_256, &encrypted),
                   ==, 0);
  g_assert_cmpint (
      gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &text),
      ==, 0);
  g_assert_false (is_read (traditional.data, traditional.size));
  g_assert_false (is_read (encrypted.data, encrypted.size));
  g_assert_false (is_read (text.data, text.size));
  g_assert_false (is_read ("", 0));
  gnutls_free (traditional.data);
  gnutls_free (encrypted.data);
  gnutls_free (text.data);
  gnutls_x509_privkey_deinit (key);
}

/* The size of a key that nobody would want to sign with. */
static void
test_sizes (void)
{
  gnutls_x509_privkey_t key;
  g_autoptr (GBytes) der = NULL;
  g_autofree guint8 *large = g_malloc0 (20000);
  gsize size;
  const guint8 *data;

  gnutls_x509_privkey_init (&key);
  g_assert_cmpint (gnutls_x509_privkey_generate (key, GNUTLS_PK_RSA, 1024, 0), ==, 0);
  der = write_key (key);
  data = g_bytes_get_data (der, &size);
  g_assert_false (is_read (data, size));
  large[0] = 0x30;
  large[1] = 0x82;
  large[2] = (20000 - 4) >> 8;
  large[3] = (20000 - 4) & 0xff;
  g_assert_false (is_read (large, 20000));
  gnutls_x509_privkey_deinit (key);
}

/* A key made of a seed has it in an attribute, which stays behind. */
static void
test_attributes (void)
{
  gnutls_x509_privkey_t key;
  g_autoptr (GBytes) der = NULL;
  gsize size;
  const guint8 *data;

  gnutls_x509_privkey_init (&key);
  g_assert_cmpint (
      gnutls_x509_privkey_generate (key, GNUTLS_PK_RSA, 2048, GNUTLS_PRIVKEY_FLAG_PROVABLE), ==, 0);
  der = write_key (key);
  data = g_bytes_get_data (der, &size);
  g_assert_true (is_read (data, size));
  gnutls_x509_privkey_deinit (key);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/pkcs8/round-trip", test_round_trip);
  g_test_add_func ("/service/pkcs8/damage", test_damage);
  g_test_add_func ("/service/pkcs8/long-length", test_long_length);
  g_test_add_func ("/service/pkcs8/other-forms", test_other_forms);
  g_test_add_func ("/service/pkcs8/sizes", test_sizes);
  g_test_add_func ("/service/pkcs8/attributes", test_attributes);
  return g_test_run ();
}
