/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/ocsp.h>

#include "support/certificate-maker.h"

/* OCSP responses (RFC 6960 4.2) of every kind. "openssl ocsp" cannot make them all. */
typedef struct
{
  gnutls_ocsp_cert_status_t status;
  int this_update;               /* seconds from now */
  int next_update;               /* seconds from now; 0: absent */
  const TestCertificate *signer; /* NULL: issuer */
  gboolean with_signer;          /* its certificate is in the response, for a responder */
  const TestCertificate *before; /* NULL, or: a certificate that the response is about first */
} TestOcspSpec;

/* A response about certificate, which issuer issued. (transfer full) */
GBytes *test_ocsp_make (const TestCertificate *certificate,
                        const TestCertificate *issuer,
                        const TestOcspSpec *spec);
/* Five bytes without a status: RFC 6960 4.2.1. (transfer full) */
GBytes *test_ocsp_make_unsuccessful (gnutls_ocsp_resp_status_t status);
