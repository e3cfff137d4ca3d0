/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/gnutls.h>

#include "handshake/client-hello.h"
#include "handshake/handshake-request.h"
#include "trust/trust-store.h"

/* Makes a GnuTLS session that does what the request asks for: priorities, trust, server name,
 * application protocols, the session to resume (whose data are wiped). *trust_store must outlive
 * the session. */
gnutls_session_t handoff_handshake_setup (HandoffHandshakeRequest *request,
                                          HandoffTrustStore **trust_store,
                                          GError **error);
/* As a server, before GnuTLS reads the ClientHello: puts the group first of which the client sent a
 * key share. Otherwise GnuTLS would ask for our first by a HelloRetryRequest. */
gboolean handoff_handshake_setup_group (gnutls_session_t session,
                                        const HandoffHandshakeRequest *request,
                                        const HandoffClientHello *client_hello);
/* When the handshake is complete: remembers which group the server took, for the next handshake
 * with it. */
void handoff_handshake_setup_remember_group (gnutls_session_t session,
                                             const HandoffHandshakeRequest *request);
/* As a server, when the ClientHello has decided the rest: lets the client resume, and gives it
 * tickets, if the request keeps sessions. */
gboolean handoff_handshake_setup_tickets (gnutls_session_t session,
                                          const HandoffHandshakeRequest *request,
                                          guint64 credential_serial,
                                          const char *server_name);
