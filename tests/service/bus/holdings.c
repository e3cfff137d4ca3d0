/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What callers hold in the service: places in quotas, sessions. */

#include "config.h"

#include <string.h>

#include "keyblob/tls-handoff-error.h"
#include "caller/quota.h"
#include "session/session.h"

static void
assert_refused (HandoffQuota *quota, guint uid, guint per_user, guint total, const char *who)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (handoff_quota_take (quota, uid, per_user, total, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
  g_assert_nonnull (strstr (error->message, who));
  g_assert_nonnull (strstr (error->message, "test things"));
}

/* Breaks if one user's places count for another, root's (uid 0) do not count, or a refusal takes a
 * place. */
static void
test_quota (void)
{
  g_autoptr (HandoffQuota) quota = handoff_quota_new ("test things");
  const guint uids[] = { 0, 1000, G_MAXUINT - 1 };
  HandoffPlace *places[2 * G_N_ELEMENTS (uids)];
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (uids); i++)
    {
      places[2 * i] = handoff_quota_take (quota, uids[i], 2, 6, NULL);
      places[2 * i + 1] = handoff_quota_take (quota, uids[i], 2, 6, NULL);
      g_assert_nonnull (places[2 * i]);
      g_assert_nonnull (places[2 * i + 1]);
      assert_refused (quota, uids[i], 2, 6, "This user has reached the limit of test things (2)");
    }
  g_assert_cmpuint (handoff_quota_get_total (quota), ==, 6);
  assert_refused (quota, 1001, 2, 6, "in all");

  /* Anybody may take a place that is free again. */
  handoff_place_free (places[2]);
  places[2] = handoff_quota_take (quota, 1001, 2, 6, NULL);
  g_assert_nonnull (places[2]);
  assert_refused (quota, 1000, 2, 6, "in all");

  /* A reload made the limit smaller than the number of places taken. */
  assert_refused (quota, 0, 1, 100, "This user has reached the limit of test things (1)");

  for (i = 0; i < G_N_ELEMENTS (places); i++)
    handoff_place_free (places[i]);
  g_assert_cmpuint (handoff_quota_get_total (quota), ==, 0);
}

