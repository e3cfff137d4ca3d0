/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What is said of a credential's certificates. */

#include "config.h"

#include "describe/description-maker.h"
#include "certificate/certificate-parse.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "support/memory-key.h"
#include "support/credential-fixture.h"
#include "support/ocsp-maker.h"

/* Breaks if another key's certificate, garbage, or too many certificates are accepted. */
static void
test_certificates (void)
{
  g_autoptr (HandoffPrivateKey) key = test_private_key_new ("rsa");
  g_autoptr (GPtrArray) other = test_certificates_new ("ecdsa", "rsa", NULL);
  g_autoptr (GPtrArray) garbage = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GPtrArray) many = test_certificates_new ("rsa", NULL);
  GPtrArray *const cases[] = { other, garbage, many };

  g_ptr_array_add (garbage, g_bytes_new_static ("\x30\x03xyz", 5));
  while (many->len <= HANDOFF_MAX_CERTIFICATES)
    g_ptr_array_add (many, test_certificate_new ("ca"));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (handoff_description_make (handoff_private_key_get_public_key (key), cases[i],
                                               NULL, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
    }
}

/* (transfer full) */
static HandoffPrivateKey *
key_of (const TestCertificate *certificate)
{
  gnutls_x509_privkey_t x509;

  gnutls_x509_privkey_init (&x509);
  g_assert_cmpint (gnutls_x509_privkey_cpy (x509, certificate->key), ==, 0);
  return test_memory_key_new (x509, NULL);
}

static HandoffDescription *
describe (HandoffPrivateKey *key, GPtrArray *certificates, GBytes *staple)
{
  g_autoptr (GError) error = NULL;
  HandoffDescription *description = handoff_description_make (
      handoff_private_key_get_public_key (key), certificates, staple, &error);

  g_assert_no_error (error);
  return description;
}

/* Breaks if what others go by is not what the certificate says. */
static void
test_facts (void)
{
  g_autoptr (HandoffPrivateKey) key = test_private_key_new ("rsa");
  g_autoptr (GPtrArray) certificates = test_certificates_new ("rsa", "ca", NULL);
  g_autoptr (HandoffDescription) described = describe (key, certificates, NULL);
  g_autoptr (HandoffDescription) bare = describe (key, NULL, NULL);
  g_autoptr (GBytes) staple = test_file_new ("ecdsa.ocsp");
  g_autoptr (HandoffDescription) bare_with_staple = describe (key, NULL, staple);
  gnutls_x509_crt_t first = handoff_certificate_parse (certificates->pdata[0]);

  g_assert_cmpstr (described->algorithm, ==, "rsa-2048");
  g_assert_cmpuint (described->certificates->len, ==, 2);
  g_assert_true (g_bytes_equal (described->certificates->pdata[1], certificates->pdata[1]));
  g_assert_cmpint (described->not_before, ==, gnutls_x509_crt_get_activation_time (first));
  g_assert_cmpint (described->not_after, ==, gnutls_x509_crt_get_expiration_time (first));
  g_assert_true (g_bytes_equal (described->public_key, bare->public_key));
  g_assert_cmpuint (bare->certificates->len, ==, 0);
  g_assert_cmpint (bare->not_after, ==, 0);
  g_assert_null (bare->ocsp_problem);
  g_assert_cmpstr (bare_with_staple->ocsp_problem, ==, "the credential has no certificate");
  gnutls_x509_crt_deinit (first);
}

/* Breaks if a response is stapled that is not good, is about another certificate, or says nothing:
 * clients would refuse the connection. */
