/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* HPKE, RFC 9180: base mode, single shot, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-GCM.
 * X25519 is nettle's; HKDF and AES-GCM are GnuTLS's. */

#define HANDOFF_HPKE_KEM_X25519_SHA256 0x0020
#define HANDOFF_HPKE_KDF_SHA256 0x0001
#define HANDOFF_HPKE_AEAD_AES_128_GCM 0x0001 /* for the published test vectors only */
#define HANDOFF_HPKE_AEAD_AES_256_GCM 0x0002
#define HANDOFF_HPKE_KEY_SIZE 32        /* Nsk, Npk, Nenc: bytes */
#define HANDOFF_HPKE_TAG_SIZE 16        /* Nt: bytes */
#define HANDOFF_HPKE_MAX_INPUT_SIZE 256 /* of info and ikm: bytes */

/* A fresh key pair. */
gboolean handoff_hpke_generate_key_pair (guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                                         guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
                                         GError **error);
/* DeriveKeyPair (RFC 9180 7.1.3). */
gboolean handoff_hpke_derive_key_pair (const guint8 *ikm,
                                       gsize ikm_size,
                                       guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                                       guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
                                       GError **error);

/* Whether handoff_hpke_seal() would seal to that key: FALSE for a point of small order. */
gboolean handoff_hpke_check_public_key (const guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
                                        GError **error);

/* Seals plaintext to public_key: enc gets the encapsulated key, ciphertext plaintext_size +
 * HANDOFF_HPKE_TAG_SIZE bytes. ephemeral_private_key: NULL, or the sender's ephemeral key, for test
 * vectors. A public key of small order is refused. enc may point into aad: it is written before aad
 * is read. */
gboolean handoff_hpke_seal (guint16 aead_id,
                            const guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
                            const guint8 *info,
                            gsize info_size,
                            const guint8 *aad,
                            gsize aad_size,
                            const guint8 *plaintext,
                            gsize plaintext_size,
                            const guint8 *ephemeral_private_key,
                            guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                            guint8 *ciphertext,
                            GError **error);
/* The reverse: plaintext gets ciphertext_size - HANDOFF_HPKE_TAG_SIZE bytes, zeros on failure. */
gboolean handoff_hpke_open (guint16 aead_id,
                            const guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                            const guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                            const guint8 *info,
                            gsize info_size,
                            const guint8 *aad,
                            gsize aad_size,
                            const guint8 *ciphertext,
                            gsize ciphertext_size,
                            guint8 *plaintext,
                            GError **error);
