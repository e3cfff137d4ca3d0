/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

#include "handshake/handshake-transport.h"
#include "keyblob/cipher-suite.h"
#include "trust/peer-verification.h"
#include "keyblob/server-identity.h"

/* An alert's name as RFC 8446 B.2 and RFC 5246 A.3 have it: "handshake_failure". (transfer full) */
char *handoff_alert_dup_name (gnutls_alert_description_t alert);

/* The alert that tells the peer what a GnuTLS code means (RFC 8446 6.2, RFC 5246 7.2.2); negative
 * if there is none. */
int handoff_handshake_error_get_alert (int code);

/* The error for a handshake that GnuTLS ended with code. The alert that was received, or is to be
 * sent, is a detail. role: ours. (transfer full) */
GError *handoff_handshake_error_new (gnutls_session_t session,
                                     HandoffRole role,
                                     int code,
                                     const HandoffHandshakeTransport *transport);

/* For a peer whose certificate did not verify. The reasons and the alert to send are details.
 * decision_timeout: how many seconds its caller let pass without a decision; 0 if there was none to
 * make. (transfer full) */
GError *handoff_handshake_error_new_untrusted (const HandoffPeerVerification *verification,
                                               guint decision_timeout);
/* For a failure of which reason says more than code does. The alert that code stands for is a
 * detail. (transfer full) */
GError *handoff_handshake_error_new_with_alert (int code, const GError *reason);
/* Whether code is one of the alerts with which a server may end the handshake because a client has
 * no certificate, or none that the server takes (RFC 8446 4.4.2.4, RFC 5246 7.4.6). Other alerts
 * are about something else. */
gboolean handoff_handshake_error_is_about_certificate (gnutls_session_t session, int code);
/* For a server that ends the handshake after it was told that there is no client certificate.
 * was_looked_for: whether the service looked for a credential that the caller did not name.
 * (transfer full) */
GError *handoff_handshake_error_new_refused (gnutls_session_t session,
                                             const HandoffServerIdentity *identity,
                                             gboolean was_looked_for);
/* For a peer that sent more than any handshake needs. code: GnuTLS's, for the alert. (transfer
 * full) */
GError *handoff_handshake_error_new_flooded (int code);
/* For a peer whose messages do not continue the handshake; the alert is unexpected_message.
 * (transfer full) */
GError *handoff_handshake_error_new_interrupted (void);

/* What a handshake waited for when its time was over. */
typedef struct
{
  guint timeout;          /* seconds: the handshake's */
  guint decision_timeout; /* seconds: its caller's */
  gboolean is_complete;   /* for the export of its keys */
  gboolean is_requested;  /* for its caller's credential */
  gboolean pauses;        /* for a credential, or a token */
  gboolean is_peer_silent;
} HandoffHandshakeWaiting;

/* (transfer full) */
GError *handoff_handshake_error_new_timed_out (const HandoffHandshakeWaiting *waiting);

/* Adds one entry to an error's details. value: consumed if floating. */
void handoff_handshake_error_add_detail (GError *error, const char *key, GVariant *value);
