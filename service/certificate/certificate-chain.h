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

/* Signatures that are verified for one chain. Usual chains need one per certificate. */
#define HANDOFF_CHAIN_MAX_SIGNATURES 64

/* certificates: n of them, at most as many as one import may have. key_id: see
 * handoff_gnutls_dup_key_id(). Returns: (transfer full) (element-type GBytes): DER; NULL with
 * INVALID_ARGUMENT if no certificate is the key's, or if so many have the same name that the
 * issuers cannot be found out. */
GPtrArray *handoff_certificate_chain_find (gnutls_x509_crt_t *certificates,
                                           guint n,
                                           GBytes *key_id,
                                           GError **error);

/* The same for certificates (element-type GBytes) in DER: the first one begins the chain.
 * (transfer full) */
GPtrArray *handoff_certificate_chain_arrange (GPtrArray *certificates, GError **error);

/* Called with a path (element-type GBytes): DER. TRUE: the path is the right one, and there is no
 * other call. */
typedef gboolean (*HandoffCertificatePathFunc) (GPtrArray *path, gpointer user_data);

/* How many paths are tried, and how many signatures are verified to find them: fewer than above,
 * since a stranger waits in a handshake. */
#define HANDOFF_CHAIN_MAX_PATHS 8
#define HANDOFF_CHAIN_MAX_PATH_SIGNATURES 16

/* Calls func with paths through certificates (element-type GBytes: DER) that begin with the first
 * one. In a path, each certificate is issued by the next one, all are valid now, and no authority
 * comes twice. A path is tried before the longer paths that begin with it, and the best issuer, as
 * above, before others. Returns what func returned last; FALSE if there is no path. */
gboolean handoff_certificate_chain_try_paths (GPtrArray *certificates,
                                              HandoffCertificatePathFunc func,
                                              gpointer user_data);
