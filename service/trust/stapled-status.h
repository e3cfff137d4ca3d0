/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/x509.h>

#include "trust/trust-problem.h"

/* What an OCSP response that came in the handshake (RFC 6066 8, RFC 8446 4.4.2.1) says of a
 * certificate. GnuTLS takes a response for good unless it finds something wrong with it. These
 * would pass: a response without a status, one for an unknown certificate, one that is signed by
 * another certificate of the peer's, or by anybody trusted here. */
typedef struct
{
  const char *status;            /* HANDOFF_OCSP_… */
  const char *problem;           /* (nullable): HANDOFF_OCSP_PROBLEM_…, if it is invalid */
  HandoffTrustProblems problems; /* the problems that the certificate then has */
  gint64 end; /* seconds since 1970: when it is out of date; G_MAXINT64 if it has no such time */
} HandoffStapledStatus;

/* certificate: the one that the response should be about. issuer: (nullable): who issued that
 * certificate. The issuer, or its responder, must have signed the response (RFC 6960 4.2.2.2).
 * NULL: the issuer is not known for sure. Then a response that would have been good is invalid
 * (HANDOFF_OCSP_PROBLEM_NOT_VERIFIED).
 *
 * A response is good only if it can be read, has a status of this certificate, says that the
 * certificate is good, is signed by whom it must be, and is in its time. A response without a
 * status says nothing either way. */
void handoff_stapled_status_read (const gnutls_datum_t *response,
                                  gnutls_x509_crt_t certificate,
                                  gnutls_x509_crt_t issuer,
                                  HandoffStapledStatus *result);

/* A HANDOFF_OCSP_PROBLEM_… for people: "the responder …", "it …". (transfer none) */
const char *handoff_stapled_status_explain (const char *problem);

/* Whether a server's certificate must come with a good status (RFC 7633). */
gboolean handoff_stapled_status_is_required (gnutls_x509_crt_t certificate);
