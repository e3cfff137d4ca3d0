/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "guard/bus-stream.h"
#include "guard/bus-tickets.h"

/* Where every message of the bus connection is looked at, from outside and from inside: who sent
 * it, whether it is wanted, and whose turn it is. Knows every bus connection that called, and asks
 * the bus whose it is; calls wait in bus-calls.h, replies in bus-replies.h. On the guard's thread,
 * but for handoff_bus_desk_has_calls(). */
typedef struct _HandoffBusDesk HandoffBusDesk;

/* Above that a call is refused: twice what the largest that makes sense has (trust-anchors, 1 MiB,
 * and a chain). */
#define HANDOFF_BUS_CALL_MAX_SIZE (2 * 1024 * 1024)
/* And above that many values: trust-anchors has 256. */
#define HANDOFF_BUS_CALL_MAX_VALUES 4096
/* Likewise: no method takes more than two. */
#define HANDOFF_BUS_CALL_MAX_FDS 4

/* message: (transfer full) */
typedef struct
{
  void (*to_bus) (HandoffBusMessage *message, gpointer user_data);
  void (*to_client) (HandoffBusMessage *message, gpointer user_data);
  /* Asks whose bus connection that is, past what waits to be read: handoff_bus_desk_learn() is
   * called with the answer. Nothing is taken from the bus until then. */
  void (*ask) (const char *name, gpointer user_data);
} HandoffBusDeskFuncs;

/* tickets: (transfer none): must outlive it */
HandoffBusDesk *handoff_bus_desk_new (HandoffBusTickets *tickets,
                                      const HandoffBusDeskFuncs *funcs,
                                      gpointer user_data);
void handoff_bus_desk_free (HandoffBusDesk *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusDesk, handoff_bus_desk_free)

/* From now on calls are let in. */
void handoff_bus_desk_open (HandoffBusDesk *self);
/* Calls are refused from now on, and those that wait. reason: for messages */
void handoff_bus_desk_close (HandoffBusDesk *self, const char *reason);
/* Somebody may have come out: the next are let in. */
void handoff_bus_desk_let_in (HandoffBusDesk *self);
void handoff_bus_desk_note_read (HandoffBusDesk *self, const char *bus_name, guint32 reply_serial);
/* From any thread. */
gboolean handoff_bus_desk_has_calls (HandoffBusDesk *self);

/* uid: HANDOFF_UID_UNKNOWN if nobody has that bus connection any more. */
void handoff_bus_desk_learn (HandoffBusDesk *self, const char *name, guint uid);

/* message: of the bus: a header. */
HandoffBusRights handoff_bus_desk_judge_rights (HandoffBusDesk *self,
                                                const HandoffBusMessage *message);
gboolean handoff_bus_desk_wants_body (HandoffBusDesk *self, const HandoffBusMessage *message);
/* message: (transfer full): without its body, if that is not wanted */
void handoff_bus_desk_take_from_bus (HandoffBusDesk *self, HandoffBusMessage *message);
void handoff_bus_desk_take_from_client (HandoffBusDesk *self, HandoffBusMessage *message);
