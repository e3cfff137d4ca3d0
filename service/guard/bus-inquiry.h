/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Asks the bus which user has a connection. The guard asks on a bus connection of its own, so that
 * the answer need not wait behind the messages on the service's connection. The guard makes its
 * connection when it is needed, and the connection takes no descriptors. Thread: that of its
 * context. */
typedef struct _HandoffBusInquiry HandoffBusInquiry;

/* uid: HANDOFF_UID_UNKNOWN if the bus does not know the name any more, or does not answer. */
typedef void (*HandoffBusInquiryFunc) (const char *name, guint uid, gpointer user_data);

HandoffBusInquiry *handoff_bus_inquiry_new (const char *bus_address,
                                            GMainContext *context,
                                            HandoffBusInquiryFunc answered,
                                            gpointer user_data);
void handoff_bus_inquiry_free (HandoffBusInquiry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusInquiry, handoff_bus_inquiry_free)

/* name: unique. One question at a time: nothing happens while another is under way. */
void handoff_bus_inquiry_ask (HandoffBusInquiry *self, const char *name);
gboolean handoff_bus_inquiry_is_busy (HandoffBusInquiry *self);
