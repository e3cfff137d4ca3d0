/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "tls-handoff-handshake-options.h"
#include "tls-handoff-handshake-result.h"

G_BEGIN_DECLS

/**
 * TlsHandoffHandshakeFlags:
 * @TLS_HANDOFF_HANDSHAKE_NONE: no flags
 * @TLS_HANDOFF_HANDSHAKE_INTERACTIVE: the user may be asked to authenticate, if the administrator's
 *   policy wants that; the call then takes as long as the user does
 *
 * How a call to the service may go on.
 *
 * Since: 0.1
 */
typedef enum /*< flags >*/
{
  TLS_HANDOFF_HANDSHAKE_NONE = 0,
  TLS_HANDOFF_HANDSHAKE_INTERACTIVE = 1 << 0,
} TlsHandoffHandshakeFlags;

/**
 * TlsHandoffManager:
 *
 * The TLS Handoff service, as seen from an application.
 *
 * Functions whose name ends in `_sync` block, and need no main loop. The others finish in the
 * thread-default main context of the thread that called them.
 *
 * What the service refuses or fails at is an error of the domain %TLS_HANDOFF_ERROR. If the service
 * cannot be reached at all, the error is D-Bus's or GIO's own (%G_DBUS_ERROR_SERVICE_UNKNOWN,
 * %G_DBUS_ERROR_ACCESS_DENIED, …) with a message that says what to do. The library never does the
 * handshake in its place.
 *
 * Since: 0.1
 */
#define TLS_HANDOFF_TYPE_MANAGER (tls_handoff_manager_get_type ())
TLS_HANDOFF_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TlsHandoffManager, tls_handoff_manager, TLS_HANDOFF, MANAGER, GObject)

TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffManager *tls_handoff_manager_new_sync (GDBusConnection *connection,
                                                 GCancellable *cancellable,
                                                 GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_manager_new_async (GDBusConnection *connection,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffManager *tls_handoff_manager_new_finish (GAsyncResult *result, GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
GDBusConnection *tls_handoff_manager_get_connection (TlsHandoffManager *self);

TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffHandshakeResult *
tls_handoff_manager_handshake_as_client_sync (TlsHandoffManager *self,
                                              GSocket *socket,
                                              const char *server_identity,
                                              TlsHandoffHandshakeOptions *options,
                                              TlsHandoffHandshakeFlags flags,
                                              GCancellable *cancellable,
                                              GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_manager_handshake_as_client_async (TlsHandoffManager *self,
                                                    GSocket *socket,
                                                    const char *server_identity,
                                                    TlsHandoffHandshakeOptions *options,
                                                    TlsHandoffHandshakeFlags flags,
                                                    GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffHandshakeResult *tls_handoff_manager_handshake_as_client_finish (TlsHandoffManager *self,
                                                                           GAsyncResult *result,
                                                                           GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffHandshakeResult *
tls_handoff_manager_handshake_as_server_sync (TlsHandoffManager *self,
                                              GSocket *socket,
                                              TlsHandoffHandshakeOptions *options,
                                              TlsHandoffHandshakeFlags flags,
                                              GCancellable *cancellable,
                                              GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_manager_handshake_as_server_async (TlsHandoffManager *self,
                                                    GSocket *socket,
                                                    TlsHandoffHandshakeOptions *options,
                                                    TlsHandoffHandshakeFlags flags,
                                                    GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffHandshakeResult *tls_handoff_manager_handshake_as_server_finish (TlsHandoffManager *self,
                                                                           GAsyncResult *result,
                                                                           GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
GVariant *tls_handoff_manager_get_status_sync (TlsHandoffManager *self,
                                               GCancellable *cancellable,
                                               GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_2
void tls_handoff_manager_get_status_async (TlsHandoffManager *self,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_2
GVariant *tls_handoff_manager_get_status_finish (TlsHandoffManager *self,
                                                 GAsyncResult *result,
                                                 GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
GVariant *tls_handoff_manager_get_statistics_sync (TlsHandoffManager *self,
                                                   TlsHandoffHandshakeFlags flags,
                                                   GCancellable *cancellable,
                                                   GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_2
void tls_handoff_manager_get_statistics_async (TlsHandoffManager *self,
                                               TlsHandoffHandshakeFlags flags,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_2
GVariant *tls_handoff_manager_get_statistics_finish (TlsHandoffManager *self,
                                                     GAsyncResult *result,
                                                     GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_manager_reload_sync (TlsHandoffManager *self,
                                          TlsHandoffHandshakeFlags flags,
                                          GCancellable *cancellable,
                                          GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_2
void tls_handoff_manager_reload_async (TlsHandoffManager *self,
                                       TlsHandoffHandshakeFlags flags,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_2
gboolean
tls_handoff_manager_reload_finish (TlsHandoffManager *self, GAsyncResult *result, GError **error);

G_END_DECLS
