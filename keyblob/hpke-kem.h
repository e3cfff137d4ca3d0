/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#include "hpke-kdf.h"

/* HPKE's DHKEM(X25519, HKDF-SHA256) (RFC 9180 4.1): a secret that a sender shares with the holder
 * of a private key. X25519 is nettle's. */

#define HANDOFF_HPKE_KEM_X25519_SHA256 0x0020
#define HANDOFF_HPKE_KEY_SIZE 32 /* Nsk, Npk, Nenc: bytes */

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

/* Whether anything can be sealed to that key: FALSE for a point of small order. Takes no time. */
gboolean handoff_hpke_check_public_key (const guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
                                        GError **error);

/* Encap: enc gets the encapsulated key. ephemeral_private_key: NULL, or the sender's ephemeral key,
 * for test vectors. A public key of small order is refused. */
gboolean handoff_hpke_encapsulate (const guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
                                   const guint8 *ephemeral_private_key,
                                   guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                                   guint8 shared_secret[HANDOFF_HPKE_HASH_SIZE],
                                   GError **error);
/* Decap. */
gboolean handoff_hpke_decapsulate (const guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                                   const guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                                   guint8 shared_secret[HANDOFF_HPKE_HASH_SIZE],
                                   GError **error);
