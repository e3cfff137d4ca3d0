/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-bus.h"
#include "call/service-channel.h"

/* What came of asking the service for a channel. */
typedef enum
{
  HANDOFF_CHANNEL_OPENED,
  HANDOFF_CHANNEL_REFUSED,   /* it would say no again: it is too old, or configured so */
  HANDOFF_CHANNEL_MISSED,    /* this time; the bus may do */
  HANDOFF_CHANNEL_NOBODY,    /* there is no bus, or no service: with the error */
  HANDOFF_CHANNEL_CANCELLED, /* with the error */
} HandoffChannelOpening;

/* Asks, and waits. channel: (out) (transfer full): if it was opened. refuser: (out) (transfer full)
 * (nullable): if it was refused, the bus name of who said so. */
HandoffChannelOpening handoff_channel_open (HandoffServiceBus *bus,
                                            HandoffServiceChannel **channel,
                                            char **refuser,
                                            GCancellable *cancellable,
                                            GError **error);
