/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "trust/anchor-stores.h"

#include "work/user-cache.h"

G_STATIC_ASSERT (HANDOFF_USER_CACHE_DIGEST_SIZE == 32);

struct _HandoffAnchorStores
{
  HandoffUserCache *cache; /* (owned) (element-type HandoffTrustStore) */
};

static gpointer
ref_store (gconstpointer value)
{
  return handoff_trust_store_ref ((HandoffTrustStore *) value);
}

static void
unref_store (gpointer value)
{
  handoff_trust_store_unref (value);
}

static const HandoffUserCacheKind kind = {
  HANDOFF_ANCHOR_STORES_MAX_AGE,
  HANDOFF_ANCHOR_STORES_MAX_PER_USER,
  HANDOFF_ANCHOR_STORES_MAX_TOTAL,
  ref_store,
  unref_store,
};

HandoffAnchorStores *
handoff_anchor_stores_new (void)
{
  HandoffAnchorStores *self = g_new0 (HandoffAnchorStores, 1);

  self->cache = handoff_user_cache_new (&kind);
  return self;
}

void
handoff_anchor_stores_free (HandoffAnchorStores *self)
{
  handoff_user_cache_free (self->cache);
  g_free (self);
}

static gboolean
is_small (GPtrArray *anchors)
{
  gsize size = 0;
  guint i;

  for (i = 0; i < anchors->len; i++)
    size += g_bytes_get_size (anchors->pdata[i]);
  return size <= HANDOFF_ANCHOR_STORES_MAX_SIZE;
}

HandoffTrustStore *
handoff_anchor_stores_get (HandoffAnchorStores *self,
                           guint uid,
                           GPtrArray *anchors,
                           const guint8 digest[32],
                           GError **error)
{
  HandoffTrustStore *store;

  if (!is_small (anchors))
    return handoff_trust_store_new_for_anchors (anchors, error);
  store = handoff_user_cache_get (self->cache, uid, digest);
  if (store != NULL)
    return store;
  store = handoff_trust_store_new_for_anchors (anchors, error);
  if (store != NULL)
    handoff_user_cache_put (self->cache, uid, digest, handoff_trust_store_ref (store));
  return store;
}
