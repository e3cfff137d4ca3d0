/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "tls-handoff-connection.h"

G_BEGIN_DECLS

/**
 * TlsHandoffClientConnection:
 *
 * A #GTlsConnection and #GTlsClientConnection whose handshake the TLS Handoff service does. See
 * [class@Connection] for what clients and servers have in common.
 *
 * #GTlsClientConnection:validation-flags has GIO's meaning, and so has
 * #GTlsClientConnection:server-identity: without one, or with one that no server can have (an empty
 * name, an address with a zone), any certificate has the fault %G_TLS_CERTIFICATE_BAD_IDENTITY.
 * #GTlsClientConnection:accepted-cas is there as soon as the server has asked for a certificate,
 * also if the handshake fails then; its change is notified when the handshake has ended.
 *
 * Since: 0.1
 */
#define TLS_HANDOFF_TYPE_CLIENT_CONNECTION (tls_handoff_client_connection_get_type ())
TLS_HANDOFF_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TlsHandoffClientConnection,
                      tls_handoff_client_connection,
                      TLS_HANDOFF,
                      CLIENT_CONNECTION,
                      TlsHandoffConnection)

TLS_HANDOFF_AVAILABLE_IN_0_1
GIOStream *tls_handoff_client_connection_new (GIOStream *base_io_stream,
                                              GSocketConnectable *server_identity,
                                              TlsHandoffManager *manager,
                                              GError **error);

G_END_DECLS
