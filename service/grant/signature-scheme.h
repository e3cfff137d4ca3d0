/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

/* The ways to sign that a handshake may use: SignatureScheme of RFC 8446 4.2.3, which are the pairs
 * of hash and signature of RFC 5246 7.4.1.4.1 too. SHA-1 and older hashes are not among them. */
typedef struct
{
  guint number;
  gnutls_sign_algorithm_t algorithm; /* as GnuTLS has it for TLS 1.2 */
  gnutls_pk_algorithm_t key; /* what key signs so; GNUTLS_PK_RSA also for rsa_pss_rsae_… */
  gnutls_ecc_curve_t curve;  /* of the key, in TLS 1.3 alone; INVALID: none */
  gboolean is_for_tls12;
  gboolean is_for_tls13; /* for the handshake itself, not for certificates */
} HandoffSignatureScheme;

/* (transfer none) (nullable): NULL if there is none. Any thread. */
const HandoffSignatureScheme *handoff_signature_scheme_find (guint number);
/* The number of a way to sign, as GnuTLS has it for TLS 1.2 or for 1.3; 0 if it is none of those.
 * Any thread. */
guint handoff_signature_scheme_get_number (gnutls_sign_algorithm_t algorithm);
