/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* A socket that this process takes for the bus, and behind it the bus: lets one connection through,
 * of this process, with the authentication that the two make out. */
typedef struct _HandoffBusEntrance HandoffBusEntrance;

/* Connects to the bus, and listens. */
HandoffBusEntrance *handoff_bus_entrance_new (const char *bus_address, GError **error);
void handoff_bus_entrance_free (HandoffBusEntrance *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusEntrance, handoff_bus_entrance_free)

/* A D-Bus address. */
const char *handoff_bus_entrance_get_address (HandoffBusEntrance *self);
/* Waits for the connection, on a thread, and for the end of its authentication: then messages
 * follow on both. bus_fd, client_fd: (out) (transfer full). FALSE if nothing came of it. */
gboolean handoff_bus_entrance_pass (HandoffBusEntrance *self, int *bus_fd, int *client_fd);
/* From any thread: nobody is waited for any more. */
void handoff_bus_entrance_cancel (HandoffBusEntrance *self);
