/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "hpke.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "secret-memory.h"
#include "tls-handoff-error.h"

#define MODE_BASE 0x00
#define SUITE_ID_SIZE 10

/* What a ratchet exports. */
#define RATCHET_LABEL "org.tlshandoff.Handoff1 next message"

G_STATIC_ASSERT (SUITE_ID_SIZE <= HANDOFF_HPKE_MAX_SUITE_ID_SIZE);

static gboolean
known_aead (guint16 aead_id)
{
  return aead_id == HANDOFF_HPKE_AEAD_AES_128_GCM || aead_id == HANDOFF_HPKE_AEAD_AES_256_GCM;
}

static gsize
get_key_size (guint16 aead_id)
{
  return aead_id == HANDOFF_HPKE_AEAD_AES_128_GCM ? 16 : 32;
}

static void
put_uint16 (guint8 *target, guint16 value)
{
  target[0] = (guint8) (value >> 8);
  target[1] = (guint8) value;
}

/* (RFC 9180 5.1) */
static void
make_suite_id (guint16 aead_id, guint8 suite_id[SUITE_ID_SIZE])
{
  memcpy (suite_id, "HPKE", 4);
  put_uint16 (suite_id + 4, HANDOFF_HPKE_KEM_X25519_SHA256);
  put_uint16 (suite_id + 6, HANDOFF_HPKE_KDF_SHA256);
  put_uint16 (suite_id + 8, aead_id);
}

/* KeySchedule (RFC 9180 5.1) in base mode: no PSK. */
static gboolean
key_schedule (HandoffHpkeContext *context,
              guint16 aead_id,
              const guint8 shared_secret[HANDOFF_HPKE_HASH_SIZE],
              const guint8 *info,
              gsize info_size,
              GError **error)
{
  guint8 suite_id[SUITE_ID_SIZE];
  guint8 hashes[1 + 2 * HANDOFF_HPKE_HASH_SIZE]; /* key_schedule_context */
  guint8 secret[HANDOFF_HPKE_HASH_SIZE];
  gboolean ok;

  context->aead_id = aead_id;
  context->sequence_number = 0;
  make_suite_id (aead_id, suite_id);
  hashes[0] = MODE_BASE;
  ok = handoff_hpke_labeled_extract (suite_id, sizeof suite_id, NULL, "psk_id_hash", NULL, 0,
                                     hashes + 1, error) &&
       handoff_hpke_labeled_extract (suite_id, sizeof suite_id, NULL, "info_hash", info, info_size,
                                     hashes + 1 + HANDOFF_HPKE_HASH_SIZE, error) &&
       handoff_hpke_labeled_extract (suite_id, sizeof suite_id, shared_secret, "secret", NULL, 0,
                                     secret, error) &&
       handoff_hpke_labeled_expand (suite_id, sizeof suite_id, secret, "key", hashes, sizeof hashes,
                                    context->key, get_key_size (aead_id), error) &&
       handoff_hpke_labeled_expand (suite_id, sizeof suite_id, secret, "base_nonce", hashes,
                                    sizeof hashes, context->base_nonce, sizeof context->base_nonce,
                                    error) &&
       handoff_hpke_labeled_expand (suite_id, sizeof suite_id, secret, "exp", hashes, sizeof hashes,
                                    context->exporter_secret, sizeof context->exporter_secret,
                                    error);
  handoff_wipe (secret, sizeof secret);
  handoff_wipe_near_stack ();

  return ok;
}

/**
 * handoff_hpke_setup_sender:
 * @context: (out): the sender's end
 * @aead_id: %HANDOFF_HPKE_AEAD_AES_256_GCM
 * @public_key: the recipient's, 32 bytes
 * @info: (array length=info_size): what the context is bound to
 * @info_size: bytes, at most %HANDOFF_HPKE_MAX_INPUT_SIZE
 * @ephemeral_private_key: (nullable): 32 bytes, for test vectors only
 * @enc: (out): 32 bytes, the encapsulated key
 * @error: return location for an error
 *
 * SetupBaseS (RFC 9180 5.1.1).
 *
 * Returns: %FALSE with %TLS_HANDOFF_ERROR_INVALID_ARGUMENT for a public key of small order,
 *   %TLS_HANDOFF_ERROR_FAILED otherwise; then nothing secret is in @context
 */
