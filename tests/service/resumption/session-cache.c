/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <string.h>

#include "keyblob-fixture.h"
#include "keyblob/secret-memory.h"
#include "resumption/session-cache.h"
#include "support/test-clock.h"
#include "work/clock.h"

#define MAXIMUM_AGE 7200
#define MARKER_SIZE 32

typedef HandoffSessionCacheKey Key;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Key, handoff_session_cache_key_unref)

static void
pass_seconds (guint seconds)
{
  test_clock_pass (seconds * TEST_SECOND);
}

static HandoffSessionCache *
new_cache (void)
{
  return handoff_session_cache_new (MAXIMUM_AGE);
}

static Key *
new_key (guint uid, const char *identity)
{
  return handoff_session_cache_key_new (uid, NULL, g_variant_new ("(s)", identity));
}

/* Session data that begin with a number, by which take() tells them apart. */
static gpointer
new_data (guint8 number, gsize size)
{
  guint8 *data = handoff_secret_new (size, HANDOFF_SECRET_DEFAULT);

  data[0] = number;
  return data;
}

static void
put_for (HandoffSessionCache *cache, Key *key, guint8 number, guint lifetime)
{
  handoff_session_cache_put (cache, key, TRUE, new_data (number, 1000), lifetime,
                             HANDOFF_SESSION_VERIFIED_NOW);
}

static void
put (HandoffSessionCache *cache, Key *key, guint8 number)
{
  put_for (cache, key, number, MAXIMUM_AGE);
}

/* The number in the data that were taken; 0 for none. */
static guint
take (HandoffSessionCache *cache, Key *key)
{
  gint64 verified_at;
  guint8 *data = handoff_session_cache_take (cache, key, &verified_at);
  guint number = data != NULL ? data[0] : 0;

  handoff_secret_free (data);
  return number;
}

static Key *
new_key_for (guint uid, const char *bus_name, const char *conditions)
{
  return handoff_session_cache_key_new (uid, bus_name, g_variant_new_parsed (conditions));
}

/* Breaks if a ticket is used by another user or caller than its own, under other conditions than
 * those under which its peer was trusted, or under conditions of another meaning. */
static void
test_keys (void)
{
  g_autoptr (HandoffSessionCache) cache = new_cache ();
  g_autoptr (Key) key = new_key_for (1000, ":1.1", "('a', 'bc', @as [])");
  g_autoptr (Key) same = new_key_for (1000, ":1.1", "('a', 'bc', @as [])");
  Key *others[] = {
    new_key_for (0, ":1.1", "('a', 'bc', @as [])"),
    new_key_for (1001, ":1.1", "('a', 'bc', @as [])"),
    new_key_for (1000, ":1.11", "('a', 'bc', @as [])"),
    new_key_for (1000, NULL, "('a', 'bc', @as [])"),
    new_key_for (1000, ":1.1", "('ab', 'c', @as [])"),
    new_key_for (1000, ":1.1", "('a', 'bc', [''])"),
    /* The same bytes, but for the type. */
    new_key_for (1000, ":1.1", "('a', 'bc', @ay [])"),
    new_key_for (1000, ":1.1", "('a', 'bc')"),
  };
  gsize i;

  put (cache, key, 1);
  for (i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_assert_cmpuint (take (cache, others[i]), ==, 0);
      handoff_session_cache_key_unref (others[i]);
    }
  g_assert_cmpuint (take (cache, same), ==, 1);
}

/* Breaks if a ticket is used twice, if an old one is used where there is a newer one, or if there
 * are more for one server than anybody needs. */
static void
test_tickets (void)
{
  g_autoptr (HandoffSessionCache) cache = new_cache ();
  g_autoptr (Key) key = new_key (1000, "a");
  g_autoptr (Key) other = new_key (1000, "b");
  guint i;

  put (cache, other, 100);
  for (i = 1; i <= HANDOFF_SESSION_CACHE_MAX_PER_KEY + 2; i++)
    put (cache, key, i);
  g_assert_cmpuint (handoff_session_cache_get_size (cache), ==,
                    HANDOFF_SESSION_CACHE_MAX_PER_KEY + 1);

  for (i = HANDOFF_SESSION_CACHE_MAX_PER_KEY + 2; i > 2; i--)
    g_assert_cmpuint (take (cache, key), ==, i);
  g_assert_cmpuint (take (cache, key), ==, 0);
  g_assert_cmpuint (take (cache, other), ==, 100);
  g_assert_cmpuint (handoff_session_cache_get_size (cache), ==, 0);
}

/* TLS 1.2: breaks if a session stays beside the one that came after it, or if the new one removes
 * tickets. */
