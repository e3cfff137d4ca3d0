/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a stapled OCSP response means for the trust in a peer, against a GnuTLS server that sends
 * any response. */

#include "config.h"

#include "trust/stapled-status.h"

#include "keyblob/handoff-names.h"
#include "support/ocsp-maker.h"
#include "support/sent-certificates.h"
#include "support/test-clock.h"

#define DAY (24 * 60 * 60)

static const TestCertificateSpec authority = { .is_authority = TRUE };

/* Breaks if a response counts as good that is not good in every way; or if a certificate is
 * trusted, or not trusted, because of it against the rules. */
static void
test_staples (void)
{
  const TestCertificateSpec demanding = { .add = test_certificate_require_status };
  const TestOcspSpec good = { GNUTLS_OCSP_CERT_GOOD, -1000, DAY };
  const TestOcspSpec good_for_long = { GNUTLS_OCSP_CERT_GOOD, -1000, 0 };
  const TestOcspSpec old = { GNUTLS_OCSP_CERT_GOOD, -4 * DAY, 0 };
  const TestOcspSpec outdated = { GNUTLS_OCSP_CERT_GOOD, -2000, -1000 };
  const TestOcspSpec future = { GNUTLS_OCSP_CERT_GOOD, 2000, 3000 };
  const TestOcspSpec skewed = { GNUTLS_OCSP_CERT_GOOD, 100, 3000 };
  const TestOcspSpec revoked = { GNUTLS_OCSP_CERT_REVOKED, -1000, DAY };
  const TestOcspSpec revoked_before = { GNUTLS_OCSP_CERT_REVOKED, -2000, -1000 };
  const TestOcspSpec unknown = { GNUTLS_OCSP_CERT_UNKNOWN, -1000, DAY };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) undemanding_leaf = test_certificate_make ("leaf", root, NULL);
  g_autoptr (TestCertificate) demanding_leaf = test_certificate_make ("leaf", root, &demanding);
  const TestCertificate *leaves[] = { undemanding_leaf, demanding_leaf };
  g_autoptr (TestCertificate) other = test_certificate_make ("other", root, NULL);
  g_autoptr (TestCertificate) stranger = test_certificate_make ("root", NULL, &authority);
  const TestOcspSpec by_stranger = { GNUTLS_OCSP_CERT_GOOD, -1000, DAY, stranger, TRUE };
  const TestOcspSpec by_leaf = { GNUTLS_OCSP_CERT_GOOD, -1000, DAY, other, TRUE };
  const TestOcspSpec second = { GNUTLS_OCSP_CERT_GOOD, -1000, DAY, .before = other };
  const struct
  {
    const TestOcspSpec *spec; /* NULL: unsuccessful */
    int unsuccessful;         /* -1: no response at all */
    const char *status;
    const char *problem;
    gboolean is_refused; /* although the certificate does not demand a status */
  } cases[] = {
    { NULL, -1, HANDOFF_OCSP_NONE, NULL, FALSE },
    { &good, 0, HANDOFF_OCSP_GOOD, NULL, FALSE },
    { &good_for_long, 0, HANDOFF_OCSP_GOOD, NULL, FALSE },
    { &skewed, 0, HANDOFF_OCSP_GOOD, NULL, FALSE },
    { &second, 0, HANDOFF_OCSP_GOOD, NULL, FALSE },
    { &old, 0, HANDOFF_OCSP_INVALID, HANDOFF_OCSP_PROBLEM_OUTDATED, TRUE },
    { &outdated, 0, HANDOFF_OCSP_INVALID, HANDOFF_OCSP_PROBLEM_OUTDATED, TRUE },
    { &future, 0, HANDOFF_OCSP_INVALID, HANDOFF_OCSP_PROBLEM_NOT_YET_VALID, TRUE },
    { &revoked, 0, HANDOFF_OCSP_REVOKED, NULL, TRUE },
    { &revoked_before, 0, HANDOFF_OCSP_REVOKED, NULL, TRUE },
    { &unknown, 0, HANDOFF_OCSP_UNKNOWN, NULL, FALSE },
    { &by_stranger, 0, HANDOFF_OCSP_INVALID, HANDOFF_OCSP_PROBLEM_OTHER_SIGNER, TRUE },
    { &by_leaf, 0, HANDOFF_OCSP_INVALID, HANDOFF_OCSP_PROBLEM_OTHER_SIGNER, TRUE },
    { NULL, GNUTLS_OCSP_RESP_TRYLATER, HANDOFF_OCSP_INVALID, HANDOFF_OCSP_PROBLEM_TRY_LATER,
      FALSE },
    { NULL, GNUTLS_OCSP_RESP_INTERNALERROR, HANDOFF_OCSP_INVALID,
      HANDOFF_OCSP_PROBLEM_INTERNAL_ERROR, FALSE },
    { NULL, GNUTLS_OCSP_RESP_UNAUTHORIZED, HANDOFF_OCSP_INVALID, HANDOFF_OCSP_PROBLEM_UNAUTHORIZED,
      FALSE },
    { NULL, GNUTLS_OCSP_RESP_SIGREQUIRED, HANDOFF_OCSP_INVALID, HANDOFF_OCSP_PROBLEM_SIG_REQUIRED,
      FALSE },
    { NULL, GNUTLS_OCSP_RESP_MALFORMEDREQUEST, HANDOFF_OCSP_INVALID,
      HANDOFF_OCSP_PROBLEM_MALFORMED_REQUEST, FALSE },
    { NULL, 77, HANDOFF_OCSP_INVALID, HANDOFF_OCSP_PROBLEM_MALFORMED, FALSE },
  };
  static const char *const versions[] = { "-VERS-ALL:+VERS-TLS1.3", "-VERS-ALL:+VERS-TLS1.2" };
  gsize i, j, k;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    for (j = 0; j < G_N_ELEMENTS (leaves); j++)
      for (k = 0; k < G_N_ELEMENTS (versions); k++)
        {
          const TestCertificate *leaf = leaves[j];
          g_autoptr (TestSent) sent = test_sent_new (root, leaf);
          g_autoptr (HandoffPeerVerification) verification = NULL;
          GBytes *staple = NULL;
          gboolean is_good = g_str_equal (cases[i].status, HANDOFF_OCSP_GOOD);

          g_test_message ("case %" G_GSIZE_FORMAT ", %s", i, versions[k]);
          if (cases[i].spec != NULL)
            staple = test_ocsp_make (leaf, root, cases[i].spec);
          else if (cases[i].unsuccessful >= 0)
            staple =
                test_ocsp_make_unsuccessful ((gnutls_ocsp_resp_status_t) cases[i].unsuccessful);
          sent->version = versions[k];
          test_sent_add (sent, leaf, staple);
          /* A certificate that the peer sends beside its chain is no responder. */
          test_sent_add (sent, stranger, NULL);
          verification = test_sent_verify (sent);
          g_assert_cmpstr (verification->ocsp_status, ==, cases[i].status);
          g_assert_cmpstr (verification->ocsp_problem, ==, cases[i].problem);
          g_assert_cmpint (verification->problems != 0, ==,
                           cases[i].is_refused || (j == 1 && !is_good));
          if (cases[i].is_refused && !g_str_equal (cases[i].status, HANDOFF_OCSP_REVOKED))
            g_assert_cmpint (handoff_trust_problems_get_alert (verification->problems), ==,
                             HANDOFF_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE);
        }
}

