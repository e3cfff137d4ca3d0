/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "trust/verified-chains.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "work/clock.h"
#include "work/user-cache.h"

struct _HandoffVerifiedChains
{
  HandoffUserCache *cache; /* (owned) (element-type Remembered) */
};

typedef struct
{
  HandoffPeerVerification *verification; /* (owned) */
  gint64 verified_at;                    /* wall time: seconds since 1970 */
} Remembered;

static gpointer
remembered_copy (gconstpointer value)
{
  const Remembered *self = value;
  Remembered *copy = g_memdup2 (self, sizeof *self);

  copy->verification = handoff_peer_verification_copy (self->verification);
  return copy;
}

static void
remembered_free (gpointer data)
{
  Remembered *self = data;

  g_clear_pointer (&self->verification, handoff_peer_verification_free);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Remembered, remembered_free)

static const HandoffUserCacheKind kind = {
  HANDOFF_VERIFIED_CHAINS_MAX_AGE,
  HANDOFF_VERIFIED_CHAINS_MAX_PER_USER,
  HANDOFF_VERIFIED_CHAINS_MAX_TOTAL,
  remembered_copy,
  remembered_free,
};

HandoffVerifiedChains *
handoff_verified_chains_new (void)
{
  HandoffVerifiedChains *self = g_new0 (HandoffVerifiedChains, 1);

  self->cache = handoff_user_cache_new (&kind);
  return self;
}

void
handoff_verified_chains_free (HandoffVerifiedChains *self)
{
  handoff_user_cache_free (self->cache);
  g_free (self);
}

/* A part of what is hashed, with its size before it: so no two lists of parts are hashed alike. */
static void
add (gnutls_hash_hd_t hash, gconstpointer data, gsize size)
{
  const guint64 number = size;

  gnutls_hash (hash, &number, sizeof number);
  gnutls_hash (hash, data, size);
}

static void
add_conditions (gnutls_hash_hd_t hash, const HandoffVerificationConditions *conditions)
{
  const char *identity = conditions->identity != NULL ? conditions->identity->text : "";

  add (hash, &conditions->role, sizeof conditions->role);
  add (hash, identity, strlen (identity));
  add (hash, conditions->anchors_digest, conditions->anchors_digest != NULL ? 32 : 0);
}

static void
add_chain (gnutls_hash_hd_t hash, gnutls_session_t session)
{
  unsigned int i, n_certificates = 0;
  const gnutls_datum_t *certificates = gnutls_certificate_get_peers (session, &n_certificates);

  for (i = 0; certificates != NULL && i < n_certificates; i++)
    {
      gnutls_datum_t response = { NULL, 0 };

      if (gnutls_ocsp_status_request_get2 (session, i, &response) < 0)
        response.size = 0;
      add (hash, certificates[i].data, certificates[i].size);
      add (hash, response.data, response.size);
    }
}

/* FALSE: GnuTLS cannot. */
static gboolean
make_digest (gnutls_session_t session,
             const HandoffVerificationConditions *conditions,
             guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE])
{
  gnutls_hash_hd_t hash;

  if (gnutls_hash_init (&hash, GNUTLS_DIG_SHA256) < 0)
    return FALSE;
  add_conditions (hash, conditions);
  add_chain (hash, session);
  gnutls_hash_deinit (hash, digest);
  return TRUE;
}

static gboolean
is_in_its_time (const Remembered *remembered)
{
  const gint64 now = handoff_clock_get_wall_seconds ();

  return remembered->verified_at <= now && now < remembered->verification->end;
}

HandoffPeerVerification *
handoff_verified_chains_verify (HandoffVerifiedChains *self,
                                gnutls_session_t session,
                                const HandoffVerificationConditions *conditions)
{
  guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE];
  const gboolean has_digest = make_digest (session, conditions, digest);
  g_autoptr (Remembered) remembered =
      has_digest ? handoff_user_cache_get (self->cache, conditions->uid, digest) : NULL;
  /* Before the verification, which takes its time. */
  const gint64 now = handoff_clock_get_wall_seconds ();
  HandoffPeerVerification *verification;

  if (remembered != NULL && is_in_its_time (remembered))
    return g_steal_pointer (&remembered->verification);
  if (remembered != NULL)
    handoff_user_cache_remove (self->cache, conditions->uid, digest);

  verification = handoff_peer_verification_run (session, conditions->role, conditions->identity);
  if (has_digest && verification->problems == 0)
    {
      Remembered *new = g_new0 (Remembered, 1);

      new->verification = handoff_peer_verification_copy (verification);
      new->verified_at = now;
      handoff_user_cache_put (self->cache, conditions->uid, digest, new);
    }
  return verification;
}

guint
handoff_verified_chains_get_size (HandoffVerifiedChains *self)
{
  return handoff_user_cache_get_size (self->cache);
}
