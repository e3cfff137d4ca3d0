/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Stands between the bus and GDBus, on a thread of its own, and shares the one connection out among
 * the users who call:
 *
 *   bus ⇄ bus-stream ⇄ bus-desk ⇄ bus-stream ⇄ socket ⇄ GDBus ⇄ main loop
 *
 * Calls wait there, as the bytes they are, in a line for each user (bus-calls.h); few at a time are
 * let through to GDBus, in turn, and the next when the
 * dispatcher has dealt with one (bus-tickets.h). What is too
 * large or too much is refused here, before anybody makes sense of it. Replies, also those that
 * GDBus makes by itself, go out as their receivers read them (bus-replies.h). What nobody has asked
 * the bus for does not get in: signals to us alone, and replies to nothing.
 *
 * The process's one connection is to the guard's address: to GDBus the guard is the bus.
 *
 * The functions may be called from any thread. */
typedef struct _HandoffBusGuard HandoffBusGuard;

/* bus_address: of the bus. */
HandoffBusGuard *handoff_bus_guard_new (const char *bus_address, GError **error);
/* The address to connect to in place of the bus's: for one connection, of this process. */
const char *handoff_bus_guard_get_address (HandoffBusGuard *self);
/* Sends what has been sent on the connection, which must be closed or flushed, for a second at the
 * longest, and ends. */
void handoff_bus_guard_free (HandoffBusGuard *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusGuard, handoff_bus_guard_free)

/* connection: leads to the guard. Before other filters are added to it, which then know whose the
 * calls are (handoff_bus_ticket_get_uid()). */
void handoff_bus_guard_attach (HandoffBusGuard *self, GDBusConnection *connection);
/* Lets calls in. */
void handoff_bus_guard_start (HandoffBusGuard *self);
/* From now on calls wait, until they are refused. */
void handoff_bus_guard_hold (HandoffBusGuard *self);
/* From now on calls are refused (HANDOFF_ERROR_ENDING), for that reason: the service's name is not
 * its own any more, and who calls the name again gets another service. */
void handoff_bus_guard_stop (HandoffBusGuard *self, const char *reason);
/* Whether calls wait here. One that was sent before a call of ours that was answered is here
 * already, or was let through. */
gboolean handoff_bus_guard_has_calls (HandoffBusGuard *self);

/* The caller of bus_name knows what stood in the reply to its call of that serial. */
void handoff_bus_guard_note_read (HandoffBusGuard *self, const char *bus_name, guint32 serial);