/* Breaks if a responder of the issuer's is refused, or another one is accepted; or if the response
 * is about another certificate. */
static void
test_responders (void)
{
  const TestOcspSpec about_other = { GNUTLS_OCSP_CERT_GOOD, -1000, DAY };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) between = test_certificate_make ("between", root, &authority);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", between, NULL);
  g_autoptr (TestCertificate) other = test_certificate_make ("other", between, NULL);
  /* Trusted, but not the issuer. */
  const TestOcspSpec by_root = { GNUTLS_OCSP_CERT_GOOD, -1000, DAY, root };
  const TestOcspSpec by_issuer = { GNUTLS_OCSP_CERT_GOOD, -1000, DAY };
  const TestOcspSpec revoked = { GNUTLS_OCSP_CERT_REVOKED, -1000, DAY };
  const struct
  {
    const TestCertificate *about;
    const TestOcspSpec *spec;
    const TestOcspSpec *for_between;
    const char *status;
    const char *problem;
    guint problems; /* other than GNUTLS_CERT_INVALID */
  } cases[] = {
    { leaf, &by_issuer, NULL, HANDOFF_OCSP_GOOD, NULL, 0 },
    { leaf, &by_root, NULL, HANDOFF_OCSP_INVALID, HANDOFF_OCSP_PROBLEM_OTHER_SIGNER,
      GNUTLS_CERT_INVALID_OCSP_STATUS },
    { other, &about_other, NULL, HANDOFF_OCSP_INVALID, HANDOFF_OCSP_PROBLEM_OTHER_CERTIFICATE,
      GNUTLS_CERT_INVALID_OCSP_STATUS },
    { leaf, &by_issuer, &by_root, HANDOFF_OCSP_GOOD, NULL, 0 },
    /* A good status of an intermediate says nothing of the peer. */
    { NULL, NULL, &by_root, HANDOFF_OCSP_NONE, NULL, 0 },
    { leaf, &by_issuer, &revoked, HANDOFF_OCSP_REVOKED, NULL, GNUTLS_CERT_REVOKED },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TestSent) sent = test_sent_new (root, leaf);
      g_autoptr (HandoffPeerVerification) verification = NULL;

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      test_sent_add (
          sent, leaf,
          cases[i].about != NULL ? test_ocsp_make (cases[i].about, between, cases[i].spec) : NULL);
      test_sent_add (sent, between,
                     cases[i].for_between != NULL
                         ? test_ocsp_make (between, root, cases[i].for_between)
                         : NULL);
      verification = test_sent_verify (sent);
      g_assert_cmpstr (verification->ocsp_status, ==, cases[i].status);
      g_assert_cmpstr (verification->ocsp_problem, ==, cases[i].problem);
      g_assert_cmpuint (verification->problems & ~(guint64) GNUTLS_CERT_INVALID, ==,
                        cases[i].problems);
    }
}

