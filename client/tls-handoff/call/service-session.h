/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* A session object in the service. In a forked child, nothing is said to it any more. What is said
 * to it goes to the process that made it, and to no other that has the service's name meanwhile.
 * Immutable. */

typedef struct _HandoffServiceSession HandoffServiceSession;

/* reply: the one that brought the path */
HandoffServiceSession *
handoff_service_session_new (GDBusConnection *connection, GDBusMessage *reply, const char *path);
HandoffServiceSession *handoff_service_session_ref (HandoffServiceSession *self);
void handoff_service_session_unref (HandoffServiceSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffServiceSession, handoff_service_session_unref)

/* Calls a method of the session object, and waits without blocking for as long as the service
 * takes. body: a tuple, consumed if floating. */
void handoff_service_session_call_async (HandoffServiceSession *self,
                                         const char *method,
                                         GVariant *body,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
/* source: what the callback got. NULL with an error as handoff_service_call_check_reply() makes it,
 * or a reply with a body of that type. */
GDBusMessage *handoff_service_session_call_finish (GObject *source,
                                                   GAsyncResult *result,
                                                   const char *reply_type,
                                                   GError **error);

/* Whether anything can be said to it: not in a forked child. To be asked before a GVariant is made:
 * for that, too, GLib has a mutex that a thread of the parent may have held. */
gboolean handoff_service_session_is_usable (HandoffServiceSession *self);

/* Says something to it that has no reply: Close, PostHandshake. From any thread; waits for nothing,
 * and nothing depends on its arrival. body: (nullable): a tuple, consumed if floating */
void handoff_service_session_tell (HandoffServiceSession *self, const char *method, GVariant *body);
