/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What is kept under a configuration, and what is left of it under the next. */

#include "config.h"

#include "resumption/resumption-store.h"

#include <string.h>

#include "keyblob/secret-memory.h"

#define OLD 7
#define NEW 8
#define N_THREADS 4
#define N_ROUNDS 2000

static HandoffResumptionStore *
new_store (void)
{
  HandoffResumptionStore *store = handoff_resumption_store_new ();

  handoff_resumption_store_configure (store, OLD, 3600);
  return store;
}

static HandoffSessionCacheKey *
new_key (guint uid)
{
  return handoff_session_cache_key_new (uid, ":1.1", g_variant_new_string ("a"));
}

static void
put (HandoffResumptionStore *store, guint64 serial, HandoffSessionCacheKey *key)
{
  handoff_resumption_store_put (store, serial, key, TRUE,
                                handoff_secret_new (100, HANDOFF_SECRET_DEFAULT), 3600,
                                HANDOFF_SESSION_VERIFIED_NOW);
}

static gboolean
take (HandoffResumptionStore *store, guint64 serial, HandoffSessionCacheKey *key)
{
  gint64 verified_at;
  guint8 *data = handoff_resumption_store_take (store, serial, key, &verified_at);
  gboolean found = data != NULL;

  handoff_secret_free (data);
  return found;
}

/* (transfer full) (nullable) */
static guint8 *
derive (HandoffResumptionStore *store, guint64 serial)
{
  return handoff_resumption_store_derive_secret (store, serial, g_variant_new_string ("a"));
}

/* Breaks if anything that was kept before a reload is there after it, if a handshake that began
 * before it finds what came after it, or if such a handshake leaves something. */
static void
test_reload (void)
{
  g_autoptr (HandoffResumptionStore) store = new_store ();
  g_autoptr (HandoffSessionCacheKey) key = new_key (1000);
  guint8 *before = derive (store, OLD);
  guint8 *after;

  put (store, OLD, key);
  put (store, OLD, key);
  g_assert_true (take (store, OLD, key));
  g_assert_nonnull (before);
  g_assert_null (derive (store, NEW));

  handoff_resumption_store_configure (store, NEW, 3600);
  g_assert_cmpuint (handoff_resumption_store_get_size (store), ==, 0);
  g_assert_false (handoff_resumption_store_is_in_force (store, OLD));
  g_assert_true (handoff_resumption_store_is_in_force (store, NEW));
  g_assert_false (take (store, OLD, key));
  g_assert_false (take (store, NEW, key));
  g_assert_null (derive (store, OLD));
  after = derive (store, NEW);
  g_assert_nonnull (after);
  g_assert_cmpint (memcmp (before, after, HANDOFF_TICKET_SECRET_SIZE), !=, 0);

  put (store, OLD, key);
  g_assert_cmpuint (handoff_resumption_store_get_size (store), ==, 0);
  put (store, NEW, key);
  g_assert_false (take (store, OLD, key));
  g_assert_true (take (store, NEW, key));
  handoff_secret_free (before);
  handoff_secret_free (after);
}

/* Breaks if a configuration without resumption keeps something. */
static void
test_none (void)
{
  g_autoptr (HandoffResumptionStore) store = new_store ();
  g_autoptr (HandoffSessionCacheKey) key = new_key (1000);

  handoff_resumption_store_configure (store, NEW, 0);
  put (store, NEW, key);
  g_assert_cmpuint (handoff_resumption_store_get_size (store), ==, 0);
}

/* Breaks if what goes with a key, or with a caller, takes others along, or stays. */
static void
test_removal (void)
{
  g_autoptr (HandoffResumptionStore) store = new_store ();
  g_autoptr (HandoffSessionCacheKey) key = new_key (1000);
  g_autoptr (HandoffSessionCacheKey) other = new_key (1001);
  g_autoptr (HandoffSessionCacheKey) others =
      handoff_session_cache_key_new (1000, ":1.11", g_variant_new_string ("a"));

  put (store, OLD, key);
  put (store, OLD, other);
  put (store, OLD, others);
  handoff_resumption_store_remove (store, key);
  g_assert_false (take (store, OLD, key));
  g_assert_cmpuint (handoff_resumption_store_get_size (store), ==, 2);
  handoff_resumption_store_remove_all_of (store, ":1.1");
  g_assert_false (take (store, OLD, other));
  g_assert_true (take (store, OLD, others));
}

typedef struct
{
  HandoffResumptionStore *store;
  guint uid;
  int *is_new; /* atomic: the main thread has configured it anew */
  guint n_outdated;
} Home;

static gpointer
use (gpointer data)
{
  Home *home = data;
  g_autoptr (HandoffSessionCacheKey) key = new_key (home->uid);

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      const gboolean was_new = g_atomic_int_get (home->is_new);
      guint8 *secret;

      put (home->store, OLD, key);
      secret = derive (home->store, OLD);
      if (was_new && (take (home->store, OLD, key) || secret != NULL))
        home->n_outdated++;
      handoff_secret_free (secret);
      put (home->store, NEW, key);
      take (home->store, NEW, key);
    }
  return NULL;
}

/* Workers that have not heard of a reload. Breaks if they get or leave anything of the old
 * configuration when the reload has returned, or if two of them damage what they share. */
static void
test_homes (void)
{
  g_autoptr (HandoffResumptionStore) store = new_store ();
  Home homes[N_THREADS];
  GThread *threads[N_THREADS];
  int is_new = FALSE;

  for (guint i = 0; i < N_THREADS; i++)
    {
      homes[i] = (Home){ store, 1000 + i / 2, &is_new, 0 };
      threads[i] = g_thread_new ("home", use, &homes[i]);
    }
  handoff_resumption_store_configure (store, NEW, 3600);
  g_atomic_int_set (&is_new, TRUE);
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_thread_join (threads[i]);
      g_assert_cmpuint (homes[i].n_outdated, ==, 0);
    }
  handoff_resumption_store_remove_all_of (store, ":1.1");
  g_assert_cmpuint (handoff_resumption_store_get_size (store), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/resumption-store/reload", test_reload);
  g_test_add_func ("/service/resumption-store/none", test_none);
  g_test_add_func ("/service/resumption-store/removal", test_removal);
  g_test_add_func ("/service/resumption-store/homes", test_homes);
  return g_test_run ();
}
