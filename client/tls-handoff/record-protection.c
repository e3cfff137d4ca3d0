/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "record-protection.h"

#include <string.h>

#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

#define NONCE_SIZE 12
#define EXPLICIT_NONCE_SIZE 8
#define TLS12_AAD_SIZE 13 /* RFC 5246 6.2.3.3: sequence number, type, version, length */

static gboolean
set_cipher (HandoffRecordProtection *self, GError **error)
{
  gnutls_datum_t key = { self->state->key, self->state->key_size };
  int r = gnutls_aead_cipher_init (&self->aead, self->suite->cipher, &key);

  if (r < 0)
    {
      self->aead = NULL;
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
                   "GnuTLS cannot use the cipher of %s: %s", self->suite->name,
                   gnutls_strerror (r));
      return FALSE;
    }
  return TRUE;
}

gboolean
handoff_record_protection_init (HandoffRecordProtection *self,
                                const HandoffCipherSuite *suite,
                                HandoffDirectionState *state,
                                GError **error)
{
  self->suite = suite;
  self->state = state;
  return set_cipher (self, error);
}

void
handoff_record_protection_clear (HandoffRecordProtection *self)
{
  g_clear_pointer (&self->aead, gnutls_aead_cipher_deinit);
  if (self->state != NULL)
    handoff_wipe (self->state, sizeof *self->state);
}

gboolean
handoff_record_protection_is_tls13 (const HandoffRecordProtection *self)
{
  return self->suite->protocol == TLS_PROTOCOL_1_3;
}

/* What precedes the ciphertext. */
static gsize
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

gsize
handoff_record_protection_get_overhead (const HandoffRecordProtection *self)
{
  return get_prefix_size (self) + get_inner_type_size (self) + self->suite->tag_size;
}

gsize
handoff_record_protection_get_max_fragment_size (const HandoffRecordProtection *self)
{
  return self->state->max_plaintext_size + handoff_record_protection_get_overhead (self) -
         TLS_RECORD_HEADER_SIZE;
}

static void
put_uint16 (guint8 *bytes, guint16 value)
{
  bytes[0] = value >> 8;
  bytes[1] = value & 0xff;
}

static void
put_uint64 (guint8 *bytes, guint64 value)
{
  value = GUINT64_TO_BE (value);
  memcpy (bytes, &value, sizeof value);
}

/* explicit_part: the record's own, or NULL where the layout has none. */
static void
make_nonce (const HandoffRecordProtection *self,
            const guint8 *explicit_part,
            guint8 nonce[NONCE_SIZE])
{
  guint8 number[8];

  if (explicit_part != NULL)
    {
      memcpy (nonce, self->state->iv, NONCE_SIZE - EXPLICIT_NONCE_SIZE);
      memcpy (nonce + NONCE_SIZE - EXPLICIT_NONCE_SIZE, explicit_part, EXPLICIT_NONCE_SIZE);
      return;
    }
  put_uint64 (number, self->state->sequence_number);
  memcpy (nonce, self->state->iv, NONCE_SIZE);
  for (guint i = 0; i < sizeof number; i++)
    nonce[NONCE_SIZE - sizeof number + i] ^= number[i];
}

/* The additional data: TLS 1.3's is the header itself. Returns its size. */
static gsize
make_aad (const HandoffRecordProtection *self,
          const guint8 *header,
          gsize content_size,
          guint8 aad[TLS12_AAD_SIZE])
{
  if (handoff_record_protection_is_tls13 (self))
    {
      memcpy (aad, header, TLS_RECORD_HEADER_SIZE);
      return TLS_RECORD_HEADER_SIZE;
    }
  put_uint64 (aad, self->state->sequence_number);
  memcpy (aad + 8, header, 3);
  put_uint16 (aad + 11, content_size);
  return TLS12_AAD_SIZE;
}