static void
test_useless_staples (void)
{
  const TestCertificateSpec authority = { .is_authority = TRUE };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) between = test_certificate_make ("between", root, &authority);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", between, NULL);
  g_autoptr (TestCertificate) old = test_certificate_make ("leaf", between, NULL);
  const TestOcspSpec good = { GNUTLS_OCSP_CERT_GOOD, -1000, 1000 };
  const TestOcspSpec outdated = { GNUTLS_OCSP_CERT_GOOD, -2000, -1000 };
  const TestOcspSpec unknown = { GNUTLS_OCSP_CERT_UNKNOWN, -1000, 1000 };
  const TestOcspSpec by_root = { GNUTLS_OCSP_CERT_GOOD, -1000, 1000, root };
  g_autoptr (GPtrArray) certificates =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (HandoffPrivateKey) key = key_of (leaf);
  GBytes *staples[] = { test_ocsp_make (leaf, between, &good),
                        test_ocsp_make (leaf, between, &outdated),
                        test_ocsp_make (leaf, between, &unknown),
                        test_ocsp_make (leaf, between, &by_root),
                        test_ocsp_make (old, between, &good),
                        test_ocsp_make_unsuccessful (GNUTLS_OCSP_RESP_TRYLATER) };
  gsize i;

  g_ptr_array_add (certificates, test_certificate_to_der (leaf));
  g_ptr_array_add (certificates, test_certificate_to_der (between));
  for (i = 0; i < G_N_ELEMENTS (staples); i++)
    {
      g_autoptr (HandoffDescription) description = describe (key, certificates, staples[i]);

      g_test_message ("%s", description->ocsp_problem);
      g_assert_cmpint (description->ocsp_not_after > 0, ==, i == 0);
      g_assert_cmpint (description->ocsp_response != NULL, ==, i == 0);
      g_assert_cmpint (description->ocsp_problem == NULL, ==, i == 0);
      g_bytes_unref (staples[i]);
    }
}

/* Breaks if a response is stapled that says nothing good, because the chain lacks who could have
 * signed it. */
static void
test_without_issuer (void)
{
  const TestCertificateSpec authority = { .is_authority = TRUE };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", root, NULL);
  const struct
  {
    TestOcspSpec spec;
    const char *problem;
  } cases[] = {
    { { GNUTLS_OCSP_CERT_GOOD, -1000, 1000 }, NULL },
    { { GNUTLS_OCSP_CERT_GOOD, -2000, -1000 }, "it is out of date" },
    { { GNUTLS_OCSP_CERT_UNKNOWN, -1000, 1000 }, "the responder does not know the certificate" },
    { { GNUTLS_OCSP_CERT_REVOKED, -1000, 1000 }, "it says that the certificate is revoked" },
  };
  g_autoptr (HandoffPrivateKey) key = key_of (leaf);
  g_autoptr (GPtrArray) certificates =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  g_ptr_array_add (certificates, test_certificate_to_der (leaf));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) staple = test_ocsp_make (leaf, root, &cases[i].spec);
      g_autoptr (HandoffDescription) description = describe (key, certificates, staple);

      g_assert_cmpstr (description->ocsp_problem, ==, cases[i].problem);
      g_assert_cmpint (description->ocsp_response != NULL, ==, cases[i].problem == NULL);
    }
}

/* Breaks if a staple is used after its end, or if its end is unknown. */
static void
test_ocsp (void)
{
  g_autoptr (HandoffPrivateKey) key = test_private_key_new ("ecdsa");
  g_autoptr (GPtrArray) certificates = test_certificates_new ("ecdsa", NULL);
  g_autoptr (GBytes) good = test_file_new ("ecdsa.ocsp");
  g_autoptr (GBytes) bad = test_file_new ("ecdsa.pem");
  g_autoptr (GBytes) large =
      g_bytes_new_take (g_strnfill (HANDOFF_MAX_STAPLE_SIZE + 1, 'x'), HANDOFF_MAX_STAPLE_SIZE + 1);
  g_autoptr (HandoffDescription) with_good = describe (key, certificates, good);
  g_autoptr (HandoffDescription) with_bad = describe (key, certificates, bad);
  g_autoptr (HandoffDescription) with_large = describe (key, certificates, large);
  const gint64 now = g_get_real_time () / G_TIME_SPAN_SECOND;

  g_assert_cmpint (with_good->ocsp_not_after, >, now + 300 * 86400);
  g_assert_true (g_bytes_equal (with_good->ocsp_response, good));
  g_assert_cmpint (with_bad->ocsp_not_after, ==, 0);
  g_assert_nonnull (with_bad->ocsp_problem);
  g_assert_cmpstr (with_large->ocsp_problem, ==, "it has more than 16 KiB");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/description-maker/certificates", test_certificates);
  g_test_add_func ("/service/description-maker/facts", test_facts);
  g_test_add_func ("/service/description-maker/ocsp", test_ocsp);
  g_test_add_func ("/service/description-maker/useless-staples", test_useless_staples);
  g_test_add_func ("/service/description-maker/without-issuer", test_without_issuer);
  return g_test_run ();
}
