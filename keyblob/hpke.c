/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "hpke.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <nettle/curve25519.h>
#include <string.h>

#include "secret-memory.h"
#include "tls-handoff-error.h"

#define HASH_SIZE 32  /* Nh, and Nsecret */
#define NONCE_SIZE 12 /* Nn */
#define MODE_BASE 0x00

/* suite_id (RFC 9180 4.1 and 5.1) */
#define KEM_SUITE_ID_SIZE 5
#define HPKE_SUITE_ID_SIZE 10
#define MAX_SUITE_ID_SIZE HPKE_SUITE_ID_SIZE

/* What is hashed: two bytes of length, "HPKE-v1", the suite, the label and the input. */
#define MAX_LABEL_SIZE 32
#define MAX_LABELED_SIZE (2 + 7 + MAX_SUITE_ID_SIZE + MAX_LABEL_SIZE + HANDOFF_HPKE_MAX_INPUT_SIZE)

G_STATIC_ASSERT (CURVE25519_SIZE == HANDOFF_HPKE_KEY_SIZE);

static const guint8 kem_suite_id[KEM_SUITE_ID_SIZE] = { 'K', 'E', 'M',
                                                        HANDOFF_HPKE_KEM_X25519_SHA256 >> 8,
                                                        HANDOFF_HPKE_KEM_X25519_SHA256 & 0xff };

typedef struct
{
  guint8 data[MAX_LABELED_SIZE];
  gsize size;
} Buffer;

typedef struct
{
  guint8 key[32];
  gsize key_size;
  guint8 nonce[NONCE_SIZE];
} AeadKeys;

static void
put_uint16 (guint8 *target, guint16 value)
{
  target[0] = (guint8) (value >> 8);
  target[1] = (guint8) value;
}

static void
buffer_add (Buffer *buffer, gconstpointer data, gsize size)
{
  g_assert (size <= sizeof buffer->data - buffer->size);

  if (size > 0)
    memcpy (buffer->data + buffer->size, data, size);
  buffer->size += size;
}

static void
buffer_add_labeled (Buffer *buffer,
                    const guint8 *suite_id,
                    gsize suite_id_size,
                    const char *label,
                    gconstpointer input,
                    gsize input_size)
{
  buffer_add (buffer, "HPKE-v1", 7);
  buffer_add (buffer, suite_id, suite_id_size);
  buffer_add (buffer, label, strlen (label));
  buffer_add (buffer, input, input_size);
}

static gboolean
check_gnutls (int code, const char *what, GError **error)
{
  if (code >= 0)
    return TRUE;

  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "%s failed: %s", what,
               gnutls_strerror (code));
  return FALSE;
}

/* LabeledExtract (RFC 9180 4). salt: NULL for the empty one, or HASH_SIZE bytes. */
static gboolean
labeled_extract (const guint8 *suite_id,
                 gsize suite_id_size,
                 const guint8 *salt,
                 const char *label,
                 gconstpointer input,
                 gsize input_size,
                 guint8 prk[HASH_SIZE],
                 GError **error)
{
  Buffer labeled = { .size = 0 };
  gnutls_datum_t key_datum;
  gnutls_datum_t salt_datum = { (guint8 *) salt, salt != NULL ? HASH_SIZE : 0 };
  gboolean ok;

  buffer_add_labeled (&labeled, suite_id, suite_id_size, label, input, input_size);
  key_datum.data = labeled.data;
  key_datum.size = (unsigned int) labeled.size;
  ok = check_gnutls (gnutls_hkdf_extract (GNUTLS_MAC_SHA256, &key_datum, &salt_datum, prk),
                     "HKDF-Extract", error);
  handoff_wipe (&labeled, sizeof labeled);

  return ok;
}

/* LabeledExpand (RFC 9180 4). */
static gboolean
labeled_expand (const guint8 *suite_id,
                gsize suite_id_size,
                const guint8 prk[HASH_SIZE],
                const char *label,
                gconstpointer input,
                gsize input_size,
                guint8 *output,
                gsize output_size,
                GError **error)
{
  Buffer labeled = { .size = 0 };
  guint8 length[2];
  gnutls_datum_t prk_datum = { (guint8 *) prk, HASH_SIZE };
  gnutls_datum_t info_datum;

  put_uint16 (length, (guint16) output_size);
  buffer_add (&labeled, length, sizeof length);
  buffer_add_labeled (&labeled, suite_id, suite_id_size, label, input, input_size);
  info_datum.data = labeled.data;
  info_datum.size = (unsigned int) labeled.size;

  return check_gnutls (
      gnutls_hkdf_expand (GNUTLS_MAC_SHA256, &prk_datum, &info_datum, output, output_size),
      "HKDF-Expand", error);
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
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "The X25519 public key is a point of small order, which gives no secret");
      return FALSE;
    }

  return TRUE;
}

