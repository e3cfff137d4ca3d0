/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "channel/channel-object.h"

/* The way in of a channel: reads messages and begins what they call for, a few in one turn of the
 * worker, which has others' handshakes to do as well. Does not read while replies wait that the
 * application does not read, while it has made a call too many, or while its user's descriptors
 * cannot be closed. */

/* On the worker that reads. */
gboolean handoff_channel_reader_start (HandoffChannel *channel, GError **error);
/* Does what can be done now, and waits for the rest. Nothing, once it has ended. Likewise. */
void handoff_channel_reader_go_on (HandoffChannel *channel);
/* Reads no more, and does with what was sent what that end asks for. On the worker that reads. */
void handoff_channel_reader_end (HandoffChannel *channel, HandoffChannelEnd end);
