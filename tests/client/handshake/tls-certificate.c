/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Certificates of the TLS backend's class that we make, and that applications have. */

#include "handshake/tls-certificate.h"

#include <string.h>

static GBytes *
read_der (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), name, NULL);
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GError) error = NULL;
  GByteArray *der = NULL;

  certificate = g_tls_certificate_new_from_file (path, &error);
  g_assert_no_error (error);
  g_object_get (certificate, "certificate", &der, NULL);
  return g_byte_array_free_to_bytes (der);
}

/* Breaks if the chain's order is lost, or one that cannot be shown ends in a crash. */
static void
test_certificate_chain (void)
{
  g_autoptr (GPtrArray) chain = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GByteArray) issuer_der = NULL;
  GTlsCertificate *issuer;

  g_assert_null (handoff_tls_certificate_new (chain));

  g_ptr_array_add (chain, read_der ("ecdsa.pem"));
  g_ptr_array_add (chain, read_der ("ca.pem"));
  certificate = handoff_tls_certificate_new (chain);
  g_assert_nonnull (certificate);
  issuer = g_tls_certificate_get_issuer (certificate);
  g_assert_nonnull (issuer);
  g_object_get (issuer, "certificate", &issuer_der, NULL);
  g_assert_cmpmem (issuer_der->data, issuer_der->len, g_bytes_get_data (chain->pdata[1], NULL),
                   g_bytes_get_size (chain->pdata[1]));
  g_assert_null (g_tls_certificate_get_issuer (issuer));

  g_ptr_array_add (chain, g_bytes_new ("no certificate", 14));
  g_assert_null (handoff_tls_certificate_new (chain));
}

static GTlsCertificate *
read_certificate (const char *name, const char *key_name)
{
  g_autofree char *path = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), name, NULL);
  g_autofree char *key_path = NULL;
  g_autoptr (GError) error = NULL;
  GTlsCertificate *certificate;

  if (key_name != NULL)
    key_path = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), key_name, NULL);
  certificate = key_path != NULL ? g_tls_certificate_new_from_files (path, key_path, &error)
                                 : g_tls_certificate_new_from_file (path, &error);
  g_assert_no_error (error);
  return certificate;
}

/* Breaks if a key is lost, or one is found where there is none. */
static void
test_pem (void)
{
  g_autoptr (GTlsCertificate) with_key = read_certificate ("client.pem", "client.key");
  g_autoptr (GTlsCertificate) without_key = read_certificate ("client.pem", NULL);
  g_autoptr (GBytes) pem = handoff_tls_certificate_to_pem (with_key);
  g_autofree char *text = NULL;

  g_assert_nonnull (pem);
  text = g_strndup (g_bytes_get_data (pem, NULL), g_bytes_get_size (pem));
  g_assert_nonnull (strstr (text, "PRIVATE KEY-----"));
  g_assert_nonnull (strstr (text, "-----BEGIN CERTIFICATE-----"));
  g_assert_null (handoff_tls_certificate_to_pem (without_key));
  g_assert_false (handoff_tls_certificate_is_in_token (with_key));
  g_assert_false (handoff_tls_certificate_is_in_token (without_key));
}

/* Breaks if a certificate that looks the same stands for the credential as well. */
static void
test_credential (void)
{
  g_autoptr (GTlsCertificate) certificate = read_certificate ("client.pem", NULL);
  g_autoptr (GTlsCertificate) same = read_certificate ("client.pem", NULL);

  handoff_tls_certificate_set_credential (certificate, "/credential/1");
  g_assert_cmpstr (handoff_tls_certificate_get_credential (certificate), ==, "/credential/1");
  g_assert_true (g_tls_certificate_is_same (certificate, same));
  g_assert_null (handoff_tls_certificate_get_credential (same));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tls-certificate/chain", test_certificate_chain);
  g_test_add_func ("/tls-certificate/pem", test_pem);
  g_test_add_func ("/tls-certificate/credential", test_credential);

  return g_test_run ();
}