/* ExtractAndExpand (RFC 9180 4.1): the KEM's shared secret, from the Diffie-Hellman result. */
static gboolean
extract_and_expand (const guint8 dh[HANDOFF_HPKE_KEY_SIZE],
                    const guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                    const guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
                    guint8 shared_secret[HASH_SIZE],
                    GError **error)
{
  guint8 kem_context[2 * HANDOFF_HPKE_KEY_SIZE];
  guint8 prk[HASH_SIZE];
  gboolean ok;

  memcpy (kem_context, enc, HANDOFF_HPKE_KEY_SIZE);
  memcpy (kem_context + HANDOFF_HPKE_KEY_SIZE, public_key, HANDOFF_HPKE_KEY_SIZE);

  ok = labeled_extract (kem_suite_id, sizeof kem_suite_id, NULL, "eae_prk", dh,
                        HANDOFF_HPKE_KEY_SIZE, prk, error) &&
       labeled_expand (kem_suite_id, sizeof kem_suite_id, prk, "shared_secret", kem_context,
                       sizeof kem_context, shared_secret, HASH_SIZE, error);
  handoff_wipe (prk, sizeof prk);

  return ok;
}

/* KeySchedule (RFC 9180 5.1) in base mode: no PSK, and the first sequence number only. */
static gboolean
key_schedule (guint16 aead_id,
              const guint8 shared_secret[HASH_SIZE],
              const guint8 *info,
              gsize info_size,
              AeadKeys *keys,
              GError **error)
{
  guint8 suite_id[HPKE_SUITE_ID_SIZE] = { 'H', 'P', 'K', 'E' };
  guint8 context[1 + 2 * HASH_SIZE];
  guint8 secret[HASH_SIZE];
  gboolean ok;

  keys->key_size = aead_id == HANDOFF_HPKE_AEAD_AES_128_GCM ? 16 : 32;
  put_uint16 (suite_id + 4, HANDOFF_HPKE_KEM_X25519_SHA256);
  put_uint16 (suite_id + 6, HANDOFF_HPKE_KDF_SHA256);
  put_uint16 (suite_id + 8, aead_id);
  context[0] = MODE_BASE;
  ok = labeled_extract (suite_id, sizeof suite_id, NULL, "psk_id_hash", NULL, 0, context + 1,
                        error) &&
       labeled_extract (suite_id, sizeof suite_id, NULL, "info_hash", info, info_size,
                        context + 1 + HASH_SIZE, error) &&
       labeled_extract (suite_id, sizeof suite_id, shared_secret, "secret", NULL, 0, secret,
                        error) &&
       labeled_expand (suite_id, sizeof suite_id, secret, "key", context, sizeof context, keys->key,
                       keys->key_size, error) &&
       labeled_expand (suite_id, sizeof suite_id, secret, "base_nonce", context, sizeof context,
                       keys->nonce, sizeof keys->nonce, error);
  handoff_wipe (secret, sizeof secret);

  return ok;
}

/* What both sides do from the Diffie-Hellman result to the AEAD's keys. */
static gboolean
derive_aead_keys (guint16 aead_id,
                  const guint8 our_private_key[HANDOFF_HPKE_KEY_SIZE],
                  const guint8 their_public_key[HANDOFF_HPKE_KEY_SIZE],
                  const guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                  const guint8 recipient_public_key[HANDOFF_HPKE_KEY_SIZE],
                  const guint8 *info,
                  gsize info_size,
                  AeadKeys *keys,
                  GError **error)
{
  guint8 dh[HANDOFF_HPKE_KEY_SIZE];
  guint8 shared_secret[HASH_SIZE];
  gboolean ok;

  ok = x25519 (our_private_key, their_public_key, dh, error) &&
       extract_and_expand (dh, enc, recipient_public_key, shared_secret, error) &&
       key_schedule (aead_id, shared_secret, info, info_size, keys, error);
  handoff_wipe (dh, sizeof dh);
  handoff_wipe (shared_secret, sizeof shared_secret);

  return ok;
}

