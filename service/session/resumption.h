/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "session/session.h"

/* Session resumption: what a handshake may resume, and what it leaves for later ones. Owns the one
 * cache, and watches over the windows in which TLS 1.3 tickets are waited for. Main thread. */
typedef struct _HandoffResumption HandoffResumption;

/* closed: called when a session's window has closed, unless by handoff_resumption_forget(). */
HandoffResumption *handoff_resumption_new (HandoffSessionFunc closed, gpointer user_data);
void handoff_resumption_free (HandoffResumption *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffResumption, handoff_resumption_free)

/* After the configuration was read: what was kept, or is waited for, under the old one is
 * forgotten.
 */
void handoff_resumption_configure (HandoffResumption *self, HandoffTlsPolicy *policy);
/* Before the handshake: tells request what to resume and what to keep, as far as its options and
 * the configuration have it on, and session under which key. */
void handoff_resumption_prepare (HandoffResumption *self,
                                 HandoffSession *session,
                                 HandoffHandshakeRequest *request);
/* After it: what the handshake left is kept, or waited for. */
void handoff_resumption_keep (HandoffResumption *self,
                              HandoffSession *session,
                              HandoffHandshakeProgress *progress);
/* Tickets of session's connection; ignored if its window is closed. The first close it.
 * TLS_HANDOFF_ERROR_INVALID_ARGUMENT if they are none. */
gboolean handoff_resumption_take_tickets (HandoffResumption *self,
                                          HandoffSession *session,
                                          const guint8 *messages,
                                          gsize size,
                                          GError **error);
/* Or it failed. If that was because of the session that it tried to resume, those like it would
 * fail as well: they are forgotten, and the next handshake is a full one. */
void handoff_resumption_failed (HandoffResumption *self, HandoffSession *session);
/* The session goes: its window closes. */
void handoff_resumption_forget (HandoffResumption *self, HandoffSession *session);
/* The caller goes: what only he may resume goes with him. */
void handoff_resumption_forget_caller (HandoffResumption *self, HandoffCaller *caller);
/* How many sessions could be resumed. */
guint handoff_resumption_get_n_sessions (HandoffResumption *self);
