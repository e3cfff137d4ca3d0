/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "channel/channel-object.h"
#include "session/session-home.h"

/* Main thread. seat: (transfer full) */
HandoffChannelHome *handoff_channel_home_new (HandoffChannel *channel, HandoffSeat *seat);
/* Any thread. */
HandoffChannelHome *handoff_channel_home_ref (HandoffChannelHome *self);
void handoff_channel_home_unref (HandoffChannelHome *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffChannelHome, handoff_channel_home_unref)

HandoffWorker *handoff_channel_home_get_worker (HandoffChannelHome *self);
/* Ends its sessions, soon. Any thread. */
void handoff_channel_home_close (HandoffChannelHome *self);
/* Ends the session with that id, soon, if it is still there. Any thread. */
void handoff_channel_home_end_session (HandoffChannelHome *self, const char *id);

/* Where a new call is to be done: where the channel has least to do; where it is read, if that is
 * nothing. If all have something to do, asks for one more for the next call. makes_session: what it
 * begins goes on in calls that come later: then sessions count, and not only the calls of now.
 * (transfer none): the channel's lock is held. (nullable): NULL if the channel is closed */
HandoffChannelHome *handoff_channel_choose_home (HandoffChannel *channel, gboolean makes_session);

/* What a call keeps, and after it the session that it made: its home, and the session's name on the
 * channel. */
typedef struct _HandoffChannelStay HandoffChannelStay;

/* The channel's lock is held. */
HandoffChannelStay *handoff_channel_stay_new (HandoffChannelHome *home);
/* Any thread. */
void handoff_channel_stay_free (HandoffChannelStay *self);
/* The call made that session. The channel's lock is held. */
void handoff_channel_stay_set_session (HandoffChannelStay *self, const char *id);