static void
test_replacement (void)
{
  g_autoptr (HandoffSessionCache) cache = new_cache ();
  g_autoptr (Key) key = new_key (1000, "a");
  guint i;

  put (cache, key, 1);
  for (i = 2; i <= 9; i++)
    handoff_session_cache_put (cache, key, FALSE, new_data (i, 1000), 60,
                               HANDOFF_SESSION_VERIFIED_NOW);
  g_assert_cmpuint (handoff_session_cache_get_size (cache), ==, 2);
  g_assert_cmpuint (take (cache, key), ==, 9);
  g_assert_cmpuint (take (cache, key), ==, 1);
}

/* Breaks if a session outlives what its server said, or the maximum age; or if one hides another
 * that has not expired. */
static void
test_expiry (void)
{
  g_autoptr (HandoffSessionCache) cache = new_cache ();
  g_autoptr (Key) key = new_key (1000, "a");

  put_for (cache, key, 1, G_MAXUINT);
  put_for (cache, key, 2, 61);
  put_for (cache, key, 3, 60);
  put_for (cache, key, 4, 0);
  g_assert_cmpuint (handoff_session_cache_get_size (cache), ==, 3);

  pass_seconds (60);
  g_assert_cmpuint (take (cache, key), ==, 2);
  put (cache, key, 5);
  handoff_session_cache_sweep (cache);
  g_assert_cmpuint (handoff_session_cache_get_size (cache), ==, 2);

  pass_seconds (MAXIMUM_AGE - 61);
  g_assert_cmpuint (take (cache, key), ==, 5);
  pass_seconds (1);
  g_assert_cmpuint (take (cache, key), ==, 0);

  /* Shortened by a reload. */
  put (cache, key, 6);
  pass_seconds (60);
  handoff_session_cache_set_maximum_age (cache, 60);
  g_assert_cmpuint (handoff_session_cache_get_size (cache), ==, 0);
  handoff_session_cache_set_maximum_age (cache, 0);
  put (cache, key, 7);
  g_assert_cmpuint (handoff_session_cache_get_size (cache), ==, 0);
}

/* Breaks if a chain of resumptions, each of which brings new tickets, puts off the next
 * verification of the certificate for ever. */
static void
test_verified_at (void)
{
  g_autoptr (HandoffSessionCache) cache = new_cache ();
  const gint64 start = handoff_clock_get_boot_time ();
  g_autoptr (Key) key = new_key (1000, "a");
  gpointer data;
  gint64 verified_at;
  guint i;

  put (cache, key, 1);
  for (i = 0; i < 10; i++)
    {
      data = handoff_session_cache_take (cache, key, &verified_at);
      g_assert_nonnull (data);
      g_assert_cmpint (verified_at, ==, start);
      handoff_session_cache_put (cache, key, TRUE, data, MAXIMUM_AGE, verified_at);
      pass_seconds (MAXIMUM_AGE / 10);
    }
  g_assert_cmpuint (take (cache, key), ==, 0);
}

/* Fills the cache with n entries of a user, each under a key of its own. */
static void
fill (HandoffSessionCache *cache, guint uid, guint n, gsize size)
{
  guint i;

  for (i = 0; i < n; i++)
    {
      g_autofree char *identity = g_strdup_printf ("%u", i);
      g_autoptr (Key) key = new_key (uid, identity);

      handoff_session_cache_put (cache, key, TRUE, new_data (1, size), MAXIMUM_AGE,
                                 HANDOFF_SESSION_VERIFIED_NOW);
    }
}

static void
assert_size (HandoffSessionCache *cache, guint size)
{
  g_assert_cmpuint (handoff_session_cache_get_size (cache), ==, size);
}

/* Breaks if a user takes other users' room, in number or in bytes, or loses the newest entry
 * instead of the oldest. */
static void
test_limits_per_user (void)
{
  const gsize large = HANDOFF_SESSION_CACHE_MAX_DATA_SIZE;
  const guint n_large = HANDOFF_SESSION_CACHE_MAX_BYTES_PER_USER / large;
  g_autoptr (HandoffSessionCache) cache = new_cache ();
  g_autoptr (Key) others = new_key (1001, "a");
  g_autoptr (Key) oldest = new_key (1000, "oldest");
  g_autoptr (Key) second = new_key (1000, "0");

  put (cache, others, 1);
  put (cache, oldest, 2);
  fill (cache, 1000, HANDOFF_SESSION_CACHE_MAX_PER_USER - 1, 1);
  assert_size (cache, HANDOFF_SESSION_CACHE_MAX_PER_USER + 1);
  fill (cache, 1000, 1, 1);
  assert_size (cache, HANDOFF_SESSION_CACHE_MAX_PER_USER + 1);
  g_assert_cmpuint (take (cache, oldest), ==, 0);
  g_assert_cmpuint (take (cache, second), ==, 1);

  fill (cache, 1000, n_large, large);
  assert_size (cache, n_large + 1);
  fill (cache, 1000, 1, large + 1);
  assert_size (cache, n_large + 1);
  /* The bytes are free again. */
  g_assert_cmpuint (take (cache, second), ==, 1);
  fill (cache, 1000, 1, large);
  assert_size (cache, n_large + 1);
  g_assert_cmpuint (take (cache, others), ==, 1);
}

