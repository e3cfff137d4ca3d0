/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a credential is and when it fits. */

#include "config.h"

#include "support/credential-fixture.h"
#include "support/ocsp-maker.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "support/test-clock.h"
#include "work/clock.h"

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
      HandoffCredential *credential = handoff_credential_new (
          NULL, "x", 0, HANDOFF_CREDENTIAL_ROLE_BOTH, key, NULL, cases[i], NULL, &error);

      g_assert_null (credential);
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
    }
}

/* Breaks if two credentials have the same id, or the same serial, by which decisions are
 * remembered. */
static void
test_identity (void)
{
  g_autoptr (HandoffCredential) a = test_credential_new (NULL, "x", 0, "rsa");
  g_autoptr (HandoffCredential) b = test_credential_new (NULL, "x", 0, "rsa");
  g_autoptr (HandoffCredential) c = test_credential_new (a->id, "x", 0, "rsa");

  g_assert_cmpuint (strlen (a->id), ==, 32);
  g_assert_cmpstr (a->id, !=, b->id);
  g_assert_cmpstr (a->id, ==, c->id);
  g_assert_cmpuint (a->serial, !=, b->serial);
  g_assert_cmpuint (a->serial, !=, c->serial);
}

/* Breaks if a certificate is used before or after its time, or nobody is told in time. */
static void
test_times (void)
{
  static const struct
  {
    const char *name;
    gint64 warning;
    gboolean locked;
    gboolean usable;
    const char *problem;
  } cases[] = {
    { "rsa", 0, FALSE, TRUE, "" },
    { "rsa", 400 * 86400, FALSE, TRUE, HANDOFF_PROBLEM_EXPIRING },
    { "rsa", 0, TRUE, TRUE, HANDOFF_PROBLEM_LOCKED },
    { "expired", 0, FALSE, FALSE, HANDOFF_PROBLEM_EXPIRED },
    { "not-activated", 0, FALSE, FALSE, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HandoffCredential) credential = test_credential_new (NULL, "x", 0, cases[i].name);

      g_assert_cmpint (handoff_credential_is_usable (credential), ==, cases[i].usable);
      g_assert_cmpstr (
          handoff_credential_get_problem (credential, cases[i].warning, cases[i].locked), ==,
          cases[i].problem);
    }
}

static void
expect_times (HandoffCredential *credential, gboolean usable, const char *problem)
{
  g_assert_cmpint (handoff_credential_is_usable (credential), ==, usable);
  g_assert_cmpstr (handoff_credential_get_problem (credential, 14 * 86400, FALSE), ==, problem);
}

/* Breaks if a credential stays in use after its certificate's end, to the second; or if a wrong
 * clock counts for longer than it is wrong. */
static void
test_time_passes (void)
{
  g_autoptr (HandoffCredential) credential = test_credential_new (NULL, "x", 0, "rsa");
  gint64 rest;

  test_clock_install ();
  rest = credential->not_after * TEST_SECOND - handoff_clock_get_wall_time ();
  expect_times (credential, TRUE, "");
  test_clock_pass (rest - 14 * TEST_DAY);
  expect_times (credential, TRUE, "");
  test_clock_pass (TEST_SECOND);
  expect_times (credential, TRUE, HANDOFF_PROBLEM_EXPIRING);
  test_clock_pass (14 * TEST_DAY - TEST_SECOND);
  expect_times (credential, TRUE, HANDOFF_PROBLEM_EXPIRING);
  test_clock_pass (TEST_SECOND);
  expect_times (credential, FALSE, HANDOFF_PROBLEM_EXPIRED);
  test_clock_set_wall (-100 * TEST_DAY);
  expect_times (credential, TRUE, "");
  test_clock_set_wall (-TEST_YEAR);
  expect_times (credential, FALSE, "");
  test_clock_uninstall ();
}