gboolean
handoff_hpke_setup_sender (HandoffHpkeContext *context,
                           guint16 aead_id,
                           const guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
                           const guint8 *info,
                           gsize info_size,
                           const guint8 *ephemeral_private_key,
                           guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                           GError **error)
{
  guint8 shared_secret[HANDOFF_HPKE_HASH_SIZE];
  gboolean ok;

  g_return_val_if_fail (known_aead (aead_id), FALSE);
  g_return_val_if_fail (info_size <= HANDOFF_HPKE_MAX_INPUT_SIZE, FALSE);

  ok = handoff_hpke_encapsulate (public_key, ephemeral_private_key, enc, shared_secret, error) &&
       key_schedule (context, aead_id, shared_secret, info, info_size, error);
  handoff_wipe (shared_secret, sizeof shared_secret);
  if (!ok)
    handoff_hpke_context_clear (context);

  return ok;
}

/**
 * handoff_hpke_setup_recipient:
 * @context: (out): the recipient's end
 * @aead_id: %HANDOFF_HPKE_AEAD_AES_256_GCM
 * @private_key: the recipient's, 32 bytes
 * @enc: the encapsulated key, 32 bytes
 * @info: (array length=info_size): as the sender has it
 * @info_size: bytes, at most %HANDOFF_HPKE_MAX_INPUT_SIZE
 * @error: return location for an error
 *
 * SetupBaseR (RFC 9180 5.1.1).
 *
 * Returns: %FALSE with %TLS_HANDOFF_ERROR_INVALID_ARGUMENT if @enc is of small order,
 *   %TLS_HANDOFF_ERROR_FAILED otherwise; then nothing secret is in @context
 */
gboolean
handoff_hpke_setup_recipient (HandoffHpkeContext *context,
                              guint16 aead_id,
                              const guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                              const guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                              const guint8 *info,
                              gsize info_size,
                              GError **error)
{
  guint8 shared_secret[HANDOFF_HPKE_HASH_SIZE];
  gboolean ok;

  g_return_val_if_fail (known_aead (aead_id), FALSE);
  g_return_val_if_fail (info_size <= HANDOFF_HPKE_MAX_INPUT_SIZE, FALSE);

  ok = handoff_hpke_decapsulate (enc, private_key, shared_secret, error) &&
       key_schedule (context, aead_id, shared_secret, info, info_size, error);
  handoff_wipe (shared_secret, sizeof shared_secret);
  if (!ok)
    handoff_hpke_context_clear (context);

  return ok;
}

/**
 * handoff_hpke_context_clear:
 * @context: either end
 *
 * Wipes @context.
 */
void
handoff_hpke_context_clear (HandoffHpkeContext *context)
{
  handoff_wipe (context, sizeof *context);
}

/* Context<ROLE>.ComputeNonce (RFC 9180 5.2). */
static void
compute_nonce (const HandoffHpkeContext *context, guint8 nonce[HANDOFF_HPKE_NONCE_SIZE])
{
  const guint64 big_endian = GUINT64_TO_BE (context->sequence_number);
  guint8 number[sizeof big_endian];
  gsize i;

  memcpy (number, &big_endian, sizeof number);
  memcpy (nonce, context->base_nonce, HANDOFF_HPKE_NONCE_SIZE);
  for (i = 0; i < sizeof number; i++)
    nonce[HANDOFF_HPKE_NONCE_SIZE - sizeof number + i] ^= number[i];
}

/* RFC 9180 5.2 has room for 96 bits; 64 are enough for anybody. */
static gboolean
check_limit (const HandoffHpkeContext *context, GError **error)
{
  if (context->sequence_number < G_MAXUINT64)
    return TRUE;
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                       "This HPKE context has no sequence number left for another message");
  return FALSE;
}

