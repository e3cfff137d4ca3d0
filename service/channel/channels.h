/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "channel/channel.h"

/* All channels of this process: opens them, and closes them when their callers leave or the service
 * ends. A channel with nothing under way keeps nothing running. Main thread. */
typedef struct _HandoffChannels HandoffChannels;

/* context: (unowned): the main thread's; it outlives self and all channels. */
HandoffChannels *handoff_channels_new (const HandoffCallContext *context);
/* No channel may be left. */
void handoff_channels_free (HandoffChannels *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffChannels, handoff_channels_free)

/* place, fd: (transfer full): a place for it, and the service's end of a pair of SOCK_SEQPACKET
 * sockets, non-blocking; the caller has the other one. recipient_key: the application's one-time
 * public key. Fails with TLS_HANDOFF_ERROR_INVALID_ARGUMENT for a bad key; the channel has ended
 * then. */
void handoff_channels_open_async (HandoffChannels *self,
                                  HandoffCaller *caller,
                                  HandoffPlace *place,
                                  int fd,
                                  const guint8 recipient_key[HANDOFF_HPKE_KEY_SIZE],
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
/* encapsulated_key: (out) */
gboolean handoff_channels_open_finish (HandoffChannels *self,
                                       GAsyncResult *result,
                                       guint8 encapsulated_key[HANDOFF_HPKE_KEY_SIZE],
                                       GError **error);

/* The channels of that caller end: he has left. */
void handoff_channels_close_all_of (HandoffChannels *self, HandoffCaller *caller);
/* The service ends: so do all channels. Each holds the idle timer until nothing is left of it. */
void handoff_channels_close_all (HandoffChannels *self);