/* GnuTLS joins the pieces of an AES-CCM plaintext in memory that it allocates. */
static gboolean
encrypts_pieces_directly (const HandoffRecordProtection *self)
{
  return self->suite->cipher != GNUTLS_CIPHER_AES_128_CCM &&
         self->suite->cipher != GNUTLS_CIPHER_AES_256_CCM;
}

/* Encrypts content, in TLS 1.3 with its type behind it, to text. Returns a GnuTLS code. */
static int
encrypt (HandoffRecordProtection *self,
         const guint8 nonce[NONCE_SIZE],
         const guint8 *aad,
         gsize aad_size,
         TlsContentType type,
         const guint8 *content,
         gsize size,
         guint8 *text)
{
  gsize text_size = size + get_inner_type_size (self);
  gsize sealed_size = text_size + self->suite->tag_size;

  if (handoff_record_protection_is_tls13 (self) && encrypts_pieces_directly (self))
    {
      guint8 inner_type = type;
      const giovec_t pieces[] = { { (void *) content, size }, { &inner_type, 1 } };
      const giovec_t aad_piece = { (void *) aad, aad_size };

      return gnutls_aead_cipher_encryptv (self->aead, nonce, NONCE_SIZE, &aad_piece, 1,
                                          self->suite->tag_size, pieces, G_N_ELEMENTS (pieces),
                                          text, &sealed_size);
    }
  if (handoff_record_protection_is_tls13 (self))
    {
      memcpy (text, content, size);
      text[size] = type;
      content = text;
    }
  return gnutls_aead_cipher_encrypt (self->aead, nonce, NONCE_SIZE, aad, aad_size,
                                     self->suite->tag_size, content, text_size, text, &sealed_size);
}

gboolean
handoff_record_protection_seal (HandoffRecordProtection *self,
                                TlsContentType type,
                                const guint8 *content,
                                gsize size,
                                guint8 *record,
                                GError **error)
{
  gsize prefix_size = get_prefix_size (self);
  gsize overhead = handoff_record_protection_get_overhead (self);
  guint8 *explicit_part = NULL;
  guint8 nonce[NONCE_SIZE];
  guint8 aad[TLS12_AAD_SIZE];
  gsize aad_size;
  int r;

  /* RFC 8446 5.3, RFC 5246 6.1: sequence numbers must not wrap. The last one stays unused. */
  if (self->state->sequence_number == G_MAXUINT64)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                           "This connection has used up its sequence numbers; open a new one");
      return FALSE;
    }

  record[0] = handoff_record_protection_is_tls13 (self) ? TLS_CONTENT_APPLICATION_DATA : type;
  put_uint16 (record + 1, TLS_PROTOCOL_1_2);
  put_uint16 (record + 3, overhead - TLS_RECORD_HEADER_SIZE + size);
  if (self->suite->nonce_layout == HANDOFF_NONCE_EXPLICIT)
    {
      explicit_part = record + TLS_RECORD_HEADER_SIZE;
      put_uint64 (explicit_part, self->state->sequence_number);
    }

  make_nonce (self, explicit_part, nonce);
  aad_size = make_aad (self, record, size, aad);
  r = encrypt (self, nonce, aad, aad_size, type, content, size, record + prefix_size);
  if (r < 0)
    {
      handoff_wipe (record, overhead + size);
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "GnuTLS could not encrypt a record: %s", gnutls_strerror (r));
      return FALSE;
    }
  self->state->sequence_number++;
  return TRUE;
}

/* Finds the content type behind the content: the last byte that is not padding. 0 if there is none.
 */
static guint8
strip_padding (const guint8 *text, gsize *size)
{
  gsize end = *size;

  while (end > 0 && text[end - 1] == 0)
    end--;
  if (end == 0)
    return 0;
  *size = end - 1;
  return text[end - 1];
}