static gboolean
aead_init (gnutls_aead_cipher_hd_t *aead, const HandoffHpkeContext *context, GError **error)
{
  const gsize key_size = get_key_size (context->aead_id);
  gnutls_datum_t key = { (guint8 *) context->key, (unsigned int) key_size };

  return handoff_hpke_check_gnutls (
      gnutls_aead_cipher_init (
          aead, key_size == 16 ? GNUTLS_CIPHER_AES_128_GCM : GNUTLS_CIPHER_AES_256_GCM, &key),
      "Setting up AES-GCM", error);
}

/**
 * handoff_hpke_context_seal:
 * @context: the sender's end; its sequence number goes up by one
 * @aad: (array length=aad_size): what is authenticated with the plaintext
 * @aad_size: bytes
 * @plaintext: (array length=plaintext_size): what to encrypt
 * @plaintext_size: bytes
 * @ciphertext: (out): @plaintext_size + %HANDOFF_HPKE_TAG_SIZE bytes
 * @error: return location for an error
 *
 * ContextS.Seal (RFC 9180 5.2).
 *
 * Returns: %FALSE with %TLS_HANDOFF_ERROR_LIMIT_REACHED if there is no sequence number left,
 *   %TLS_HANDOFF_ERROR_FAILED otherwise
 */
gboolean
handoff_hpke_context_seal (HandoffHpkeContext *context,
                           const guint8 *aad,
                           gsize aad_size,
                           const guint8 *plaintext,
                           gsize plaintext_size,
                           guint8 *ciphertext,
                           GError **error)
{
  gnutls_aead_cipher_hd_t aead;
  gsize ciphertext_size = plaintext_size + HANDOFF_HPKE_TAG_SIZE;
  guint8 nonce[HANDOFF_HPKE_NONCE_SIZE];
  gboolean ok;

  if (!check_limit (context, error) || !aead_init (&aead, context, error))
    return FALSE;

  compute_nonce (context, nonce);
  /* Whatever comes of it, the number is used. */
  context->sequence_number++;
  ok = handoff_hpke_check_gnutls (
      gnutls_aead_cipher_encrypt (aead, nonce, sizeof nonce, aad, aad_size, HANDOFF_HPKE_TAG_SIZE,
                                  plaintext, plaintext_size, ciphertext, &ciphertext_size),
      "AES-GCM", error);
  gnutls_aead_cipher_deinit (aead);
  handoff_wipe (nonce, sizeof nonce);
  handoff_wipe_near_stack ();

  return ok;
}

/**
 * handoff_hpke_context_open:
 * @context: the recipient's end; its sequence number goes up by one, if the message is authentic
 * @aad: (array length=aad_size): as when it was sealed
 * @aad_size: bytes
 * @ciphertext: (array length=ciphertext_size): what to decrypt
 * @ciphertext_size: bytes, at least %HANDOFF_HPKE_TAG_SIZE
 * @plaintext: (out): @ciphertext_size - %HANDOFF_HPKE_TAG_SIZE bytes, zeros on failure
 * @error: return location for an error
 *
 * ContextR.Open (RFC 9180 5.2).
 *
 * Returns: %FALSE with %TLS_HANDOFF_ERROR_KEY_BLOB_INVALID if it is not authentic,
 *   %TLS_HANDOFF_ERROR_LIMIT_REACHED if there is no sequence number left
 */
