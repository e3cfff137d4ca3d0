/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* The way to the service: a D-Bus connection that the application gave, or the library's own.
 *
 * A process has one connection of the library's own, to the system bus. It is not the connection of
 * g_bus_get(): that one belongs to the application, and ends the process with SIGTERM when the bus
 * goes away, unless the application forbids that. When the bus has closed the library's connection,
 * the next call makes another.
 *
 * After fork() the child sends nothing: the thread that sends exists in the parent only, and a
 * mutex may stay locked for ever. Every call in the child fails at once.
 *
 * Threads: any. */

typedef struct _HandoffServiceBus HandoffServiceBus;

/* connection: (nullable): NULL for the library's own, which the first call makes */
HandoffServiceBus *handoff_service_bus_new (GDBusConnection *connection);
HandoffServiceBus *handoff_service_bus_ref (HandoffServiceBus *self);
void handoff_service_bus_unref (HandoffServiceBus *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffServiceBus, handoff_service_bus_unref)

/* Whether its connection is one that the application gave. */
gboolean handoff_service_bus_is_given (HandoffServiceBus *self);

/* The destination of calls; NULL if the connection leads to the service itself, not to a bus. */
const char *handoff_service_bus_get_destination (HandoffServiceBus *self);

/* The connection of the last call; lives as long as self. (transfer none) (nullable) */
GDBusConnection *handoff_service_bus_get_connection (HandoffServiceBus *self);

/* Whether calls can be made: not in a forked child. Ask before you make a GVariant: GLib locks a
 * mutex for that. */
gboolean handoff_service_bus_check_process (HandoffServiceBus *self, GError **error);

/* Makes sure that there is a connection. Errors are of the domain G_DBUS_ERROR, or a cancellation.
 * (transfer full) */
GDBusConnection *handoff_service_bus_connect_sync (HandoffServiceBus *self,
                                                   GCancellable *cancellable,
                                                   GError **error);
/* Uses a thread only to make a connection. */
void handoff_service_bus_connect_async (HandoffServiceBus *self,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
GDBusConnection *handoff_service_bus_connect_finish (GAsyncResult *result, GError **error);

/* Sends a call and waits for the reply, which may be an error reply. A call that came too late for
 * a service that ends goes to the next one. There is no time limit: the service has its own.
 * connection: (out) (optional) (transfer full): where the reply came from. (transfer full) */
GDBusMessage *handoff_service_bus_send_sync (HandoffServiceBus *self,
                                             GDBusMessage *call,
                                             GDBusConnection **connection,
                                             GCancellable *cancellable,
                                             GError **error);
void handoff_service_bus_send_async (HandoffServiceBus *self,
                                     GDBusMessage *call,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
GDBusMessage *handoff_service_bus_send_finish (GAsyncResult *result,
                                               GDBusConnection **connection,
                                               GError **error);
