/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "trust/trust-store.h"

/* The trust stores of handshakes that brought their own authorities along: a server's for its
 * clients, an application's own. They bring the same ones each time, and to parse one takes a tenth
 * of a handshake. Any thread. */
typedef struct _HandoffAnchorStores HandoffAnchorStores;

/* A parsed certificate takes ten times its size. Larger lists are parsed each time. */
#define HANDOFF_ANCHOR_STORES_MAX_SIZE 8192
#define HANDOFF_ANCHOR_STORES_MAX_PER_USER 4
#define HANDOFF_ANCHOR_STORES_MAX_TOTAL 32
#define HANDOFF_ANCHOR_STORES_MAX_AGE (10 * 60) /* seconds of boot time */

HandoffAnchorStores *handoff_anchor_stores_new (void);
void handoff_anchor_stores_free (HandoffAnchorStores *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffAnchorStores, handoff_anchor_stores_free)

/* As handoff_trust_store_new_for_anchors(), or the store that this made for uid before. digest: a
 * SHA-256 of the anchors. (transfer full) */
HandoffTrustStore *handoff_anchor_stores_get (HandoffAnchorStores *self,
                                              guint uid,
                                              GPtrArray *anchors,
                                              const guint8 digest[32],
                                              GError **error);
