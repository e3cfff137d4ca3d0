/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "caller/statistics.h"

#include "caller/quota.h"

static guint
get_in_flight_of (guint uid, gpointer quota)
{
  return handoff_quota_get_count (quota, uid);
}

static GVariant *
get (HandoffStatistics *statistics, HandoffQuota *quota)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  handoff_statistics_add (statistics, handoff_quota_get_total (quota), get_in_flight_of, quota,
                          &dict);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static guint64
get_count (GVariant *dict, const char *name)
{
  guint64 count = G_MAXUINT64;

  g_assert_true (g_variant_lookup (dict, name, "t", &count));
  return count;
}

static guint
get_in_flight (GVariant *dict)
{
  guint count = G_MAXUINT;

  g_assert_true (g_variant_lookup (dict, "handshakes-in-flight", "u", &count));
  return count;
}

/* (transfer full) (nullable) */
static GVariant *
get_user (GVariant *dict, guint uid)
{
  g_autoptr (GVariant) users = g_variant_lookup_value (dict, "users", G_VARIANT_TYPE ("a{ua{sv}}"));
  GVariantIter iter;
  GVariant *counts;
  guint key;

  g_assert_nonnull (users);
  g_variant_iter_init (&iter, users);
  while (g_variant_iter_next (&iter, "{u@a{sv}}", &key, &counts))
    {
      if (key == uid)
        return counts;
      g_variant_unref (counts);
    }
  return NULL;
}

/* Breaks if something is counted for another user, or by another counter, or if root (uid 0) is
 * not counted as a user. */
static void
test_counts (void)
{
  g_autoptr (HandoffStatistics) statistics = handoff_statistics_new ();
  g_autoptr (HandoffQuota) quota = handoff_quota_new ("handshakes");
  G_GNUC_UNUSED g_autoptr (HandoffPlace) place = handoff_quota_take (quota, 1000, 2, 2, NULL);
  g_autoptr (GVariant) dict = NULL;
  g_autoptr (GVariant) root = NULL;
  g_autoptr (GVariant) user = NULL;

  handoff_statistics_count (statistics, HANDOFF_STATISTIC_COMPLETED, 0);
  handoff_statistics_count (statistics, HANDOFF_STATISTIC_COMPLETED, 1000);
  handoff_statistics_count (statistics, HANDOFF_STATISTIC_COMPLETED, 1000);
  handoff_statistics_count (statistics, HANDOFF_STATISTIC_RESUMED, 1000);
  handoff_statistics_count (statistics, HANDOFF_STATISTIC_FAILED, 0);
  handoff_statistics_count (statistics, HANDOFF_STATISTIC_DENIED, 1000);

  dict = get (statistics, quota);
  g_assert_cmpuint (get_count (dict, "handshakes-completed"), ==, 3);
  g_assert_cmpuint (get_count (dict, "handshakes-resumed"), ==, 1);
  g_assert_cmpuint (get_count (dict, "handshakes-failed"), ==, 1);
  g_assert_cmpuint (get_count (dict, "handshakes-denied"), ==, 1);
  g_assert_cmpuint (get_in_flight (dict), ==, 1);

  root = get_user (dict, 0);
  g_assert_cmpuint (get_count (root, "handshakes-completed"), ==, 1);
  g_assert_cmpuint (get_count (root, "handshakes-resumed"), ==, 0);
  g_assert_cmpuint (get_count (root, "handshakes-failed"), ==, 1);
  g_assert_cmpuint (get_count (root, "handshakes-denied"), ==, 0);
  g_assert_cmpuint (get_in_flight (root), ==, 0);
  user = get_user (dict, 1000);
  g_assert_cmpuint (get_count (user, "handshakes-completed"), ==, 2);
  g_assert_cmpuint (get_count (user, "handshakes-resumed"), ==, 1);
  g_assert_cmpuint (get_count (user, "handshakes-failed"), ==, 0);
  g_assert_cmpuint (get_count (user, "handshakes-denied"), ==, 1);
  g_assert_cmpuint (get_in_flight (user), ==, 1);
  g_assert_null (get_user (dict, 1001));
}

/* Breaks if users can fill the memory (root in a container has many uids), or if the wrong user is
 * forgotten. */
static void
test_bound (void)
{
  g_autoptr (HandoffStatistics) statistics = handoff_statistics_new ();
  g_autoptr (HandoffQuota) quota = handoff_quota_new ("handshakes");
  g_autoptr (GVariant) dict = NULL;
  g_autoptr (GVariant) users = NULL;
  g_autoptr (GVariant) first = NULL;
  g_autoptr (GVariant) last = NULL;
  guint uid;

  for (uid = 0; uid < HANDOFF_STATISTICS_MAX_USERS; uid++)
    handoff_statistics_count (statistics, HANDOFF_STATISTIC_FAILED, uid);
  /* This user is counted again: the next one is forgotten first. */
  handoff_statistics_count (statistics, HANDOFF_STATISTIC_FAILED, 0);
  handoff_statistics_count (statistics, HANDOFF_STATISTIC_FAILED, uid);

  dict = get (statistics, quota);
  users = g_variant_lookup_value (dict, "users", NULL);
  g_assert_cmpuint (g_variant_n_children (users), ==, HANDOFF_STATISTICS_MAX_USERS);
  g_assert_cmpuint (get_count (dict, "handshakes-failed"), ==, HANDOFF_STATISTICS_MAX_USERS + 2);
  first = get_user (dict, 0);
  g_assert_nonnull (first);
  g_assert_cmpuint (get_count (first, "handshakes-failed"), ==, 2);
  g_assert_null (get_user (dict, 1));
  last = get_user (dict, uid);
  g_assert_nonnull (last);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/statistics/counts", test_counts);
  g_test_add_func ("/service/statistics/bound", test_bound);
  return g_test_run ();
}
