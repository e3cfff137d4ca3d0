/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

#include "keyblob/key-state.h"
#include "server-identity.h"

/* Whether a server is whom the caller meant, or a client who it says: chain, validity, purpose, of
 * a server name and stapled OCSP status. role: ours. identity: (nullable): of a server. Sets
 * *status to GnuTLS's gnutls_certificate_status_t, 0 for a trusted one. FALSE if it cannot be told.
 */
gboolean handoff_peer_verification_run (gnutls_session_t session,
                                        HandoffRole role,
                                        const HandoffServerIdentity *identity,
                                        guint *status,
                                        GError **error);

/* status in the API's words, HANDOFF_VERIFICATION_…; (transfer full) */
GStrv handoff_peer_verification_describe (guint status);
/* status for people, with all its reasons. (transfer full) */
char *handoff_peer_verification_explain (guint status,
                                         HandoffRole role,
                                         const HandoffServerIdentity *identity);
/* The alert that tells the peer (RFC 8446 6.2). */
gnutls_alert_description_t handoff_peer_verification_get_alert (guint status);

/* The stapled OCSP response in the API's words, HANDOFF_OCSP_…; (transfer none) */
const char *handoff_peer_verification_get_ocsp_status (gnutls_session_t session, guint status);
/* Seconds for which what was verified holds: until the first certificate of the chain expires, or
 * the stapled OCSP response is out of date. */
guint handoff_peer_verification_get_lifetime (gnutls_session_t session);
/* The chain as the peer sent it, DER: an aay, floating. */
GVariant *handoff_peer_verification_get_certificates (gnutls_session_t session);
