/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "caller/quota.h"
#include "keyblob/channel-message.h"
#include "keyblob/channel-seal.h"

/* The way back of a channel. Replies go out in the order in which they are given here, and the key
 * blobs in them are sealed in that order: sealing and sending are one step. What the application
 * does not read waits here; its calls stay under way meanwhile, so it can only fill its own share.
 *
 * Descriptors that were sent and not read are the kernel's burden, which it counts against the
 * service's user: so each user has a share of them, too, and what would exceed it waits.
 *
 * Never blocks. Any thread. */
typedef struct _HandoffChannelReplies HandoffChannelReplies;

/* Descriptors of key blobs that were sent and are not read yet: of one user, and in all. */
#define HANDOFF_CHANNEL_UNREAD_PER_USER 1024
#define HANDOFF_CHANNEL_UNREAD 16384

typedef struct
{
  guint32 serial;
  HandoffChannelKind kind; /* REPLY or ERROR */
  GVariant *body;          /* (owned): a tuple */
  /* Of a reply, at most one of the two: what its only handle, 0, means. */
  int fd;                /* (owned): -1: none */
  HandoffKeyState *keys; /* (owned) (nullable): to be sealed */
  HandoffPlace *place;   /* (owned) (nullable): held until the reply was sent */
} HandoffChannelReply;

/* Lets go of what it owns. */
void handoff_channel_reply_clear (HandoffChannelReply *self);

/* What is to be done about the replies that wait. */
typedef enum
{
  HANDOFF_CHANNEL_FLOW_FREE,   /* none waits */
  HANDOFF_CHANNEL_FLOW_STUCK,  /* flush when the socket is writable */
  HANDOFF_CHANNEL_FLOW_HELD,   /* flush after a while */
  HANDOFF_CHANNEL_FLOW_BROKEN, /* nothing can be sent any more: none waits */
} HandoffChannelFlow;

/* sent: called for each reply that was sent, or dropped; the lock is held: it may take leaf locks
 * alone. */
typedef void (*HandoffChannelSentFunc) (guint32 serial, gpointer user_data);

/* socket: (unowned). sealer: (transfer full). unread: (unowned): the quota of descriptors. uid: the
 * caller's */
HandoffChannelReplies *handoff_channel_replies_new (int socket,
                                                    HandoffBlobSealer *sealer,
                                                    HandoffQuota *unread,
                                                    guint uid,
                                                    HandoffChannelSentFunc sent,
                                                    gpointer user_data);
void handoff_channel_replies_free (HandoffChannelReplies *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffChannelReplies, handoff_channel_replies_free)

/* reply: what it owns is taken. */
HandoffChannelFlow handoff_channel_replies_send (HandoffChannelReplies *self,
                                                 HandoffChannelReply *reply);
HandoffChannelFlow handoff_channel_replies_flush (HandoffChannelReplies *self);
HandoffChannelFlow handoff_channel_replies_get_flow (HandoffChannelReplies *self);
/* Nothing more can be sent. Drops what waits, and calls nobody. */
void handoff_channel_replies_give_up (HandoffChannelReplies *self);
/* How many descriptors that were sent are perhaps not read: 0 once none is. */
guint handoff_channel_replies_count_unread (HandoffChannelReplies *self);
