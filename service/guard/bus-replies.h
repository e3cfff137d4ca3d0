/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "guard/bus-message.h"

/* Replies that were sent, and that their receivers may not have read yet. A bus counts a message
 * against its sender until the receiver has read it. It stops reading from a sender with too many
 * bytes (dbus-daemon: 127 MiB) or descriptors (64) under way, so a receiver who never reads could
 * keep replies from everybody. Therefore each user may have a limited amount unread: half of what
 * the others leave free, of limits below those of the bus. Replies beyond that are held back, and
 * dropped when even too many are held. Signals are dropped when half of that is unread: nobody
 * calls once for each. The guard learns that a receiver has read its replies when the receiver
 * answers a question that was sent after them, since a bus keeps the order:
 * org.freedesktop.DBus.Peer.Ping, which D-Bus libraries answer by themselves. Each question takes
 * one of the 128 places that a bus has for the calls of one connection, for ever if nobody answers:
 * so there are few questions, and fewer for the sake of signals: programs that were stopped get
 * those, too, and would leave none for their user's others, whose replies would count as unread in
 * the end, however fast they read. A receiver who does not answer can also show that it has read,
 * by using what a reply told (handoff_bus_reader_has_read()), or by leaving the bus. */
#define HANDOFF_BUS_UNREAD_BYTES (48 * 1024 * 1024)
#define HANDOFF_BUS_UNREAD_FDS 48
#define HANDOFF_BUS_RESERVED_FDS 14
#define HANDOFF_BUS_QUESTIONS 24
#define HANDOFF_BUS_QUESTIONS_PER_USER 4
#define HANDOFF_BUS_QUESTIONS_FOR_SIGNALS 2
#define HANDOFF_BUS_HELD_BYTES_PER_USER (4 * 1024 * 1024)

typedef struct _HandoffBusReplies HandoffBusReplies;

/* A bus connection that gets replies. */
typedef struct _HandoffBusReader HandoffBusReader;

typedef struct
{
  /* message: (transfer full) */
  void (*send) (HandoffBusMessage *message, gpointer user_data);
  /* Sends a Ping to the reader that reader_data belongs to. */
  void (*ask) (gpointer reader_data, gpointer user_data);
} HandoffBusRepliesFuncs;

HandoffBusReplies *handoff_bus_replies_new (const HandoffBusRepliesFuncs *funcs,
                                            gpointer user_data);
/* No readers are left. */
void handoff_bus_replies_free (HandoffBusReplies *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusReplies, handoff_bus_replies_free)
/* The bus does not let the guard ask: from now on everything is sent at once. */
void handoff_bus_replies_give_up (HandoffBusReplies *self);
/* FALSE if replies of that user are held back: more calls would only add to them. */
gboolean handoff_bus_replies_has_room (HandoffBusReplies *self, guint uid);

HandoffBusReader *
handoff_bus_reader_new (HandoffBusReplies *replies, guint uid, gpointer reader_data);
/* The reader has left the bus. */
void handoff_bus_reader_free (HandoffBusReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusReader, handoff_bus_reader_free)

/* message: (transfer full) */
void handoff_bus_reader_send (HandoffBusReader *self, HandoffBusMessage *message);
/* The reader has answered the question. */
void handoff_bus_reader_answered (HandoffBusReader *self);
/* The reader has read the reply to its call of that serial. */
void handoff_bus_reader_has_read (HandoffBusReader *self, guint32 reply_serial);
