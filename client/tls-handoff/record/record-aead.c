/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Records with an AEAD:
 *
 *   TLS 1.3 (RFC 8446 5.2)  header | AEAD (content | type | padding)
 *   TLS 1.2 (RFC 5246 6.2.3.3)  header | explicit nonce, for some suites | AEAD (content)
 */

#include "record/record-protection.h"

#include <string.h>

#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

#define NONCE_SIZE 12
#define EXPLICIT_NONCE_SIZE 8

static gboolean
set_keys (HandoffRecordProtection *self, GError **error)
{
  gnutls_datum_t key = { self->state->key, self->state->key_size };
  int r = gnutls_aead_cipher_init (&self->aead, self->suite->cipher, &key);

  if (r < 0)
    {
      self->aead = NULL;
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
                   _ ("GnuTLS cannot use the cipher of %s: %s"), self->suite->name,
                   gnutls_strerror (r));
      return FALSE;
    }
  return TRUE;
}

static void
clear_keys (HandoffRecordProtection *self)
{
  g_clear_pointer (&self->aead, gnutls_aead_cipher_deinit);
}

/* What precedes the ciphertext. */
static inline gsize
get_prefix_size (const HandoffRecordProtection *self)
{
  return TLS_RECORD_HEADER_SIZE +
         (self->suite->nonce_layout == HANDOFF_NONCE_EXPLICIT ? EXPLICIT_NONCE_SIZE : 0);
}

/* The content type that TLS 1.3 hides behind the content. */
static gsize
get_inner_type_size (const HandoffRecordProtection *self)
{
  return handoff_record_protection_is_tls13 (self) ? 1 : 0;
}

static gsize
get_overhead (const HandoffRecordProtection *self)
{
  return get_prefix_size (self) + get_inner_type_size (self) + self->suite->tag_size;
}

static gsize
get_record_size (const HandoffRecordProtection *self, gsize content_size)
{
  return content_size + get_overhead (self);
}

static gsize
get_max_content_size (const HandoffRecordProtection *self, gsize room)
{
  gsize overhead = get_overhead (self);

  return room > overhead ? room - overhead : 0;
}

static gsize
get_max_fragment_size (const HandoffRecordProtection *self)
{
  return self->state->max_plaintext_size + get_overhead (self) - TLS_RECORD_HEADER_SIZE;
}

/* explicit_part: the record's own, or NULL where the layout has none. */
static void
make_nonce (const HandoffRecordProtection *self,
            const guint8 *explicit_part,
            guint8 nonce[NONCE_SIZE])
{
  const gsize fixed_size = NONCE_SIZE - EXPLICIT_NONCE_SIZE;
  const guint64 number = self->state->sequence_number;
  guint64 first;
  guint32 last;

  if (explicit_part != NULL)
    {
      memcpy (nonce, self->state->iv, fixed_size);
      memcpy (nonce + fixed_size, explicit_part, EXPLICIT_NONCE_SIZE);
      return;
    }
  /* The number stands at the end. In the pieces in which GnuTLS takes the nonce from here: to read
   * across what was just written costs as much as some rounds of AES. */
  memcpy (&first, self->state->iv, sizeof first);
  memcpy (&last, self->state->iv + sizeof first, sizeof last);
  first ^= GUINT64_TO_BE (number >> 32);
  last ^= GUINT32_TO_BE ((guint32) number);
  memcpy (nonce, &first, sizeof first);
  memcpy (nonce + sizeof first, &last, sizeof last);
}

/* What is authenticated beside the content. */
typedef struct
{
  const guint8 *bytes;
  gsize size;
  guint8 pseudo_header[TLS12_PSEUDO_HEADER_SIZE];
} AdditionalData;

