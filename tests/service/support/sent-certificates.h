/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/abstract.h>

#include "support/certificate-maker.h"
#include "trust/peer-verification.h"
#include "trust/trust-store.h"
#include "trust/verified-chains.h"

/* What a GnuTLS server sends, whatever it is, and what the client says of it. */

#define TEST_MAX_SENT 24

/* A connection whose server sends a list of certificates, each with a staple or without. */
typedef struct
{
  gnutls_pcert_st certificates[TEST_MAX_SENT];
  gnutls_ocsp_data_st staples[TEST_MAX_SENT];
  guint n_certificates;
  gnutls_privkey_t key;
  GPtrArray *kept; /* (element-type GBytes): the bytes of the staples */

  HandoffTrustStore *trust_store;
  const char *version; /* NULL: TLS 1.3 */

  /* Where the client looks for the chain first; NULL: nowhere. */
  HandoffVerifiedChains *chains; /* (unowned) (nullable) */
  guint uid;
  const char *identity;         /* NULL: localhost */
  gboolean for_a_client;        /* it verifies the peer as a client's */
  const guint8 *anchors_digest; /* (nullable) */
} TestSent;

/* A server that has leaf's key, and a client that trusts anchor. */
TestSent *test_sent_new (const TestCertificate *anchor, const TestCertificate *leaf);
/* The same with several anchors; NULL ends them. */
TestSent *test_sent_new_with_anchors (const TestCertificate *const *anchors,
                                      const TestCertificate *leaf);
void test_sent_free (TestSent *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestSent, test_sent_free)

/* staple: (transfer full) (nullable) */
void test_sent_add (TestSent *self, const TestCertificate *certificate, GBytes *staple);
/* (transfer full): how a client that wants localhost, or whom the test says, verifies the peer. */
HandoffPeerVerification *test_sent_verify (TestSent *self);
/* The certificate demands a good status (RFC 7633). */
void test_certificate_require_status (gnutls_x509_crt_t certificate);
