/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Public keys on their way from process to process. */

#include "config.h"

#include "key/gnutls-support.h"
#include "key/public-key.h"
#include "keyblob/tls-handoff-error.h"

static gnutls_x509_privkey_t
read_key (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), name, NULL);
  gnutls_x509_privkey_t key;
  gnutls_datum_t pem;

  g_assert_cmpint (gnutls_load_file (path, &pem), ==, 0);
  gnutls_x509_privkey_init (&key);
  g_assert_cmpint (gnutls_x509_privkey_import (key, &pem, GNUTLS_X509_FMT_PEM), ==, 0);
  gnutls_free (pem.data);
  return key;
}

static gnutls_pubkey_t
public_key_of (gnutls_x509_privkey_t key)
{
  gnutls_privkey_t private_key;
  gnutls_pubkey_t public_key;

  gnutls_privkey_init (&private_key);
  gnutls_privkey_import_x509 (private_key, key, 0);
  gnutls_pubkey_init (&public_key);
  g_assert_cmpint (gnutls_pubkey_import_privkey (public_key, private_key, 0, 0), ==, 0);
  gnutls_privkey_deinit (private_key);
  return public_key;
}

/* Breaks if two processes write the same key in different bytes: by them the broker sees whether a
 * description is of the key that the keeper has. */
static void
test_same_bytes (void)
{
  static const struct
  {
    const char *file;
    const char *algorithm;
  } keys[] = {
    { "rsa.key", "rsa-2048" },
    { "ecdsa.key", "ecdsa-p256" },
    { "ed25519.key", "ed25519" },
    { "below-ed448.key", "ecdsa-p256" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      gnutls_x509_privkey_t key = read_key (keys[i].file);
      gnutls_pubkey_t first = public_key_of (key), second;
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) der = handoff_public_key_export (first, &error);
      g_autoptr (GBytes) again = NULL;
      g_autofree char *algorithm = handoff_public_key_dup_algorithm (first);

      g_assert_no_error (error);
      second = handoff_public_key_import (der, &error);
      g_assert_no_error (error);
      again = handoff_public_key_export (second, &error);
      g_assert_no_error (error);
      g_assert_true (g_bytes_equal (der, again));
      g_assert_true (handoff_gnutls_is_same_public_key (first, second));
      g_assert_cmpstr (algorithm, ==, keys[i].algorithm);
      gnutls_pubkey_deinit (first);
      gnutls_pubkey_deinit (second);
      gnutls_x509_privkey_deinit (key);
    }
}

/* Breaks if what is no key is one. */
static void
test_garbage (void)
{
  g_autoptr (GBytes) garbage = g_bytes_new_static ("\x30\x03xyz", 5);
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  g_autoptr (GError) error = NULL;

  g_assert_null (handoff_public_key_import (nothing, NULL));
  g_assert_null (handoff_public_key_import (garbage, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/public-key/same-bytes", test_same_bytes);
  g_test_add_func ("/service/public-key/garbage", test_garbage);
  return g_test_run ();
}
