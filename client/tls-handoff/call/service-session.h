/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

/* A session object in the service. Calls go to the process that made the object, and not to another
 * process that has the service's name since then. A forked child makes no calls. Immutable. */

typedef struct _HandoffServiceSession HandoffServiceSession;

/* reply: the reply in which the service told path */
HandoffServiceSession *
handoff_service_session_new (GDBusConnection *connection, GDBusMessage *reply, const char *path);
HandoffServiceSession *handoff_service_session_ref (HandoffServiceSession *self);
void handoff_service_session_unref (HandoffServiceSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffServiceSession, handoff_service_session_unref)

/* Calls a method of the session object, and waits without blocking for as long as the service
 * takes. body: a tuple, consumed if floating. fds: (nullable): what body's handles mean.
 * interactive: whether the service may ask the user for a password */
void handoff_service_session_call_async (HandoffServiceSession *self,
                                         const char *method,
                                         GVariant *body,
                                         GUnixFDList *fds,
                                         gboolean interactive,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
/* source: what the callback got. NULL with an error as handoff_service_call_check_reply() makes it,
 * or a reply with a body of that type. */
GDBusMessage *handoff_service_session_call_finish (GObject *source,
                                                   GAsyncResult *result,
                                                   const char *reply_type,
                                                   GError **error);

/* Whether calls can be made: not in a forked child. Ask before you make a GVariant: GLib locks a
 * mutex for that, which a thread of the parent may have held. */
gboolean handoff_service_session_is_usable (HandoffServiceSession *self);

/* Calls a method without a reply: Close, PostHandshake. On any thread. Does not wait, and nothing
 * depends on the arrival of the call. body: (nullable): a tuple, consumed if floating */
void handoff_service_session_tell (HandoffServiceSession *self, const char *method, GVariant *body);
