/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "tls-handoff-version.h"

G_BEGIN_DECLS

/**
 * TlsHandoffHandshakeOptions:
 *
 * What a handshake may be told beyond its socket and its peer's identity.
 *
 * Every option has a default, which is the service's own. The options are read when the handshake
 * starts; changing them later changes nothing. An object may be used for any number of handshakes.
 *
 * Since: 0.1
 */
#define TLS_HANDOFF_TYPE_HANDSHAKE_OPTIONS (tls_handoff_handshake_options_get_type ())
TLS_HANDOFF_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TlsHandoffHandshakeOptions,
                      tls_handoff_handshake_options,
                      TLS_HANDOFF,
                      HANDSHAKE_OPTIONS,
                      GObject)

TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffHandshakeOptions *tls_handoff_handshake_options_new (void);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_handshake_options_set_application_protocols (TlsHandoffHandshakeOptions *self,
                                                              const char *const *protocols);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_handshake_options_set_protocol_range (TlsHandoffHandshakeOptions *self,
                                                       GTlsProtocolVersion minimum,
                                                       GTlsProtocolVersion maximum);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_handshake_options_set_trust_anchors (TlsHandoffHandshakeOptions *self,
                                                      GPtrArray *anchors);
TLS_HANDOFF_AVAILABLE_IN_0_2
void tls_handoff_handshake_options_set_trust_anchors_array (TlsHandoffHandshakeOptions *self,
                                                            GBytes *const *anchors,
                                                            gsize n_anchors);
TLS_HANDOFF_AVAILABLE_IN_0_2
void tls_handoff_handshake_options_unset_trust_anchors (TlsHandoffHandshakeOptions *self);
TLS_HANDOFF_AVAILABLE_IN_0_2
GPtrArray *tls_handoff_handshake_options_dup_trust_anchors (TlsHandoffHandshakeOptions *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_handshake_options_set_timeout (TlsHandoffHandshakeOptions *self, guint seconds);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_handshake_options_set_resumption (TlsHandoffHandshakeOptions *self,
                                                   gboolean resumption);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_handshake_options_set_credential (TlsHandoffHandshakeOptions *self,
                                                   const char *credential);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_handshake_options_set_credential_pem (TlsHandoffHandshakeOptions *self,
                                                       GBytes *pem);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_handshake_options_set_client_certificate (TlsHandoffHandshakeOptions *self,
                                                           GTlsAuthenticationMode mode);

G_END_DECLS
