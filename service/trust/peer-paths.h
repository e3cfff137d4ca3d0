/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

/* Other paths from a peer's certificate to an authority than the one that GnuTLS takes. GnuTLS goes
 * by names, and takes the first certificate that fits. It is misled by an expired certificate that
 * the peer sends beside the renewed one, by one that authorities of two roots signed, and by
 * authorities that certified each other, though a good path is there (RFC 4158). */

/* How many bytes are imported once more for this. Real certificates have 1 to 2 KiB, and GnuTLS
 * takes at most 16. */
#define HANDOFF_PEER_PATHS_MAX_BYTES (256 * 1024)

/* Calls verify until it returns TRUE. Each time gnutls_certificate_get_peers(), and so GnuTLS's
 * verification of this session, has another path in place of what the peer sent. So each path has
 * to meet all that the session demands of a chain. Afterwards the session is as it was. Returns
 * whether verify returned TRUE. */
gboolean handoff_peer_paths_try (gnutls_session_t session,
                                 gboolean (*verify) (gpointer user_data),
                                 gpointer user_data);
