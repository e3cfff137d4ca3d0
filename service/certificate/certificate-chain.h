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

/* Called with a path (element-type GBytes): DER. TRUE: that is the one; there is no other call. */
typedef gboolean (*HandoffCertificatePathFunc) (GPtrArray *path, gpointer user_data);

/* How many paths are tried, and how many signatures are verified to find them: less than above,
 * since a stranger waits for it in a handshake. */
#define HANDOFF_CHAIN_MAX_PATHS 8
#define HANDOFF_CHAIN_MAX_PATH_SIGNATURES 16

/* Calls func with paths through certificates (element-type GBytes): DER, that begin with the first:
 * each is issued by the next one, all are valid now, and no authority comes twice. A path is tried
 * before those that go on where it ends; the best issuer, as above, before the others.
 * Returns what func returned last; FALSE if there is no path. */
gboolean handoff_certificate_chain_try_paths (GPtrArray *certificates,
                                              HandoffCertificatePathFunc func,
                                              gpointer user_data);
