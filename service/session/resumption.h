/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "resumption/resumption-store.h"
#include "session/session.h"

/* Session resumption at a home: what a handshake may resume, and what it leaves for later ones. The
 * store is shared by all homes; the windows in which sessions wait for TLS 1.3 tickets are of this
 * one. At home. */
typedef struct _HandoffResumption HandoffResumption;

/* home: (unowned) (nullable): NULL for the main thread. store: (unowned). closed: called when a
 * session's window has closed, unless by handoff_resumption_forget(). */
HandoffResumption *handoff_resumption_new (HandoffWorker *home,
                                           HandoffResumptionStore *store,
                                           HandoffSessionFunc closed,
                                           gpointer user_data);
void handoff_resumption_free (HandoffResumption *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffResumption, handoff_resumption_free)

/* After the store was configured anew: closes the windows whose tickets it takes no more. */
void handoff_resumption_close_outdated (HandoffResumption *self);
/* Before the handshake: tells request what to resume and what to keep, as far as options and
 * configuration allow it, and tells session the key in the cache. */
void handoff_resumption_prepare (HandoffResumption *self,
                                 HandoffSession *session,
                                 HandoffHandshakeRequest *request);
/* After the handshake: keeps what it left for later ones, or waits for it. */
void handoff_resumption_keep (HandoffResumption *self,
                              HandoffSession *session,
                              HandoffHandshakeProgress *progress);
/* Tickets of session's connection; ignored if its window is closed. The first tickets close it.
 * TLS_HANDOFF_ERROR_INVALID_ARGUMENT if the messages are no tickets. */
gboolean handoff_resumption_take_tickets (HandoffResumption *self,
                                          HandoffSession *session,
                                          const guint8 *messages,
                                          gsize size,
                                          GError **error);
/* The handshake failed. If the reason was the session that it tried to resume, others like it would
 * fail as well: forgets them, so that the next handshake is a full one. */
void handoff_resumption_failed (HandoffResumption *self, HandoffSession *session);
/* The session goes: its window closes. */
void handoff_resumption_forget (HandoffResumption *self, HandoffSession *session);
/* Stops the timer: no window is open. */
void handoff_resumption_rest (HandoffResumption *self);
