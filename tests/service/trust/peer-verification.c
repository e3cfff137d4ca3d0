/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What the service says of a peer's certificate, against a GnuTLS server that sends whatever it is
 * told. */

#include "config.h"

#include "trust/peer-verification.h"

#include <gnutls/x509-ext.h>
#include <string.h>

#include "keyblob/handoff-names.h"
#include "support/ocsp-maker.h"
#include "support/sent-certificates.h"
#include "support/test-clock.h"

#define DAY (24 * 60 * 60)

static const TestCertificateSpec authority = { .is_authority = TRUE };

/* reason: the only reason; NULL: trusted. words: in the explanation. */
static void
expect (TestSent *self, const char *reason, const char *words, gnutls_alert_description_t alert)
{
  g_autoptr (HandoffPeerVerification) verification = test_sent_verify (self);
  g_auto (GStrv) names = handoff_trust_problems_describe (verification->problems);

  if (reason == NULL)
    {
      g_assert_cmpuint (verification->problems, ==, 0);
      g_assert_null (verification->explanation);
      return;
    }
  g_assert_cmpuint (verification->problems, !=, 0);
  g_assert_cmpstr (names[0], ==, reason);
  g_assert_null (names[1]);
  g_assert_nonnull (verification->explanation);
  if (strstr (verification->explanation, words) == NULL)
    g_error ("“%s” does not say “%s”", verification->explanation, words);
  g_assert_cmpint (handoff_trust_problems_get_alert (verification->problems), ==, alert);
}

/* leaf: (transfer full), issued by between; chain and anchor are the rest. */
static void
expect_leaf (const TestCertificate *root,
             const TestCertificate *between,
             const TestCertificate *leaf,
             const char *reason,
             const char *words,
             gnutls_alert_description_t alert)
{
  g_autoptr (TestSent) sent = test_sent_new (root, leaf);

  test_sent_add (sent, leaf, NULL);
  if (between != NULL)
    test_sent_add (sent, between, NULL);
  expect (sent, reason, words, alert);
}

static guint
get_lifetime (const TestCertificate *root, const TestCertificate *leaf)
{
  g_autoptr (TestSent) sent = test_sent_new (root, leaf);
  g_autoptr (HandoffPeerVerification) verification = NULL;

  test_sent_add (sent, leaf, NULL);
  verification = test_sent_verify (sent);
  return handoff_peer_verification_get_lifetime (verification);
}

/* What is kept of a session ends with the certificate. Breaks if that end is taken for later than
 * it is, or for a time in the past that has come round to the largest number. */
static void
test_lifetime (void)
{
  const TestCertificateSpec spec = { .begin_days = -1, .end_days = 10 };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", root, &spec);

  test_clock_install ();
  g_assert_cmpuint (get_lifetime (root, leaf), >, 10 * DAY - 1000);
  g_assert_cmpuint (get_lifetime (root, leaf), <=, 10 * DAY);
  test_clock_pass (9 * TEST_DAY);
  g_assert_cmpuint (get_lifetime (root, leaf), >, DAY - 1000);
  g_assert_cmpuint (get_lifetime (root, leaf), <=, DAY);
  test_clock_pass (TEST_DAY);
  g_assert_cmpuint (get_lifetime (root, leaf), ==, 0);
  test_clock_pass (TEST_DAY);
  g_assert_cmpuint (get_lifetime (root, leaf), ==, 0);
  test_clock_set_wall (-3 * TEST_DAY);
  g_assert_cmpuint (get_lifetime (root, leaf), >, DAY - 1000);
  test_clock_uninstall ();
}

static void
constrain_names (gnutls_x509_crt_t certificate)
{
  static const gnutls_datum_t name = { (unsigned char *) "example.org", 11 };
  gnutls_x509_name_constraints_t constraints;

  gnutls_x509_name_constraints_init (&constraints);
  g_assert_cmpint (
      gnutls_x509_name_constraints_add_permitted (constraints, GNUTLS_SAN_DNSNAME, &name), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_set_name_constraints (certificate, constraints, 1), ==, 0);
  gnutls_x509_name_constraints_deinit (constraints);
}

static void
add_critical_extension (gnutls_x509_crt_t certificate)
{
  static const guint8 value[] = { 5, 0 };

  g_assert_cmpint (gnutls_x509_crt_set_extension_by_oid (certificate, "1.3.6.1.4.1.99999.1", value,
                                                         sizeof value, 1),
                   ==, 0);
}

static void
be_for_clients (gnutls_x509_crt_t certificate)
{
  g_assert_cmpint (gnutls_x509_crt_set_key_purpose_oid (certificate, GNUTLS_KP_TLS_WWW_CLIENT, 0),
                   ==, 0);
}

