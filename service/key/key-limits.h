/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/abstract.h>

/* How much work a stranger's file or certificate may ask for. GnuTLS does whatever the numbers in
 * it say, and the cost of that grows faster than its size, or not with its size at all: who is
 * about to verify, derive or search looks here first. */

/* Public keys whose signatures we verify. OpenSSL's limit for the modulus; the exponents of the
 * field have 17 bits, FIPS 186-4 allows 256. With both at their limit a verification takes some 7
 * ms, which is more than one handshake may take (certificate-limits.h). */
#define HANDOFF_MAX_RSA_MODULUS_BITS 16384
#define HANDOFF_MAX_RSA_EXPONENT_BITS 256
/* FIPS 186-4's largest are 3072 and 256. TLS as we do it has no DSA, but a chain might. */
#define HANDOFF_MAX_DSA_PRIME_BITS 4096
#define HANDOFF_MAX_DSA_SUBGROUP_BITS 512

/* Private keys of our own: a signature with a larger one would keep a worker for long. */
#define HANDOFF_MIN_OWN_RSA_BITS 2048
#define HANDOFF_MAX_OWN_RSA_BITS 8192

/* A private key, DER: an RSA key of 8192 bits has 4.7 kB. What is larger is not even imported,
 * since that computes already. */
#define HANDOFF_MAX_PRIVATE_KEY_SIZE (16 * 1024)

/* Iterations of all key derivations that a file asks for, together, each tried passphrase and each
 * block of output counted. Files of the field have 1 (traditional), 2,048 (OpenSSL), 10,000 (Java)
 * or 600,000 (Firefox), and up to three derivations. */
#define HANDOFF_MAX_KDF_ITERATIONS 6000000

/* In a file that is imported, before a chain is made of them. The whole of Mozilla's has 140. */
#define HANDOFF_MAX_FILE_CERTIFICATES 200
/* PEM blocks of any kind, or bags of a PKCS#12. */
#define HANDOFF_MAX_FILE_PARTS 400

/* Whether signatures by key can be verified in a bounded time. INVALID_ARGUMENT says what it has
 * and what is possible ("an RSA key of 32768 bits: at most …"). */
gboolean handoff_key_limits_check_public (gnutls_pubkey_t key, GError **error);
/* The same for the key in a certificate; one whose key GnuTLS cannot read has no such cost. */
gboolean handoff_key_limits_check_certificate (gnutls_x509_crt_t certificate, GError **error);