gboolean
handoff_hpke_context_open (HandoffHpkeContext *context,
                           const guint8 *aad,
                           gsize aad_size,
                           const guint8 *ciphertext,
                           gsize ciphertext_size,
                           guint8 *plaintext,
                           GError **error)
{
  gnutls_aead_cipher_hd_t aead;
  gsize plaintext_size = ciphertext_size - HANDOFF_HPKE_TAG_SIZE;
  guint8 nonce[HANDOFF_HPKE_NONCE_SIZE];
  int code;

  g_return_val_if_fail (ciphertext_size >= HANDOFF_HPKE_TAG_SIZE, FALSE);

  if (!check_limit (context, error) || !aead_init (&aead, context, error))
    {
      handoff_wipe (plaintext, plaintext_size);
      return FALSE;
    }

  compute_nonce (context, nonce);
  code =
      gnutls_aead_cipher_decrypt (aead, nonce, sizeof nonce, aad, aad_size, HANDOFF_HPKE_TAG_SIZE,
                                  ciphertext, ciphertext_size, plaintext, &plaintext_size);
  gnutls_aead_cipher_deinit (aead);
  handoff_wipe (nonce, sizeof nonce);
  handoff_wipe_near_stack ();
  if (code < 0)
    {
      handoff_wipe (plaintext, ciphertext_size - HANDOFF_HPKE_TAG_SIZE);
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                   "It was changed, or sealed to another key");
      return FALSE;
    }

  context->sequence_number++;
  return TRUE;
}

/**
 * handoff_hpke_context_export:
 * @context: either end
 * @exporter_context: (array length=exporter_context_size): what the secret is for
 * @exporter_context_size: bytes, at most %HANDOFF_HPKE_MAX_INPUT_SIZE
 * @output: (out): @output_size bytes, which the caller has to wipe
 * @output_size: bytes, at most 255 × 32
 * @error: return location for an error
 *
 * Context.Export (RFC 9180 5.3): a secret that both ends have, of which the other secrets of
 * @context tell nothing.
 *
 * Returns: %FALSE with %TLS_HANDOFF_ERROR_FAILED
 */
gboolean
handoff_hpke_context_export (const HandoffHpkeContext *context,
                             const guint8 *exporter_context,
                             gsize exporter_context_size,
                             guint8 *output,
                             gsize output_size,
                             GError **error)
{
  guint8 suite_id[SUITE_ID_SIZE];
  gboolean ok;

  g_return_val_if_fail (exporter_context_size <= HANDOFF_HPKE_MAX_INPUT_SIZE, FALSE);
  g_return_val_if_fail (output_size <= 255 * HANDOFF_HPKE_HASH_SIZE, FALSE);

  make_suite_id (context->aead_id, suite_id);
  ok = handoff_hpke_labeled_expand (suite_id, sizeof suite_id, context->exporter_secret, "sec",
                                    exporter_context, exporter_context_size, output, output_size,
                                    error);
  handoff_wipe_near_stack ();

  return ok;
}

/**
 * handoff_hpke_context_ratchet:
 * @context: either end
 * @error: return location for an error
 *
 * Replaces the exporter's secret, the key and the base nonce with the parts, in this order, of what
 * Context.Export gives for a label of ours. The sequence number stays.
 *
 * Returns: %FALSE with %TLS_HANDOFF_ERROR_FAILED; then @context must be cleared
 */
gboolean
handoff_hpke_context_ratchet (HandoffHpkeContext *context, GError **error)
{
  const gsize key_size = get_key_size (context->aead_id);
  guint8 next[HANDOFF_HPKE_HASH_SIZE + sizeof context->key + HANDOFF_HPKE_NONCE_SIZE];
  const gsize size = HANDOFF_HPKE_HASH_SIZE + key_size + HANDOFF_HPKE_NONCE_SIZE;
  gboolean ok;

  ok = handoff_hpke_context_export (context, (const guint8 *) RATCHET_LABEL, strlen (RATCHET_LABEL),
                                    next, size, error);
  if (ok)
    {
      memcpy (context->exporter_secret, next, HANDOFF_HPKE_HASH_SIZE);
      memcpy (context->key, next + HANDOFF_HPKE_HASH_SIZE, key_size);
      memcpy (context->base_nonce, next + HANDOFF_HPKE_HASH_SIZE + key_size,
              HANDOFF_HPKE_NONCE_SIZE);
    }
  handoff_wipe (next, sizeof next);

  return ok;
}