static void
be_for_others (gnutls_x509_crt_t certificate)
{
  static const char *const names[] = { "a.test", "b.test", "c.test", "d.test" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpint (
        gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_DNSNAME, names[i],
                                              (unsigned int) strlen (names[i]),
                                              i == 0 ? GNUTLS_FSAN_SET : GNUTLS_FSAN_APPEND),
        ==, 0);
}

/* Breaks if one reason is reported as another, or not at all, or with another alert. */
static void
test_reasons (void)
{
  const TestCertificateSpec expired = { .begin_days = -9, .end_days = -1 };
  const TestCertificateSpec future = { .begin_days = 1, .end_days = 9 };
  const TestCertificateSpec expired_authority = { .is_authority = TRUE,
                                                  .begin_days = -9,
                                                  .end_days = -1 };
  const TestCertificateSpec path_length = { .is_authority = TRUE, .path_length = 1 };
  const TestCertificateSpec no_signing = { .is_authority = TRUE, .key_usage = GNUTLS_KEY_CRL_SIGN };
  const TestCertificateSpec constrained = { .is_authority = TRUE, .add = constrain_names };
  const TestCertificateSpec critical = { .add = add_critical_extension };
  const TestCertificateSpec critical_authority = { .is_authority = TRUE,
                                                   .add = add_critical_extension };
  const TestCertificateSpec client = { .add = be_for_clients };
  const TestCertificateSpec client_authority = { .is_authority = TRUE, .add = be_for_clients };
  const TestCertificateSpec for_others = { .add = be_for_others };
  const TestCertificateSpec weak = { .digest = GNUTLS_DIG_SHA1 };
  const TestCertificateSpec demanding = { .is_authority = TRUE,
                                          .add = test_certificate_require_status };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) other = test_certificate_make ("root", NULL, &authority);
  const struct
  {
    const TestCertificateSpec *between; /* NULL: the root issues the leaf itself */
    const TestCertificateSpec *leaf;
    const char *reason;
    const char *words;
    gnutls_alert_description_t alert;
  } cases[] = {
    { NULL, NULL, NULL, NULL, 0 },
    { &authority, NULL, NULL, NULL, 0 },
    { NULL, &expired, HANDOFF_VERIFICATION_EXPIRED, "it has expired",
      GNUTLS_A_CERTIFICATE_EXPIRED },
    { NULL, &future, HANDOFF_VERIFICATION_NOT_ACTIVATED, "it is not valid yet",
      GNUTLS_A_CERTIFICATE_EXPIRED },
    { &expired_authority, NULL, HANDOFF_VERIFICATION_EXPIRED,
      "“CN=between” in its chain has expired", GNUTLS_A_CERTIFICATE_EXPIRED },
    { &no_signing, NULL, HANDOFF_VERIFICATION_ISSUER_KEY_USAGE,
      "“CN=between” in its chain has a key that is not meant to sign certificates",
      GNUTLS_A_CERTIFICATE_UNKNOWN },
    { &constrained, NULL, HANDOFF_VERIFICATION_NAME_CONSTRAINTS, "it has a name that an authority",
      GNUTLS_A_CERTIFICATE_UNKNOWN },
    { NULL, &critical, HANDOFF_VERIFICATION_CRITICAL_EXTENSION, "it has a critical extension",
      GNUTLS_A_UNSUPPORTED_CERTIFICATE },
    { &critical_authority, NULL, HANDOFF_VERIFICATION_CRITICAL_EXTENSION,
      "“CN=between” in its chain has a critical extension", GNUTLS_A_UNSUPPORTED_CERTIFICATE },
    { NULL, &client, HANDOFF_VERIFICATION_WRONG_PURPOSE, "it is not meant for this side",
      GNUTLS_A_UNSUPPORTED_CERTIFICATE },
    { &client_authority, NULL, HANDOFF_VERIFICATION_WRONG_PURPOSE,
      "“CN=between” in its chain may not issue for this side", GNUTLS_A_UNSUPPORTED_CERTIFICATE },
    { NULL, &for_others, HANDOFF_VERIFICATION_WRONG_NAME,
      "it is for another name (“a.test”, “b.test”, “c.test”, …)", GNUTLS_A_BAD_CERTIFICATE },
    { NULL, &weak, HANDOFF_VERIFICATION_INSECURE, "signed with ECDSA-SHA1",
      GNUTLS_A_BAD_CERTIFICATE },
    { &demanding, NULL, HANDOFF_VERIFICATION_TLS_FEATURES, "it lacks a TLS feature",
      GNUTLS_A_CERTIFICATE_UNKNOWN },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TestCertificate) between =
          cases[i].between != NULL ? test_certificate_make ("between", root, cases[i].between)
                                   : NULL;
      g_autoptr (TestCertificate) leaf =
          test_certificate_make ("leaf", between != NULL ? between : root, cases[i].leaf);

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      expect_leaf (root, between, leaf, cases[i].reason, cases[i].words, cases[i].alert);
    }
  {
    const TestCertificateSpec no_authority = { .key_usage = GNUTLS_KEY_KEY_CERT_SIGN };
    g_autoptr (TestCertificate) between = test_certificate_make ("between", root, &no_authority);
    g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", between, NULL);

    expect_leaf (root, between, leaf, HANDOFF_VERIFICATION_ISSUER_NOT_AUTHORITY,
                 "“CN=between” in its chain is no authority", GNUTLS_A_CERTIFICATE_UNKNOWN);
  }
  {
    g_autoptr (TestCertificate) short_root = test_certificate_make ("root", NULL, &path_length);
    g_autoptr (TestCertificate) between = test_certificate_make ("between", short_root, &authority);
    g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", between, NULL);

    expect_leaf (short_root, between, leaf, HANDOFF_VERIFICATION_PATH_LENGTH,
                 "its chain is longer than an authority of it allows",
                 GNUTLS_A_CERTIFICATE_UNKNOWN);
  }
  {
    g_autoptr (TestCertificate) constrained_root =
        test_certificate_make ("root", NULL, &constrained);
    g_autoptr (TestCertificate) between =
        test_certificate_make ("between", constrained_root, &authority);
    g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", between, NULL);

    expect_leaf (constrained_root, between, leaf, HANDOFF_VERIFICATION_NAME_CONSTRAINTS,
                 "it has a name that an authority", GNUTLS_A_CERTIFICATE_UNKNOWN);
  }
  {
    /* It has the issuer's name, and no identifiers that would tell it from the issuer. */
    const TestCertificateSpec without_ids = { .is_authority = TRUE, .without_key_ids = TRUE };
    g_autoptr (TestCertificate) namesake = test_certificate_make ("between", other, &without_ids);
    g_autoptr (TestCertificate) between = test_certificate_make ("between", root, &without_ids);
    g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", namesake, NULL);
    g_autoptr (TestCertificate) alone = test_certificate_make ("alone", NULL, NULL);

    expect_leaf (root, between, leaf, HANDOFF_VERIFICATION_BAD_SIGNATURE,
                 "its signature is not its issuer's", GNUTLS_A_BAD_CERTIFICATE);
    expect_leaf (root, NULL, leaf, HANDOFF_VERIFICATION_UNKNOWN_AUTHORITY, "“CN=between” did",
                 GNUTLS_A_UNKNOWN_CA);
    expect_leaf (root, NULL, alone, HANDOFF_VERIFICATION_UNKNOWN_AUTHORITY, "it is self-signed",
                 GNUTLS_A_UNKNOWN_CA);
  }
}

