/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Asks the bus, on a connection to it of the guard's own, whose a connection is: the answer passes
 * by all that waits to be read on the service's connection. That one is made when it is needed, and
 * takes no descriptors. On the thread of its context. */
typedef struct _HandoffBusInquiry HandoffBusInquiry;

/* uid: HANDOFF_UID_UNKNOWN if the bus does not know the name any more, or cannot be asked. */
typedef void (*HandoffBusInquiryFunc) (const char *name, guint uid, gpointer user_data);

HandoffBusInquiry *handoff_bus_inquiry_new (const char *bus_address,
                                            GMainContext *context,
                                            HandoffBusInquiryFunc answered,
                                            gpointer user_data);
void handoff_bus_inquiry_free (HandoffBusInquiry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusInquiry, handoff_bus_inquiry_free)

/* name: unique. One at a time; nothing happens while one is under way. */
void handoff_bus_inquiry_ask (HandoffBusInquiry *self, const char *name);
gboolean handoff_bus_inquiry_is_busy (HandoffBusInquiry *self);
