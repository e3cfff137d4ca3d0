/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/x509.h>

#include "trust/trust-problem.h"

/* What GnuTLS did when it verified a chain, step by step. The trace tells which certificates GnuTLS
 * used: they need not be those that the peer sent, nor in that order. Where GnuTLS has one word for
 * several reasons, it tells which of them it was. */
typedef struct _HandoffVerificationTrace HandoffVerificationTrace;

HandoffVerificationTrace *handoff_verification_trace_new (void);
void handoff_verification_trace_free (HandoffVerificationTrace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffVerificationTrace, handoff_verification_trace_free)

/* Until end(), self keeps what this thread tells step(). first: the peer's own certificate. */
void handoff_verification_trace_begin (HandoffVerificationTrace *self, const gnutls_datum_t *first);
void handoff_verification_trace_end (HandoffVerificationTrace *self);
/* A gnutls_verify_output_function, which has no data of its own. */
int handoff_verification_trace_step (gnutls_x509_crt_t certificate,
                                     gnutls_x509_crt_t issuer,
                                     gnutls_x509_crl_t crl,
                                     unsigned int status);

/* The certificates from the peer's own up to the trust anchor (DER), as far as each was issued by
 * the next; NULL if nothing is known for sure about the first. (transfer none) (element-type
 * GBytes) */
GPtrArray *handoff_verification_trace_get_path (HandoffVerificationTrace *self);

/* status: GnuTLS's. Tells apart what GnuTLS has one word for, where that can be found out. */
HandoffTrustProblems handoff_verification_trace_refine (HandoffVerificationTrace *self,
                                                        guint status);

/* Adds a problem that was found beside what GnuTLS verifies. whose: the certificate that has it. */
void handoff_verification_trace_add (HandoffVerificationTrace *self,
                                     HandoffTrustProblems problem,
                                     gnutls_x509_crt_t whose);

/* Adds the names that the peer's own certificate is for, if they are not the wanted ones. */
void handoff_verification_trace_find_names (HandoffVerificationTrace *self);

/* What is known of a problem. subject: (out) (nullable): the name of the certificate that has it;
 * NULL: the peer's own. remark: (out) (nullable): more. Both (transfer none). */
void handoff_verification_trace_get_finding (HandoffVerificationTrace *self,
                                             HandoffTrustProblems problem,
                                             const char **subject,
                                             const char **remark);
