/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Takes the descriptors out of every message that comes from the bus, before anybody else sees the
 * message: whoever frees a message closes the descriptors in it. That includes messages that never
 * reach the dispatcher: signals, replies, calls that GDBus answers by itself. Descriptors that
 * nobody takes go to the reaper. */

/* Adds the filter to that connection. Call it before anything else looks at the messages (filters
 * run in the order in which they were added), except for the guard, which knows who sent them.
 * Returns the filter's id, for g_dbus_connection_remove_filter(). */
guint handoff_message_descriptors_add_filter (GDBusConnection *connection);

/* How many descriptors are left in the message. */
guint handoff_message_descriptors_count (GDBusMessage *message);
/* Takes the descriptor with that index out. -1 if there is none, or if it was taken before. */
int handoff_message_descriptors_take (GDBusMessage *message, gint32 index);
/* Gives the descriptors that are left to the reaper, as that user's. */
void handoff_message_descriptors_reap (GDBusMessage *message, guint uid);
