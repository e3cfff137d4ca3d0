/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "channel/channel-replies.h"

/* What is left of channels that have ended while key blobs that were sent on them are not read: the
 * kernel counts their descriptors against the service's user as long as they lie in the socket of
 * an application, which may keep that open for as long as it likes. Closing our end gives none of
 * them back, so it stays open, the only way to see what is unread, and everything goes on to count
 * for the channel's user: otherwise opening channels and breaking their rules would get him around
 * his share. Main thread only. */
typedef struct _HandoffChannelRemains HandoffChannelRemains;

HandoffChannelRemains *handoff_channel_remains_new (void);
/* Closes all. */
void handoff_channel_remains_free (HandoffChannelRemains *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffChannelRemains, handoff_channel_remains_free)

/* Closes the channel's socket, once all that was sent on it is read or its other end is closed. fd,
 * replies, place: (transfer full): the socket, its way back, and the place of the channel. uid:
 * whose descriptors lie in it that nobody has received. */
void handoff_channel_remains_add (HandoffChannelRemains *self,
                                  int fd,
                                  HandoffChannelReplies *replies,
                                  HandoffPlace *place,
                                  guint uid);
