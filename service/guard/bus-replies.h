/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "guard/bus-message.h"

/* What has been sent, and perhaps not been read yet. A bus counts a message against its sender
 * until the receiver has read it, and does not read on from a sender who has too many bytes
 * (dbus-daemon: 127 MiB) or descriptors (64) under way: one who never reads could keep the replies
 * from everybody. So each user may have only so much unread: half of what the others leave free, of
 * limits below those of the bus. What does not fit is held back, and dropped where even that is too
 * much.
 *
 * That a receiver has read is shown by an answer to a question that was sent after the replies,
 * since a bus keeps the order: org.freedesktop.DBus.Peer.Ping, which D-Bus libraries answer by
 * themselves. Such a question takes one of the 128 places that a bus has for the calls of one
 * connection, for ever if it is not answered: there are few. A receiver who does not answer may
 * show it by using what a reply told (handoff_bus_reader_has_read()), or by leaving the bus. */
#define HANDOFF_BUS_UNREAD_BYTES (48 * 1024 * 1024)
#define HANDOFF_BUS_UNREAD_FDS 48
#define HANDOFF_BUS_RESERVED_FDS 14
#define HANDOFF_BUS_QUESTIONS 24
#define HANDOFF_BUS_QUESTIONS_PER_USER 4
#define HANDOFF_BUS_HELD_BYTES_PER_USER (4 * 1024 * 1024)

typedef struct _HandoffBusReplies HandoffBusReplies;

/* A bus connection that gets replies. */
typedef struct _HandoffBusReader HandoffBusReader;

typedef struct
{
  /* message: (transfer full) */
  void (*send) (HandoffBusMessage *message, gpointer user_data);
  /* Sends a Ping to the reader whose data that is. */
  void (*ask) (gpointer reader_data, gpointer user_data);
} HandoffBusRepliesFuncs;

HandoffBusReplies *handoff_bus_replies_new (const HandoffBusRepliesFuncs *funcs,
                                            gpointer user_data);
/* There are no readers any more. */
void handoff_bus_replies_free (HandoffBusReplies *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusReplies, handoff_bus_replies_free)
/* The bus does not let us ask: from now on all is sent at once. */
void handoff_bus_replies_give_up (HandoffBusReplies *self);
/* FALSE if replies of that user's are held back: more calls would only add to them. */
gboolean handoff_bus_replies_has_room (HandoffBusReplies *self, guint uid);

HandoffBusReader *
handoff_bus_reader_new (HandoffBusReplies *replies, guint uid, gpointer reader_data);
/* It has left the bus. */
void handoff_bus_reader_free (HandoffBusReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusReader, handoff_bus_reader_free)

/* message: (transfer full) */
void handoff_bus_reader_send (HandoffBusReader *self, HandoffBusMessage *message);
/* It has answered the question. */
void handoff_bus_reader_answered (HandoffBusReader *self);
/* It has read the reply to its call of that serial. */
void handoff_bus_reader_has_read (HandoffBusReader *self, guint32 reply_serial);
