/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "tls-handoff-manager.h"

G_BEGIN_DECLS

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
