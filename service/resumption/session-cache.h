/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What GnuTLS needs to resume sessions ("session data": secrets), by everything that decided
 * whether their peers were trusted. In memory only; bounded in number, size and age; wiped when it
 * goes. Any thread, except where it says otherwise. */

/* Session data have 0.7 to some 16 KiB, most of it the peer's certificates and stapled OCSP status,
 * and lie in pages of their own. A full user has tickets for more than a hundred servers; a full
 * cache takes at most 16 MiB. Browsers and mail programs open four connections at once to one
 * server; servers send two to four tickets. */
#define HANDOFF_SESSION_CACHE_MAX_DATA_SIZE (64 * 1024)
#define HANDOFF_SESSION_CACHE_MAX_PER_KEY 4
#define HANDOFF_SESSION_CACHE_MAX_PER_USER 512
#define HANDOFF_SESSION_CACHE_MAX_BYTES_PER_USER (2 * 1024 * 1024)
#define HANDOFF_SESSION_CACHE_MAX_TOTAL 2048
#define HANDOFF_SESSION_CACHE_MAX_BYTES_TOTAL (8 * 1024 * 1024)

/* Whose session it is, and under which conditions its peer was trusted. Immutable; any thread. */
typedef struct _HandoffSessionCacheKey HandoffSessionCacheKey;

/* uid: who may resume, and whose limits count. bus_name: (nullable): the one connection to the bus
 * that may, or NULL for all of the user's. conditions: (transfer floating): whatever a later
 * handshake must have in common: server identity, trust anchors, protocols, cipher suites,
 * credential. Its type counts as its value does. */
HandoffSessionCacheKey *
handoff_session_cache_key_new (guint uid, const char *bus_name, GVariant *conditions);
HandoffSessionCacheKey *handoff_session_cache_key_ref (HandoffSessionCacheKey *self);
void handoff_session_cache_key_unref (HandoffSessionCacheKey *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSessionCacheKey, handoff_session_cache_key_unref)

typedef struct _HandoffSessionCache HandoffSessionCache;

/* Sessions age by boot time: also while the machine sleeps.
 * maximum_age: see handoff_session_cache_set_maximum_age(). */
HandoffSessionCache *handoff_session_cache_new (guint maximum_age);
/* Main thread, whose loop sweeps it. */
void handoff_session_cache_free (HandoffSessionCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSessionCache, handoff_session_cache_free)

/* Seconds from the verification of a peer's certificate to the end of the last session that goes
 * back to it. Also for sessions that are there already. */
void handoff_session_cache_set_maximum_age (HandoffSessionCache *self, guint maximum_age);

/* The peer's certificate was verified in the handshake that the session comes from. */
#define HANDOFF_SESSION_VERIFIED_NOW (-1)

/* single_use: TRUE for TLS 1.3 tickets (RFC 8446 C.4); others replace one another under their key.
 * data: (transfer full): secret memory. lifetime: seconds that the server gave; 0 discards.
 * verified_at: HANDOFF_SESSION_VERIFIED_NOW, or, if the session comes from a resumed handshake,
 * what handoff_session_cache_take() told of the session that was resumed.
 *
 * Nothing is promised: what does not fit is wiped. A full user loses own sessions, the oldest
 * first, and never those of others. */
void handoff_session_cache_put (HandoffSessionCache *self,
                                HandoffSessionCacheKey *key,
                                gboolean single_use,
                                gpointer data,
                                guint lifetime,
                                gint64 verified_at);
/* (transfer full) (nullable): secret memory: the newest session of that key, which is not in the
 * cache any more; NULL if there is none. verified_at: (out). */
gpointer handoff_session_cache_take (HandoffSessionCache *self,
                                     HandoffSessionCacheKey *key,
                                     gint64 *verified_at);

/* All sessions of that key. */
void handoff_session_cache_remove (HandoffSessionCache *self, HandoffSessionCacheKey *key);
/* All sessions that only bus_name could resume. */
void handoff_session_cache_remove_all_of (HandoffSessionCache *self, const char *bus_name);
void handoff_session_cache_clear (HandoffSessionCache *self);
/* Wipes what has expired. The main loop does it by itself when the time comes. */
void handoff_session_cache_sweep (HandoffSessionCache *self);
guint handoff_session_cache_get_size (HandoffSessionCache *self);
