/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-bus.h"
#include "support/channel-peer.h"

/* A service on a bus of its own, which gives channels as a test wants, and counts what comes on
 * which way. Each call is answered with a string: “channel” and the path, or “bus”. */

/* What the service does when it is asked for a channel. */
typedef enum
{
  CHANNEL_OPEN,           /* gives one that answers */
  CHANNEL_OPEN_CLOSED,    /* gives one that it has closed */
  CHANNEL_OPEN_UNREAD,    /* gives one, waits for a call, and closes it without having read that */
  CHANNEL_OPEN_DROPS,     /* gives one, reads a call, and closes it */
  CHANNEL_OPEN_ONCE,      /* gives one that ends after one answer */
  CHANNEL_OPEN_STREAM,    /* gives a socket of another kind */
  CHANNEL_OPEN_NO_FD,     /* gives none */
  CHANNEL_OPEN_BAD_KEY,   /* gives one with a key that is none */
  CHANNEL_OPEN_SHORT_KEY, /* or too short */
  CHANNEL_REFUSE,         /* as a service that has no channels */
  CHANNEL_WAIT,           /* does not answer */
} ChannelManner;

typedef struct
{
  GTestDBus *bus;
  GDBusConnection *application;
  GDBusConnection *service_connection;
  HandoffServiceBus *route;
  int manner;    /* atomic: a ChannelManner */
  int n_opened;  /* atomic: OpenChannel() */
  int n_bus;     /* atomic: other calls on the bus */
  int n_channel; /* atomic: calls that came on a channel */
  GMutex lock;
  GPtrArray *threads; /* (element-type GThread): with the lock; of the channels */
  GDBusMessage *held; /* (owned) (nullable): with the lock; that is not answered */
} ChannelService;

void channel_service_set_up (ChannelService *service, gconstpointer manner);
void channel_service_tear_down (ChannelService *service, gconstpointer manner);
/* The service itself leaves the bus, and comes again as another. */
void channel_service_stop (ChannelService *service);
void channel_service_start (ChannelService *service);