gboolean
handoff_record_protection_open (HandoffRecordProtection *self,
                                guint8 *record,
                                gsize fragment_size,
                                guint8 *type,
                                guint8 **content,
                                gsize *content_size,
                                TlsAlert *alert)
{
  gsize prefix_size = get_prefix_size (self);
  gsize explicit_size = prefix_size - TLS_RECORD_HEADER_SIZE;
  guint8 *text = record + prefix_size;
  gsize text_size;
  guint8 nonce[NONCE_SIZE];
  guint8 aad[TLS12_AAD_SIZE];
  gsize aad_size;
  int r;

  if (fragment_size > handoff_record_protection_get_max_fragment_size (self))
    {
      *alert = TLS_ALERT_RECORD_OVERFLOW;
      return FALSE;
    }
  *alert = TLS_ALERT_BAD_RECORD_MAC;
  if (fragment_size < explicit_size + self->suite->tag_size)
    return FALSE;
  if (self->state->sequence_number == G_MAXUINT64)
    {
      *alert = TLS_ALERT_UNEXPECTED_MESSAGE;
      return FALSE;
    }

  text_size = fragment_size - explicit_size - self->suite->tag_size;
  make_nonce (self, explicit_size > 0 ? record + TLS_RECORD_HEADER_SIZE : NULL, nonce);
  aad_size = make_aad (self, record, text_size, aad);
  r = gnutls_aead_cipher_decrypt (self->aead, nonce, sizeof nonce, aad, aad_size,
                                  self->suite->tag_size, text, text_size + self->suite->tag_size,
                                  text, &text_size);
  if (r < 0)
    return FALSE;
  self->state->sequence_number++;

  *type = record[0];
  if (handoff_record_protection_is_tls13 (self))
    {
      *type = strip_padding (text, &text_size);
      if (*type == 0)
        {
          *alert = TLS_ALERT_UNEXPECTED_MESSAGE; /* RFC 8446 5.4 */
          return FALSE;
        }
    }
  *content = text;
  *content_size = text_size;
  return TRUE;
}

/* HKDF-Expand-Label with an empty context (RFC 8446 7.1). */
static gboolean
expand_label (const HandoffRecordProtection *self,
              const char *label,
              guint8 *output,
              gsize size,
              GError **error)
{
  static const char prefix[] = "tls13 ";
  guint8 info[2 + 1 + 255 + 1];
  gsize label_size = strlen (prefix) + strlen (label);
  gnutls_datum_t secret = { self->state->traffic_secret, self->state->traffic_secret_size };
  gnutls_datum_t info_datum = { info, 2 + 1 + label_size + 1 };
  int r;

  put_uint16 (info, size);
  info[2] = label_size;
  memcpy (info + 3, prefix, strlen (prefix));
  memcpy (info + 3 + strlen (prefix), label, strlen (label));
  info[3 + label_size] = 0;
  /* In GnuTLS a hash and its HMAC have the same number. */
  r = gnutls_hkdf_expand ((gnutls_mac_algorithm_t) self->suite->prf, &secret, &info_datum, output,
                          size);
  if (r < 0)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "GnuTLS could not derive the next keys: %s", gnutls_strerror (r));
      return FALSE;
    }
  return TRUE;
}

gboolean
handoff_record_protection_update (HandoffRecordProtection *self, GError **error)
{
  HandoffDirectionState *state = self->state;
  guint8 next_secret[HANDOFF_MAX_TRAFFIC_SECRET_SIZE];
  gboolean ok;

  ok = expand_label (self, "traffic upd", next_secret, state->traffic_secret_size, error);
  if (ok)
    {
      memcpy (state->traffic_secret, next_secret, state->traffic_secret_size);
      ok = expand_label (self, "key", state->key, state->key_size, error) &&
           expand_label (self, "iv", state->iv, state->iv_size, error);
    }
  handoff_wipe (next_secret, sizeof next_secret);
  if (ok)
    {
      g_clear_pointer (&self->aead, gnutls_aead_cipher_deinit);
      ok = set_cipher (self, error);
    }
  state->sequence_number = 0;
  handoff_wipe_stack ();
  return ok;
}
