/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* A socket that this process takes for the bus, connected to the real bus. Lets one connection
 * through, which must be of this process. Client and bus authenticate with each other. */
typedef struct _HandoffBusEntrance HandoffBusEntrance;

/* Connects to the bus, and listens. */
HandoffBusEntrance *handoff_bus_entrance_new (const char *bus_address, GError **error);
void handoff_bus_entrance_free (HandoffBusEntrance *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusEntrance, handoff_bus_entrance_free)

/* A D-Bus address. */
const char *handoff_bus_entrance_get_address (HandoffBusEntrance *self);
/* Waits, on a thread, for the connection and for the end of its authentication. After that, both
 * sockets carry messages. bus_fd, client_fd: (out) (transfer full). FALSE if there is no
 * connection. */
gboolean handoff_bus_entrance_pass (HandoffBusEntrance *self, int *bus_fd, int *client_fd);
/* Ends the wait. Any thread. */
void handoff_bus_entrance_cancel (HandoffBusEntrance *self);
