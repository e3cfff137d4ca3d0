/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Records with AES-CBC and HMAC (TLS 1.2):
 *
 *   encrypt-then-MAC (RFC 7366)          header | IV | CBC (content | padding) | MAC
 *   MAC-then-encrypt (RFC 5246 6.2.3.2)  header | IV | CBC (content | MAC | padding)
 *
 * The IV is fresh and random. The padding fills the last block: 1 to 16 bytes from us, up to 256
 * from the peer, each of them one less than their number. */

#include "record/record-protection.h"

#include <string.h>

#include "record/constant-time-mac.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

#define BLOCK_SIZE 16
#define IV_SIZE BLOCK_SIZE
#define MAX_PADDING 256
#define MAX_MAC_SIZE 48
/* What follows the last whole block of content: the rest of it, the MAC, the padding. */
#define MAX_TAIL_SIZE (BLOCK_SIZE + MAX_MAC_SIZE + BLOCK_SIZE)

/* In secret memory. */
struct _HandoffCbcKeys
{
  gnutls_cipher_hd_t cipher;
  gnutls_hmac_hd_t hmac;
  HandoffConstantTimeMac constant_time_mac; /* to open MAC-then-encrypt */
};

static void
clear_keys (HandoffRecordProtection *self)
{
  HandoffCbcKeys *keys = g_steal_pointer (&self->cbc);

  if (keys == NULL)
    return;
  g_clear_pointer (&keys->cipher, gnutls_cipher_deinit);
  if (keys->hmac != NULL)
    gnutls_hmac_deinit (keys->hmac, NULL);
  handoff_secret_free (keys);
}

static gboolean
set_keys (HandoffRecordProtection *self, GError **error)
{
  const HandoffDirectionState *state = self->state;
  gnutls_datum_t key = { self->state->key, self->state->key_size };
  int r;

  self->cbc = handoff_secret_new (sizeof *self->cbc, HANDOFF_SECRET_DEFAULT);
  r = gnutls_cipher_init (&self->cbc->cipher, self->suite->cipher, &key, NULL);
  if (r >= 0)
    r = gnutls_hmac_init (&self->cbc->hmac, self->suite->mac, state->mac_key, state->mac_key_size);
  if (r < 0)
    {
      clear_keys (self);
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
                   _ ("GnuTLS cannot use the cipher of %s: %s"), self->suite->name,
                   gnutls_strerror (r));
      return FALSE;
    }
  handoff_constant_time_mac_init (&self->cbc->constant_time_mac, self->suite->mac, state->mac_key,
                                  state->mac_key_size);
  return TRUE;
}

/* What is encrypted, without the padding. */
static gsize
get_text_size (const HandoffRecordProtection *self, gsize content_size)
{
  return content_size + (self->encrypt_then_mac ? 0 : self->suite->tag_size);
}

/* What follows the ciphertext. */
static gsize
get_outer_mac_size (const HandoffRecordProtection *self)
{
  return self->encrypt_then_mac ? self->suite->tag_size : 0;
}

static gsize
get_record_size (const HandoffRecordProtection *self, gsize content_size)
{
  /* There is at least the byte that tells the padding's length. */
  gsize n_blocks = get_text_size (self, content_size) / BLOCK_SIZE + 1;

  return TLS_RECORD_HEADER_SIZE + IV_SIZE + n_blocks * BLOCK_SIZE + get_outer_mac_size (self);
}

static gsize
get_max_content_size (const HandoffRecordProtection *self, gsize room)
{
  gsize fixed_size = TLS_RECORD_HEADER_SIZE + IV_SIZE + get_outer_mac_size (self);
  gsize padded_size = room > fixed_size ? (room - fixed_size) / BLOCK_SIZE * BLOCK_SIZE : 0;
  gsize not_content = get_text_size (self, 0) + 1;

  return padded_size > not_content ? padded_size - not_content : 0;
}

static gsize
get_max_fragment_size (const HandoffRecordProtection *self)
{
  gsize padded_size = get_text_size (self, self->state->max_plaintext_size) + MAX_PADDING;

  return IV_SIZE + padded_size / BLOCK_SIZE * BLOCK_SIZE + get_outer_mac_size (self);
}

/* Of TLS 1.2's pseudo-header and of data. Returns a GnuTLS code. */
static int
compute_mac (HandoffRecordProtection *self,
             const guint8 *header,
             const guint8 *data,
             gsize size,
             guint8 mac[MAX_MAC_SIZE])
{
  guint8 pseudo_header[TLS12_PSEUDO_HEADER_SIZE];
  int r;

  handoff_record_protection_make_pseudo_header (self, header, size, pseudo_header);
  r = gnutls_hmac (self->cbc->hmac, pseudo_header, sizeof pseudo_header);
  if (r >= 0)
    r = gnutls_hmac (self->cbc->hmac, data, size);
  /* It also starts the next one. */
  gnutls_hmac_output (self->cbc->hmac, mac);
  return r;
}

