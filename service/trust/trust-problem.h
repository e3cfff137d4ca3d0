/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

/* Why a peer's certificate is not trusted: a set. The lower 32 bits are GnuTLS's
 * (gnutls_certificate_status_t). The others are for what GnuTLS has one common word for, or none.
 */
typedef guint64 HandoffTrustProblems;

/* In place of GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE. */
#define HANDOFF_TRUST_NAME_CONSTRAINTS ((HandoffTrustProblems) 1 << 32) /* RFC 5280 4.2.1.10 */
#define HANDOFF_TRUST_PATH_LENGTH ((HandoffTrustProblems) 1 << 33)      /* RFC 5280 4.2.1.9 */
#define HANDOFF_TRUST_ISSUER_KEY_USAGE ((HandoffTrustProblems) 1 << 34) /* RFC 5280 4.2.1.3 */
#define HANDOFF_TRUST_TLS_FEATURES ((HandoffTrustProblems) 1 << 35)     /* RFC 7633 4.2.2 */
/* Beside GNUTLS_CERT_INVALID. */
#define HANDOFF_TRUST_UNKNOWN_ALGORITHM ((HandoffTrustProblems) 1 << 36) /* of its signature */
/* For what GnuTLS answers with an error code. */
#define HANDOFF_TRUST_CHAIN_TOO_LONG ((HandoffTrustProblems) 1 << 37)
#define HANDOFF_TRUST_MALFORMED ((HandoffTrustProblems) 1 << 38)
#define HANDOFF_TRUST_NOT_VERIFIED ((HandoffTrustProblems) 1 << 39) /* for a reason of our own */

/* RFC 8446 6.2; GnuTLS 3.7 has no name for it. */
#define HANDOFF_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE ((gnutls_alert_description_t) 113)

/* One kind of problem. */
typedef struct
{
  HandoffTrustProblems mask; /* any of them */
  const char *name;          /* HANDOFF_VERIFICATION_… */
  const char *own;           /* for people, of the peer's own certificate: "it has expired" */
  const char *of_other;      /* (nullable): of another one in the chain: "has expired" */
  gnutls_alert_description_t alert; /* what tells the peer (RFC 8446 6.2) */
} HandoffTrustReason;

/* The reasons in their order: the first that applies decides the alert. NULL: there are no more. */
const HandoffTrustReason *handoff_trust_reason_get (guint index);

/* All problems in the API's words, each once. (transfer full) */
GStrv handoff_trust_problems_describe (HandoffTrustProblems problems);
gnutls_alert_description_t handoff_trust_problems_get_alert (HandoffTrustProblems problems);
/* The problems that have no reason here: bits of a later GnuTLS. GNUTLS_CERT_INVALID comes with
 * every other bit, and counts only if it is alone. */
HandoffTrustProblems handoff_trust_problems_get_unknown (HandoffTrustProblems problems);
