/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Counts the calls that are inside, with GDBus and the main loop: few at a time, so that the next
 * call waits for these and no longer. A ticket is attached to the message of a call until the main
 * loop has done with it what can be done at once. Reference-counted. Any thread. */
#define HANDOFF_BUS_CALLS_INSIDE 8
#define HANDOFF_BUS_CALLS_INSIDE_PER_USER 2
#define HANDOFF_BUS_BYTES_INSIDE (256 * 1024)

typedef struct _HandoffBusTickets HandoffBusTickets;

/* returned: called on context whenever a call has come out. */
HandoffBusTickets *
handoff_bus_tickets_new (GMainContext *context, GSourceFunc returned, gpointer user_data);
void handoff_bus_tickets_unref (HandoffBusTickets *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusTickets, handoff_bus_tickets_unref)
/* Calls returned no more. */
void handoff_bus_tickets_close (HandoffBusTickets *self);

/* Gives tickets to the calls that come on connection, in the order in which the tickets were
 * issued. */
void handoff_bus_tickets_attach (HandoffBusTickets *self, GDBusConnection *connection);

gboolean handoff_bus_tickets_has_room (HandoffBusTickets *self);
gboolean handoff_bus_tickets_has_room_for (HandoffBusTickets *self, guint uid);
/* Issues a ticket for the call that goes in next. There must be room. */
void handoff_bus_tickets_issue (HandoffBusTickets *self, guint uid, gsize size);
/* The user who made the call, as the guard knows; HANDOFF_UID_UNKNOWN without a ticket. */
guint handoff_bus_ticket_get_uid (GDBusMessage *call);
/* The call is dealt with. Also happens when the message is freed. Does nothing without a ticket. */
void handoff_bus_ticket_return (GDBusMessage *call);
