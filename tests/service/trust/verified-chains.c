/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* For how long, and for whom, a chain counts as verified that was verified before. In most tests
 * the client trusts nobody any more after the first connection, which its memory does not know: so
 * whether the peer is trusted tells whether it was remembered. */

#include "config.h"

#include "trust/verified-chains.h"

#include "keyblob/handoff-names.h"
#include "support/ocsp-maker.h"
#include "support/sent-certificates.h"
#include "support/test-clock.h"

#define DAY (24 * 60 * 60)
#define UID 60101

static const TestCertificateSpec authority = { .is_authority = TRUE };

typedef struct
{
  TestCertificate *root;
  TestCertificate *stranger; /* an authority that issued nothing */
  TestCertificate *between;
  TestCertificate *leaf; /* for three days */
  HandoffVerifiedChains *chains;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const TestCertificateSpec spec = { .begin_days = -1, .end_days = 3 };

  test_clock_install ();
  f->root = test_certificate_make ("root", NULL, &authority);
  f->stranger = test_certificate_make ("stranger", NULL, &authority);
  f->between = test_certificate_make ("between", f->root, &authority);
  f->leaf = test_certificate_make ("leaf", f->between, &spec);
  f->chains = handoff_verified_chains_new ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  handoff_verified_chains_free (f->chains);
  test_certificate_free (f->leaf);
  test_certificate_free (f->between);
  test_certificate_free (f->stranger);
  test_certificate_free (f->root);
  test_clock_uninstall ();
}

/* A connection of a client that trusts anchor. staple: (transfer full) (nullable): the leaf's */
static TestSent *
new_sent (Fixture *f, const TestCertificate *anchor, GBytes *staple)
{
  TestSent *sent = test_sent_new (anchor, f->leaf);

  test_sent_add (sent, f->leaf, staple);
  test_sent_add (sent, f->between, NULL);
  sent->chains = f->chains;
  sent->uid = UID;
  return sent;
}

static gboolean
is_trusted (TestSent *sent)
{
  g_autoptr (HandoffPeerVerification) verification = test_sent_verify (sent);

  return verification->problems == 0;
}

/* Whether the chain is remembered. staple: (transfer full) (nullable) */
static gboolean
is_remembered_with (Fixture *f, GBytes *staple)
{
  g_autoptr (TestSent) sent = new_sent (f, f->stranger, staple);

  return is_trusted (sent);
}

static gboolean
is_remembered (Fixture *f)
{
  return is_remembered_with (f, NULL);
}

static void
verify_with (Fixture *f, GBytes *staple)
{
  g_autoptr (TestSent) sent = new_sent (f, f->root, staple);

  g_assert_true (is_trusted (sent));
}

static void
verify (Fixture *f)
{
  verify_with (f, NULL);
}

/* Breaks if what is remembered is not all that the verification said. */
static void
test_same (Fixture *f, gconstpointer data)
{
  const TestOcspSpec spec = { GNUTLS_OCSP_CERT_GOOD, -1000, DAY };
  g_autoptr (GBytes) staple = test_ocsp_make (f->leaf, f->between, &spec);
  g_autoptr (TestSent) first = new_sent (f, f->root, g_bytes_ref (staple));
  g_autoptr (TestSent) second = new_sent (f, f->stranger, g_bytes_ref (staple));
  g_autoptr (HandoffPeerVerification) verified = test_sent_verify (first);
  g_autoptr (HandoffPeerVerification) remembered = test_sent_verify (second);

  g_assert_cmpuint (verified->problems, ==, 0);
  g_assert_cmpuint (remembered->problems, ==, 0);
  g_assert_cmpstr (verified->ocsp_status, ==, HANDOFF_OCSP_GOOD);
  g_assert_cmpstr (remembered->ocsp_status, ==, HANDOFF_OCSP_GOOD);
  g_assert_null (remembered->ocsp_problem);
  g_assert_null (remembered->explanation);
  g_assert_cmpint (remembered->end, ==, verified->end);
  g_assert_cmpvariant (remembered->path, verified->path);
}

/* Breaks if a chain is remembered for longer than it should be, if each use makes that longer, or
 * if it does not count that the machine sleeps. */
