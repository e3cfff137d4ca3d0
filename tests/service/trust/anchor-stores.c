/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Which trust stores are made once for several handshakes. */

#include "config.h"

#include "trust/anchor-stores.h"

#include <string.h>

#include "support/certificate-maker.h"
#include "support/test-clock.h"

static const guint8 some_digest[32] = { 1 };
static const guint8 other_digest[32] = { 2 };

static GPtrArray *
new_anchors (guint n)
{
  const TestCertificateSpec authority = { .is_authority = TRUE };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  GPtrArray *anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  while (n-- > 0)
    g_ptr_array_add (anchors, test_certificate_to_der (root));
  return anchors;
}

/* Whether the store for these is the one that there was before. */
static gboolean
is_same (HandoffAnchorStores *stores,
         guint uid,
         GPtrArray *anchors,
         const guint8 *digest,
         HandoffTrustStore *before)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffTrustStore) store =
      handoff_anchor_stores_get (stores, uid, anchors, digest, &error);

  g_assert_no_error (error);
  g_assert_nonnull (store);
  return store == before;
}

/* Breaks if a list is parsed for each handshake, or if one gets the store of another user or of
 * another list; or if a store is kept for ever. */
static void
test_kept (void)
{
  g_autoptr (HandoffAnchorStores) stores = NULL;
  g_autoptr (GPtrArray) anchors = new_anchors (1);
  g_autoptr (HandoffTrustStore) store = NULL;

  test_clock_install ();
  stores = handoff_anchor_stores_new ();
  store = handoff_anchor_stores_get (stores, 1000, anchors, some_digest, NULL);
  g_assert_true (is_same (stores, 1000, anchors, some_digest, store));
  g_assert_false (is_same (stores, 1000, anchors, other_digest, store));
  g_assert_false (is_same (stores, 1001, anchors, some_digest, store));
  test_clock_suspend (HANDOFF_ANCHOR_STORES_MAX_AGE * TEST_SECOND - 1);
  g_assert_true (is_same (stores, 1000, anchors, some_digest, store));
  test_clock_suspend (1);
  g_assert_false (is_same (stores, 1000, anchors, some_digest, store));
  test_clock_uninstall ();
}

/* Breaks if callers can have the service keep large lists. */
static void
test_large (void)
{
  g_autoptr (HandoffAnchorStores) stores = handoff_anchor_stores_new ();
  g_autoptr (GPtrArray) anchors = new_anchors (1);
  const guint n_small =
      HANDOFF_ANCHOR_STORES_MAX_SIZE / (guint) g_bytes_get_size (anchors->pdata[0]);
  g_autoptr (GPtrArray) small = new_anchors (n_small - 1);
  g_autoptr (GPtrArray) large = new_anchors (n_small + 2);
  g_autoptr (HandoffTrustStore) kept =
      handoff_anchor_stores_get (stores, 1000, small, some_digest, NULL);
  g_autoptr (HandoffTrustStore) parsed =
      handoff_anchor_stores_get (stores, 1000, large, other_digest, NULL);

  g_assert_true (is_same (stores, 1000, small, some_digest, kept));
  g_assert_false (is_same (stores, 1000, large, other_digest, parsed));
}

/* Breaks if a list that cannot be read is an error only once. */
static void
test_unreadable (void)
{
  g_autoptr (HandoffAnchorStores) stores = handoff_anchor_stores_new ();
  g_autoptr (GPtrArray) anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint i;

  g_ptr_array_add (anchors, g_bytes_new_static ("no certificate", strlen ("no certificate")));
  for (i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (handoff_anchor_stores_get (stores, 1000, anchors, some_digest, &error));
      g_assert_nonnull (error);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/anchor-stores/kept", test_kept);
  g_test_add_func ("/service/anchor-stores/large", test_large);
  g_test_add_func ("/service/anchor-stores/unreadable", test_unreadable);
  return g_test_run ();
}
