/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "tls-handoff-connection.h"

G_BEGIN_DECLS

/**
 * TlsHandoffServerConnection:
 *
 * A #GTlsConnection and #GTlsServerConnection whose handshake the TLS Handoff service does. See
 * [class@Connection] for what clients and servers have in common.
 *
 * #GTlsServerConnection:authentication-mode says whether the client is asked for a certificate. It
 * is verified against the option `trust-anchors`: what verifies is accepted, and handlers of
 * #GTlsConnection::accept-certificate are asked about the rest. Or it is verified with the
 * #GTlsConnection:database, and then, as in GIO, handlers are asked about each certificate, and
 * without one none is accepted.
 *
 * Application protocols are in the server's order of preference. A client that offers none of
 * #GTlsConnection:advertised-protocols is served without one, as in GIO; one that offers none of
 * the options' [property@HandshakeOptions:application-protocols] is refused, as RFC 7301 has it.
 *
 * Since: 0.1
 */
#define TLS_HANDOFF_TYPE_SERVER_CONNECTION (tls_handoff_server_connection_get_type ())
TLS_HANDOFF_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TlsHandoffServerConnection,
                      tls_handoff_server_connection,
                      TLS_HANDOFF,
                      SERVER_CONNECTION,
                      TlsHandoffConnection)

TLS_HANDOFF_AVAILABLE_IN_0_1
GIOStream *tls_handoff_server_connection_new (GIOStream *base_io_stream,
                                              GTlsCertificate *certificate,
                                              TlsHandoffManager *manager,
                                              GError **error);

G_END_DECLS
