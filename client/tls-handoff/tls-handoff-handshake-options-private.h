/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "tls-handoff-handshake-options.h"

/* The options as HandshakeAsClient() and CreateSession() take them (a{sv}, floating): those that
 * were set, the cipher suites that our record layer speaks, and the newest key blob format that we
 * read. The session object goes by itself: transient. self: (nullable): all defaults
 * application_protocols: (nullable): win over those of self
 * review_certificate: whether there is somebody to ask about a certificate that does not verify
 * TLS_HANDOFF_ERROR_INVALID_ARGUMENT for a protocol version that is neither TLS 1.2 nor 1.3. */
GVariant *handoff_handshake_options_to_variant (TlsHandoffHandshakeOptions *self,
                                                const char *const *application_protocols,
                                                gboolean review_certificate,
                                                GError **error);
/* Seconds; 0 for the service's default. self: (nullable) */
guint handoff_handshake_options_get_timeout (TlsHandoffHandshakeOptions *self);
/* self: (nullable) */
gboolean handoff_handshake_options_get_resumption (TlsHandoffHandshakeOptions *self);
