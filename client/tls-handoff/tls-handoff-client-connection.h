/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "tls-handoff-manager.h"

G_BEGIN_DECLS

/**
 * TlsHandoffClientConnection:
 *
 * A #GTlsConnection and #GTlsClientConnection whose handshake the TLS Handoff service does.
 *
 * It is used like any other #GTlsClientConnection: the handshake takes place when it is asked for,
 * or with the first read or write. From then on the data goes directly between this process and its
 * peer. Asynchronous operations use no threads; a handshake that an asynchronous or non-blocking
 * operation starts goes on in the thread-default main context of the thread that started it.
 *
 * What is different from GIO's own connections:
 *
 * - The base stream must be a #GSocketConnection over a connected stream socket. After a handshake
 *   failed or was cancelled, the socket is of no more use.
 * - The server's certificate is always verified, and in full: by the service, with the system's
 * trust store or the option [property@HandshakeOptions:trust-anchors]. A weaker
 *   #GTlsClientConnection:validation-flags is not honoured, and #GTlsConnection::accept-certificate
 *   is not emitted. After %G_TLS_ERROR_BAD_CERTIFICATE, #GTlsConnection:peer-certificate and
 *   #GTlsConnection:peer-certificate-errors say what was wrong.
 * - With a #GTlsConnection:certificate, or a #GTlsConnection:database other than the system's, the
 *   handshake fails with %G_IO_ERROR_NOT_SUPPORTED. Nothing is asked of a
 *   #GTlsConnection:interaction.
 * - There are no channel bindings.
 *
 * Errors are those that users of a #GTlsConnection expect. If the service cannot be reached, that
 * is %G_TLS_ERROR_UNAVAILABLE; if its policy denies the handshake, %G_IO_ERROR_PERMISSION_DENIED.
 *
 * Since: 0.1
 */
#define TLS_HANDOFF_TYPE_CLIENT_CONNECTION (tls_handoff_client_connection_get_type ())
TLS_HANDOFF_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TlsHandoffClientConnection,
                      tls_handoff_client_connection,
                      TLS_HANDOFF,
                      CLIENT_CONNECTION,
                      GTlsConnection)

TLS_HANDOFF_AVAILABLE_IN_0_1
GIOStream *tls_handoff_client_connection_new (GIOStream *base_io_stream,
                                              GSocketConnectable *server_identity,
                                              TlsHandoffManager *manager,
                                              GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_client_connection_set_options (TlsHandoffClientConnection *self,
                                                TlsHandoffHandshakeOptions *options);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_client_connection_set_flags (TlsHandoffClientConnection *self,
                                              TlsHandoffHandshakeFlags flags);
TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffHandshakeResult *
tls_handoff_client_connection_get_result (TlsHandoffClientConnection *self);

G_END_DECLS
