/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "handshake/handshake-progress.h"
#include "handshake/tls-session.h"

/* What a GnuTLS session is asked for when its handshake is done, or waits for a decision about the
 * peer's certificate. */

/* Whether the caller's keys may rest on what was negotiated. GnuTLS was told what to offer; this is
 * a second check, should GnuTLS or the peer have chosen something else. Returns the suite, or NULL.
 */
const HandoffCipherSuite *
handoff_handshake_check_negotiated (gnutls_session_t session,
                                    const HandoffHandshakeOptions *options,
                                    const HandoffConfiguration *configuration,
                                    GError **error);

/* complete: the suite is negotiated, and must be one that the caller takes. */
HandoffHandshakeOutcome *handoff_handshake_make_outcome (HandoffTlsSession *tls,
                                                         const HandoffHandshakeRequest *request,
                                                         gboolean complete,
                                                         GError **error);

/* Takes the keys, and seals them to recipient, if that is no channel. If the peer's
 * certificate verified, also takes what a later resumption needs. The session must be freed right
 * afterwards. */
gboolean handoff_handshake_export_keys (HandoffTlsSession *tls,
                                        const HandoffHandshakeRequest *request,
                                        const HandoffRecipient *recipient,
                                        HandoffHandshakeProgress *progress,
                                        GError **error);

/* Adds to an error what is known of the peer when the handshake fails: the certificate that it
 * showed, if that was looked at, with all that was negotiated by then; and what it wanted of ours,
 * which may be the reason. Returns: the label of the credential that we showed it, or would have.
 * (transfer full) (nullable) */
char *handoff_handshake_add_failure_details (HandoffTlsSession *tls,
                                             const HandoffHandshakeRequest *request,
                                             GError *error);
