/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-channel.h"

#include "keyblob/channel-message.h"

/* What service-channel.c shares with the two ways to wait: service-channel-sync.c for threads that
 * block, service-channel-async.c for main contexts.
 *
 * Lock order: read_lock, then lock. Under lock, main contexts are woken and nothing waits. */

/* A call that waits for its reply, or to be sent. All with the channel's lock, but what is said to
 * be constant. */
typedef struct _HandoffWaiting HandoffWaiting;
struct _HandoffWaiting
{
  GVariant *packed;                    /* (owned) (nullable): until it was sent */
  GUnixFDList *fds;                    /* (owned) (nullable): likewise */
  guint32 serial;                      /* constant */
  gboolean sent;                       /* it is on its way, or came to its end */
  gboolean done;                       /* with one of the two: */
  HandoffReply *reply;                 /* (owned) (nullable) */
  GError *error;                       /* (owned) (nullable) */
  void (*wake) (HandoffWaiting *self); /* constant: it is done, or has to do something */
};

struct _HandoffServiceChannel
{
  gatomicrefcount ref_count;
  pid_t process; /* the one that made it */
  int socket;    /* (owned) */

  GMutex read_lock;          /* what came is read, opened and handed out in one step */
  guint8 *buffer;            /* (owned): with read_lock */
  HandoffBlobOpener *opener; /* (owned): with read_lock */

  GMutex lock;
  GHashTable *calls; /* (owned): serial to HandoffWaiting, not owned, or to &abandoned */
  guint32 last_serial;
  guint32 last_sent;   /* serial of the last message that was sent; 0: it was no call */
  GQueue told;         /* (element-type GVariant): owned; messages that are still to be sent */
  gboolean unusable;   /* nothing more can be sent */
  gboolean was_reset;  /* the service has not read last_sent */
  GQueue blocking;     /* calls whose threads wait; the first one reads */
  GHashTable *watches; /* (owned): GMainContext to the watch in it, both not owned */
};

/* Makes a call known. With lock. call: its arguments are consumed. waiting: zeros but for wake */
void handoff_channel_register (HandoffServiceChannel *self,
                               HandoffWaiting *waiting,
                               const HandoffChannelCall *call);
/* Sends it, if that can be done at once; else WOULD_BLOCK or CROWDED. Anything else is an end of
 * the call that waiting has. With lock. */
HandoffPacketStatus handoff_channel_send (HandoffServiceChannel *self, HandoffWaiting *waiting);
/* Lets nobody wait any more, and tells the service. waiting: not done; it is then, with the error
 * of cancellable, which may be NULL. With lock. */
void handoff_channel_abandon (HandoffServiceChannel *self,
                              HandoffWaiting *waiting,
                              GCancellable *cancellable);
/* Reads one message and hands it out. FALSE if there is none. With read_lock, without lock. */
gboolean handoff_channel_read (HandoffServiceChannel *self);

/* The error that a call ended with; that of cancellable (nullable), if it was cancelled: whoever
 * cancels a handshake ends its connection as well, and the service may have been faster to say so.
 * Without lock. (transfer full) (nullable) */
GError *handoff_waiting_take_error (HandoffWaiting *self, GCancellable *cancellable);
void handoff_waiting_clear (HandoffWaiting *self);

/* After that many milliseconds a call that is CROWDED is sent again. */
#define HANDOFF_CHANNEL_CROWDED_PAUSE 10