/* Breaks if the cache grows with the number of users, or if a newcomer pushes out others' entries,
 * or loses own entries for nothing. */
static void
test_limits_of_all (void)
{
  const gsize large_size = HANDOFF_SESSION_CACHE_MAX_DATA_SIZE;
  const guint n_large = HANDOFF_SESSION_CACHE_MAX_BYTES_PER_USER / large_size;
  const guint n_users = HANDOFF_SESSION_CACHE_MAX_TOTAL / HANDOFF_SESSION_CACHE_MAX_PER_USER;
  g_autoptr (HandoffSessionCache) cache = new_cache ();
  g_autoptr (Key) own = new_key (1, "own");
  g_autoptr (Key) large = new_key (1, "large");
  guint i;

  put (cache, own, 9);
  for (i = 0; i < n_users; i++)
    fill (cache, 1000 + i, HANDOFF_SESSION_CACHE_MAX_PER_USER, 1);
  /* The last user had one place less, and lost only own entries. */
  assert_size (cache, HANDOFF_SESSION_CACHE_MAX_TOTAL);
  put (cache, large, 8);
  assert_size (cache, HANDOFF_SESSION_CACHE_MAX_TOTAL);
  g_assert_cmpuint (take (cache, own), ==, 0);
  g_assert_cmpuint (take (cache, large), ==, 8);
  fill (cache, 1000, 2, 1);
  assert_size (cache, HANDOFF_SESSION_CACHE_MAX_TOTAL - 1);
  fill (cache, 1000 + n_users - 1, 2, 1);
  assert_size (cache, HANDOFF_SESSION_CACHE_MAX_TOTAL);
  put (cache, own, 9);
  g_assert_cmpuint (take (cache, own), ==, 0);

  handoff_session_cache_clear (cache);
  assert_size (cache, 0);
  put (cache, own, 9);
  for (i = 0; i < n_users; i++)
    fill (cache, 1000 + i, n_large, large_size);
  fill (cache, 1000 + n_users - 1, 1, large_size - 1000);
  assert_size (cache, n_users * n_large + 1);
  handoff_session_cache_put (cache, large, TRUE, new_data (8, large_size), MAXIMUM_AGE,
                             HANDOFF_SESSION_VERIFIED_NOW);
  assert_size (cache, n_users * n_large + 1);
  g_assert_cmpuint (take (cache, own), ==, 9);
  put (cache, own, 9);
  put (cache, large, 8);
  assert_size (cache, n_users * n_large + 1);
  g_assert_cmpuint (take (cache, own), ==, 0);
  g_assert_cmpuint (take (cache, large), ==, 8);
}

/* Breaks if entries of a caller stay after the caller has left, or if entries go that belong to
 * another caller or to the user. */
static void
test_vanished_caller (void)
{
  g_autoptr (HandoffSessionCache) cache = new_cache ();
  g_autoptr (Key) one = new_key_for (1000, ":1.1", "'a'");
  g_autoptr (Key) other = new_key_for (1000, ":1.11", "'a'");
  g_autoptr (Key) users = new_key_for (1000, NULL, "'a'");

  put (cache, users, 1);
  put (cache, one, 2);
  put (cache, other, 3);
  put (cache, one, 4);
  handoff_session_cache_remove_all_of (cache, ":1.1");
  assert_size (cache, 2);
  g_assert_cmpuint (take (cache, one), ==, 0);
  g_assert_cmpuint (take (cache, other), ==, 3);
  g_assert_cmpuint (take (cache, users), ==, 1);
}

/* A microsecond later the sweeper leaves one entry. */
static void
expect_sweep (HandoffSessionCache *cache)
{
  test_clock_settle ();
  assert_size (cache, 2);
  test_clock_pass (1);
  test_clock_settle ();
  assert_size (cache, 1);
}

/* Breaks if secrets stay in memory because nobody asks for them again. */
static void
test_sweeper (void)
{
  g_autoptr (HandoffSessionCache) cache = new_cache ();
  g_autoptr (Key) key = new_key (1000, "a");

  /* An entry that comes later and ends a microsecond earlier than the one that the sweeper waits
   * for. */
  put (cache, key, 1);
  handoff_session_cache_put (cache, key, TRUE, new_data (2, 1000), 60,
                             handoff_clock_get_boot_time () - MAXIMUM_AGE * TEST_SECOND + 1);
  expect_sweep (cache);

  /* An entry that a sweep found not to have ended yet; then nothing is left to do. */
  pass_seconds (MAXIMUM_AGE - 1);
  put (cache, key, 3);
  test_clock_pass (TEST_SECOND - 2);
  handoff_session_cache_sweep (cache);
  expect_sweep (cache);
  g_assert_false (g_main_context_iteration (NULL, FALSE));
  g_assert_cmpuint (take (cache, key), ==, 3);
}