static void
expect_status (const TestCertificate *root,
               const TestCertificate *leaf,
               GBytes *staple,
               const char *status,
               const char *problem)
{
  g_autoptr (TestSent) sent = test_sent_new (root, leaf);
  g_autoptr (HandoffPeerVerification) verification = NULL;

  test_sent_add (sent, leaf, g_bytes_ref (staple));
  verification = test_sent_verify (sent);
  g_assert_cmpstr (verification->ocsp_status, ==, status);
  g_assert_cmpstr (verification->ocsp_problem, ==, problem);
  g_assert_cmpint (verification->problems != 0, ==, problem != NULL);
}

/* One response, again and again. Breaks if it is good after its end, or before its begin by a clock
 * that was set back farther than clocks are wrong; or if it is not, once the clock is right. */
static void
test_ages (void)
{
  const TestOcspSpec good = { GNUTLS_OCSP_CERT_GOOD, -1000, DAY };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", root, NULL);
  g_autoptr (GBytes) staple = test_ocsp_make (leaf, root, &good);

  test_clock_install ();
  expect_status (root, leaf, staple, HANDOFF_OCSP_GOOD, NULL);
  test_clock_pass ((DAY - 1000) * TEST_SECOND);
  expect_status (root, leaf, staple, HANDOFF_OCSP_GOOD, NULL);
  test_clock_pass (2000 * TEST_SECOND);
  expect_status (root, leaf, staple, HANDOFF_OCSP_INVALID, HANDOFF_OCSP_PROBLEM_OUTDATED);
  test_clock_set_wall (-(DAY + 1000 + 1200) * TEST_SECOND);
  expect_status (root, leaf, staple, HANDOFF_OCSP_GOOD, NULL);
  test_clock_set_wall (-200 * TEST_SECOND);
  expect_status (root, leaf, staple, HANDOFF_OCSP_INVALID, HANDOFF_OCSP_PROBLEM_NOT_YET_VALID);
  test_clock_set_wall (1400 * TEST_SECOND);
  expect_status (root, leaf, staple, HANDOFF_OCSP_GOOD, NULL);
  test_clock_uninstall ();
}

static void
be_responder (gnutls_x509_crt_t certificate)
{
  g_assert_cmpint (gnutls_x509_crt_set_key_purpose_oid (certificate, GNUTLS_KP_OCSP_SIGNING, 0), ==,
                   0);
}

/* Breaks if a responder of the issuer's is refused, or a responder of another issuer's is accepted.
 */
static void
test_appointed_responder (void)
{
  const TestCertificateSpec responder = { .add = be_responder };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) between = test_certificate_make ("between", root, &authority);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", between, NULL);
  g_autoptr (TestCertificate) appointed = test_certificate_make ("ocsp", between, &responder);
  g_autoptr (TestCertificate) of_root = test_certificate_make ("ocsp", root, &responder);
  const TestOcspSpec specs[] = { { GNUTLS_OCSP_CERT_GOOD, -1000, DAY, appointed, TRUE },
                                 { GNUTLS_OCSP_CERT_GOOD, -1000, DAY, of_root, TRUE } };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (specs); i++)
    {
      g_autoptr (TestSent) sent = test_sent_new (root, leaf);
      g_autoptr (HandoffPeerVerification) verification = NULL;

      test_sent_add (sent, leaf, test_ocsp_make (leaf, between, &specs[i]));
      test_sent_add (sent, between, NULL);
      verification = test_sent_verify (sent);
      g_assert_cmpstr (verification->ocsp_status, ==,
                       i == 0 ? HANDOFF_OCSP_GOOD : HANDOFF_OCSP_INVALID);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/stapled-status/staples", test_staples);
  g_test_add_func ("/service/stapled-status/ages", test_ages);
  g_test_add_func ("/service/stapled-status/responders", test_responders);
  g_test_add_func ("/service/stapled-status/appointed-responder", test_appointed_responder);
  return g_test_run ();
}
