/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "record/record-protection.h"

#include <string.h>

#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

gboolean
handoff_record_protection_init (HandoffRecordProtection *self,
                                const HandoffCipherSuite *suite,
                                gboolean encrypt_then_mac,
                                HandoffDirectionState *state,
                                GError **error)
{
  self->suite = suite;
  self->cipher = handoff_cipher_suite_is_cbc (suite) ? &handoff_record_cbc : &handoff_record_aead;
  self->is_tls13 = suite->protocol == TLS_PROTOCOL_1_3;
  self->encrypt_then_mac = encrypt_then_mac;
  self->state = state;
  self->max_fragment_size = self->cipher->get_max_fragment_size (self);
  return self->cipher->set_keys (self, error);
}

void
handoff_record_protection_clear (HandoffRecordProtection *self)
{
  if (self->state == NULL)
    return;
  self->cipher->clear_keys (self);
  handoff_wipe (self->state, sizeof *self->state);
}

gsize
handoff_record_protection_get_record_size (const HandoffRecordProtection *self, gsize content_size)
{
  return self->cipher->get_record_size (self, content_size);
}

gsize
handoff_record_protection_get_max_content_size (const HandoffRecordProtection *self, gsize room)
{
  return self->cipher->get_max_content_size (self, room);
}

static void
put_uint16 (guint8 *bytes, guint16 value)
{
  bytes[0] = value >> 8;
  bytes[1] = value & 0xff;
}

void
handoff_record_protection_make_pseudo_header (const HandoffRecordProtection *self,
                                              const guint8 *header,
                                              gsize size,
                                              guint8 pseudo_header[TLS12_PSEUDO_HEADER_SIZE])
{
  guint64 sequence_number = GUINT64_TO_BE (self->state->sequence_number);

  memcpy (pseudo_header, &sequence_number, sizeof sequence_number);
  memcpy (pseudo_header + 8, header, 3);
  put_uint16 (pseudo_header + 11, size);
}

gboolean
handoff_record_protection_seal (HandoffRecordProtection *self,
                                TlsContentType type,
                                const guint8 *content,
                                gsize size,
                                guint8 *record,
                                gsize *record_size,
                                GError **error)
{
  int r;

  /* RFC 8446 5.3, RFC 5246 6.1: sequence numbers must not wrap. The last one stays unused. */
  if (self->state->sequence_number == G_MAXUINT64)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                           _ ("This connection has used up its sequence numbers; open a new one"));
      return FALSE;
    }

  record[0] = handoff_record_protection_is_tls13 (self) ? TLS_CONTENT_APPLICATION_DATA : type;
  put_uint16 (record + 1, TLS_PROTOCOL_1_2);
  r = self->cipher->seal (self, type, content, size, record, record_size);
  if (r < 0)
    {
      handoff_wipe (record, *record_size);
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   _ ("GnuTLS could not encrypt a record: %s"), gnutls_strerror (r));
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
handoff_record_protection_open (HandoffRecordProtection *self, HandoffRecordOpening *opening)
{
  gsize limit = self->state->max_plaintext_size;
  gsize text_size;

  opening->alert = TLS_ALERT_RECORD_OVERFLOW;
  if (opening->fragment_size > self->max_fragment_size)
    return FALSE;
  opening->alert = TLS_ALERT_UNEXPECTED_MESSAGE;
  if (self->state->sequence_number == G_MAXUINT64)
    return FALSE;
  opening->alert = TLS_ALERT_BAD_RECORD_MAC;
  if (!self->cipher->open (self, opening))
    return FALSE;
  self->state->sequence_number++;

  /* AES-CBC's padding may hide it. TLS 1.3's counts (RFC 8449 4), and so does the type. */
  opening->alert = TLS_ALERT_RECORD_OVERFLOW;
  if (opening->content_size > limit + (handoff_record_protection_is_tls13 (self) ? 1 : 0))
    return FALSE;

  opening->type = opening->record[0];
  if (handoff_record_protection_is_tls13 (self))
    {
      text_size = opening->content_size;
      opening->type = strip_padding (opening->content, &opening->content_size);
      opening->alert = TLS_ALERT_UNEXPECTED_MESSAGE; /* RFC 8446 5.4 */
      if (opening->type == 0)
        return FALSE;
      if (opening->content == opening->room)
        {
          memset (opening->content + opening->content_size, 0, text_size - opening->content_size);
          opening->content[text_size - 1] = opening->replaced;
        }
    }
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
                   _ ("GnuTLS could not derive the next keys: %s"), gnutls_strerror (r));
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
      self->cipher->clear_keys (self);
      ok = self->cipher->set_keys (self, error);
    }
  state->sequence_number = 0;
  handoff_wipe_stack ();
  return ok;
}
