/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "channel/channel-object.h"

/* A channel: the service's end of a socket pair, whose other end an application has. It takes the
 * calls of handshakes and sessions, and answers them, on a worker of its caller's user, which reads
 * the messages; the main thread has no part in a call that needs none of its answers. When that
 * worker has something to do, calls go to others of the user's too.
 *
 * What is done on a channel is done for the caller who opened it, whoever has the other end now.
 * Its sessions are its own: they do not exist on the bus, and end with it.
 *
 * Reference-counted. */

/* Main thread. support, grants' book: outlive it. caller: (transfer none). grants: (transfer full).
 * place: (transfer full): held as long as there is the channel. seat: (transfer full): on the
 * worker that is to read it. fd: (transfer full): the service's end, non-blocking. */
HandoffChannel *handoff_channel_new (const HandoffChannelSupport *support,
                                     HandoffCaller *caller,
                                     HandoffGrants *grants,
                                     HandoffPlace *place,
                                     HandoffSeat *seat,
                                     int fd);
/* Begins to read. Once, on the worker that reads. sealer: (transfer full) */
gboolean handoff_channel_start (HandoffChannel *self, HandoffBlobSealer *sealer, GError **error);
/* Any thread. */
HandoffCaller *handoff_channel_get_caller (HandoffChannel *self);
/* closed: called on the main thread when it has been closed, before the last reference goes.
 * Main thread, before it starts. */
void handoff_channel_set_closed_func (HandoffChannel *self,
                                      HandoffChannelFunc closed,
                                      gpointer user_data);
