/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "handshake.h"
#include "key-export.h"

/* What a GnuTLS session is asked for when its handshake is done, or waits for a decision about the
 * peer's certificate. */

/* verification_status: gnutls_certificate_status_t. complete: whether the suite is negotiated; it
 * then has to be one that the caller takes. */
HandoffHandshakeOutcome *handoff_handshake_make_outcome (gnutls_session_t session,
                                                         const HandoffHandshakeRequest *request,
                                                         guint verification_status,
                                                         gboolean complete,
                                                         GError **error);

/* Seals the keys to recipient_key, and takes what later resumption needs of a session whose peer
 * verified. The session must be deinitialised right afterwards. */
gboolean handoff_handshake_export_keys (gnutls_session_t session,
                                        HandoffKeyExport *export,
                                        const HandoffHandshakeRequest *request,
                                        const guint8 recipient_key[HANDOFF_RECIPIENT_KEY_SIZE],
                                        guint verification_status,
                                        HandoffHandshakeProgress *progress,
                                        GError **error);