static gboolean
aead_init (gnutls_aead_cipher_hd_t *aead, const AeadKeys *keys, GError **error)
{
  gnutls_datum_t key = { (guint8 *) keys->key, (unsigned int) keys->key_size };

  return check_gnutls (
      gnutls_aead_cipher_init (
          aead, keys->key_size == 16 ? GNUTLS_CIPHER_AES_128_GCM : GNUTLS_CIPHER_AES_256_GCM, &key),
      "Setting up AES-GCM", error);
}

static gboolean
aead_seal (const AeadKeys *keys,
           const guint8 *aad,
           gsize aad_size,
           const guint8 *plaintext,
           gsize plaintext_size,
           guint8 *ciphertext,
           GError **error)
{
  gnutls_aead_cipher_hd_t aead;
  gsize ciphertext_size = plaintext_size + HANDOFF_HPKE_TAG_SIZE;
  gboolean ok;

  if (!aead_init (&aead, keys, error))
    return FALSE;

  ok = check_gnutls (gnutls_aead_cipher_encrypt (aead, keys->nonce, sizeof keys->nonce, aad,
                                                 aad_size, HANDOFF_HPKE_TAG_SIZE, plaintext,
                                                 plaintext_size, ciphertext, &ciphertext_size),
                     "AES-GCM", error);
  gnutls_aead_cipher_deinit (aead);

  return ok;
}

static gboolean
aead_open (const AeadKeys *keys,
           const guint8 *aad,
           gsize aad_size,
           const guint8 *ciphertext,
           gsize ciphertext_size,
           guint8 *plaintext,
           GError **error)
{
  gnutls_aead_cipher_hd_t aead;
  gsize plaintext_size = ciphertext_size - HANDOFF_HPKE_TAG_SIZE;
  int code;

  if (!aead_init (&aead, keys, error))
    return FALSE;

  code = gnutls_aead_cipher_decrypt (aead, keys->nonce, sizeof keys->nonce, aad, aad_size,
                                     HANDOFF_HPKE_TAG_SIZE, ciphertext, ciphertext_size, plaintext,
                                     &plaintext_size);
  gnutls_aead_cipher_deinit (aead);
  if (code < 0)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                   "It was changed, or sealed to another key");
      return FALSE;
    }

  return TRUE;
}

static gboolean
known_aead (guint16 aead_id)
{
  return aead_id == HANDOFF_HPKE_AEAD_AES_128_GCM || aead_id == HANDOFF_HPKE_AEAD_AES_256_GCM;
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
  if (!check_gnutls (gnutls_rnd (GNUTLS_RND_KEY, private_key, HANDOFF_HPKE_KEY_SIZE),
                     "Generating a key", error))
    return FALSE;

  curve25519_mul_g (public_key, private_key);
  handoff_wipe_stack ();

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
  guint8 prk[HASH_SIZE];
  gboolean ok;

  g_return_val_if_fail (ikm_size <= HANDOFF_HPKE_MAX_INPUT_SIZE, FALSE);

  ok = labeled_extract (kem_suite_id, sizeof kem_suite_id, NULL, "dkp_prk", ikm, ikm_size, prk,
                        error) &&
       labeled_expand (kem_suite_id, sizeof kem_suite_id, prk, "sk", NULL, 0, private_key,
                       HANDOFF_HPKE_KEY_SIZE, error);
  if (ok)
    curve25519_mul_g (public_key, private_key);
  handoff_wipe (prk, sizeof prk);
  handoff_wipe_stack ();

  return ok;
}

/**
 * handoff_hpke_check_public_key:
 * @public_key: 32 bytes
 * @error: return location for an error
 *
 * Tells early what handoff_hpke_seal() would refuse.
 *
 * Returns: %FALSE with %TLS_HANDOFF_ERROR_INVALID_ARGUMENT for a public key of small order
 */
gboolean
handoff_hpke_check_public_key (const guint8 public_key[HANDOFF_HPKE_KEY_SIZE], GError **error)
{
  /* Any private key will do: all scalars of X25519 are multiples of the small orders (RFC 7748 5).
   */
  static const guint8 scalar[HANDOFF_HPKE_KEY_SIZE] = { 8 };
  guint8 product[HANDOFF_HPKE_KEY_SIZE];

  return x25519 (scalar, public_key, product, error);
}

