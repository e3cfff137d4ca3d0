/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/x509.h>

/* The chain that we send with a key, out of certificates that lie about in any order: the key's
 * own, then the issuer of each (RFC 8446 4.4.2). An issuer is who signed, whatever it is called. Of
 * several, one that is valid now, then the one that ends last. No authority comes twice, roots are
 * left out (peers have them, or do not trust them), and what does not belong to the chain is.
 *
 * The work is bounded, whatever a stranger's certificates look like; but it may take a second: not
 * on the main thread. */

/* Signatures that are verified for one chain. Chains of the field need one a certificate. */
#define HANDOFF_CHAIN_MAX_SIGNATURES 64

/* certificates: n of them, at most as many as one import has. key_id: see
 * handoff_gnutls_dup_key_id().
 * Returns: (transfer full) (element-type GBytes): DER; NULL with INVALID_ARGUMENT if none is the
 * key's, or if it cannot be found out which of too many of one name issued another. */
GPtrArray *handoff_certificate_chain_find (gnutls_x509_crt_t *certificates,
                                           guint n,
                                           GBytes *key_id,
                                           GError **error);

/* The same for certificates (element-type GBytes): DER, of which the first is to be the first.
 * (transfer full) */
GPtrArray *handoff_certificate_chain_arrange (GPtrArray *certificates, GError **error);
