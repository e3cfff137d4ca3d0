/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Who is inside: calls that GDBus and the main loop have, few at a time, so that who comes next
 * waits for these and no longer. A ticket rides on the message of a call until that has been dealt
 * with, as far as the main loop can at once. Reference-counted. From any thread. */
#define HANDOFF_BUS_CALLS_INSIDE 8
#define HANDOFF_BUS_CALLS_INSIDE_PER_USER 2
#define HANDOFF_BUS_BYTES_INSIDE (256 * 1024)

typedef struct _HandoffBusTickets HandoffBusTickets;

/* returned: called on context whenever somebody has come out. */
HandoffBusTickets *
handoff_bus_tickets_new (GMainContext *context, GSourceFunc returned, gpointer user_data);
void handoff_bus_tickets_unref (HandoffBusTickets *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusTickets, handoff_bus_tickets_unref)
/* Nobody is told any more. */
void handoff_bus_tickets_close (HandoffBusTickets *self);

/* Gives the calls that come on connection their tickets: in the order in which these were issued.
 */
void handoff_bus_tickets_attach (HandoffBusTickets *self, GDBusConnection *connection);

gboolean handoff_bus_tickets_has_room (HandoffBusTickets *self);
gboolean handoff_bus_tickets_has_room_for (HandoffBusTickets *self, guint uid);
/* For the call that goes in next. There must be room. */
void handoff_bus_tickets_issue (HandoffBusTickets *self, guint uid, gsize size);
/* Whose call that is, as the guard knows; HANDOFF_UID_UNKNOWN without a ticket. */
guint handoff_bus_ticket_get_uid (GDBusMessage *call);
/* The call is dealt with. Happens by itself when the message is freed; without a ticket, nothing
 * happens. */
void handoff_bus_ticket_return (GDBusMessage *call);
