/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "tls-handoff-record-layer.h"

G_BEGIN_DECLS

/**
 * TlsHandoffHandshakeResult:
 *
 * A completed handshake: the record layer, with which the connection goes on, and what was
 * negotiated.
 *
 * Since: 0.1
 */
#define TLS_HANDOFF_TYPE_HANDSHAKE_RESULT (tls_handoff_handshake_result_get_type ())
TLS_HANDOFF_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (
    TlsHandoffHandshakeResult, tls_handoff_handshake_result, TLS_HANDOFF, HANDSHAKE_RESULT, GObject)

TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffRecordLayer *
tls_handoff_handshake_result_get_record_layer (TlsHandoffHandshakeResult *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
GTlsProtocolVersion
tls_handoff_handshake_result_get_protocol_version (TlsHandoffHandshakeResult *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
const char *tls_handoff_handshake_result_get_ciphersuite_name (TlsHandoffHandshakeResult *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
const char *tls_handoff_handshake_result_get_application_protocol (TlsHandoffHandshakeResult *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
const char *tls_handoff_handshake_result_get_server_name (TlsHandoffHandshakeResult *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
const char *tls_handoff_handshake_result_get_credential (TlsHandoffHandshakeResult *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
const char *tls_handoff_handshake_result_get_ocsp_status (TlsHandoffHandshakeResult *self);
TLS_HANDOFF_AVAILABLE_IN_0_2
const char *tls_handoff_handshake_result_get_ocsp_problem (TlsHandoffHandshakeResult *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_handshake_result_get_resumed (TlsHandoffHandshakeResult *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
GPtrArray *tls_handoff_handshake_result_get_peer_certificates (TlsHandoffHandshakeResult *self);
TLS_HANDOFF_AVAILABLE_IN_0_2
GPtrArray *tls_handoff_handshake_result_get_verified_chain (TlsHandoffHandshakeResult *self);
TLS_HANDOFF_AVAILABLE_IN_0_2
gboolean tls_handoff_handshake_result_get_certificate_requested (TlsHandoffHandshakeResult *self);
TLS_HANDOFF_AVAILABLE_IN_0_2
GPtrArray *
tls_handoff_handshake_result_get_certificate_authorities (TlsHandoffHandshakeResult *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
gsize tls_handoff_handshake_result_get_key_blob_size (TlsHandoffHandshakeResult *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
const char *tls_handoff_handshake_result_get_key_blob_seals (TlsHandoffHandshakeResult *self);

TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_handshake_result_forward_session_tickets (TlsHandoffHandshakeResult *self);

G_END_DECLS
