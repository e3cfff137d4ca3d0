/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Chains with a good path beside another one, against a GnuTLS server that sends whatever it is
 * told. OpenSSL trusts all of them. */

#include "config.h"

#include "trust/peer-paths.h"

#include "keyblob/handoff-names.h"
#include "support/ocsp-maker.h"
#include "support/sent-certificates.h"

#define DAY (24 * 60 * 60)
#define MAX_CASE 8

static const TestCertificateSpec authority = { .is_authority = TRUE };

/* What a server sends (NULL ends both lists), and the path that is to be found, or what is wrong.
 */
typedef struct
{
  const TestCertificate *anchors[MAX_CASE];
  const TestCertificate *sent[MAX_CASE];
  const char *path;
  const char *reason; /* NULL: trusted */
} PathCase;

static void
expect (const PathCase *expected)
{
  static const char *const versions[] = { "-VERS-ALL:+VERS-TLS1.2", "-VERS-ALL:+VERS-TLS1.3" };
  guint i, version;

  for (version = 0; version < G_N_ELEMENTS (versions); version++)
    {
      g_autoptr (TestSent) sent = test_sent_new_with_anchors (expected->anchors, expected->sent[0]);
      g_autoptr (HandoffPeerVerification) verification = NULL;
      g_auto (GStrv) names = NULL;
      g_autofree char *path = NULL;

      sent->version = versions[version];
      for (i = 0; expected->sent[i] != NULL; i++)
        test_sent_add (sent, expected->sent[i], NULL);
      verification = test_sent_verify (sent);
      names = handoff_trust_problems_describe (verification->problems);
      g_assert_cmpstr (names[0], ==, expected->reason);
      if (expected->path == NULL)
        continue;
      path = g_variant_print (verification->path, FALSE);
      g_assert_cmpstr (path, ==, expected->path);
      g_assert_cmpuint (handoff_peer_verification_get_lifetime (verification), >, 20 * DAY);
    }
}

/* Breaks if the first certificate of a name is taken, and not the one that is valid and signed. */
static void
test_renewed (void)
{
  const TestCertificateSpec root_spec = { .is_authority = TRUE, .begin_days = -90, .end_days = 90 };
  const TestCertificateSpec old_spec = { .is_authority = TRUE, .begin_days = -60, .end_days = -1 };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &root_spec);
  g_autoptr (TestCertificate) expired = test_certificate_make ("between", root, &old_spec);
  const TestCertificateSpec same_key = { .is_authority = TRUE, .key_of = expired };
  const TestCertificateSpec future_spec = {
    .is_authority = TRUE, .key_of = expired, .begin_days = 2, .end_days = 90
  };
  g_autoptr (TestCertificate) renewed = test_certificate_make ("between", root, &same_key);
  g_autoptr (TestCertificate) future = test_certificate_make ("between", root, &future_spec);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", renewed, NULL);
  g_autoptr (TestCertificate) stranger = test_certificate_make ("stranger", NULL, &authority);
  const PathCase cases[] = {
    { { root }, { leaf, expired, renewed }, "[0, 2]", NULL },
    { { root }, { leaf, expired, future, renewed, root }, "[0, 3, 4]", NULL },
    { { root }, { leaf, renewed, expired }, "[0, 1]", NULL },
    { { stranger, root }, { leaf, stranger, expired, stranger, renewed }, "[0, 4]", NULL },
    { { root }, { leaf, expired, future }, NULL, HANDOFF_VERIFICATION_EXPIRED },
    { { stranger }, { leaf, expired, renewed }, NULL, HANDOFF_VERIFICATION_UNKNOWN_AUTHORITY },
    { { renewed }, { leaf, expired, renewed }, NULL, NULL },
    { { renewed }, { leaf, expired }, NULL, NULL },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("case %" G_GSIZE_FORMAT, i);
      expect (&cases[i]);
    }
}

/* Authorities of one name with different keys, and without identifiers that would tell them apart.
 */
static void
test_namesakes (void)
{
  const TestCertificateSpec without_ids = { .is_authority = TRUE, .without_key_ids = TRUE };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &without_ids);
  g_autoptr (TestCertificate) namesake = test_certificate_make ("between", root, &without_ids);
  g_autoptr (TestCertificate) between = test_certificate_make ("between", root, &without_ids);
  const TestCertificateSpec leaf_spec = { .without_key_ids = TRUE };
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", between, &leaf_spec);
  const PathCase cases[] = {
    { { root }, { leaf, namesake, between }, "[0, 2]", NULL },
    { { root }, { leaf, between, namesake }, "[0, 1]", NULL },
    { { root }, { leaf, namesake }, NULL, HANDOFF_VERIFICATION_BAD_SIGNATURE },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("case %" G_GSIZE_FORMAT, i);
      expect (&cases[i]);
    }
}

