/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What was found out once and would cost time to find out again, by whom it was found out for and a
 * digest of all that it depends on. In memory, for a while, and no more than so many values: what
 * was used least recently goes first, a user's own before those of others. Nobody may rely on
 * finding a value again. Any thread. */
typedef struct _HandoffUserCache HandoffUserCache;

/* A SHA-256. */
#define HANDOFF_USER_CACHE_DIGEST_SIZE 32

typedef struct
{
  guint maximum_age; /* seconds of boot time that a value is kept, however often it is used */
  guint maximum_per_user;
  guint maximum;
  gpointer (*copy) (gconstpointer value); /* called under the lock of the cache */
  GDestroyNotify free;
} HandoffUserCacheKind;

/* kind: static. */
HandoffUserCache *handoff_user_cache_new (const HandoffUserCacheKind *kind);
void handoff_user_cache_free (HandoffUserCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffUserCache, handoff_user_cache_free)

/* value: (transfer full): replaces the one that is there. */
void handoff_user_cache_put (HandoffUserCache *self,
                             guint uid,
                             const guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE],
                             gpointer value);
/* (transfer full) (nullable): a copy of the value. */
gpointer handoff_user_cache_get (HandoffUserCache *self,
                                 guint uid,
                                 const guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE]);
/* Forgets the value, if there is one. */
void handoff_user_cache_remove (HandoffUserCache *self,
                                guint uid,
                                const guint8 digest[HANDOFF_USER_CACHE_DIGEST_SIZE]);
guint handoff_user_cache_get_size (HandoffUserCache *self);
