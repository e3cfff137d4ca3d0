/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "key-blob.h"

#include <string.h>

#include "handoff-names.h"
#include "secret-memory.h"
#include "tls-handoff-error.h"

#define INFO "org.tlshandoff.Handoff1 key blob"

static const guint8 magic[8] = { 'T', 'L', 'S', 'H', 'O', 'F', 'F', '\0' };

#define FORMAT_OFFSET 8

#define KEM_OFFSET 10

/* The numbers of the header, each 2 bytes, big-endian. The format comes first: it says what the
 * dictionary has. Then the KEM, which says who can open it. These are the same in each. */
static const struct
{
  gsize offset;
  guint16 value;
  const char *name;
} header_numbers[] = {
  { 12, HANDOFF_HPKE_KDF_SHA256, "KDF" },
  { 14, HANDOFF_HPKE_AEAD_AES_256_GCM, "AEAD" },
};

G_STATIC_ASSERT (HANDOFF_KEY_BLOB_OPENER_OFFSET + HANDOFF_KEY_BLOB_OPENER_SIZE ==
                 HANDOFF_KEY_BLOB_HEADER_SIZE);
G_STATIC_ASSERT (HANDOFF_KEY_BLOB_OPENER_SIZE == HANDOFF_HPKE_KEY_SIZE);
G_STATIC_ASSERT (HANDOFF_HPKE_KEY_SIZE == HANDOFF_RECIPIENT_KEY_SIZE);

static void
write_number (guint8 *place, guint16 number)
{
  place[0] = (guint8) (number >> 8);
  place[1] = (guint8) number;
}

static guint16
read_number (const guint8 *place)
{
  return (guint16) (place[0] << 8 | place[1]);
}

static void
write_header (guint8 *blob,
              guint format,
              guint16 kem_id,
              const guint8 opener[HANDOFF_KEY_BLOB_OPENER_SIZE])
{
  gsize i;

  memcpy (blob, magic, sizeof magic);
  write_number (blob + FORMAT_OFFSET, (guint16) format);
  write_number (blob + KEM_OFFSET, kem_id);
  memcpy (blob + HANDOFF_KEY_BLOB_OPENER_OFFSET, opener, HANDOFF_KEY_BLOB_OPENER_SIZE);
  for (i = 0; i < G_N_ELEMENTS (header_numbers); i++)
    write_number (blob + header_numbers[i].offset, header_numbers[i].value);
}

/**
 * handoff_key_blob_seal_in_context:
 * @context: the sender's end; its next message
 * @kem_id: what the header says about who can open it
 * @opener: 32 bytes, likewise
 * @state: a valid state
 * @error: return location for an error
 *
 * Makes a key blob that opens in the recipient's end of @context: of the oldest format that has all
 * of @state.
 *
 * Returns: (transfer full): the blob, or %NULL with %TLS_HANDOFF_ERROR_INVALID_ARGUMENT for a state
 *   that has more than a blob can hold, %TLS_HANDOFF_ERROR_KEY_BLOB_INVALID for one that is not
 *   valid: these use no sequence number. Or with an error of handoff_hpke_context_seal()
 */
GBytes *
handoff_key_blob_seal_in_context (HandoffHpkeContext *context,
                                  guint16 kem_id,
                                  const guint8 opener[HANDOFF_KEY_BLOB_OPENER_SIZE],
                                  const HandoffKeyState *state,
                                  GError **error)
{
  g_autofree guint8 *blob = NULL;
  guint8 *plaintext;
  gsize plaintext_size;
  gsize blob_size;
  gboolean ok;

  if (!handoff_key_state_validate (state, error))
    return NULL;

  plaintext = handoff_key_state_serialize (state, &plaintext_size);
  blob_size = HANDOFF_KEY_BLOB_HEADER_SIZE + plaintext_size + HANDOFF_HPKE_TAG_SIZE;
  if (blob_size > HANDOFF_KEY_BLOB_MAX_SIZE)
    {
      handoff_secret_free (plaintext);
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "A key blob holds at most %d bytes, and this one would have %" G_GSIZE_FORMAT
                   ": consume data that was received, and export then",
                   HANDOFF_KEY_BLOB_MAX_SIZE, blob_size);
      return NULL;
    }

  blob = g_malloc (blob_size);
  write_header (blob, handoff_key_state_get_format (state), kem_id, opener);
  ok = handoff_hpke_context_seal (context, blob, HANDOFF_KEY_BLOB_HEADER_SIZE, plaintext,
                                  plaintext_size, blob + HANDOFF_KEY_BLOB_HEADER_SIZE, error);
  handoff_secret_free (plaintext);

  return ok ? g_bytes_new_take (g_steal_pointer (&blob), blob_size) : NULL;
}

