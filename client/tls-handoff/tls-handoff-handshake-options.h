/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "tls-handoff-version.h"

G_BEGIN_DECLS

/**
 * TlsHandoffCredentialChoice:
 * @TLS_HANDOFF_CREDENTIAL_CHOICE_DEFAULT: %TLS_HANDOFF_CREDENTIAL_CHOICE_AUTOMATIC for the
 * handshakes of a [class@Manager], as they always did; %TLS_HANDOFF_CREDENTIAL_CHOICE_CONFIGURED
 * for those of a [class@ClientConnection]
 * @TLS_HANDOFF_CREDENTIAL_CHOICE_AUTOMATIC: the client uses the first credential of the user's that
 *   one of the server's authorities issued and that the user may use for this server without being
 *   asked
 * @TLS_HANDOFF_CREDENTIAL_CHOICE_CONFIGURED: the same, but only if the administrator said so in the
 *   service's configuration (AutomaticCredential); otherwise no certificate
 *
 * Whether a client uses a credential of the user's that nobody named.
 *
 * Since: 0.2
 */
typedef enum
{
  TLS_HANDOFF_CREDENTIAL_CHOICE_DEFAULT,
  TLS_HANDOFF_CREDENTIAL_CHOICE_AUTOMATIC,
  TLS_HANDOFF_CREDENTIAL_CHOICE_CONFIGURED,
} TlsHandoffCredentialChoice;

/**
 * TlsHandoffReviewFunc:
 * @certificates: (element-type GBytes): the peer's certificate chain as it was sent, DER, its own
 *   certificate first
 * @errors: (array zero-terminated=1): what is wrong with it, as the detail `verification-errors` of
 *   the D-Bus interface has it (`unknown-authority`, `expired`, …)
 * @user_data: what was given with the function
 *
 * Decides about a peer's certificate that does not verify; see
 * [method@HandshakeOptions.set_review].
 *
 * Returns: whether to go on all the same
 *
 * Since: 0.2
 */
typedef gboolean (*TlsHandoffReviewFunc) (GPtrArray *certificates,
                                          const char *const *errors,
                                          gpointer user_data);

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
gboolean tls_handoff_handshake_options_set_trust_anchors_pem (TlsHandoffHandshakeOptions *self,
                                                              GBytes *pem,
                                                              GError **error);
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
TLS_HANDOFF_AVAILABLE_IN_0_2
void tls_handoff_handshake_options_set_credential_choice (TlsHandoffHandshakeOptions *self,
                                                          TlsHandoffCredentialChoice choice);
TLS_HANDOFF_AVAILABLE_IN_0_2
gboolean tls_handoff_handshake_options_set_cipher_suites (TlsHandoffHandshakeOptions *self,
                                                          const char *const *names,
                                                          GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_2
void tls_handoff_handshake_options_set_server_name (TlsHandoffHandshakeOptions *self,
                                                    const char *name);
TLS_HANDOFF_AVAILABLE_IN_0_2
void tls_handoff_handshake_options_set_review (TlsHandoffHandshakeOptions *self,
                                               TlsHandoffReviewFunc func,
                                               gpointer user_data,
                                               GDestroyNotify destroy);

G_END_DECLS
