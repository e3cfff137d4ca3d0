/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/abstract.h>

/* Limits of the work that a stranger's file or certificate may ask for. GnuTLS does whatever the
 * numbers in it say, and the cost grows faster than the size, or independently of it. Check here
 * before you verify, derive or search. */

/* Public keys that verify signatures. OpenSSL has the same limit for the modulus; usual exponents
 * have 17 bits, FIPS 186-4 allows 256. With both at their limit a verification takes some 7 ms,
 * more than one handshake may take (certificate-limits.h). */
#define HANDOFF_MAX_RSA_MODULUS_BITS 16384
#define HANDOFF_MAX_RSA_EXPONENT_BITS 256
/* The largest of FIPS 186-4 are 3072 and 256. The service negotiates no DSA, but a chain may have
 * a DSA key. */
#define HANDOFF_MAX_DSA_PRIME_BITS 4096
#define HANDOFF_MAX_DSA_SUBGROUP_BITS 512

/* Our own private keys: a signature with a larger one would keep a worker for too long. */
#define HANDOFF_MIN_OWN_RSA_BITS 2048
#define HANDOFF_MAX_OWN_RSA_BITS 8192

/* Size of a private key in DER: an RSA key of 8192 bits has 4.7 kB. A larger one is not even
 * imported, since the import already computes with it. */
#define HANDOFF_MAX_PRIVATE_KEY_SIZE (16 * 1024)

/* Iterations of all key derivations that a file asks for, together. Each tried passphrase and each
 * block of output counts. Usual files have 1 (traditional), 2,048 (OpenSSL), 10,000 (Java) or
 * 600,000 (Firefox), and up to three derivations. */
#define HANDOFF_MAX_KDF_ITERATIONS 6000000

/* Certificates in an imported file, before a chain is made of them. The whole list of Mozilla has
 * 140. */
#define HANDOFF_MAX_FILE_CERTIFICATES 200
/* PEM blocks of any kind, or bags of a PKCS#12. */
#define HANDOFF_MAX_FILE_PARTS 400

/* Whether signatures by key can be verified in a bounded time. INVALID_ARGUMENT says what the key
 * has and what is possible ("an RSA key of 32768 bits: at most …"). */
gboolean handoff_key_limits_check_public (gnutls_pubkey_t key, GError **error);
/* The same for the key in a certificate. TRUE if GnuTLS cannot read the key: it costs nothing
 * then. */
gboolean handoff_key_limits_check_certificate (gnutls_x509_crt_t certificate, GError **error);