/* An authority that two roots signed. One of the roots has expired, or is not known here. */
static void
test_cross_signed (void)
{
  const TestCertificateSpec old_spec = { .is_authority = TRUE, .begin_days = -90, .end_days = -1 };
  g_autoptr (TestCertificate) old_root = test_certificate_make ("old root", NULL, &old_spec);
  g_autoptr (TestCertificate) other_root = test_certificate_make ("other root", NULL, &authority);
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  const TestCertificateSpec cross_spec = { .is_authority = TRUE, .key_of = root };
  const TestCertificateSpec expired_cross_spec = {
    .is_authority = TRUE, .key_of = root, .begin_days = -90, .end_days = -1
  };
  g_autoptr (TestCertificate) cross = test_certificate_make ("root", old_root, &cross_spec);
  g_autoptr (TestCertificate) expired_cross =
      test_certificate_make ("root", old_root, &expired_cross_spec);
  g_autoptr (TestCertificate) between = test_certificate_make ("between", root, &authority);
  const TestCertificateSpec same_spec = { .is_authority = TRUE, .key_of = between };
  g_autoptr (TestCertificate) by_other = test_certificate_make ("between", other_root, &same_spec);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", between, NULL);
  const PathCase cases[] = {
    { { root }, { leaf, between, cross }, "[0, 1]", NULL },
    { { root }, { leaf, between, expired_cross }, "[0, 1]", NULL },
    { { root }, { leaf, between, expired_cross, old_root }, "[0, 1]", NULL },
    { { old_root, root }, { leaf, between, expired_cross, old_root }, "[0, 1]", NULL },
    { { root, old_root }, { leaf, between, cross, old_root }, "[0, 1]", NULL },
    { { old_root, root }, { leaf, between, cross }, "[0, 1]", NULL },
    { { root }, { leaf, by_other, between }, "[0, 2]", NULL },
    { { root }, { leaf, by_other, other_root, between, cross }, "[0, 3]", NULL },
    { { other_root }, { leaf, between, cross, by_other }, "[0, 3]", NULL },
    { { old_root }, { leaf, between, cross }, NULL, HANDOFF_VERIFICATION_EXPIRED },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("case %" G_GSIZE_FORMAT, i);
      expect (&cases[i]);
    }
}

/* Authorities that certified each other. */
static void
test_circle (void)
{
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) a = test_certificate_make ("a", NULL, &authority);
  g_autoptr (TestCertificate) b = test_certificate_make ("b", NULL, &authority);
  const TestCertificateSpec a_spec = { .is_authority = TRUE, .key_of = a };
  const TestCertificateSpec b_spec = { .is_authority = TRUE, .key_of = b };
  g_autoptr (TestCertificate) a_by_b = test_certificate_make ("a", b, &a_spec);
  g_autoptr (TestCertificate) b_by_a = test_certificate_make ("b", a, &b_spec);
  g_autoptr (TestCertificate) a_by_root = test_certificate_make ("a", root, &a_spec);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", a, NULL);
  const PathCase cases[] = {
    { { a }, { leaf, a_by_b, b_by_a }, "[0]", NULL },
    { { b }, { leaf, a_by_b, b_by_a }, "[0, 1]", NULL },
    { { root }, { leaf, a_by_b, b_by_a, a_by_root }, "[0, 1, 2, 3]", NULL },
    { { root }, { leaf, a_by_b, b_by_a }, NULL, HANDOFF_VERIFICATION_UNKNOWN_AUTHORITY },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("case %" G_GSIZE_FORMAT, i);
      expect (&cases[i]);
    }
}

/* Breaks if a path that is found later has to meet less than the first one: strong signatures, and
 * the keys that the priority string wants. */