/* TLS 1.3's is the header itself. */
static void
additional_data_init (AdditionalData *self,
                      const HandoffRecordProtection *protection,
                      const guint8 *header,
                      gsize content_size)
{
  if (handoff_record_protection_is_tls13 (protection))
    {
      self->bytes = header;
      self->size = TLS_RECORD_HEADER_SIZE;
      return;
    }
  handoff_record_protection_make_pseudo_header (protection, header, content_size,
                                                self->pseudo_header);
  self->bytes = self->pseudo_header;
  self->size = sizeof self->pseudo_header;
}

/* Encrypts content, in TLS 1.3 with its type behind it, to text. Returns a GnuTLS code.
 *
 * For TLS 1.3 the content is copied first. GnuTLS takes pieces from where they are, too, but
 * encrypts them in one pass and authenticates them in another (and AES-CCM's it joins in memory
 * that it allocates): that costs more than the copy. */
static int
encrypt (HandoffRecordProtection *self,
         const guint8 nonce[NONCE_SIZE],
         const AdditionalData *additional_data,
         TlsContentType type,
         const guint8 *content,
         gsize size,
         guint8 *text)
{
  gsize text_size = size + get_inner_type_size (self);
  gsize sealed_size = text_size + self->suite->tag_size;

  if (handoff_record_protection_is_tls13 (self))
    {
      memcpy (text, content, size);
      text[size] = type;
      content = text;
    }
  return gnutls_aead_cipher_encrypt (self->aead, nonce, NONCE_SIZE, additional_data->bytes,
                                     additional_data->size, self->suite->tag_size, content,
                                     text_size, text, &sealed_size);
}

static int
seal (HandoffRecordProtection *self,
      TlsContentType type,
      const guint8 *content,
      gsize size,
      guint8 *record,
      gsize *record_size)
{
  guint8 *explicit_part = NULL;
  guint64 number;
  guint8 nonce[NONCE_SIZE];
  AdditionalData additional_data;

  *record_size = size + get_overhead (self);
  handoff_record_protection_set_length (record, *record_size);
  if (self->suite->nonce_layout == HANDOFF_NONCE_EXPLICIT)
    {
      explicit_part = record + TLS_RECORD_HEADER_SIZE;
      number = GUINT64_TO_BE (self->state->sequence_number);
      memcpy (explicit_part, &number, sizeof number);
    }
  make_nonce (self, explicit_part, nonce);
  additional_data_init (&additional_data, self, record, size);
  return encrypt (self, nonce, &additional_data, type, content, size,
                  record + get_prefix_size (self));
}

static gboolean
open_record (HandoffRecordProtection *self, HandoffRecordOpening *opening)
{
  const gsize prefix_size = get_prefix_size (self);
  const gsize explicit_size = prefix_size - TLS_RECORD_HEADER_SIZE;
  const gsize tag_size = self->suite->tag_size;
  guint8 *record = opening->record;
  gsize size;
  guint8 nonce[NONCE_SIZE];
  AdditionalData additional_data;

  if (opening->fragment_size < explicit_size + tag_size)
    return FALSE;
  size = opening->fragment_size - explicit_size - tag_size;
  opening->content = record + prefix_size;
  if (size > 0 && size <= opening->room_size)
    {
      opening->content = opening->room;
      opening->replaced = opening->room[size - 1];
    }
  opening->content_size = size;
  make_nonce (self, explicit_size > 0 ? record + TLS_RECORD_HEADER_SIZE : NULL, nonce);
  additional_data_init (&additional_data, self, record, size);
  return gnutls_aead_cipher_decrypt (
             self->aead, nonce, sizeof nonce, additional_data.bytes, additional_data.size, tag_size,
             record + prefix_size, size + tag_size, opening->content, &opening->content_size) >= 0;
}

const HandoffRecordCipher handoff_record_aead = {
  .set_keys = set_keys,
  .clear_keys = clear_keys,
  .get_record_size = get_record_size,
  .get_max_content_size = get_max_content_size,
  .get_max_fragment_size = get_max_fragment_size,
  .seal = seal,
  .open = open_record,
};
