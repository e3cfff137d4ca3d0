/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-bus.h"
#include "call/service-channel.h"

/* The channel of a bus connection: one for the library's own, one for each that an application
 * gave. It is opened when it is first asked for, kept, and opened anew when it has ended. Several
 * that ask wait for one opening. Where the service refuses channels, calls go over the bus; it is
 * asked again after a while, or when another service has the name.
 *
 * The environment variable TLS_HANDOFF_CHANNEL=0 keeps everything on the bus: to compare, and to
 * find faults.
 *
 * Threads: any. */

/* Whether it is known which way calls go. channel: (out) (transfer full) (nullable): NULL for the
 * bus. If it is not, the channel has to be opened, by one of the following. */
gboolean handoff_channel_slot_peek (HandoffServiceBus *bus, HandoffServiceChannel **channel);

/* Opens the channel, if need be. channel: (out) (transfer full) (nullable): NULL for the bus. FALSE
 * with an error of the domain G_DBUS_ERROR if there is no bus or no service, or a cancellation. */
gboolean handoff_channel_slot_get_sync (HandoffServiceBus *bus,
                                        HandoffServiceChannel **channel,
                                        GCancellable *cancellable,
                                        GError **error);
/* The same, on a thread that lives until it is open. */
void handoff_channel_slot_get_async (HandoffServiceBus *bus,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean handoff_channel_slot_get_finish (GAsyncResult *result,
                                          HandoffServiceChannel **channel,
                                          GError **error);

/* Notes which process the service is. service: (nullable): the sender of a reply on the bus */
void handoff_channel_slot_note_service (HandoffServiceBus *bus, const char *service);