/* Breaks if a session lives longer because the machine slept, or because somebody set the wall
 * clock back; or ends because it was set forward. */
static void
test_suspend_and_wall (void)
{
  g_autoptr (HandoffSessionCache) cache = new_cache ();
  g_autoptr (Key) key = new_key (1000, "a");

  put (cache, key, 1);
  test_clock_set_wall (TEST_YEAR);
  g_assert_cmpuint (take (cache, key), ==, 1);

  put (cache, key, 2);
  test_clock_set_wall (-TEST_YEAR);
  test_clock_suspend (MAXIMUM_AGE * TEST_SECOND - 1);
  g_assert_cmpuint (take (cache, key), ==, 2);

  /* The sweeper's timer stood still; what it should have wiped is not given out. */
  put (cache, key, 3);
  test_clock_suspend (MAXIMUM_AGE * TEST_SECOND);
  test_clock_settle ();
  g_assert_cmpuint (take (cache, key), ==, 0);
  test_clock_pass (MAXIMUM_AGE * TEST_SECOND);
  test_clock_settle ();
  assert_size (cache, 0);
}

static void
put_marker (HandoffSessionCache *cache, Key *key, const guint8 *inverted)
{
  guint8 *data = handoff_secret_new (MARKER_SIZE, HANDOFF_SECRET_DEFAULT);
  gsize i;

  for (i = 0; i < MARKER_SIZE; i++)
    data[i] = inverted[i] ^ 0xff;
  handoff_session_cache_put (cache, key, FALSE, data, 60, HANDOFF_SESSION_VERIFIED_NOW);
}

/* Breaks if secrets stay in freed memory, by each of the ways out of the cache. */
static void
test_wiped (void)
{
  HandoffSessionCache *cache = new_cache ();
  g_autoptr (Key) key = new_key_for (1000, ":1.1", "'a'");
  guint8 inverted[MARKER_SIZE];
  gsize i;

  if (fixture_is_sanitized ())
    {
      g_test_skip ("the sanitizer's address space cannot be searched");
      handoff_session_cache_free (cache);
      return;
    }

  for (i = 0; i < MARKER_SIZE; i++)
    inverted[i] = (guint8) g_test_rand_int ();

#define ASSERT_FOUND(n) g_assert_cmpuint (fixture_count_in_memory (inverted, MARKER_SIZE), ==, n)
  put_marker (cache, key, inverted);
  ASSERT_FOUND (1);
  put_marker (cache, key, inverted);
  ASSERT_FOUND (1);
  g_assert_cmpuint (take (cache, key), ==, inverted[0] ^ 0xff);
  ASSERT_FOUND (0);
  put_marker (cache, key, inverted);
  pass_seconds (60);
  handoff_session_cache_sweep (cache);
  ASSERT_FOUND (0);
  put_marker (cache, key, inverted);
  handoff_session_cache_remove_all_of (cache, ":1.1");
  ASSERT_FOUND (0);
  put_marker (cache, key, inverted);
  handoff_session_cache_clear (cache);
  ASSERT_FOUND (0);
  handoff_session_cache_set_maximum_age (cache, 0);
  put_marker (cache, key, inverted);
  ASSERT_FOUND (0);
  handoff_session_cache_set_maximum_age (cache, 60);
  put_marker (cache, key, inverted);
  ASSERT_FOUND (1);
  handoff_session_cache_free (cache);
  ASSERT_FOUND (0);
#undef ASSERT_FOUND
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_clock_install ();
  g_test_add_func ("/service/session-cache/keys", test_keys);
  g_test_add_func ("/service/session-cache/tickets", test_tickets);
  g_test_add_func ("/service/session-cache/replacement", test_replacement);
  g_test_add_func ("/service/session-cache/expiry", test_expiry);
  g_test_add_func ("/service/session-cache/verified-at", test_verified_at);
  g_test_add_func ("/service/session-cache/limits-per-user", test_limits_per_user);
  g_test_add_func ("/service/session-cache/limits-of-all", test_limits_of_all);
  g_test_add_func ("/service/session-cache/vanished-caller", test_vanished_caller);
  g_test_add_func ("/service/session-cache/sweeper", test_sweeper);
  g_test_add_func ("/service/session-cache/suspend-and-wall", test_suspend_and_wall);
  g_test_add_func ("/service/session-cache/wiped", test_wiped);
  return g_test_run ();
}
