/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/bus-context.h"

/* org.freedesktop.DBus.ObjectManager, and PropertiesChanged: who has called GetManagedObjects() is
 * told of what becomes of his objects, until he leaves the bus. Nobody else is: a signal that
 * nobody asked for would cost each caller of a handshake something. Each is shown his own: the
 * credentials of his user, and the sessions that he may use. Of a user, so many programs can
 * watch (TLS_HANDOFF_ERROR_LIMIT_REACHED); what looking costs has limits in object-turns.h; what a
 * watcher does not read counts like replies, and is dropped sooner (guard/bus-replies.h).
 *
 * When something may have changed for a user, each of his watchers is shown the difference between
 * what he was told last and what is now. What came and went in between, nobody hears of. */
typedef struct _HandoffObjectWatch HandoffObjectWatch;

/* connection, context: (unowned): outlive it */
HandoffObjectWatch *handoff_object_watch_new (GDBusConnection *connection,
                                              const HandoffCallContext *context);
void handoff_object_watch_free (HandoffObjectWatch *self);

/* GetManagedObjects(). call: (transfer full) */
void handoff_object_watch_run (HandoffCall *call, const HandoffCallContext *context);
/* A session, or a credential, of that user may be another than it was, or be gone, or have come.
 * self: (nullable): NULL while the service ends */
void handoff_object_watch_note (HandoffObjectWatch *self, guint uid);
/* Of all users: the configuration, say, has changed. */
void handoff_object_watch_note_all (HandoffObjectWatch *self);
/* He has left the bus. */
void handoff_object_watch_forget (HandoffObjectWatch *self, HandoffCaller *caller);