/**
 * handoff_key_blob_seal:
 * @state: a valid state
 * @recipient_key: the recipient's one-time X25519 public key, 32 bytes
 * @error: return location for an error
 *
 * Makes a key blob that only the holder of the one-time private key can open.
 *
 * Returns: (transfer full): the blob, or %NULL with %TLS_HANDOFF_ERROR_INVALID_ARGUMENT for a
 *   recipient key of small order or a state that has more than a blob can hold,
 *   %TLS_HANDOFF_ERROR_KEY_BLOB_INVALID for a state that is not valid
 */
GBytes *
handoff_key_blob_seal (const HandoffKeyState *state,
                       const guint8 recipient_key[HANDOFF_HPKE_KEY_SIZE],
                       GError **error)
{
  HandoffHpkeContext context;
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];
  GBytes *blob;

  if (!handoff_hpke_setup_sender (&context, HANDOFF_HPKE_AEAD_AES_256_GCM, recipient_key,
                                  (const guint8 *) INFO, strlen (INFO), NULL, enc, error))
    return NULL;
  blob = handoff_key_blob_seal_in_context (&context, HANDOFF_HPKE_KEM_X25519_SHA256, enc, state,
                                           error);
  handoff_hpke_context_clear (&context);

  return blob;
}

/* Whose blob it is. */
static gboolean
check_kem (guint16 kem_id, guint16 expected, GError **error)
{
  if (kem_id == expected)
    return TRUE;
  if (kem_id == HANDOFF_KEY_BLOB_KEM_OF_CHANNEL)
    g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                         "The key blob was sealed by a channel: it opens in the channel that it "
                         "came on, with no import key");
  else if (kem_id == HANDOFF_HPKE_KEM_X25519_SHA256)
    g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                         "The key blob was sealed to an import key, not by this channel");
  else
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                 "The key blob's KEM is 0x%04x, it must be 0x%04x", kem_id, expected);
  return FALSE;
}

/**
 * handoff_key_blob_check_header:
 * @blob: (array length=blob_size): a key blob
 * @blob_size: bytes
 * @kem_id: which KEM it must have
 * @error: return location for an error
 *
 * Checks all of the header but who can open it.
 *
 * Returns: %FALSE with %TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, or %TLS_HANDOFF_ERROR_NOT_SUPPORTED for
 *   a newer format
 */
gboolean
handoff_key_blob_check_header (const guint8 *blob, gsize blob_size, guint16 kem_id, GError **error)
{
  guint16 value;
  gsize i;

  if (blob_size < HANDOFF_KEY_BLOB_HEADER_SIZE + HANDOFF_HPKE_TAG_SIZE ||
      blob_size > HANDOFF_KEY_BLOB_MAX_SIZE)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                   "The key blob's size is %" G_GSIZE_FORMAT ", it must be %d to %d", blob_size,
                   HANDOFF_KEY_BLOB_HEADER_SIZE + HANDOFF_HPKE_TAG_SIZE, HANDOFF_KEY_BLOB_MAX_SIZE);
      return FALSE;
    }

  if (memcmp (blob, magic, sizeof magic) != 0)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                   "This is no key blob: it does not start with “TLSHOFF”");
      return FALSE;
    }

  value = read_number (blob + FORMAT_OFFSET);
  if (value == 0)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                           "The key blob has format 0, the oldest one is 1");
      return FALSE;
    }
  if (value > HANDOFF_BLOB_FORMAT)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
                   "The key blob has format %u, this library reads formats up to %d: update it",
                   value, HANDOFF_BLOB_FORMAT);
      return FALSE;
    }

  if (!check_kem (read_number (blob + KEM_OFFSET), kem_id, error))
    return FALSE;
  for (i = 0; i < G_N_ELEMENTS (header_numbers); i++)
    {
      value = read_number (blob + header_numbers[i].offset);
      if (value != header_numbers[i].value)
        {
          g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                       "The key blob's %s is 0x%04x, it must be 0x%04x", header_numbers[i].name,
                       value, header_numbers[i].value);
          return FALSE;
        }
    }

  return TRUE;
}