static void
test_age (Fixture *f, gconstpointer data)
{
  const gint64 age = HANDOFF_VERIFIED_CHAINS_MAX_AGE * TEST_SECOND;

  verify (f);
  test_clock_pass (age / 2);
  g_assert_true (is_remembered (f));
  test_clock_suspend (age / 2 - 1);
  g_assert_true (is_remembered (f));
  test_clock_suspend (1);
  g_assert_false (is_remembered (f));
  /* Which does not keep the chain from being verified. */
  verify (f);
  g_assert_true (is_remembered (f));
}

/* Breaks if a certificate that has expired is trusted because of what it was before, or if the wall
 * clock does not count that somebody sets. */
static void
test_expired (Fixture *f, gconstpointer data)
{
  verify (f);
  test_clock_set_wall (3 * TEST_DAY - 2000 * TEST_SECOND);
  g_assert_true (is_remembered (f));
  test_clock_set_wall (2000 * TEST_SECOND);
  g_assert_false (is_remembered (f));
  g_assert_cmpuint (handoff_verified_chains_get_size (f->chains), ==, 0);
}

/* Breaks if a chain counts as verified for a time that is before its verification: its certificates
 * may not have been valid then. */
static void
test_set_back (Fixture *f, gconstpointer data)
{
  verify (f);
  test_clock_set_wall (-TEST_SECOND);
  g_assert_false (is_remembered (f));
}

/* Breaks if a chain outlives the status that came with it. */
static void
test_staple_outdated (Fixture *f, gconstpointer data)
{
  const TestOcspSpec spec = { GNUTLS_OCSP_CERT_GOOD, -1000, 300 };
  g_autoptr (GBytes) staple = test_ocsp_make (f->leaf, f->between, &spec);

  verify_with (f, g_bytes_ref (staple));
  test_clock_pass (298 * TEST_SECOND);
  g_assert_true (is_remembered_with (f, g_bytes_ref (staple)));
  test_clock_pass (2 * TEST_SECOND);
  g_assert_false (is_remembered_with (f, g_bytes_ref (staple)));
}

/* Breaks if the status that came with an earlier handshake counts for one that has another, or
 * none; or, which is why it must not, if a revoked certificate is trusted. */
static void
test_other_staple (Fixture *f, gconstpointer data)
{
  const TestOcspSpec good = { GNUTLS_OCSP_CERT_GOOD, -1000, DAY };
  const TestOcspSpec newer = { GNUTLS_OCSP_CERT_GOOD, -900, DAY };
  const TestOcspSpec revoked = { GNUTLS_OCSP_CERT_REVOKED, -500, DAY };
  g_autoptr (GBytes) staple = test_ocsp_make (f->leaf, f->between, &good);
  g_autoptr (TestSent) sent = NULL;
  g_autoptr (HandoffPeerVerification) verification = NULL;

  verify_with (f, g_bytes_ref (staple));
  g_assert_true (is_remembered_with (f, g_bytes_ref (staple)));
  g_assert_false (is_remembered_with (f, test_ocsp_make (f->leaf, f->between, &newer)));
  g_assert_false (is_remembered_with (f, NULL));
  sent = new_sent (f, f->root, test_ocsp_make (f->leaf, f->between, &revoked));
  verification = test_sent_verify (sent);
  g_assert_cmpuint (verification->problems & GNUTLS_CERT_REVOKED, !=, 0);
  g_assert_cmpstr (verification->ocsp_status, ==, HANDOFF_OCSP_REVOKED);
}

/* Breaks if a chain is trusted under conditions under which it was not verified. */
static void
test_conditions (Fixture *f, gconstpointer data)
{
  static const guint8 some_anchors[32] = { 0 };
  static const guint8 other_anchors[32] = { 1 };
  g_autoptr (TestSent) sent = new_sent (f, f->root, NULL);
  g_autoptr (TestSent) later = new_sent (f, f->stranger, NULL);

  sent->anchors_digest = some_anchors;
  g_assert_true (is_trusted (sent));

  later->anchors_digest = some_anchors;
  g_assert_true (is_trusted (later));
  later->anchors_digest = other_anchors;
  g_assert_false (is_trusted (later));
  later->anchors_digest = NULL;
  g_assert_false (is_trusted (later));
  later->anchors_digest = some_anchors;
  later->uid = UID + 1;
  g_assert_false (is_trusted (later));
  later->uid = UID;
  later->identity = "127.0.0.1";
  g_assert_false (is_trusted (later));
  later->identity = NULL;
  later->for_a_client = TRUE;
  g_assert_false (is_trusted (later));
  later->for_a_client = FALSE;
  g_assert_true (is_trusted (later));
}

