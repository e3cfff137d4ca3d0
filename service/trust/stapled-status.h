/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/x509.h>

#include "trust/trust-problem.h"

/* What an OCSP response that came in the handshake (RFC 6066 8, RFC 8446 4.4.2.1) says of a
 * certificate. GnuTLS takes it for good unless something is found wrong with it: one without a
 * status, for an unknown certificate, or signed by whatever else the peer sent or anybody here
 * trusts, passes. */
typedef struct
{
  const char *status;            /* HANDOFF_OCSP_… */
  const char *problem;           /* (nullable): HANDOFF_OCSP_PROBLEM_…, if it is invalid */
  HandoffTrustProblems problems; /* what that makes of the certificate */
  gint64 end;                    /* seconds since 1970: when it is out of date; G_MAXINT64 if it
                                  * says nothing that could be */
} HandoffStapledStatus;

/* certificate: the one that it should be about. issuer: (nullable): who issued that, whose
 * response, or whose responder's, it must be (RFC 6960 4.2.2.2); NULL: not known for sure, so that
 * it is invalid (HANDOFF_OCSP_PROBLEM_NOT_VERIFIED) where it would have been good.
 *
 * It is good only if it can be read, has a status, of this certificate, which is good, is signed by
 * whom it may be, and is in its time. One without a status says nothing either way. */
void handoff_stapled_status_read (const gnutls_datum_t *response,
                                  gnutls_x509_crt_t certificate,
                                  gnutls_x509_crt_t issuer,
                                  HandoffStapledStatus *result);

/* A HANDOFF_OCSP_PROBLEM_… for people: "the responder …", "it …". (transfer none) */
const char *handoff_stapled_status_explain (const char *problem);

/* Whether a server's certificate must come with a good status (RFC 7633). */
gboolean handoff_stapled_status_is_required (gnutls_x509_crt_t certificate);
