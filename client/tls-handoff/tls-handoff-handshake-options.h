/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "tls-handoff-version.h"

G_BEGIN_DECLS

/* What a handshake may be told beyond its socket and its peer's identity: the D-Bus API's options. */
#define TLS_HANDOFF_TYPE_HANDSHAKE_OPTIONS (tls_handoff_handshake_options_get_type ())
TLS_HANDOFF_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TlsHandoffHandshakeOptions, tls_handoff_handshake_options, TLS_HANDOFF, HANDSHAKE_OPTIONS, GObject)

TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffHandshakeOptions *tls_handoff_handshake_options_new (void);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_handshake_options_set_application_protocols (TlsHandoffHandshakeOptions *self, const char *const *protocols);
/* G_TLS_PROTOCOL_VERSION_TLS_1_2, _1_3, or _UNKNOWN for the service's own bounds */
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_handshake_options_set_protocol_range (TlsHandoffHandshakeOptions *self, GTlsProtocolVersion minimum, GTlsProtocolVersion maximum);
/* anchors: (element-type GBytes) (nullable): certificates, DER */
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_handshake_options_set_trust_anchors (TlsHandoffHandshakeOptions *self, GPtrArray *anchors);
/* seconds; 0: the service's default */
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_handshake_options_set_timeout (TlsHandoffHandshakeOptions *self, guint seconds);

G_END_DECLS