/* Breaks if GnuTLS's refusal of a long chain is reported as something else. */
static void
test_long (void)
{
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", root, NULL);
  g_autoptr (TestSent) sent = test_sent_new (root, leaf);
  guint i;

  for (i = 0; i < 16; i++)
    test_sent_add (sent, i == 0 ? leaf : root, NULL);
  expect (sent, NULL, NULL, 0);
  test_sent_add (sent, root, NULL);
  expect (sent, HANDOFF_VERIFICATION_CHAIN_TOO_LONG, "the peer sent more than 16 certificates",
          GNUTLS_A_CERTIFICATE_UNKNOWN);
}

/* Breaks if the time of a needed certificate, or of its staple, does not count; or if the time of
 * one that is not needed does. */
static void
test_unneeded (void)
{
  const TestCertificateSpec expired = { .is_authority = TRUE, .begin_days = -9, .end_days = -1 };
  const TestCertificateSpec short_lived = { .is_authority = TRUE, .begin_days = -9, .end_days = 5 };
  const TestOcspSpec outdated = { GNUTLS_OCSP_CERT_GOOD, -9 * DAY, -DAY };
  const TestOcspSpec revoked = { GNUTLS_OCSP_CERT_REVOKED, -1000, DAY };
  const TestOcspSpec good = { GNUTLS_OCSP_CERT_GOOD, -1000, 2 * DAY };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) between = test_certificate_make ("between", root, &short_lived);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", between, NULL);
  g_autoptr (TestCertificate) unneeded = test_certificate_make ("unneeded", root, &expired);
  guint i;

  for (i = 0; i < 4; i++)
    {
      g_autoptr (TestSent) sent = test_sent_new (root, leaf);
      g_autoptr (HandoffPeerVerification) verification = NULL;
      g_autofree char *path = NULL;
      guint lifetime;

      test_sent_add (sent, leaf, i == 3 ? test_ocsp_make (leaf, between, &good) : NULL);
      if (i == 2)
        test_sent_add (sent, unneeded, test_ocsp_make (unneeded, root, &revoked));
      test_sent_add (sent, between, NULL);
      if (i < 2)
        test_sent_add (sent, unneeded, i == 0 ? NULL : test_ocsp_make (unneeded, root, &outdated));
      verification = test_sent_verify (sent);
      g_assert_cmpuint (verification->problems, ==, 0);
      path = g_variant_print (verification->path, FALSE);
      g_assert_cmpstr (path, ==, i == 2 ? "[0, 2]" : "[0, 1]");
      lifetime = handoff_peer_verification_get_lifetime (verification);
      g_assert_cmpuint (lifetime, <=, i == 3 ? 2 * DAY : 5 * DAY);
      g_assert_cmpuint (lifetime, >, i == 3 ? DAY : 4 * DAY);
    }
}

