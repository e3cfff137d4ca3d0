/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

#include "certificate/certificate-limits.h"

/* How much work a peer may cause in one handshake. Workers are shared, and GnuTLS works on whatever
 * numbers and lists a message has. It verifies a signature by a key before it knows whether anybody
 * trusts that key, computes with any prime that a server sends, and parses before anything else. So
 * each message is looked at here first, when it is complete and GnuTLS has not read it yet. */

/* GnuTLS verifies no chain of more than 16. That has an error of its own. */
#define HANDOFF_MAX_PEER_CERTIFICATES 32
/* In TLS 1.3 there may be one for each certificate; GnuTLS tries each against all certificates
 * that follow. Servers send one, for their own. */
#define HANDOFF_MAX_OCSP_RESPONSES 4
#define HANDOFF_MAX_OCSP_RESPONSE_SIZE (32 * 1024)
/* In all responses together: a responder has one certificate of its own, or none. */
#define HANDOFF_MAX_RESPONDER_CERTIFICATES 8

/* The prime of TLS 1.2's DHE: a server may send any. The groups with a name are in tls-policy.c.
 * 8192 bits take 13 ms. */
#define HANDOFF_MAX_DH_PRIME_BITS 8192

/* Sums over one handshake; zeros at its begin. */
typedef struct
{
  HandoffCertificateSum certificates;
  guint n_certificates;
  guint n_responses;
  guint n_responders;
} HandoffPeerLimits;

/* Looks at a message of the peer before GnuTLS reads it. protocol, kx: what was negotiated. type: a
 * gnutls_handshake_description_t.
 * Returns GNUTLS_E_SUCCESS, or a code that stands for the right alert, with HANDSHAKE_FAILED in
 * error. GnuTLS refuses what cannot be read; a certificate that cannot be read is refused here. */
int handoff_peer_limits_check (HandoffPeerLimits *self,
                               gnutls_protocol_t protocol,
                               gnutls_kx_algorithm_t kx,
                               guint type,
                               const gnutls_datum_t *message,
                               GError **error);