/* Breaks if a credential fits a name or an authority that is not its own. */
static void
test_fits (void)
{
  g_autoptr (HandoffCredential) rsa = test_credential_new (NULL, "x", 0, "rsa");
  g_autoptr (HandoffCredential) other = test_credential_new (NULL, "x", 0, "wrong-name");
  g_autoptr (HandoffCredential) client = test_credential_new (NULL, "x", 0, "client");
  g_autoptr (GBytes) client_ca = test_certificate_new ("client-ca");
  gnutls_datum_t der = { (unsigned char *) g_bytes_get_data (client_ca, NULL),
                         (unsigned int) g_bytes_get_size (client_ca) };
  gnutls_x509_crt_t authority;
  gnutls_datum_t name;

  g_assert_true (handoff_credential_is_for_name (rsa, "www.handoff.test"));
  g_assert_false (handoff_credential_is_for_name (rsa, "other.handoff.test"));
  g_assert_true (handoff_credential_is_for_name (other, "other.handoff.test"));

  gnutls_x509_crt_init (&authority);
  g_assert_cmpint (gnutls_x509_crt_import (authority, &der, GNUTLS_X509_FMT_DER), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_get_raw_dn (authority, &name), ==, 0);
  g_assert_true (handoff_credential_is_issued_by (client, &name, 1));
  g_assert_false (handoff_credential_is_issued_by (rsa, &name, 1));
  g_assert_false (handoff_credential_is_issued_by (client, NULL, 0));
  gnutls_free (name.data);
  gnutls_x509_crt_deinit (authority);
}

static HandoffCredential *
credential_with_staple (HandoffPrivateKey *key, GPtrArray *certificates, GBytes *staple)
{
  g_autoptr (GError) error = NULL;
  HandoffCredential *credential = handoff_credential_new (
      NULL, "x", 0, HANDOFF_CREDENTIAL_ROLE_BOTH, key, NULL, certificates, staple, &error);

  g_assert_no_error (error);
  return credential;
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
  g_autoptr (HandoffPrivateKey) key = NULL;
  GBytes *staples[] = { test_ocsp_make (leaf, between, &good),
                        test_ocsp_make (leaf, between, &outdated),
                        test_ocsp_make (leaf, between, &unknown),
                        test_ocsp_make (leaf, between, &by_root),
                        test_ocsp_make (old, between, &good),
                        test_ocsp_make_unsuccessful (GNUTLS_OCSP_RESP_TRYLATER) };
  gnutls_x509_privkey_t x509;
  gsize i;

  gnutls_x509_privkey_init (&x509);
  g_assert_cmpint (gnutls_x509_privkey_cpy (x509, leaf->key), ==, 0);
  key = handoff_private_key_new_x509 (x509, NULL);
  g_ptr_array_add (certificates, test_certificate_to_der (leaf));
  g_ptr_array_add (certificates, test_certificate_to_der (between));
  for (i = 0; i < G_N_ELEMENTS (staples); i++)
    {
      g_autoptr (HandoffCredential) credential =
          credential_with_staple (key, certificates, staples[i]);

      g_test_message ("%s", credential->ocsp_problem);
      g_assert_cmpint (credential->ocsp_not_after > 0, ==, i == 0);
      g_assert_cmpint (credential->ocsp_problem == NULL, ==, i == 0);
      g_bytes_unref (staples[i]);
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
  g_autoptr (HandoffCredential) with_good = NULL;
  g_autoptr (HandoffCredential) with_bad = NULL;
  const gint64 now = g_get_real_time () / G_TIME_SPAN_SECOND;

  with_good = handoff_credential_new (NULL, "x", 0, HANDOFF_CREDENTIAL_ROLE_BOTH, key, NULL,
                                      certificates, good, NULL);
  with_bad = handoff_credential_new (NULL, "x", 0, HANDOFF_CREDENTIAL_ROLE_BOTH, key, NULL,
                                     certificates, bad, NULL);
  g_assert_cmpint (with_good->ocsp_not_after, >, now + 300 * 86400);
  g_assert_cmpint (with_bad->ocsp_not_after, ==, 0);
}

/* Breaks if the names of key algorithms are others than those that callers give. */
static void
test_algorithms (void)
{
  static const char *const cases[][2] = { { "rsa", "rsa-2048" },
                                          { "ecdsa", "ecdsa-p256" },
                                          { "ed25519", "ed25519" } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HandoffPrivateKey) key = test_private_key_new (cases[i][0]);

      g_assert_cmpstr (handoff_private_key_get_algorithm (key), ==, cases[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/credential/certificates", test_certificates);
  g_test_add_func ("/service/credential/identity", test_identity);
  g_test_add_func ("/service/credential/times", test_times);
  g_test_add_func ("/service/credential/time-passes", test_time_passes);
  g_test_add_func ("/service/credential/fits", test_fits);
  g_test_add_func ("/service/credential/ocsp", test_ocsp);
  g_test_add_func ("/service/credential/useless-staples", test_useless_staples);
  g_test_add_func ("/service/credential/algorithms", test_algorithms);
  return g_test_run ();
}