/* Every bit that GnuTLS can set has a reason, and each reason has words and an alert. Breaks if one
 * is forgotten. */
static void
test_bits (void)
{
  /* Of 3.7.9. */
  static const guint known[] = {
    GNUTLS_CERT_INVALID,
    GNUTLS_CERT_REVOKED,
    GNUTLS_CERT_SIGNER_NOT_FOUND,
    GNUTLS_CERT_SIGNER_NOT_CA,
    GNUTLS_CERT_INSECURE_ALGORITHM,
    GNUTLS_CERT_NOT_ACTIVATED,
    GNUTLS_CERT_EXPIRED,
    GNUTLS_CERT_SIGNATURE_FAILURE,
    GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED,
    GNUTLS_CERT_UNEXPECTED_OWNER,
    GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE,
    GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE,
    GNUTLS_CERT_MISMATCH,
    GNUTLS_CERT_PURPOSE_MISMATCH,
    GNUTLS_CERT_MISSING_OCSP_STATUS,
    GNUTLS_CERT_INVALID_OCSP_STATUS,
    GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS,
  };
  const HandoffTrustReason *reason;
  HandoffTrustProblems all = GNUTLS_CERT_INVALID;
  guint i, bit;

  for (i = 0; i < G_N_ELEMENTS (known); i++)
    all |= known[i];
  for (bit = 0; bit < 32; bit++)
    {
      const HandoffTrustProblems problem = (HandoffTrustProblems) 1 << bit;
      g_auto (GStrv) names = handoff_trust_problems_describe (problem | GNUTLS_CERT_INVALID);
      gboolean is_own = problem != GNUTLS_CERT_INVALID && (all & problem) != 0;

      g_test_message ("bit %u: %s", bit, names[0]);
      g_assert_nonnull (names[0]);
      g_assert_null (names[1]);
      g_assert_cmpint (handoff_trust_problems_get_unknown (problem | GNUTLS_CERT_INVALID) == 0, ==,
                       is_own);
      if (problem != GNUTLS_CERT_MISMATCH && is_own)
        g_assert_cmpstr (names[0], !=, HANDOFF_VERIFICATION_OTHER);
      g_assert_cmpint (handoff_trust_problems_get_alert (problem | GNUTLS_CERT_INVALID), >, 0);
    }
  for (i = 0; (reason = handoff_trust_reason_get (i)) != NULL; i++)
    {
      g_assert_cmpuint (reason->mask, !=, 0);
      g_assert_cmpuint (reason->mask & (reason->mask - 1), ==, 0);
      g_assert_cmpstr (reason->name, !=, "");
      g_assert_cmpstr (reason->own, !=, "");
      g_assert_cmpint (reason->alert, >=, GNUTLS_A_BAD_CERTIFICATE);
    }
  g_assert_cmpuint (i, ==, G_N_ELEMENTS (known) - 1 + 8); /* 8 of our own */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/peer-verification/reasons", test_reasons);
  g_test_add_func ("/service/peer-verification/long", test_long);
  g_test_add_func ("/service/peer-verification/unneeded", test_unneeded);
  g_test_add_func ("/service/peer-verification/bits", test_bits);
  g_test_add_func ("/service/peer-verification/lifetime", test_lifetime);
  return g_test_run ();
}
