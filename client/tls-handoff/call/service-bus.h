/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* The way to the service: a D-Bus connection that the application gave, or the library's own.
 *
 * Its own is one of the process to the system bus. It is not g_bus_get()'s, which is the
 * application's, and which ends the process with SIGTERM when the bus goes, unless somebody told it
 * not to. When it was closed, the next call makes another.
 *
 * After fork() nothing is sent from the child: the thread that would is the parent's, and the
 * mutexes may be held for ever. Whoever asks gets an error at once.
 *
 * Threads: any. */

typedef struct _HandoffServiceBus HandoffServiceBus;

/* connection: (nullable): NULL for the library's own, which is not made yet */
HandoffServiceBus *handoff_service_bus_new (GDBusConnection *connection);
HandoffServiceBus *handoff_service_bus_ref (HandoffServiceBus *self);
void handoff_service_bus_unref (HandoffServiceBus *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffServiceBus, handoff_service_bus_unref)

/* Whom to address calls to; NULL if the connection has no bus on it, but the service itself. */
const char *handoff_service_bus_get_destination (HandoffServiceBus *self);

/* The connection of the last call; lives as long as self. (transfer none) (nullable) */
GDBusConnection *handoff_service_bus_get_connection (HandoffServiceBus *self);

/* Whether calls can be made: not in a forked child. To be asked before a GVariant is made. */
gboolean handoff_service_bus_check_process (HandoffServiceBus *self, GError **error);

/* Makes sure that there is a connection. Errors are of the domain G_DBUS_ERROR, or a cancellation.
 * (transfer full) */
GDBusConnection *handoff_service_bus_connect_sync (HandoffServiceBus *self,
                                                   GCancellable *cancellable,
                                                   GError **error);
/* No thread is used, unless a connection is to be made. */
void handoff_service_bus_connect_async (HandoffServiceBus *self,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
GDBusConnection *handoff_service_bus_connect_finish (GAsyncResult *result, GError **error);

/* Sends a call and waits for the reply, which may be an error reply, however long the service
 * takes: it has time limits of its own. connection: (out) (optional) (transfer full): where the
 * reply came from. (transfer full) */
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
