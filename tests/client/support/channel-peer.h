/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-channel.h"
#include "keyblob/channel-message.h"
#include "keyblob/channel-seal.h"

/* The service's end of a channel, in the hands of a test. */
typedef struct
{
  int socket;                /* (owned): -1 when it was closed */
  HandoffBlobSealer *sealer; /* (owned) */
  guint8 *buffer;            /* (owned) */
} ChannelPeer;

/* Both ends. (transfer full): the library's */
HandoffServiceChannel *channel_peer_new (ChannelPeer *self);
/* What a reply of OpenChannel() brings. socket: (out) (transfer full): the library's end */
void channel_peer_open (ChannelPeer *self,
                        const guint8 recipient_key[HANDOFF_HPKE_KEY_SIZE],
                        guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                        int *socket);
void channel_peer_close (ChannelPeer *self);
void channel_peer_clear (ChannelPeer *self);

/* Waits for the next message, which the caller clears. FALSE at the end of the channel. */
gboolean channel_peer_receive (ChannelPeer *self, HandoffChannelMessage *message);
/* Whether there is none. */
gboolean channel_peer_is_quiet (ChannelPeer *self);
/* Sends; waits until there is room. body: a tuple, consumed if floating */
void channel_peer_send (ChannelPeer *self,
                        HandoffChannelKind kind,
                        guint32 serial,
                        GVariant *body,
                        const int *fds,
                        guint n_fds);
/* The next key blob of the channel. (transfer full): its descriptor. mark: something to know its
 * keys by */
int channel_peer_seal (ChannelPeer *self, const char *mark);
/* The same with a key blob, the next of the channel. */
void channel_peer_send_blob (ChannelPeer *self, guint32 serial, GVariant *body, const char *mark);
/* Whether reply has the keys with that mark. */
gboolean channel_peer_has_mark (const HandoffReply *reply, const char *mark);
