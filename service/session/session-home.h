/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "session/session-context.h"

/* Makes and ends the homes of sessions (session-context.h). */

/* The main thread's: what all homes share is there already. Main thread. */
void handoff_session_home_init (HandoffSessionContext *self);
void handoff_session_home_clear (HandoffSessionContext *self);

/* A worker's, which shares what main has. seat: (transfer full). grants: (nullable): of its
 * channel. Main thread. (transfer full) */
HandoffSessionContext *handoff_session_home_new (const HandoffSessionContext *main,
                                                 HandoffSeat *seat,
                                                 HandoffGrants *grants);
/* A worker's, on any thread. Each session holds it until its handshake has ended. The main thread's
 * is there as long as the service: a reference to it means nothing, but is allowed. */
HandoffSessionContext *handoff_session_home_ref (const HandoffSessionContext *self);
void handoff_session_home_unref (HandoffSessionContext *self);

/* Ends all sessions. At home. Those of a worker have ended when this returns, but for one whose
 * reply is being made further up the stack. */
void handoff_session_home_close (HandoffSessionContext *self);

/* (transfer full): on a worker for that user: on the home itself, if it is one. At home. */
HandoffSeat *handoff_session_context_take_seat (const HandoffSessionContext *self, guint uid);

/* All homes that are workers, so that what happens to all sessions reaches them. Main thread. */
typedef struct _HandoffSessionHomes HandoffSessionHomes;

HandoffSessionHomes *handoff_session_homes_new (void);
void handoff_session_homes_free (HandoffSessionHomes *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSessionHomes, handoff_session_homes_free)

/* home: (transfer none): kept until it is removed. */
void handoff_session_homes_add (HandoffSessionHomes *self, HandoffSessionContext *home);
void handoff_session_homes_remove (HandoffSessionHomes *self, HandoffSessionContext *home);

/* Each sends the homes word, and returns before they hear it; until then they are there, and the
 * service does not end. The store neither takes nor gives what is outdated, whether they have heard
 * or not. */

/* Another configuration is in force: see handoff_resumption_close_outdated(). */
void handoff_session_homes_close_outdated (HandoffSessionHomes *self);
/* See handoff_session_store_remove_all_of(). */
void handoff_session_homes_remove_all_of (HandoffSessionHomes *self, HandoffCaller *caller);
/* See handoff_session_home_close(). */
void handoff_session_homes_close (HandoffSessionHomes *self);