static void
test_strength (void)
{
  const TestCertificateSpec old_spec = { .is_authority = TRUE, .begin_days = -60, .end_days = -1 };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) expired = test_certificate_make ("between", root, &old_spec);
  const TestCertificateSpec same_spec = { .is_authority = TRUE, .key_of = expired };
  const TestCertificateSpec weak_spec = { .is_authority = TRUE,
                                          .key_of = expired,
                                          .digest = GNUTLS_DIG_SHA1 };
  g_autoptr (TestCertificate) renewed = test_certificate_make ("between", root, &same_spec);
  g_autoptr (TestCertificate) weak = test_certificate_make ("between", root, &weak_spec);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", renewed, NULL);
  const struct
  {
    const char *priority;
    const TestCertificate *between;
    gboolean is_trusted;
  } cases[] = {
    { "%PROFILE_MEDIUM:-VERS-ALL:+VERS-TLS1.3", renewed, TRUE },
    { "%PROFILE_MEDIUM:-VERS-ALL:+VERS-TLS1.3", weak, FALSE },
    { "%PROFILE_ULTRA:-VERS-ALL:+VERS-TLS1.3", renewed, FALSE }, /* P-256 has 128 bits */
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TestSent) sent = test_sent_new (root, leaf);
      g_autoptr (HandoffPeerVerification) verification = NULL;

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      sent->version = cases[i].priority;
      test_sent_add (sent, leaf, NULL);
      test_sent_add (sent, expired, NULL);
      test_sent_add (sent, cases[i].between, NULL);
      verification = test_sent_verify (sent);
      g_assert_cmpint (verification->problems == 0, ==, cases[i].is_trusted);
    }
}

/* The staples are checked along the path that was found. Breaks if the staple of the certificate
 * beside it counts, or none. */
static void
test_status (void)
{
  const TestCertificateSpec old_spec = { .is_authority = TRUE, .begin_days = -60, .end_days = -1 };
  const TestOcspSpec good = { GNUTLS_OCSP_CERT_GOOD, -1000, 2 * DAY };
  const TestOcspSpec revoked = { GNUTLS_OCSP_CERT_REVOKED, -1000, 2 * DAY };
  const TestOcspSpec unknown = { GNUTLS_OCSP_CERT_UNKNOWN, -1000, 2 * DAY };
  const TestOcspSpec outdated = { GNUTLS_OCSP_CERT_GOOD, -9 * DAY, -DAY };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) expired = test_certificate_make ("between", root, &old_spec);
  const TestCertificateSpec same_spec = { .is_authority = TRUE, .key_of = expired };
  g_autoptr (TestCertificate) renewed = test_certificate_make ("between", root, &same_spec);
  const TestCertificateSpec demanding = { .add = test_certificate_require_status };
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", renewed, &demanding);
  const struct
  {
    const TestOcspSpec *of_leaf, *of_expired, *of_renewed; /* (nullable) */
    const char *reason;                                    /* NULL: trusted */
    const char *words;                                     /* the last ones */
  } cases[] = {
    { &good, NULL, NULL, NULL, NULL },
    { &good, &revoked, &good, NULL, NULL },
    { &good, NULL, &revoked, HANDOFF_VERIFICATION_REVOKED,
      "“CN=between” in its chain was revoked" },
    { &revoked, NULL, NULL, HANDOFF_VERIFICATION_REVOKED, "not trusted: it was revoked" },
    { NULL, NULL, &good, HANDOFF_VERIFICATION_OCSP, "which did not come with it" },
    { &unknown, NULL, NULL, HANDOFF_VERIFICATION_OCSP,
      "(the responder does not know the certificate)" },
    { &outdated, NULL, NULL, HANDOFF_VERIFICATION_OCSP, "is out of date" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TestSent) sent = test_sent_new (root, leaf);
      g_autoptr (HandoffPeerVerification) verification = NULL;
      g_auto (GStrv) names = NULL;

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      test_sent_add (sent, leaf,
                     cases[i].of_leaf != NULL ? test_ocsp_make (leaf, renewed, cases[i].of_leaf)
                                              : NULL);
      test_sent_add (
          sent, expired,
          cases[i].of_expired != NULL ? test_ocsp_make (expired, root, cases[i].of_expired) : NULL);
      test_sent_add (
          sent, renewed,
          cases[i].of_renewed != NULL ? test_ocsp_make (renewed, root, cases[i].of_renewed) : NULL);
      verification = test_sent_verify (sent);
      names = handoff_trust_problems_describe (verification->problems);
      g_assert_cmpstr (names[0], ==, cases[i].reason);
      if (verification->problems == 0)
        g_assert_cmpuint (handoff_peer_verification_get_lifetime (verification), <=, 2 * DAY);
      else
        g_assert_true (g_str_has_suffix (verification->explanation, cases[i].words));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/peer-paths/renewed", test_renewed);
  g_test_add_func ("/service/peer-paths/namesakes", test_namesakes);
  g_test_add_func ("/service/peer-paths/cross-signed", test_cross_signed);
  g_test_add_func ("/service/peer-paths/circle", test_circle);
  g_test_add_func ("/service/peer-paths/strength", test_strength);
  g_test_add_func ("/service/peer-paths/status", test_status);
  return g_test_run ();
}
