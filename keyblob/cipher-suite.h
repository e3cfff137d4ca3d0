/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

/* How a record's nonce is made of the direction's IV and sequence number. */
typedef enum
{
  /* 12-byte IV XOR the sequence number; nothing of it in the record.
   * TLS 1.3 (RFC 8446 5.3), TLS 1.2 ChaCha20-Poly1305 (RFC 7905 2). */
  HANDOFF_NONCE_XOR,
  /* 4-byte salt || 8 bytes that travel in the record; ours are the sequence number.
   * TLS 1.2 AES-GCM (RFC 5288 3) and AES-CCM (RFC 6655 3). */
  HANDOFF_NONCE_EXPLICIT,
  /* No nonce, but a fresh random IV of one block (16 bytes) that travels in the record; nothing is
   * kept. TLS 1.2 AES-CBC (RFC 5246 6.2.3.2). */
  HANDOFF_NONCE_RANDOM_IV,
} HandoffNonceLayout;

/* One row: a cipher suite that the service negotiates and the record layer speaks. */
typedef struct
{
  guint16 id;                         /* IANA TLS Cipher Suites registry */
  guint16 protocol;                   /* 0x0303 or 0x0304: a suite belongs to exactly one */
  const char *name;                   /* IANA name, TLS_AES_256_GCM_SHA384 */
  gnutls_cipher_algorithm_t cipher;   /* an AEAD, or AES-CBC */
  gnutls_mac_algorithm_t mac;         /* HMAC with this hash (AES-CBC), or GNUTLS_MAC_AEAD */
  gnutls_digest_algorithm_t prf;      /* hash of the key schedule or PRF */
  gnutls_kx_algorithm_t kx;           /* TLS 1.2 key exchange; GNUTLS_KX_UNKNOWN in TLS 1.3 */
  const char *gnutls_cipher_priority; /* the cipher in a GnuTLS priority string: "AES-256-GCM" */
  guint8 key_size;                    /* bytes */
  guint8 mac_key_size;                /* bytes; 0 with an AEAD */
  guint8 iv_size;                     /* bytes kept for each direction: 12, 4 (the salt), or 0 */
  guint8 tag_size;                    /* bytes, of the AEAD's tag or the MAC */
  HandoffNonceLayout nonce_layout;
} HandoffCipherSuite;

/* All rows: TLS 1.3's first, and within a protocol the strongest first. */
const HandoffCipherSuite *handoff_cipher_suites (gsize *n_suites);
/* NULL if we do not have it. */
const HandoffCipherSuite *handoff_cipher_suite_by_id (guint16 id);
/* The id of what a session negotiated (its ciphersuite bytes), whether we have a row for it or not;
 * 0 on failure. */
guint16 handoff_cipher_suite_id_of_session (gnutls_session_t session);

/* Whether it is AES-CBC with HMAC, which has MAC keys, and encrypts first or authenticates first.
 */
gboolean handoff_cipher_suite_is_cbc (const HandoffCipherSuite *suite);

/* "TLS1.2" or "TLS1.3"; NULL for anything else. */
const char *handoff_protocol_name (guint16 protocol);
/* 0 for an unknown name. */
guint16 handoff_protocol_by_name (const char *name);
