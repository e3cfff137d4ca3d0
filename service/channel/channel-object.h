/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/grants.h"
#include "call/call-context.h"
#include "channel/channel-remains.h"
#include "channel/channel-replies.h"

/* What a channel is made of, for the files of this folder. channel.h says what it is. */
typedef struct _HandoffChannel HandoffChannel;
typedef void (*HandoffChannelFunc) (HandoffChannel *channel, gpointer user_data);

/* What all channels have in common. (unowned): outlives them */
typedef struct
{
  const HandoffCallContext *context; /* the main thread's */
  HandoffQuota *unread;              /* see channel-replies.h */
  HandoffChannelRemains *remains;
} HandoffChannelSupport;

/* Why a channel ends. */
typedef enum
{
  /* The service ends: what was sent is answered, and nothing more can be sent. */
  HANDOFF_CHANNEL_END_SERVICE,
  /* Its caller has left the bus: what he sent before is still done, as far as it is done at once.
   */
  HANDOFF_CHANNEL_END_CALLER,
  /* Nobody is at the other end, or somebody broke the rules. */
  HANDOFF_CHANNEL_END_PEER,
} HandoffChannelEnd;

/* A call that is under way: channel-call.h. */
typedef struct _HandoffChannelCall HandoffChannelCall;

/* Where calls of a channel are done: on one of its user's workers. It is there as long as a call or
 * a session of the channel's is at home there. Reference-counted. */
typedef struct
{
  gatomicrefcount ref_count;
  HandoffChannel *channel;         /* (owned) */
  HandoffSessionContext *sessions; /* (owned): the home of its sessions, with its worker */
  /* With these sessions; does not change. (owned): its known_options */
  HandoffCallContext context;

  /* Under the channel's lock: */
  guint n_calls; /* that are under way here */
  guint n_stays; /* calls, and calls that have ended but whose sessions have not */
} HandoffChannelHome;

/* Threads: what is below the first line belongs to the worker that reads; the lock covers what is
 * below the second. The rest does not change. The lock is a leaf. */
struct _HandoffChannel
{
  gatomicrefcount ref_count;
  HandoffChannelSupport support;
  HandoffCaller *caller; /* (owned) */
  HandoffGrants *grants; /* (owned) */
  HandoffPlace *place;   /* (owned) */
  HandoffSeat *seat;     /* (owned): on the worker that reads */
  int fd;                /* (owned) */
  /* On the worker that reads: does what has to be done now; closes it. */
  void (*go_on) (HandoffChannel *self);
  void (*end) (HandoffChannel *self, HandoffChannelEnd end);
  HandoffChannelFunc closed;
  gpointer closed_data;           /* (unowned) */
  HandoffChannelReplies *replies; /* (owned) (nullable): NULL before it starts */

  /* ---- */
  HandoffWatch *watch;  /* (owned) (nullable): NULL before it starts, and once it is closed */
  gboolean is_retrying; /* it has a deadline */
  GVariant *known; /* (owned) (nullable): the body of the last call with a socket, if it is small */
  HandoffChannelMessage parked; /* (owned): a call that is one too many, if it has a body */

  /* ---- */
  GMutex mutex;
  gboolean is_closed;     /* nothing begins any more */
  gboolean is_waited_for; /* the worker wants to hear when a call has ended */
  guint n_calls;          /* under way: their replies have not been sent */
  GHashTable *calls; /* (owned) (element-type HandoffChannelCall): a set of those that are there */
  /* (owned) (element-type guint32 HandoffChannelCall): serials under way; the call is NULL when
   * only its reply waits */
  GHashTable *serials;
  GHashTable *sessions; /* (owned) (element-type utf8 HandoffChannelHome): (unowned) homes, by id */
  /* (owned) (element-type HandoffChannelHome): the first one's worker is the one that reads. Empty
   * once the channel is closed. */
  GPtrArray *homes;
  gboolean is_growing; /* the main thread has been asked for another home */
  gboolean is_grown;   /* there are no more workers for this user */
};

/* Any thread. */
HandoffChannel *handoff_channel_ref (HandoffChannel *self);
void handoff_channel_unref (HandoffChannel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffChannel, handoff_channel_unref)
/* The worker that reads. */
HandoffWorker *handoff_channel_get_worker (HandoffChannel *self);
/* Something has changed that the worker that reads waits for. Any thread. */
void handoff_channel_wake (HandoffChannel *self);
/* Soon. All that is under way is cancelled, and all its sessions end. Any thread. */
void handoff_channel_close (HandoffChannel *self, HandoffChannelEnd end);

/* Gives the descriptors that are left to the reaper, as uid's. */
void handoff_channel_message_reap (HandoffChannelMessage *message, guint uid);
