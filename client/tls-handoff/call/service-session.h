/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-channel.h"

/* A session in the service. Calls go to the process that made it, on the way on which it was made:
 * a session of a channel is known on that channel alone; one of the bus, to the process that made
 * the object, and not to another that has the service's name since then. A forked child makes no
 * calls. Immutable. */

typedef struct _HandoffServiceSession HandoffServiceSession;

/* reply: the reply in which the service told path */
HandoffServiceSession *handoff_service_session_new (HandoffReply *reply, const char *path);
HandoffServiceSession *handoff_service_session_ref (HandoffServiceSession *self);
void handoff_service_session_unref (HandoffServiceSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffServiceSession, handoff_service_session_unref)

/* Whether its key blobs are opened as they arrive, so that a recipient key is not needed. */
gboolean handoff_service_session_opens_blobs (HandoffServiceSession *self);

/* Calls a method of the session, and waits without blocking for as long as the service takes: func
 * is called in the thread-default main context, later. body: a tuple, consumed if floating. fds:
 * (nullable): what body's handles mean. interactive: whether the service may ask the user for a
 * password. reply_type: static: of the reply's body; anything else is an error */
void handoff_service_session_call_async (HandoffServiceSession *self,
                                         const char *method,
                                         GVariant *body,
                                         GUnixFDList *fds,
                                         gboolean interactive,
                                         const char *reply_type,
                                         GCancellable *cancellable,
                                         HandoffReplyFunc func,
                                         gpointer user_data);

/* Whether calls can be made: not in a forked child. Ask before you make a GVariant: GLib locks a
 * mutex for that, which a thread of the parent may have held. */
gboolean handoff_service_session_is_usable (HandoffServiceSession *self);

/* Calls a method without a reply: Close, PostHandshake. On any thread. Does not wait, and nothing
 * depends on the arrival of the call. body: (nullable): a tuple, consumed if floating */
void handoff_service_session_tell (HandoffServiceSession *self, const char *method, GVariant *body);
