/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

/* Other ways from a peer's certificate to an authority than the one that GnuTLS takes: that goes by
 * names, and takes the first that fits. An expired certificate that the peer sends beside the
 * renewed one, one that authorities of two roots signed, or authorities that certified each other,
 * lead it astray, though a good path is there (RFC 4158). */

/* What is imported once more on the way, in bytes: certificates of the field have 1 to 2 KiB, and
 * GnuTLS takes 16 of them at most. */
#define HANDOFF_PEER_PATHS_MAX_BYTES (256 * 1024)

/* Calls verify until it returns TRUE, each time while gnutls_certificate_get_peers(), and with that
 * GnuTLS's verification of this session, has another path in place of what the peer sent: so that
 * whatever the session asks of a chain, it asks of each of them. Afterwards the session is as it
 * was. Returns whether verify returned TRUE. */
gboolean handoff_peer_paths_try (gnutls_session_t session,
                                 gboolean (*verify) (gpointer user_data),
                                 gpointer user_data);
