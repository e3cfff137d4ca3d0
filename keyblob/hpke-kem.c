/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "hpke-kem.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <nettle/curve25519.h>
#include <string.h>

#include "secret-memory.h"
#include "tls-handoff-error.h"

G_STATIC_ASSERT (CURVE25519_SIZE == HANDOFF_HPKE_KEY_SIZE);

/* (RFC 9180 4.1) */
static const guint8 kem_suite_id[5] = { 'K', 'E', 'M', HANDOFF_HPKE_KEM_X25519_SHA256 >> 8,
                                        HANDOFF_HPKE_KEM_X25519_SHA256 & 0xff };

/* All points of small order, little-endian: of the curve (0, 1, -1, and two of order 8) and of its
 * twist, and again 0 and 1, written as p and p + 1. X25519 ignores the top bit. */
static const guint8
    small_order_points[][HANDOFF_HPKE_KEY_SIZE] = {
      { 0 },
      { 1 },
      { 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
        0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
        0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 },
      { 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
        0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
        0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57 },
      { 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
      { 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
      { 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
    };

static gboolean
set_small_order (GError **error)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "The X25519 public key is a point of small order, which gives no secret");
  return FALSE;
}

/* DH, and the check of RFC 9180 7.1.4. */
static gboolean
x25519 (const guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
        const guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
        guint8 shared[HANDOFF_HPKE_KEY_SIZE],
        GError **error)
{
  static const guint8 zeros[HANDOFF_HPKE_KEY_SIZE];

  curve25519_mul (shared, private_key, public_key);
  if (gnutls_memcmp (shared, zeros, sizeof zeros) == 0)
    return set_small_order (error);

  return TRUE;
}

/* ExtractAndExpand (RFC 9180 4.1): the KEM's shared secret, from the Diffie-Hellman result. */
static gboolean
extract_and_expand (const guint8 dh[HANDOFF_HPKE_KEY_SIZE],
                    const guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                    const guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
                    guint8 shared_secret[HANDOFF_HPKE_HASH_SIZE],
                    GError **error)
{
  guint8 kem_context[2 * HANDOFF_HPKE_KEY_SIZE];
  guint8 prk[HANDOFF_HPKE_HASH_SIZE];
  gboolean ok;

  memcpy (kem_context, enc, HANDOFF_HPKE_KEY_SIZE);
  memcpy (kem_context + HANDOFF_HPKE_KEY_SIZE, public_key, HANDOFF_HPKE_KEY_SIZE);

  ok = handoff_hpke_labeled_extract (kem_suite_id, sizeof kem_suite_id, NULL, "eae_prk", dh,
                                     HANDOFF_HPKE_KEY_SIZE, prk, error) &&
       handoff_hpke_labeled_expand (kem_suite_id, sizeof kem_suite_id, prk, "shared_secret",
                                    kem_context, sizeof kem_context, shared_secret,
                                    HANDOFF_HPKE_HASH_SIZE, error);
  handoff_wipe (prk, sizeof prk);

  return ok;
}

/**
 * handoff_hpke_generate_key_pair:
 * @private_key: (out): 32 bytes, which the caller has to wipe
 * @public_key: (out): 32 bytes
 * @error: return location for an error
 *
 * Makes a fresh X25519 key pair (RFC 7748).
 *
 * Returns: %FALSE if there was no randomness: %TLS_HANDOFF_ERROR_FAILED
 */
gboolean
handoff_hpke_generate_key_pair (guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                                guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
                                GError **error)
{
  if (!handoff_hpke_check_gnutls (gnutls_rnd (GNUTLS_RND_KEY, private_key, HANDOFF_HPKE_KEY_SIZE),
                                  "Generating a key", error))
    return FALSE;

  curve25519_mul_g (public_key, private_key);
  handoff_wipe_near_stack ();

  return TRUE;
}

/**
 * handoff_hpke_derive_key_pair:
 * @ikm: (array length=ikm_size): input keying material
 * @ikm_size: bytes, at most %HANDOFF_HPKE_MAX_INPUT_SIZE
 * @private_key: (out): 32 bytes, which the caller has to wipe
 * @public_key: (out): 32 bytes
 * @error: return location for an error
 *
 * DeriveKeyPair (RFC 9180 7.1.3).
 *
 * Returns: %FALSE with %TLS_HANDOFF_ERROR_FAILED
 */
gboolean
handoff_hpke_derive_key_pair (const guint8 *ikm,
                              gsize ikm_size,
                              guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                              guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
                              GError **error)
{
  guint8 prk[HANDOFF_HPKE_HASH_SIZE];
  gboolean ok;

  g_return_val_if_fail (ikm_size <= HANDOFF_HPKE_MAX_INPUT_SIZE, FALSE);

  ok = handoff_hpke_labeled_extract (kem_suite_id, sizeof kem_suite_id, NULL, "dkp_prk", ikm,
                                     ikm_size, prk, error) &&
       handoff_hpke_labeled_expand (kem_suite_id, sizeof kem_suite_id, prk, "sk", NULL, 0,
                                    private_key, HANDOFF_HPKE_KEY_SIZE, error);
  if (ok)
    curve25519_mul_g (public_key, private_key);
  handoff_wipe (prk, sizeof prk);
  handoff_wipe_near_stack ();

  return ok;
}

/**
 * handoff_hpke_check_public_key:
 * @public_key: 32 bytes
 * @error: return location for an error
 *
 * Tells early what handoff_hpke_encapsulate() would find out, without a multiplication.
 *
 * Returns: %FALSE with %TLS_HANDOFF_ERROR_INVALID_ARGUMENT for a public key of small order
 */
gboolean
handoff_hpke_check_public_key (const guint8 public_key[HANDOFF_HPKE_KEY_SIZE], GError **error)
{
  guint8 point[HANDOFF_HPKE_KEY_SIZE];

  memcpy (point, public_key, sizeof point);
  point[HANDOFF_HPKE_KEY_SIZE - 1] &= 0x7f;
  for (gsize i = 0; i < G_N_ELEMENTS (small_order_points); i++)
    if (memcmp (point, small_order_points[i], sizeof point) == 0)
      return set_small_order (error);

  return TRUE;
}

/**
 * handoff_hpke_encapsulate:
 * @public_key: the recipient's, 32 bytes
 * @ephemeral_private_key: (nullable): 32 bytes, for test vectors only
 * @enc: (out): 32 bytes, the encapsulated key
 * @shared_secret: (out): 32 bytes, which the caller has to wipe
 * @error: return location for an error
 *
 * Encap (RFC 9180 4.1).
 *
 * Returns: %FALSE with %TLS_HANDOFF_ERROR_INVALID_ARGUMENT for a public key of small order,
 *   %TLS_HANDOFF_ERROR_FAILED otherwise
 */
gboolean
handoff_hpke_encapsulate (const guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
                          const guint8 *ephemeral_private_key,
                          guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                          guint8 shared_secret[HANDOFF_HPKE_HASH_SIZE],
                          GError **error)
{
  guint8 ephemeral[HANDOFF_HPKE_KEY_SIZE];
  guint8 dh[HANDOFF_HPKE_KEY_SIZE];
  gboolean ok = TRUE;

  if (ephemeral_private_key != NULL)
    {
      memcpy (ephemeral, ephemeral_private_key, sizeof ephemeral);
      curve25519_mul_g (enc, ephemeral);
    }
  else
    {
      ok = handoff_hpke_generate_key_pair (ephemeral, enc, error);
    }

  ok = ok && x25519 (ephemeral, public_key, dh, error) &&
       extract_and_expand (dh, enc, public_key, shared_secret, error);
  handoff_wipe (ephemeral, sizeof ephemeral);
  handoff_wipe (dh, sizeof dh);
  handoff_wipe_near_stack ();

  return ok;
}

/**
 * handoff_hpke_decapsulate:
 * @enc: the encapsulated key, 32 bytes
 * @private_key: the recipient's, 32 bytes
 * @shared_secret: (out): 32 bytes, which the caller has to wipe
 * @error: return location for an error
 *
 * Decap (RFC 9180 4.1).
 *
 * Returns: %FALSE with %TLS_HANDOFF_ERROR_INVALID_ARGUMENT if @enc is of small order,
 *   %TLS_HANDOFF_ERROR_FAILED otherwise
 */
gboolean
handoff_hpke_decapsulate (const guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                          const guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                          guint8 shared_secret[HANDOFF_HPKE_HASH_SIZE],
                          GError **error)
{
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 dh[HANDOFF_HPKE_KEY_SIZE];
  gboolean ok;

  curve25519_mul_g (public_key, private_key);
  ok = x25519 (private_key, enc, dh, error) &&
       extract_and_expand (dh, enc, public_key, shared_secret, error);
  handoff_wipe (dh, sizeof dh);
  handoff_wipe_near_stack ();

  return ok;
}
