/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "resumption/server-tickets.h"
#include "resumption/session-cache.h"

/* What the handshakes of all users have left for later ones: sessions that clients can resume, and
 * the key of the tickets that servers give. Each call says under which configuration its handshake
 * began: from the moment of a reload nothing that was kept before is given out, and nothing of a
 * handshake from before is kept. Any thread. */
typedef struct _HandoffResumptionStore HandoffResumptionStore;

HandoffResumptionStore *handoff_resumption_store_new (void);
/* Main thread. */
void handoff_resumption_store_free (HandoffResumptionStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffResumptionStore, handoff_resumption_store_free)

/* Another configuration is in force: wipes all that was kept. serial: of its policy. maximum_age:
 * seconds from the verification of a peer to the end of what goes back to it. */
void handoff_resumption_store_configure (HandoffResumptionStore *self,
                                         guint64 serial,
                                         guint maximum_age);
/* Whether the configuration with that serial is in force. */
gboolean handoff_resumption_store_is_in_force (HandoffResumptionStore *self, guint64 serial);

/* See handoff_session_cache_put() and _take(). */
void handoff_resumption_store_put (HandoffResumptionStore *self,
                                   guint64 serial,
                                   HandoffSessionCacheKey *key,
                                   gboolean single_use,
                                   gpointer data,
                                   guint lifetime,
                                   gint64 verified_at);
gpointer handoff_resumption_store_take (HandoffResumptionStore *self,
                                        guint64 serial,
                                        HandoffSessionCacheKey *key,
                                        gint64 *verified_at);
/* See handoff_server_tickets_derive_secret(). */
guint8 *handoff_resumption_store_derive_secret (HandoffResumptionStore *self,
                                                guint64 serial,
                                                GVariant *conditions);

/* All sessions of that key; all that only bus_name could resume. */
void handoff_resumption_store_remove (HandoffResumptionStore *self, HandoffSessionCacheKey *key);
void handoff_resumption_store_remove_all_of (HandoffResumptionStore *self, const char *bus_name);
/* How many sessions can be resumed. */
guint handoff_resumption_store_get_size (HandoffResumptionStore *self);
