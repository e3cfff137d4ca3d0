/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshaker-object.h"

/* Channels that a handshaker has. The broker makes the socket pair, gives one end away to each
 * side, and has none. */

#define HANDOFF_RECIPIENT_KEY_BYTES 32

GHashTable *handoff_relayed_channels_new (void);

/* What an application gets, or why it does not. fd: (transfer full): its end. */
typedef void (*HandoffChannelOpenedFunc) (int fd,
                                          GVariant *encapsulated_key,
                                          const GError *error,
                                          gpointer user_data);

/* place: (transfer full): held as long as anything is left of the channel. */
void handoff_handshaker_open_channel (HandoffHandshaker *self,
                                      HandoffCaller *caller,
                                      GVariant *recipient_key,
                                      HandoffPlace *place,
                                      HandoffChannelOpenedFunc opened,
                                      gpointer user_data);

/* For HANDOFF_HANDSHAKER_CHANNEL_OVER. */
void handoff_handshaker_take_channel_over (HandoffHandshaker *self, HandoffLinkMessage *message);