/* The whole blocks of content are encrypted from where they are. */
static int
seal (HandoffRecordProtection *self,
      TlsContentType type,
      const guint8 *content,
      gsize size,
      guint8 *record,
      gsize *record_size)
{
  const gsize whole_size = size / BLOCK_SIZE * BLOCK_SIZE;
  guint8 *iv = record + TLS_RECORD_HEADER_SIZE;
  guint8 *text = iv + IV_SIZE;
  guint8 tail[MAX_TAIL_SIZE];
  gsize used = size - whole_size;
  gsize padding;
  int r;

  *record_size = get_record_size (self, size);
  handoff_record_protection_set_length (record, *record_size);
  r = gnutls_rnd (GNUTLS_RND_NONCE, iv, IV_SIZE);
  if (r < 0)
    return r;
  memcpy (tail, content + whole_size, used);
  if (!self->encrypt_then_mac)
    {
      r = compute_mac (self, record, content, size, tail + used);
      used += self->suite->tag_size;
    }
  padding = BLOCK_SIZE - used % BLOCK_SIZE;
  memset (tail + used, padding - 1, padding);
  used += padding;

  gnutls_cipher_set_iv (self->cbc->cipher, iv, IV_SIZE);
  if (r >= 0 && whole_size > 0)
    r = gnutls_cipher_encrypt2 (self->cbc->cipher, content, whole_size, text, whole_size);
  if (r >= 0)
    r = gnutls_cipher_encrypt2 (self->cbc->cipher, tail, used, text + whole_size, used);
  handoff_wipe (tail, sizeof tail);
  if (r >= 0 && self->encrypt_then_mac)
    r = compute_mac (self, record, iv, IV_SIZE + whole_size + used, text + whole_size + used);
  return r;
}

/* RFC 7366 3: a record that is not authentic is not decrypted, so nothing that an attacker sees
 * depends on its content. */
static gboolean
strip_authentic (const guint8 *text, gsize text_size, gsize *content_size)
{
  gsize padding = text[text_size - 1];

  if (padding + 1 > text_size)
    return FALSE;
  for (gsize i = text_size - 1 - padding; i < text_size; i++)
    if (text[i] != padding)
      return FALSE;
  *content_size = text_size - 1 - padding;
  return TRUE;
}

static gboolean
check_text (HandoffRecordProtection *self,
            const guint8 *header,
            const guint8 *text,
            gsize text_size,
            gsize *content_size)
{
  guint8 pseudo_header[TLS12_PSEUDO_HEADER_SIZE];
  guint32 size;
  guint32 good;

  handoff_record_protection_make_pseudo_header (self, header, 0, pseudo_header);
  good = handoff_constant_time_mac_check (&self->cbc->constant_time_mac, pseudo_header, text,
                                          text_size, &size);
  *content_size = size;
  return good != 0;
}

/* Always in place: the text is larger than the content by padding and MAC, and is checked where it
 * is. */
static gboolean
open_record (HandoffRecordProtection *self, HandoffRecordOpening *opening)
{
  gsize mac_size = get_outer_mac_size (self);
  guint8 *iv = opening->record + TLS_RECORD_HEADER_SIZE;
  guint8 *text = iv + IV_SIZE;
  guint8 mac[MAX_MAC_SIZE];
  gsize size;

  /* These values can be seen from outside. */
  if (opening->fragment_size < IV_SIZE + get_text_size (self, 0) + 1 + mac_size)
    return FALSE;
  size = opening->fragment_size - IV_SIZE - mac_size;
  if (size % BLOCK_SIZE != 0)
    return FALSE;

  if (self->encrypt_then_mac && (compute_mac (self, opening->record, iv, IV_SIZE + size, mac) < 0 ||
                                 gnutls_memcmp (mac, iv + IV_SIZE + size, mac_size) != 0))
    return FALSE;
  opening->content = text;
  gnutls_cipher_set_iv (self->cbc->cipher, iv, IV_SIZE);
  if (gnutls_cipher_decrypt2 (self->cbc->cipher, text, size, text, size) < 0)
    return FALSE;
  return self->encrypt_then_mac
             ? strip_authentic (text, size, &opening->content_size)
             : check_text (self, opening->record, text, size, &opening->content_size);
}

const HandoffRecordCipher handoff_record_cbc = {
  .set_keys = set_keys,
  .clear_keys = clear_keys,
  .get_record_size = get_record_size,
  .get_max_content_size = get_max_content_size,
  .get_max_fragment_size = get_max_fragment_size,
  .seal = seal,
  .open = open_record,
};
