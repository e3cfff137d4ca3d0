/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Certificates that make much work. Each limit is tried with the largest value that is possible,
 * and with one more. */

#include "config.h"

#include "certificate/certificate-limits.h"

#include <gnutls/x509.h>

#include "support/expensive-certificate.h"
#include "keyblob/tls-handoff-error.h"

/* Adds it; message: (nullable): what the error must say */
static void
add (HandoffCertificateSum *sum, const TestCertificate *certificate, const char *message)
{
  g_autoptr (GBytes) der = test_certificate_build (certificate);
  g_autoptr (GError) error = NULL;
  gsize size;
  gconstpointer data = g_bytes_get_data (der, &size);

  if (handoff_certificate_sum_add (sum, data, size, &error) && message == NULL)
    return;
  if (message == NULL)
    g_assert_no_error (error);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, message));
}

static void
expect (const TestCertificate *certificate, const char *message)
{
  HandoffCertificateSum sum = { 0 };

  add (&sum, certificate, message);
}

/* Breaks if we count something else than GnuTLS reads. */
static void
test_well_formed (void)
{
  const TestCertificate certificate = {
    .n_extensions = 3, .n_names = 300, .n_purposes = 4, .n_issuer_attributes = 5
  };
  g_autoptr (GBytes) der = test_certificate_build (&certificate);
  gnutls_datum_t datum = { (unsigned char *) g_bytes_get_data (der, NULL),
                           (unsigned int) g_bytes_get_size (der) };
  gnutls_x509_crt_t parsed;
  unsigned int bits;

  gnutls_x509_crt_init (&parsed);
  g_assert_cmpint (gnutls_x509_crt_import (parsed, &datum, GNUTLS_X509_FMT_DER), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_get_pk_algorithm (parsed, &bits), ==, GNUTLS_PK_RSA);
  g_assert_cmpuint (bits, ==, 2048);
  gnutls_x509_crt_deinit (parsed);
  expect (&certificate, NULL);
}

/* Breaks if a stranger's modulus or exponent decides how long a worker computes. */
static void
test_keys (void)
{
  expect (&(TestCertificate){ .rsa_bits = 16384 }, NULL);
  expect (&(TestCertificate){ .rsa_bits = 16385 }, "16385 bits");
  expect (&(TestCertificate){ .rsa_bits = 32768, .exponent_bits = 32768 }, "32768 bits");
  expect (&(TestCertificate){ .exponent_bits = 256 }, NULL);
  expect (&(TestCertificate){ .exponent_bits = 257 }, "257 bits");
  expect (&(TestCertificate){ .rsa_bits = 16384, .exponent_bits = 64 }, NULL);
  expect (&(TestCertificate){ .rsa_bits = 16384, .exponent_bits = 256 }, "more than is verified");
  expect (&(TestCertificate){ .dsa_bits = 3072, .subgroup_bits = 256 }, NULL);
  expect (&(TestCertificate){ .dsa_bits = 8192, .subgroup_bits = 256 }, "8192 bits");
  expect (&(TestCertificate){ .dsa_bits = 3072, .subgroup_bits = 2048 }, "2048 bits");
}

/* Breaks if many large keys are within the limit each, and nothing limits all of them together. */
static void
test_chains (void)
{
  HandoffCertificateSum sum = { 0 };

  for (guint i = 0; i < 16; i++)
    add (&sum, &(TestCertificate){ .rsa_bits = 8192 }, NULL);
  add (&sum, &(TestCertificate){ .rsa_bits = 8192 }, "more than is verified");

  /* DSA is verified with two powers. */
  memset (&sum, 0, sizeof sum);
  for (guint i = 0; i < 3; i++)
    add (&sum, &(TestCertificate){ .dsa_bits = 3072, .subgroup_bits = 256 }, NULL);
  add (&sum, &(TestCertificate){ .dsa_bits = 3072, .subgroup_bits = 256 }, "more than is verified");

  memset (&sum, 0, sizeof sum);
  for (guint i = 0; i < 4; i++)
    add (&sum, &(TestCertificate){ .rsa_bits = 16384 }, NULL);
  add (&sum, &(TestCertificate){ .rsa_bits = 16384 }, "more than is verified");
}

/* Breaks if a long list is read by code whose time grows with the square of the length. */
static void
test_lists (void)
{
  HandoffCertificateSum sum = { 0 };

  expect (&(TestCertificate){ .n_subject_attributes = 64 }, NULL);
  expect (&(TestCertificate){ .n_subject_attributes = 65 }, "65 attributes in its subject");
  expect (&(TestCertificate){ .n_issuer_attributes = 65 }, "65 attributes in its issuer");
  expect (&(TestCertificate){ .n_extensions = 64 }, NULL);
  expect (&(TestCertificate){ .n_extensions = 65 }, "65 extensions");
  expect (&(TestCertificate){ .n_names = 4096 }, NULL);
  expect (&(TestCertificate){ .n_names = 4097 }, "4097 alternative names");
  expect (&(TestCertificate){ .n_purposes = 129 }, "129 extended key usages");
  expect (&(TestCertificate){ .n_constraints = 513 }, "513 name constraints");
  expect (&(TestCertificate){ .n_names = 4096, .n_extensions = 62, .n_constraints = 1 }, NULL);

  /* Over the chain. */
  for (guint i = 0; i < 8; i++)
    add (&sum, &(TestCertificate){ .n_extensions = 64, .n_subject_attributes = 63 }, NULL);
  add (&sum, &(TestCertificate){ .n_extensions = 1 }, "attributes in names, with");
  memset (&sum, 0, sizeof sum);
  for (guint i = 0; i < 8; i++)
    add (&sum, &(TestCertificate){ .n_extensions = 64 }, NULL);
  add (&sum, &(TestCertificate){ .n_extensions = 1 }, "513 extensions, with");
  memset (&sum, 0, sizeof sum);
  add (&sum, &(TestCertificate){ .n_names = 2048 }, NULL);
  add (&sum, &(TestCertificate){ .n_constraints = 256 }, NULL);
  add (&sum, &(TestCertificate){ .n_constraints = 1 }, "names times name constraints");
}

/* Random changes: never read past the end, and refused. */
static void
test_unreadable (void)
{
  const TestCertificate certificate = { .n_names = 2, .n_purposes = 1, .n_constraints = 1 };
  g_autoptr (GBytes) der = test_certificate_build (&certificate);
  gsize size;
  const guint8 *data = g_bytes_get_data (der, &size);

  for (gsize i = 0; i < size; i++)
    {
      g_autofree guint8 *cut = g_memdup2 (data, i);
      HandoffCertificateSum sum = { 0 };
      g_autoptr (GError) error = NULL;

      g_assert_false (handoff_certificate_sum_add (&sum, cut, i, &error));
      g_assert_nonnull (strstr (error->message, "no X.509 certificate"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/certificate-limits/well-formed", test_well_formed);
  g_test_add_func ("/service/certificate-limits/keys", test_keys);
  g_test_add_func ("/service/certificate-limits/chains", test_chains);
  g_test_add_func ("/service/certificate-limits/lists", test_lists);
  g_test_add_func ("/service/certificate-limits/unreadable", test_unreadable);
  return g_test_run ();
}
