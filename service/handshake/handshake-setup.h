/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/gnutls.h>

#include "handshake/handshake-request.h"
#include "trust/trust-store.h"

/* Makes a GnuTLS session that does what the request asks for: priorities, trust, server name,
 * application protocols, the session to resume (whose data are wiped). *trust_store must outlive
 * the session. */
gnutls_session_t handoff_handshake_setup (HandoffHandshakeRequest *request,
                                          HandoffTrustStore **trust_store,
                                          GError **error);
/* As a server, when the ClientHello has decided the rest: lets the client resume, and gives it
 * tickets, if the request keeps sessions. */
gboolean handoff_handshake_setup_tickets (gnutls_session_t session,
                                          const HandoffHandshakeRequest *request,
                                          guint64 credential_serial,
                                          const char *server_name);
