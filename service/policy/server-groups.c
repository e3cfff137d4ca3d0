/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "policy/server-groups.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "work/user-cache.h"

struct _HandoffServerGroups
{
  HandoffUserCache *cache; /* (owned) (element-type gnutls_group_t): in the pointers themselves */
};

static gpointer
copy_group (gconstpointer value)
{
  return (gpointer) value;
}

static void
free_group (gpointer value)
{
}

static const HandoffUserCacheKind kind = {
  HANDOFF_SERVER_GROUPS_MAX_AGE,
  HANDOFF_SERVER_GROUPS_MAX_PER_USER,
  HANDOFF_SERVER_GROUPS_MAX_TOTAL,
  copy_group,
  free_group,
};

HandoffServerGroups *
handoff_server_groups_new (void)
{
  HandoffServerGroups *self = g_new0 (HandoffServerGroups, 1);

  self->cache = handoff_user_cache_new (&kind);
  return self;
}

void
handoff_server_groups_free (HandoffServerGroups *self)
{
  handoff_user_cache_free (self->cache);
  g_free (self);
}

/* FALSE: it is nobody, so not the same server each time; or GnuTLS cannot. */
static gboolean
make_digest (const HandoffServerIdentity *identity, guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE])
{
  return !handoff_server_identity_is_nobody (identity) &&
         gnutls_hash_fast (GNUTLS_DIG_SHA256, identity->text, strlen (identity->text), digest) >= 0;
}

static gnutls_group_t
get (HandoffServerGroups *self, guint uid, const guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE])
{
  return (gnutls_group_t) GPOINTER_TO_INT (handoff_user_cache_get (self->cache, uid, digest));
}

void
handoff_server_groups_set (HandoffServerGroups *self,
                           guint uid,
                           const HandoffServerIdentity *identity,
                           gnutls_group_t taken)
{
  guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE];

  if (!make_digest (identity, digest))
    return;
  /* The handshake began with it. Remembered anew each time, it would never be forgotten. */
  if (get (self, uid, digest) == taken)
    return;
  if (taken != GNUTLS_GROUP_INVALID)
    handoff_user_cache_put (self->cache, uid, digest, GINT_TO_POINTER (taken));
  else
    handoff_user_cache_remove (self->cache, uid, digest);
}

gnutls_group_t
handoff_server_groups_get (HandoffServerGroups *self,
                           guint uid,
                           const HandoffServerIdentity *identity)
{
  guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE];

  return make_digest (identity, digest) ? get (self, uid, digest) : GNUTLS_GROUP_INVALID;
}
