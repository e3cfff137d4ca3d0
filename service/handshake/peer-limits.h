/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

#include "certificate/certificate-limits.h"

/* How much work a peer may make in one handshake. Workers are shared, and GnuTLS does whatever
 * numbers and lists a message has: verifies a signature by a key before it knows whether anybody
 * trusts that, computes with whatever prime a server sends, and parses before anything else. So
 * messages are looked at here first, when they are complete and GnuTLS has not read them yet. */

/* GnuTLS verifies no chain of more than 16; that is said in its own words. */
#define HANDOFF_MAX_PEER_CERTIFICATES 32
/* In TLS 1.3 there may be one for each certificate; GnuTLS tries each against all certificates
 * that follow. Servers send one, for their own. */
#define HANDOFF_MAX_OCSP_RESPONSES 4
#define HANDOFF_MAX_OCSP_RESPONSE_SIZE (32 * 1024)
/* In all responses: a responder has one of its own, or none. */
#define HANDOFF_MAX_RESPONDER_CERTIFICATES 8

/* The prime of TLS 1.2's DHE, of which a server sends what it likes; the groups with a name are in
 * tls-policy.c. With 8192 bits, 13 ms. */
#define HANDOFF_MAX_DH_PRIME_BITS 8192

/* What is added up over one handshake; begins with zeros. */
typedef struct
{
  HandoffCertificateSum certificates;
  guint n_certificates;
  guint n_responses;
  guint n_responders;
} HandoffPeerLimits;

/* Looks at a message that came, before GnuTLS reads it. protocol, kx: what was
 * negotiated. type: a gnutls_handshake_description_t.
 * Returns GNUTLS_E_SUCCESS, or a code that stands for the right alert, with HANDSHAKE_FAILED in
 * error. What cannot be read is GnuTLS's to refuse, unless it is a certificate. */
int handoff_peer_limits_check (HandoffPeerLimits *self,
                               gnutls_protocol_t protocol,
                               gnutls_kx_algorithm_t kx,
                               guint type,
                               const gnutls_datum_t *message,
                               GError **error);
