/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What callers hold in the service: places in quotas, sessions. */

#include "config.h"

#include <string.h>

#include "keyblob/tls-handoff-error.h"
#include "quota.h"
#include "session.h"

static void
assert_refused (HandoffQuota *quota, guint uid, guint per_user, guint total, const char *who)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (handoff_quota_take (quota, uid, per_user, total, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
  g_assert_nonnull (strstr (error->message, who));
  g_assert_nonnull (strstr (error->message, "test things"));
}

/* One user's places counted to another, root's (uid 0) not counted, a refusal that takes a place.
 */
static void
test_quota (void)
{
  g_autoptr (HandoffQuota) quota = handoff_quota_new ("test things");
  const guint uids[] = { 0, 1000, G_MAXUINT - 1 };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (uids); i++)
    {
      g_assert_true (handoff_quota_take (quota, uids[i], 2, 6, NULL));
      g_assert_true (handoff_quota_take (quota, uids[i], 2, 6, NULL));
      assert_refused (quota, uids[i], 2, 6, "This user has 2");
    }
  g_assert_cmpuint (handoff_quota_get_total (quota), ==, 6);
  assert_refused (quota, 1001, 2, 6, "in all");

  /* A place that is free again is for anybody. */
  handoff_quota_release (quota, 1000);
  g_assert_true (handoff_quota_take (quota, 1001, 2, 6, NULL));
  assert_refused (quota, 1000, 2, 6, "in all");

  /* A limit that a reload made smaller than what is held. */
  assert_refused (quota, 0, 1, 100, "This user has 2");

  handoff_quota_release (quota, 1000);
  handoff_quota_release (quota, 1001);
  for (i = 0; i < 2; i++)
    {
      handoff_quota_release (quota, 0);
      handoff_quota_release (quota, G_MAXUINT - 1);
    }
  g_assert_cmpuint (handoff_quota_get_total (quota), ==, 0);
}

static void
count_removed (HandoffSession *session, gpointer user_data)
{
  /* Still whole: the service takes the caller's uid from it. */
  g_assert_nonnull (session->id);
  g_assert_cmpuint (handoff_caller_get_uid (session->caller), ==, 1000);
  (*(guint *) user_data)++;
}

/* A session that another caller of the same user finds, by its id or in a list; one that stays when
 * its caller goes; the removal that is told twice or never. */
static void
test_sessions (void)
{
  guint n_removed = 0;
  g_autoptr (HandoffSessionStore) store = handoff_session_store_new (count_removed, &n_removed);
  g_autoptr (HandoffCaller) one = handoff_caller_new (":1.1", 1000, 1);
  g_autoptr (HandoffCaller) other = handoff_caller_new (":1.2", 1000, 2);
  HandoffSession *first =
      handoff_session_store_add (store, one, "a.example", "TLS1.3", "TLS_AES_128_GCM_SHA256");
  HandoffSession *second =
      handoff_session_store_add (store, one, "b.example", "TLS1.3", "TLS_AES_128_GCM_SHA256");
  HandoffSession *others =
      handoff_session_store_add (store, other, "c.example", "TLS1.3", "TLS_AES_128_GCM_SHA256");
  g_autofree char *id = g_strdup (first->id);
  g_auto (GStrv) list = handoff_session_store_list (store, ":1.2");
  g_auto (GStrv) strangers_list = handoff_session_store_list (store, ":1.3");

  g_assert_cmpstr (first->id, !=, second->id);
  g_assert_cmpuint (strlen (first->id), ==, 32);
  g_assert_true (handoff_session_store_lookup (store, id, ":1.1") == first);
  g_assert_null (handoff_session_store_lookup (store, id, ":1.2"));
  g_assert_null (handoff_session_store_lookup (store, id, ":1.11"));
  g_assert_null (handoff_session_store_lookup (store, "0", ":1.1"));
  g_assert_null (handoff_session_store_lookup (store, NULL, ":1.1"));
  g_assert_cmpuint (g_strv_length (list), ==, 1);
  g_assert_cmpstr (list[0], ==, others->id);
  g_assert_cmpuint (g_strv_length (strangers_list), ==, 0);

  handoff_session_store_remove (store, first);
  g_assert_cmpuint (n_removed, ==, 1);
  g_assert_null (handoff_session_store_lookup (store, id, ":1.1"));

  handoff_session_store_remove_all_of (store, one);
  g_assert_cmpuint (n_removed, ==, 2);
  g_assert_cmpuint (handoff_session_store_get_size (store), ==, 1);
  handoff_session_store_remove_all_of (store, one);
  g_assert_cmpuint (n_removed, ==, 2);
  g_assert_true (handoff_session_store_lookup (store, list[0], ":1.2") == others);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/holdings/quota", test_quota);
  g_test_add_func ("/service/holdings/sessions", test_sessions);
  return g_test_run ();
}