/**
 * handoff_hpke_seal:
 * @aead_id: %HANDOFF_HPKE_AEAD_AES_256_GCM
 * @public_key: the recipient's, 32 bytes
 * @info: (array length=info_size): what the context is bound to
 * @info_size: bytes, at most %HANDOFF_HPKE_MAX_INPUT_SIZE
 * @aad: (array length=aad_size): what is authenticated with the plaintext
 * @aad_size: bytes
 * @plaintext: (array length=plaintext_size): what to encrypt
 * @plaintext_size: bytes
 * @ephemeral_private_key: (nullable): 32 bytes, for test vectors only
 * @enc: (out): 32 bytes, the encapsulated key; may lie in @aad, it is written before that is read
 * @ciphertext: (out): @plaintext_size + %HANDOFF_HPKE_TAG_SIZE bytes
 * @error: return location for an error
 *
 * SealBase (RFC 9180 6.1).
 *
 * Returns: %FALSE with %TLS_HANDOFF_ERROR_INVALID_ARGUMENT for a public key of small order,
 *   %TLS_HANDOFF_ERROR_FAILED otherwise
 */
gboolean
handoff_hpke_seal (guint16 aead_id,
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
                   GError **error)
{
  guint8 ephemeral[HANDOFF_HPKE_KEY_SIZE];
  AeadKeys keys;
  gboolean ok = TRUE;

  g_return_val_if_fail (known_aead (aead_id), FALSE);
  g_return_val_if_fail (info_size <= HANDOFF_HPKE_MAX_INPUT_SIZE, FALSE);

  if (ephemeral_private_key != NULL)
    {
      memcpy (ephemeral, ephemeral_private_key, sizeof ephemeral);
      curve25519_mul_g (enc, ephemeral);
    }
  else
    {
      ok = handoff_hpke_generate_key_pair (ephemeral, enc, error);
    }

  ok = ok &&
       derive_aead_keys (aead_id, ephemeral, public_key, enc, public_key, info, info_size, &keys,
                         error) &&
       aead_seal (&keys, aad, aad_size, plaintext, plaintext_size, ciphertext, error);
  handoff_wipe (ephemeral, sizeof ephemeral);
  handoff_wipe (&keys, sizeof keys);
  handoff_wipe_stack ();

  return ok;
}

/**
 * handoff_hpke_open:
 * @aead_id: %HANDOFF_HPKE_AEAD_AES_256_GCM
 * @private_key: the recipient's, 32 bytes
 * @enc: the encapsulated key, 32 bytes
 * @info: (array length=info_size): as when it was sealed
 * @info_size: bytes, at most %HANDOFF_HPKE_MAX_INPUT_SIZE
 * @aad: (array length=aad_size): as when it was sealed
 * @aad_size: bytes
 * @ciphertext: (array length=ciphertext_size): what to decrypt
 * @ciphertext_size: bytes, at least %HANDOFF_HPKE_TAG_SIZE
 * @plaintext: (out): @ciphertext_size - %HANDOFF_HPKE_TAG_SIZE bytes, zeros on failure
 * @error: return location for an error
 *
 * OpenBase (RFC 9180 6.1).
 *
 * Returns: %FALSE with %TLS_HANDOFF_ERROR_KEY_BLOB_INVALID if it is not authentic,
 *   %TLS_HANDOFF_ERROR_INVALID_ARGUMENT if @enc is of small order
 */
gboolean
handoff_hpke_open (guint16 aead_id,
                   const guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                   const guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                   const guint8 *info,
                   gsize info_size,
                   const guint8 *aad,
                   gsize aad_size,
                   const guint8 *ciphertext,
                   gsize ciphertext_size,
                   guint8 *plaintext,
                   GError **error)
{
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  AeadKeys keys;
  gboolean ok;

  g_return_val_if_fail (known_aead (aead_id), FALSE);
  g_return_val_if_fail (info_size <= HANDOFF_HPKE_MAX_INPUT_SIZE, FALSE);
  g_return_val_if_fail (ciphertext_size >= HANDOFF_HPKE_TAG_SIZE, FALSE);

  curve25519_mul_g (public_key, private_key);
  ok = derive_aead_keys (aead_id, private_key, enc, enc, public_key, info, info_size, &keys,
                         error) &&
       aead_open (&keys, aad, aad_size, ciphertext, ciphertext_size, plaintext, error);
  if (!ok)
    handoff_wipe (plaintext, ciphertext_size - HANDOFF_HPKE_TAG_SIZE);
  handoff_wipe (&keys, sizeof keys);
  handoff_wipe_stack ();

  return ok;
}
