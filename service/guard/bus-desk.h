/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "guard/bus-limits.h"
#include "guard/bus-stream.h"
#include "guard/bus-tickets.h"

/* Looks at every message of the bus connection, in both directions: who sent it, whether it is
 * wanted, and whose turn it is. The desk knows every bus connection that called, and asks the bus
 * which user has it; and later, now and then, whether it is still there, since the bus drops also
 * signals when the service's queue is full. Calls wait in bus-calls.h, replies in bus-replies.h.
 * Thread: the guard's, except for handoff_bus_desk_has_calls(). */
typedef struct _HandoffBusDesk HandoffBusDesk;

/* message: (transfer full) */
typedef struct
{
  void (*to_bus) (HandoffBusMessage *message, gpointer user_data);
  void (*to_client) (HandoffBusMessage *message, gpointer user_data);
  /* Asks which user has that bus connection, without waiting for messages that wait to be read.
   * The answer comes to handoff_bus_desk_learn(). Nothing is read from the bus until then. */
  void (*ask) (const char *name, gpointer user_data);
} HandoffBusDeskFuncs;

/* tickets: (transfer none): must outlive it */
HandoffBusDesk *handoff_bus_desk_new (HandoffBusTickets *tickets,
                                      const HandoffBusDeskFuncs *funcs,
                                      gpointer user_data);
void handoff_bus_desk_free (HandoffBusDesk *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusDesk, handoff_bus_desk_free)

/* Lets calls in from now on. */
void handoff_bus_desk_open (HandoffBusDesk *self);
/* Lets no more calls in: they wait. */
void handoff_bus_desk_hold (HandoffBusDesk *self);
/* The service ends: refuses all calls from now on, also those that wait (HANDOFF_ERROR_ENDING).
 * reason: for messages */
void handoff_bus_desk_close (HandoffBusDesk *self, const char *reason);
/* A place inside may be free: lets the next calls in. */
void handoff_bus_desk_let_in (HandoffBusDesk *self);
void handoff_bus_desk_note_read (HandoffBusDesk *self, const char *bus_name, guint32 reply_serial);
/* From any thread. */
gboolean handoff_bus_desk_has_calls (HandoffBusDesk *self);

/* uid: HANDOFF_UID_UNKNOWN if nobody has that bus connection any more. */
void handoff_bus_desk_learn (HandoffBusDesk *self, const char *name, guint uid);

/* message: a header; the bus sent the message. */
HandoffBusRights handoff_bus_desk_judge_rights (HandoffBusDesk *self,
                                                const HandoffBusMessage *message);
gboolean handoff_bus_desk_wants_body (HandoffBusDesk *self, const HandoffBusMessage *message);
/* message: (transfer full): it has no body if the body was not wanted */
void handoff_bus_desk_take_from_bus (HandoffBusDesk *self, HandoffBusMessage *message);
void handoff_bus_desk_take_from_client (HandoffBusDesk *self, HandoffBusMessage *message);
