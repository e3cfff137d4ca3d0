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

/* Seals the keys to recipient_key. If the peer's certificate verified, also takes what a later
 * resumption needs. The session must be freed right afterwards. */
gboolean handoff_handshake_export_keys (HandoffTlsSession *tls,
                                        const HandoffHandshakeRequest *request,
                                        const guint8 recipient_key[HANDOFF_RECIPIENT_KEY_SIZE],
                                        HandoffHandshakeProgress *progress,
                                        GError **error);