/* Breaks if other certificates than those that verified are trusted, or the same ones in another
 * order: what is told of the path would be wrong. */
static void
test_other_chain (Fixture *f, gconstpointer data)
{
  const TestCertificateSpec same_key = { .key_of = f->leaf };
  g_autoptr (TestCertificate) other_leaf = test_certificate_make ("leaf", f->between, &same_key);
  const TestCertificate *const chains[][4] = {
    { other_leaf, f->between, NULL },       { f->leaf, NULL },
    { f->leaf, f->between, f->root, NULL }, { f->leaf, f->root, f->between, NULL },
    { f->leaf, f->between, NULL },
  };
  guint i, j;

  verify (f);
  for (i = 0; i < G_N_ELEMENTS (chains); i++)
    {
      g_autoptr (TestSent) sent = test_sent_new (f->stranger, f->leaf);

      for (j = 0; chains[i][j] != NULL; j++)
        test_sent_add (sent, chains[i][j], NULL);
      sent->chains = f->chains;
      sent->uid = UID;
      g_assert_cmpint (is_trusted (sent), ==, i == G_N_ELEMENTS (chains) - 1);
    }
}

/* Breaks if a certificate that verified counts as one that was sent as something else. */
static void
test_other_parts (Fixture *f, gconstpointer data)
{
  g_autoptr (TestSent) sent = test_sent_new (f->stranger, f->leaf);

  test_sent_add (sent, f->leaf, test_certificate_to_der (f->between));
  sent->chains = f->chains;
  sent->uid = UID;
  verify (f);
  g_assert_false (is_trusted (sent));
}

/* Breaks if it is remembered that a peer was not trusted: it may be soon. */
static void
test_problem (Fixture *f, gconstpointer data)
{
  g_assert_false (is_remembered (f));
  g_assert_false (is_remembered (f));
  g_assert_cmpuint (handoff_verified_chains_get_size (f->chains), ==, 0);
  verify (f);
  g_assert_cmpuint (handoff_verified_chains_get_size (f->chains), ==, 1);
}

/* Breaks if a user can make the service remember without end. */
static void
test_bound (Fixture *f, gconstpointer data)
{
  g_autoptr (TestSent) sent = new_sent (f, f->root, NULL);
  guint i;

  for (i = 0; i < HANDOFF_VERIFIED_CHAINS_MAX_PER_USER + 2; i++)
    {
      guint8 anchors[32] = { (guint8) i, (guint8) (i >> 8) };

      sent->anchors_digest = anchors;
      g_assert_true (is_trusted (sent));
    }
  g_assert_cmpuint (handoff_verified_chains_get_size (f->chains), ==,
                    HANDOFF_VERIFIED_CHAINS_MAX_PER_USER);
}

static gpointer
verify_often (gpointer data)
{
  Fixture *f = data;
  g_autoptr (TestSent) sent = new_sent (f, f->root, NULL);
  guint i;

  for (i = 0; i < 50; i++)
    {
      sent->identity = i % 2 == 0 ? "localhost" : "www.handoff.test";
      sent->uid = UID + i % 3;
      is_trusted (sent);
    }
  return NULL;
}

/* Breaks, under a thread sanitizer at the latest, if workers get in each other's way. */
static void
test_threads (Fixture *f, gconstpointer data)
{
  GThread *thread = g_thread_new ("worker", verify_often, f);

  verify_often (f);
  g_thread_join (thread);
  g_assert_true (is_remembered (f));
}

int
main (int argc, char *argv[])
{
  static const struct
  {
    const char *name;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "same", test_same },
    { "age", test_age },
    { "expired", test_expired },
    { "set-back", test_set_back },
    { "staple-outdated", test_staple_outdated },
    { "other-staple", test_other_staple },
    { "conditions", test_conditions },
    { "other-chain", test_other_chain },
    { "other-parts", test_other_parts },
    { "problem", test_problem },
    { "bound", test_bound },
    { "threads", test_threads },
  };
  gsize i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/service/verified-chains/", tests[i].name, NULL);

      g_test_add (path, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
  return g_test_run ();
}