/* Tells no more, whatever was wrong. */
static void
set_does_not_open (const char *stranger, GError **error)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
               "The key blob does not open: it was changed, or sealed %s", stranger);
}

/**
 * handoff_key_blob_open_in_context:
 * @context: the recipient's end
 * @blob: (array length=blob_size): a key blob, whose header was checked
 * @blob_size: bytes
 * @stranger: who else may have sealed it, for the message
 * @error: return location for an error
 *
 * Authenticates, then parses.
 *
 * Returns: (transfer full): the state, or %NULL with %TLS_HANDOFF_ERROR_KEY_BLOB_INVALID
 */
HandoffKeyState *
handoff_key_blob_open_in_context (HandoffHpkeContext *context,
                                  const guint8 *blob,
                                  gsize blob_size,
                                  const char *stranger,
                                  GError **error)
{
  const gsize ciphertext_size = blob_size - HANDOFF_KEY_BLOB_HEADER_SIZE;
  guint8 *plaintext = handoff_secret_new (ciphertext_size, HANDOFF_SECRET_DEFAULT);
  HandoffKeyState *state = NULL;

  if (handoff_hpke_context_open (context, blob, HANDOFF_KEY_BLOB_HEADER_SIZE,
                                 blob + HANDOFF_KEY_BLOB_HEADER_SIZE, ciphertext_size, plaintext,
                                 NULL))
    state = handoff_key_state_parse (plaintext, ciphertext_size - HANDOFF_HPKE_TAG_SIZE,
                                     read_number (blob + FORMAT_OFFSET), error);
  else
    set_does_not_open (stranger, error);
  handoff_secret_free (plaintext);

  return state;
}

/**
 * handoff_key_blob_open:
 * @blob: (array length=blob_size): a key blob
 * @blob_size: bytes
 * @private_key: the recipient's one-time X25519 private key, 32 bytes; the caller wipes it
 *   afterwards, whatever the outcome
 * @error: return location for an error
 *
 * Opens a key blob: checks its header, then authenticates, then parses.
 *
 * Returns: (transfer full): the state, or %NULL with %TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, or
 *   %TLS_HANDOFF_ERROR_NOT_SUPPORTED for a newer format
 */
HandoffKeyState *
handoff_key_blob_open (const guint8 *blob,
                       gsize blob_size,
                       const guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                       GError **error)
{
  static const char stranger[] = "to another import key";
  HandoffHpkeContext context;
  HandoffKeyState *state = NULL;

  if (!handoff_key_blob_check_header (blob, blob_size, HANDOFF_HPKE_KEM_X25519_SHA256, error))
    return NULL;

  /* An encapsulated key of small order is one more that does not open. */
  if (handoff_hpke_setup_recipient (&context, HANDOFF_HPKE_AEAD_AES_256_GCM, private_key,
                                    blob + HANDOFF_KEY_BLOB_OPENER_OFFSET, (const guint8 *) INFO,
                                    strlen (INFO), NULL))
    state = handoff_key_blob_open_in_context (&context, blob, blob_size, stranger, error);
  else
    set_does_not_open (stranger, error);
  handoff_hpke_context_clear (&context);

  return state;
}
