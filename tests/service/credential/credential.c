/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a credential is, and when it may be used. */

#include "config.h"

#include "support/credential-fixture.h"
#include "keyblob/handoff-names.h"
#include "support/test-clock.h"
#include "work/clock.h"

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
  rest = credential->description->not_after * TEST_SECOND - handoff_clock_get_wall_time ();
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
  g_test_add_func ("/service/credential/identity", test_identity);
  g_test_add_func ("/service/credential/times", test_times);
  g_test_add_func ("/service/credential/time-passes", test_time_passes);
  g_test_add_func ("/service/credential/algorithms", test_algorithms);
  return g_test_run ();
}
