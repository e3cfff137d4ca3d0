/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/gnutls.h>

#include "handshake-request.h"
#include "trust-store.h"

/* A GnuTLS session that will do what the request asks for: priorities, trust, server name,
 * application protocols, the session to resume (whose data are wiped). *trust_store must outlive
 * it. */
gnutls_session_t handoff_handshake_setup (HandoffHandshakeRequest *request,
                                          HandoffTrustStore **trust_store,
                                          GError **error);
