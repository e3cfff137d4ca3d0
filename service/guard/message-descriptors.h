/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* The descriptors of every message that comes from the bus, also of those that never reach the
 * dispatcher: signals, replies, calls that GDBus answers by itself. They are taken out of the
 * message before anybody else sees it, since whoever frees a message closes what is in it. What
 * nobody takes goes to the reaper. */

/* From now on, on that connection; to be called before anything else looks at its messages (filters
 * run in the order in which they were added) but the guard, which tells whose they are. Returns the
 * filter's id, for g_dbus_connection_remove_filter(). */
guint handoff_message_descriptors_add_filter (GDBusConnection *connection);

/* How many are left in it. */
guint handoff_message_descriptors_count (GDBusMessage *message);
/* Takes the one with that index out: once. -1 if there is none (any more). */
int handoff_message_descriptors_take (GDBusMessage *message, gint32 index);
/* Gives what is left to the reaper, as that user's. */
void handoff_message_descriptors_reap (GDBusMessage *message, guint uid);