static gboolean
ignore_idle (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

static void
count_removed (HandoffSession *session, gpointer user_data)
{
  /* Its place in the quota is free before anybody hears of it. */
  g_assert_nonnull (session->id);
  g_assert_null (session->session_place);
  (*(guint *) user_data)++;
}

typedef struct
{
  HandoffIdleTimer *idle_timer;
  HandoffQuota *quota;
  HandoffSessionBook *book;
  HandoffSessionStore *store;
  HandoffCaller *one;
  HandoffCaller *other;      /* of the same user */
  HandoffCaller *other_user; /* with nothing of theirs */
  guint n_removed;
} Sessions;

static void
set_up (Sessions *f, gconstpointer data)
{
  f->idle_timer = handoff_idle_timer_new (ignore_idle, NULL);
  f->quota = handoff_quota_new ("sessions");
  f->book = handoff_session_book_new ();
  f->store = handoff_session_store_new (f->book, count_removed, &f->n_removed);
  f->one = handoff_caller_new (":1.1", 1000, 1);
  f->other = handoff_caller_new (":1.2", 1000, 2);
  f->other_user = handoff_caller_new (":1.3", 1001, 3);
}

static void
tear_down (Sessions *f, gconstpointer data)
{
  handoff_session_store_free (f->store);
  handoff_session_book_free (f->book);
  /* Nothing is held any more. */
  g_assert_cmpuint (handoff_quota_get_total (f->quota), ==, 0);
  g_assert_false (handoff_idle_timer_is_held (f->idle_timer));
  handoff_quota_free (f->quota);
  handoff_idle_timer_free (f->idle_timer);
  g_object_unref (f->one);
  g_object_unref (f->other);
  g_object_unref (f->other_user);
}

/* (transfer none): the store's */
static HandoffSession *
add_session (Sessions *f, HandoffCaller *caller, gboolean outlives_caller)
{
  g_autoptr (HandoffSession) session =
      handoff_session_new (HANDOFF_ROLE_CLIENT, caller, "a.example", f->idle_timer);

  session->outlives_caller = outlives_caller;
  session->session_place =
      handoff_quota_take (f->quota, handoff_caller_get_uid (caller), 100, 1000, NULL);
  handoff_session_store_add (f->store, session);
  return session;
}

/* Breaks if another caller of the same user finds a session; if a session stays when its caller
 * leaves; or if a removal is reported twice or never. */
static void
test_sessions (Sessions *f, gconstpointer data)
{
  HandoffSession *first = add_session (f, f->one, FALSE);
  HandoffSession *second = add_session (f, f->one, FALSE);
  HandoffSession *others = add_session (f, f->other, FALSE);
  g_autoptr (HandoffSession) kept = handoff_session_ref (first);
  g_autofree char *id = g_strdup (first->id);
  g_autofree char *others_id = g_strdup (others->id);

  g_assert_cmpstr (first->id, !=, second->id);
  g_assert_cmpuint (strlen (first->id), ==, 32);
  g_assert_true (handoff_session_store_lookup (f->store, id, f->one) == first);
  g_assert_null (handoff_session_store_lookup (f->store, id, f->other));
  g_assert_null (handoff_session_store_lookup (f->store, id, f->other_user));
  g_assert_null (handoff_session_store_lookup (f->store, "0", f->one));
  g_assert_null (handoff_session_store_lookup (f->store, NULL, f->one));

  handoff_session_store_remove (f->store, first);
  g_assert_cmpuint (f->n_removed, ==, 1);
  g_assert_null (handoff_session_store_lookup (f->store, id, f->one));
  handoff_session_store_remove (f->store, kept);
  g_assert_cmpuint (f->n_removed, ==, 1);

  handoff_session_store_remove_all_of (f->store, f->one);
  g_assert_cmpuint (f->n_removed, ==, 2);
  g_assert_cmpuint (handoff_session_book_get_size (f->book), ==, 1);
  handoff_session_store_remove_all_of (f->store, f->one);
  g_assert_cmpuint (f->n_removed, ==, 2);
  g_assert_true (handoff_session_store_lookup (f->store, others_id, f->other) == others);
}

/* Session by session, in the order in which they came. Breaks if a removal between two pages makes
 * a session appear twice, or not at all. */
static void
test_pages (Sessions *f, gconstpointer data)
{
  HandoffSession *sessions[10];
  guint64 after = 0;
  guint n_seen = 0;

  for (guint i = 0; i < G_N_ELEMENTS (sessions); i++)
    sessions[i] = add_session (f, f->one, FALSE);
  for (;;)
    {
      g_autoptr (GPtrArray) page = handoff_session_book_dup_page (f->book, after, 3);

      if (page->len == 0)
        break;
      for (guint i = 0; i < page->len; i++)
        {
          const HandoffSessionEntry *entry = g_ptr_array_index (page, i);

          g_assert_cmpuint (entry->number, >, after);
          after = entry->number;
          n_seen++;
        }
      handoff_session_store_remove (f->store, sessions[n_seen - page->len]);
    }
  g_assert_cmpuint (n_seen, ==, 10);
  g_assert_cmpuint (handoff_session_book_get_size (f->book), ==, 6);
}

/* The ages of the sessions on a page, and the number of the last one. */
static guint
read_page (Sessions *f, HandoffCaller *caller, guint64 *after, guint maximum)
{
  g_autoptr (GPtrArray) page =
      handoff_session_store_dup_page_of (f->store, caller, *after, maximum);
  guint i;

  for (i = 0; i < page->len; i++)
    {
      const HandoffSessionEntry *entry = g_ptr_array_index (page, i);

      g_assert_cmpuint (entry->number, >, *after);
      *after = entry->number;
    }
  return page->len;
}

/* Breaks if a caller is not shown a session that he may use because others of his user have many,
 * is shown one that he may not use, or misses one between two pages. */
static void
test_pages_of (Sessions *f, gconstpointer data)
{
  guint64 after = 0;
  guint i;

  for (i = 0; i < 20; i++)
    add_session (f, f->other, FALSE);
  for (i = 0; i < 5; i++)
    add_session (f, f->one, FALSE);
  add_session (f, f->one, TRUE);
  add_session (f, f->other, TRUE);
  add_session (f, f->one, FALSE);
  add_session (f, f->other_user, TRUE);
  g_assert_cmpuint (read_page (f, f->one, &after, 4), ==, 4);
  g_assert_cmpuint (read_page (f, f->one, &after, 3), ==, 3);
  g_assert_cmpuint (read_page (f, f->one, &after, 4), ==, 1);
  g_assert_cmpuint (read_page (f, f->one, &after, 4), ==, 0);
  after = 0;
  g_assert_cmpuint (read_page (f, f->other_user, &after, 10), ==, 1);
  after = 0;
  handoff_session_store_remove_all_of (f->store, f->other);
  g_assert_cmpuint (read_page (f, f->other, &after, 10), ==, 2);
}

/* Breaks if a script's next call does not find the session, if another user finds it, or if it goes
 * with the process that made it. */
static void
test_outliving (Sessions *f, gconstpointer data)
{
  HandoffSession *session = add_session (f, f->one, TRUE);

  handoff_session_store_remove_all_of (f->store, f->one);
  g_assert_cmpuint (f->n_removed, ==, 0);
  g_assert_true (handoff_session_store_lookup (f->store, session->id, f->other) == session);
  g_assert_null (handoff_session_store_lookup (f->store, session->id, f->other_user));
  handoff_session_store_remove_all (f->store);
  g_assert_cmpuint (f->n_removed, ==, 1);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/holdings/quota", test_quota);
  g_test_add ("/service/holdings/sessions", Sessions, NULL, set_up, test_sessions, tear_down);
  g_test_add ("/service/holdings/pages", Sessions, NULL, set_up, test_pages, tear_down);
  g_test_add ("/service/holdings/pages-of", Sessions, NULL, set_up, test_pages_of, tear_down);
  g_test_add ("/service/holdings/outliving", Sessions, NULL, set_up, test_outliving, tear_down);
  return g_test_run ();
}
