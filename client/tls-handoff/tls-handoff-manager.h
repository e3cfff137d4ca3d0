/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "tls-handoff-handshake-options.h"
#include "tls-handoff-handshake-result.h"

G_BEGIN_DECLS

typedef enum /*< flags >*/
{
  TLS_HANDOFF_HANDSHAKE_NONE = 0,
  TLS_HANDOFF_HANDSHAKE_INTERACTIVE = 1 << 0, /* the user may be asked to authenticate */
} TlsHandoffHandshakeFlags;

/* The service, as seen from an application: org.tlshandoff.Handoff1.Manager. */
#define TLS_HANDOFF_TYPE_MANAGER (tls_handoff_manager_get_type ())
TLS_HANDOFF_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TlsHandoffManager, tls_handoff_manager, TLS_HANDOFF, MANAGER, GObject)

/* connection: (nullable): NULL for the system bus */
TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffManager *tls_handoff_manager_new_sync (GDBusConnection *connection, GCancellable *cancellable, GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_manager_new_async (GDBusConnection *connection, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffManager *tls_handoff_manager_new_finish (GAsyncResult *result, GError **error);

/* Cancelling shuts the socket down: the only way to make the service stop. */
TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffHandshakeResult *tls_handoff_manager_handshake_as_client_sync (TlsHandoffManager *self, GSocket *socket, const char *server_identity, TlsHandoffHandshakeOptions *options, TlsHandoffHandshakeFlags flags, GCancellable *cancellable, GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_manager_handshake_as_client_async (TlsHandoffManager *self, GSocket *socket, const char *server_identity, TlsHandoffHandshakeOptions *options, TlsHandoffHandshakeFlags flags, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffHandshakeResult *tls_handoff_manager_handshake_as_client_finish (TlsHandoffManager *self, GAsyncResult *result, GError **error);

/* The public facts of the service, a{sv}: Version, Protocols, CipherSuites, BlobFormat, and
 * "pid" (u) and "uid" (u) of the process that answers. (transfer full) */
TLS_HANDOFF_AVAILABLE_IN_0_1
GVariant *tls_handoff_manager_get_status_sync (TlsHandoffManager *self, GCancellable *cancellable, GError **error);
/* GetStatistics() (transfer full) */
TLS_HANDOFF_AVAILABLE_IN_0_1
GVariant *tls_handoff_manager_get_statistics_sync (TlsHandoffManager *self, TlsHandoffHandshakeFlags flags, GCancellable *cancellable, GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_manager_reload_sync (TlsHandoffManager *self, TlsHandoffHandshakeFlags flags, GCancellable *cancellable, GError **error);

G_END_DECLS
