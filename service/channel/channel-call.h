/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "channel/channel-home.h"

/* A call that came on a channel. It is under way from the moment when it was read until its reply
 * was sent; it ends on whichever thread. */

/* What came: a message of the kind CALL. Takes what it owns: (transfer full). The worker that
 * reads. Begins it where it is to be done, or answers it at once with what is wrong with it. FALSE
 * if the message breaks the rules of the channel. */
gboolean handoff_channel_call_begin (HandoffChannel *channel, HandoffChannelMessage *message);
/* Answers it with the error that nothing was begun, since the service ends. Likewise. */
void handoff_channel_call_refuse (HandoffChannel *channel, HandoffChannelMessage *message);

/* Nobody waits any more for the call with that serial, if it is under way: it ends soon, and its
 * session with it, and is answered with CANCELLED. Any thread. */
void handoff_channel_call_cancel (HandoffChannel *channel, guint32 serial);
/* All that are under way, once the channel is closed. Any thread. */
void handoff_channel_call_cancel_all (HandoffChannel *channel);

/* For replies: HandoffChannelSentFunc. user_data: the channel */
void handoff_channel_call_sent (guint32 serial, gpointer user_data);
