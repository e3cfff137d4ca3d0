/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What is remembered for users: how much, for how long, and for whom. */

#include "config.h"

#include "work/user-cache.h"

#include "support/test-clock.h"

#define MAX_AGE 60
#define MAX_PER_USER 3
#define MAX_TOTAL 5
#define N_THREADS 4
#define N_ROUNDS 2000

static guint n_values; /* that were made and not freed: atomic */

static gpointer
copy_value (gconstpointer value)
{
  g_atomic_int_inc (&n_values);
  return g_strdup (value);
}

static void
free_value (gpointer value)
{
  g_atomic_int_add (&n_values, -1);
  g_free (value);
}

static const HandoffUserCacheKind kind = { MAX_AGE, MAX_PER_USER, MAX_TOTAL, copy_value,
                                           free_value };

static void
put (HandoffUserCache *cache, guint uid, guint8 number, const char *value)
{
  const guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE] = { [31] = number };

  handoff_user_cache_put (cache, uid, digest, copy_value (value));
}

static char *
get (HandoffUserCache *cache, guint uid, guint8 number)
{
  const guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE] = { [31] = number };

  return handoff_user_cache_get (cache, uid, digest);
}

/* value: NULL: it is not there */
static void
expect (HandoffUserCache *cache, guint uid, guint8 number, const char *value)
{
  char *found = get (cache, uid, number);

  g_assert_cmpstr (found, ==, value);
  g_clear_pointer (&found, free_value);
}

/* Breaks if one user finds what another's handshake found out, if digests are compared in part, or
 * if an old value stays beside the new one. */
static void
test_values (void)
{
  const guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE] = { [31] = 1 };
  HandoffUserCache *cache = handoff_user_cache_new (&kind);

  expect (cache, 1000, 1, NULL);
  put (cache, 1000, 1, "one");
  put (cache, 1000, 2, "two");
  expect (cache, 1000, 1, "one");
  expect (cache, 1000, 2, "two");
  expect (cache, 1001, 1, NULL);
  put (cache, 1000, 1, "other");
  expect (cache, 1000, 1, "other");
  g_assert_cmpuint (handoff_user_cache_get_size (cache), ==, 2);
  handoff_user_cache_remove (cache, 1001, digest);
  expect (cache, 1000, 1, "other");
  handoff_user_cache_remove (cache, 1000, digest);
  expect (cache, 1000, 1, NULL);
  handoff_user_cache_free (cache);
  g_assert_cmpuint (n_values, ==, 0);
}

/* Breaks if a user who is full loses anything but what he used least recently, or takes from
 * others, or if all together have more than the limit. */
static void
test_bounds (void)
{
  HandoffUserCache *cache = handoff_user_cache_new (&kind);

  put (cache, 1000, 1, "first");
  put (cache, 1000, 2, "second");
  put (cache, 1001, 1, "of another");
  put (cache, 1000, 3, "third");
  expect (cache, 1000, 1, "first");
  put (cache, 1000, 4, "fourth");
  expect (cache, 1000, 2, NULL);
  expect (cache, 1001, 1, "of another");
  expect (cache, 1000, 1, "first");
  expect (cache, 1000, 3, "third");
  expect (cache, 1000, 4, "fourth");
  g_assert_cmpuint (handoff_user_cache_get_size (cache), ==, 4);
  put (cache, 1002, 1, "fifth");
  put (cache, 1002, 2, "sixth");
  g_assert_cmpuint (handoff_user_cache_get_size (cache), ==, MAX_TOTAL);
  expect (cache, 1001, 1, NULL);
  expect (cache, 1000, 1, "first");
  handoff_user_cache_free (cache);
  g_assert_cmpuint (n_values, ==, 0);
}

/* Breaks if use makes a value live longer, if a suspend does, or if the wall clock counts. */
static void
test_age (void)
{
  HandoffUserCache *cache;

  test_clock_install ();
  cache = handoff_user_cache_new (&kind);
  put (cache, 1000, 1, "value");
  test_clock_set_wall (TEST_YEAR);
  test_clock_pass (MAX_AGE * TEST_SECOND - 1);
  expect (cache, 1000, 1, "value");
  test_clock_suspend (1);
  expect (cache, 1000, 1, NULL);
  g_assert_cmpuint (handoff_user_cache_get_size (cache), ==, 0);
  handoff_user_cache_free (cache);
  test_clock_uninstall ();
}

static gpointer
use_cache (gpointer data)
{
  HandoffUserCache *cache = data;
  guint i;

  for (i = 0; i < N_ROUNDS; i++)
    {
      const guint8 number = (guint8) (i % 7);
      char *found;

      put (cache, 1000 + i % 3, number, "value");
      found = get (cache, 1000 + i % 2, number);
      if (found != NULL)
        g_assert_cmpstr (found, ==, "value");
      g_clear_pointer (&found, free_value);
    }
  return NULL;
}

/* Breaks, under a thread sanitizer at the latest, if anything is done without the lock: workers of
 * several users use one cache at once. */
static void
test_threads (void)
{
  HandoffUserCache *cache = handoff_user_cache_new (&kind);
  GThread *threads[N_THREADS];
  guint i;

  for (i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("user", use_cache, cache);
  for (i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (handoff_user_cache_get_size (cache), <=, MAX_TOTAL);
  handoff_user_cache_free (cache);
  g_assert_cmpuint (n_values, ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/user-cache/values", test_values);
  g_test_add_func ("/user-cache/bounds", test_bounds);
  g_test_add_func ("/user-cache/age", test_age);
  g_test_add_func ("/user-cache/threads", test_threads);
  return g_test_run ();
}
