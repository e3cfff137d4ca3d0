/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/x509.h>

/* Certificates that a test makes itself, when tests/lib/make-certs has none like it. */

/* A key and a certificate for it. */
typedef struct
{
  gnutls_x509_privkey_t key; /* (owned) */
  gnutls_x509_crt_t crt;     /* (owned) */
} TestCertificate;

void test_certificate_free (TestCertificate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestCertificate, test_certificate_free)

/* What is special about a certificate. All zero: a leaf for localhost, valid now, with key
 * identifiers. */
typedef struct
{
  const TestCertificate *key_of;   /* has the key of that certificate; NULL: a key of its own */
  gnutls_pk_algorithm_t algorithm; /* of a key of its own; 0: ECDSA */
  gboolean is_authority;
  guint path_length;                           /* as an authority, if not 0: this less 1 */
  int begin_days, end_days;                    /* from now; 0, 0: from yesterday for 30 days */
  gboolean without_key_ids;                    /* subject and authority key identifiers */
  guint key_usage;                             /* 0: the usual one */
  gnutls_digest_algorithm_t digest;            /* 0: SHA-256 */
  void (*add) (gnutls_x509_crt_t certificate); /* (nullable): more extensions */
} TestCertificateSpec;

/* name: a CN. issuer: NULL: signs itself. spec: NULL: nothing special. */
TestCertificate *test_certificate_make (const char *name,
                                        const TestCertificate *issuer,
                                        const TestCertificateSpec *spec);
GBytes *test_certificate_to_der (const TestCertificate *self);
/* The certificate, or its key, as PEM. (transfer full) */
char *test_certificate_to_pem (const TestCertificate *self);
char *test_certificate_key_to_pem (const TestCertificate *self);
