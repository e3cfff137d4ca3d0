/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "support/record-test-utils.h"

#include <string.h>
#include <glib/gstdio.h>

#include "keyblob/key-blob.h"
#include "keyblob/sealed-memfd.h"

const HandoffCipherSuite *
record_test_suite (guint16 protocol, HandoffNonceLayout layout)
{
  gsize n;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n);

  for (gsize i = 0; i < n; i++)
    if (suites[i].protocol == protocol && suites[i].nonce_layout == layout)
      return &suites[i];
  g_assert_not_reached ();
}

void
record_test_expand_label (gnutls_digest_algorithm_t hash,
                          const guint8 *secret,
                          gsize secret_size,
                          const char *label,
                          guint8 *output,
                          gsize size)
{
  g_autoptr (GByteArray) info = g_byte_array_new ();
  g_autofree char *full_label = g_strconcat ("tls13 ", label, NULL);
  const guint8 head[3] = { 0, size, strlen (full_label) };
  const guint8 no_context = 0;
  gnutls_datum_t secret_datum = { (guint8 *) secret, secret_size };
  gnutls_datum_t info_datum;
  int r;

  g_byte_array_append (info, head, sizeof head);
  g_byte_array_append (info, (const guint8 *) full_label, strlen (full_label));
  g_byte_array_append (info, &no_context, 1);
  info_datum.data = info->data;
  info_datum.size = info->len;
  r = gnutls_hkdf_expand ((gnutls_mac_algorithm_t) hash, &secret_datum, &info_datum, output, size);
  g_assert_cmpint (r, ==, 0);
}

void
record_test_derive (const HandoffCipherSuite *suite, HandoffDirectionState *state)
{
  state->key_size = suite->key_size;
  state->iv_size = suite->iv_size;
  record_test_expand_label (suite->prf, state->traffic_secret, state->traffic_secret_size, "key",
                            state->key, state->key_size);
  record_test_expand_label (suite->prf, state->traffic_secret, state->traffic_secret_size, "iv",
                            state->iv, state->iv_size);
}

static void
fill_direction (const HandoffCipherSuite *suite, HandoffDirectionState *state)
{
  state->max_plaintext_size = 16384;
  if (suite->protocol == 0x0304)
    {
      state->traffic_secret_size = gnutls_hash_get_len (suite->prf);
      gnutls_rnd (GNUTLS_RND_RANDOM, state->traffic_secret, state->traffic_secret_size);
      record_test_derive (suite, state);
      return;
    }
  state->key_size = suite->key_size;
  state->iv_size = suite->iv_size;
  gnutls_rnd (GNUTLS_RND_RANDOM, state->key, state->key_size);
  state->mac_key_size = suite->mac_key_size;
  gnutls_rnd (GNUTLS_RND_RANDOM, state->iv, state->iv_size);
  gnutls_rnd (GNUTLS_RND_RANDOM, state->mac_key, state->mac_key_size);
}

HandoffKeyState *
record_test_state_new (const HandoffCipherSuite *suite, HandoffRole role)
{
  HandoffKeyState *state = handoff_key_state_new ();

  state->role = role;
  state->protocol = suite->protocol;
  state->cipher_suite = suite->id;
  fill_direction (suite, &state->read);
  fill_direction (suite, &state->write);
  state->read.sequence_number = 5;
  state->write.sequence_number = 7;
  state->encrypt_then_mac = handoff_cipher_suite_is_cbc (suite);
  return state;
}

int
record_test_blob_fd (const HandoffKeyState *state, TlsHandoffImportKey *import_key)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) public_key = tls_handoff_import_key_dup_public_key (import_key);
  g_autoptr (GBytes) blob = NULL;
  int fd;

  blob = handoff_key_blob_seal (state, g_bytes_get_data (public_key, NULL), &error);
  g_assert_no_error (error);
  fd = handoff_sealed_memfd_new (blob, &error);
  g_assert_no_error (error);
  return fd;
}

TlsHandoffRecordLayer *
record_test_import (const HandoffKeyState *state)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TlsHandoffImportKey) import_key = tls_handoff_import_key_new (&error);
  TlsHandoffRecordLayer *layer;
  int fd;

  g_assert_no_error (error);
  fd = record_test_blob_fd (state, import_key);
  layer = tls_handoff_record_layer_new_from_key_blob (import_key, fd, &error);
  g_assert_no_error (error);
  g_close (fd, NULL);
  return layer;
}

TlsHandoffRecordLayer *
record_test_hand_on (TlsHandoffRecordLayer *layer, GBytes *unread_data, GBytes *unread_records)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TlsHandoffImportKey) import_key = tls_handoff_import_key_new (&error);
  g_autoptr (GBytes) recipient_key = NULL;
  TlsHandoffRecordLayer *next;
  int fd;

  g_assert_no_error (error);
  recipient_key = tls_handoff_import_key_dup_public_key (import_key);
  fd = tls_handoff_record_layer_export (layer, recipient_key, unread_data, unread_records, &error);
  g_assert_no_error (error);
  next = tls_handoff_record_layer_new_from_key_blob (import_key, fd, &error);
  g_assert_no_error (error);
  g_close (fd, NULL);
  return next;
}

HandoffKeyState *
record_test_export_state (TlsHandoffRecordLayer *layer)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  g_autoptr (GBytes) recipient_key = NULL;
  g_autoptr (GBytes) blob = NULL;
  g_autoptr (GError) error = NULL;
  HandoffKeyState *state;
  int fd;

  g_assert_true (handoff_hpke_generate_key_pair (private_key, public_key, NULL));
  recipient_key = g_bytes_new (public_key, sizeof public_key);
  fd = tls_handoff_record_layer_export (layer, recipient_key, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fd, >=, 0);
  blob = handoff_sealed_memfd_read (fd, 1, 65536, &error);
  g_assert_no_error (error);
  g_close (fd, NULL);
  state = handoff_key_blob_open (g_bytes_get_data (blob, NULL), g_bytes_get_size (blob),
                                 private_key, &error);
  g_assert_no_error (error);
  return state;
}

void
record_peer_init (RecordPeer *self, const HandoffKeyState *state_of_layer)
{
  self->suite = handoff_cipher_suite_by_id (state_of_layer->cipher_suite);
  self->encrypt_then_mac = state_of_layer->encrypt_then_mac;
  self->state = state_of_layer->read;
  self->read = state_of_layer->write;
}

static void
make_nonce (const RecordPeer *self,
            const HandoffDirectionState *state,
            const guint8 *explicit_part,
            guint8 nonce[12])
{
  memset (nonce, 0, 12);
  memcpy (nonce, state->iv, state->iv_size);
  if (self->suite->nonce_layout == HANDOFF_NONCE_EXPLICIT)
    memcpy (nonce + 4, explicit_part, 8);
  else
    for (int i = 0; i < 8; i++)
      nonce[4 + i] ^= state->sequence_number >> (56 - 8 * i);
}

static gsize
make_aad (const RecordPeer *self,
          const HandoffDirectionState *state,
          const guint8 *header,
          gsize size,
          guint8 aad[13])
{
  if (self->suite->protocol == 0x0304)
    {
      memcpy (aad, header, 5);
      return 5;
    }
  for (int i = 0; i < 8; i++)
    aad[i] = state->sequence_number >> (56 - 8 * i);
  memcpy (aad + 8, header, 3);
  aad[11] = size >> 8;
  aad[12] = size & 0xff;
  return 13;
}

/* The HMAC of TLS 1.2's pseudo-header and data. */
static void
compute_mac (const RecordPeer *self,
             const HandoffDirectionState *state,
             const guint8 *header,
             const guint8 *data,
             gsize size,
             guint8 *mac)
{
  g_autoptr (GByteArray) message = g_byte_array_new ();
  guint8 aad[13];

  make_aad (self, state, header, size, aad);
  g_byte_array_append (message, aad, sizeof aad);
  g_byte_array_append (message, data, size);
  gnutls_hmac_fast (self->suite->mac, state->mac_key, state->mac_key_size, message->data,
                    message->len, mac);
}

static void
crypt_cbc (const RecordPeer *self,
           const HandoffDirectionState *state,
           gboolean encrypt,
           guint8 *iv,
           guint8 *text,
           gsize size)
{
  gnutls_datum_t key = { (guint8 *) state->key, state->key_size };
  gnutls_datum_t iv_datum = { iv, 16 };
  gnutls_cipher_hd_t cipher;
  int r = gnutls_cipher_init (&cipher, self->suite->cipher, &key, &iv_datum);

  g_assert_cmpint (r, ==, 0);
  r = encrypt ? gnutls_cipher_encrypt (cipher, text, size)
              : gnutls_cipher_decrypt (cipher, text, size);
  g_assert_cmpint (r, ==, 0);
  gnutls_cipher_deinit (cipher);
}

void
record_peer_seal_text (
    RecordPeer *self, guint8 type, const guint8 *text, gsize size, GByteArray *out)
{
  gsize mac_size = self->encrypt_then_mac ? self->suite->tag_size : 0;
  gsize fragment_size = 16 + size + mac_size;
  g_autofree guint8 *record = g_malloc0 (5 + fragment_size);
  guint8 *iv = record + 5;

  record[0] = type;
  record[1] = record[2] = 3;
  record[3] = fragment_size >> 8;
  record[4] = fragment_size & 0xff;
  gnutls_rnd (GNUTLS_RND_NONCE, iv, 16);
  memcpy (iv + 16, text, size);
  crypt_cbc (self, &self->state, TRUE, iv, iv + 16, size);
  if (self->encrypt_then_mac)
    compute_mac (self, &self->state, record, iv, 16 + size, iv + 16 + size);
  self->state.sequence_number++;
  g_byte_array_append (out, record, 5 + fragment_size);
}

/* RFC 5246 6.2.3.2, RFC 7366 */
static void
seal_cbc (
    RecordPeer *self, guint8 type, const void *content, gsize size, gsize padding, GByteArray *out)
{
  gsize mac_size = self->suite->tag_size;
  gsize text_size = size + (self->encrypt_then_mac ? 0 : mac_size);
  gsize padded_size = (text_size / 16 + 1) * 16 + padding / 16 * 16;
  g_autofree guint8 *text = g_malloc0 (padded_size);
  guint8 header[3] = { type, 3, 3 };

  if (size > 0)
    memcpy (text, content, size);
  if (!self->encrypt_then_mac)
    compute_mac (self, &self->state, header, text, size, text + size);
  g_assert_cmpuint (padded_size - text_size, <=, 256);
  memset (text + text_size, padded_size - text_size - 1, padded_size - text_size);
  record_peer_seal_text (self, type, text, padded_size, out);
}

void
record_peer_seal (
    RecordPeer *self, guint8 type, const void *content, gsize size, gsize padding, GByteArray *out)
{
  gboolean tls13 = self->suite->protocol == 0x0304;
  gsize explicit_size = self->suite->nonce_layout == HANDOFF_NONCE_EXPLICIT ? 8 : 0;
  gsize plain_size = tls13 ? size + 1 + padding : size;
  gsize fragment_size = explicit_size + plain_size + self->suite->tag_size;
  gsize sealed_size = plain_size + self->suite->tag_size;
  g_autofree guint8 *plain = g_malloc0 (plain_size + 1);
  g_autofree guint8 *record = g_malloc0 (5 + fragment_size);
  gnutls_datum_t key = { self->state.key, self->state.key_size };
  gnutls_aead_cipher_hd_t cipher;
  guint8 nonce[12];
  guint8 aad[13];
  gsize aad_size;
  int r;

  if (handoff_cipher_suite_is_cbc (self->suite))
    {
      seal_cbc (self, type, content, size, padding, out);
      return;
    }
  if (size > 0)
    memcpy (plain, content, size);
  if (tls13)
    plain[size] = type;
  record[0] = tls13 ? 23 : type;
  record[1] = record[2] = 3;
  record[3] = fragment_size >> 8;
  record[4] = fragment_size & 0xff;
  /* Any explicit nonce will do, as long as it differs from record to record. */
  for (gsize i = 0; i < explicit_size; i++)
    record[5 + i] = (self->state.sequence_number >> (56 - 8 * i)) ^ 0xa5;

  make_nonce (self, &self->state, record + 5, nonce);
  aad_size = make_aad (self, &self->state, record, plain_size, aad);
  r = gnutls_aead_cipher_init (&cipher, self->suite->cipher, &key);
  g_assert_cmpint (r, ==, 0);
  r = gnutls_aead_cipher_encrypt (cipher, nonce, sizeof nonce, aad, aad_size, self->suite->tag_size,
                                  plain, plain_size, record + 5 + explicit_size, &sealed_size);
  g_assert_cmpint (r, ==, 0);
  gnutls_aead_cipher_deinit (cipher);
  self->state.sequence_number++;
  g_byte_array_append (out, record, 5 + fragment_size);
}

static GBytes *
open_cbc (RecordPeer *self, const guint8 **records, gsize *size, guint8 *type)
{
  gsize mac_size = self->suite->tag_size;
  gsize fragment_size = (*records)[3] << 8 | (*records)[4];
  gsize padded_size = fragment_size - 16 - (self->encrypt_then_mac ? mac_size : 0);
  g_autofree guint8 *record = g_memdup2 (*records, 5 + fragment_size);
  guint8 *iv = record + 5;
  guint8 *text = iv + 16;
  guint8 mac[48];
  gsize text_size;

  g_assert_cmpuint (fragment_size, >=, 16 + mac_size + 1);
  g_assert_cmpuint (padded_size % 16, ==, 0);
  if (self->encrypt_then_mac)
    {
      compute_mac (self, &self->read, record, iv, 16 + padded_size, mac);
      g_assert_cmpmem (mac, mac_size, text + padded_size, mac_size);
    }
  crypt_cbc (self, &self->read, FALSE, iv, text, padded_size);
  g_assert_cmpuint (text[padded_size - 1], <, 16);
  text_size = padded_size - 1 - text[padded_size - 1];
  for (gsize i = text_size; i < padded_size; i++)
    g_assert_cmpuint (text[i], ==, padded_size - 1 - text_size);
  if (!self->encrypt_then_mac)
    {
      g_assert_cmpuint (text_size, >=, mac_size);
      text_size -= mac_size;
      compute_mac (self, &self->read, record, text, text_size, mac);
      g_assert_cmpmem (mac, mac_size, text + text_size, mac_size);
    }
  self->read.sequence_number++;
  *type = record[0];
  *records += 5 + fragment_size;
  *size -= 5 + fragment_size;
  return g_bytes_new (text, text_size);
}

GBytes *
record_peer_open (RecordPeer *self, const guint8 **records, gsize *size, guint8 *type)
{
  gsize explicit_size = self->suite->nonce_layout == HANDOFF_NONCE_EXPLICIT ? 8 : 0;
  const guint8 *record = *records;
  gnutls_datum_t key = { self->read.key, self->read.key_size };
  gnutls_aead_cipher_hd_t cipher;
  gsize fragment_size;
  gsize plain_size;
  g_autofree guint8 *plain = NULL;
  guint8 nonce[12];
  guint8 aad[13];
  gsize aad_size;
  int r;

  g_assert_cmpuint (*size, >=, 5);
  fragment_size = record[3] << 8 | record[4];
  g_assert_cmpuint (*size, >=, 5 + fragment_size);
  g_assert_cmpuint (fragment_size, >=, explicit_size + self->suite->tag_size);
  g_assert_cmpmem (record + 1, 2, "\3\3", 2);
  if (handoff_cipher_suite_is_cbc (self->suite))
    return open_cbc (self, records, size, type);

  plain_size = fragment_size - explicit_size - self->suite->tag_size;
  plain = g_malloc (plain_size + 1);
  make_nonce (self, &self->read, record + 5, nonce);
  aad_size = make_aad (self, &self->read, record, plain_size, aad);
  r = gnutls_aead_cipher_init (&cipher, self->suite->cipher, &key);
  g_assert_cmpint (r, ==, 0);
  r = gnutls_aead_cipher_decrypt (cipher, nonce, sizeof nonce, aad, aad_size, self->suite->tag_size,
                                  record + 5 + explicit_size, fragment_size - explicit_size, plain,
                                  &plain_size);
  g_assert_cmpint (r, ==, 0);
  gnutls_aead_cipher_deinit (cipher);
  self->read.sequence_number++;
  *records += 5 + fragment_size;
  *size -= 5 + fragment_size;

  *type = record[0];
  if (self->suite->protocol == 0x0304)
    {
      g_assert_cmpuint (record[0], ==, 23);
      g_assert_cmpuint (plain_size, >, 0);
      *type = plain[--plain_size];
    }
  return g_bytes_new (plain, plain_size);
}

void
record_peer_update (RecordPeer *self, HandoffDirectionState *state)
{
  guint8 next[HANDOFF_MAX_TRAFFIC_SECRET_SIZE];

  record_test_expand_label (self->suite->prf, state->traffic_secret, state->traffic_secret_size,
                            "traffic upd", next, state->traffic_secret_size);
  memcpy (state->traffic_secret, next, state->traffic_secret_size);
  record_test_derive (self->suite, state);
  state->sequence_number = 0;
}

GBytes *
record_test_unprotect (TlsHandoffRecordLayer *layer,
                       GByteArray *records,
                       TlsHandoffRecordStatus *status,
                       GError **error)
{
  gsize consumed;
  gsize plaintext_size;

  if (!tls_handoff_record_layer_unprotect (layer, records->data, records->len, &consumed,
                                           &plaintext_size, status, error))
    return NULL;
  g_assert_cmpuint (consumed, ==, records->len);
  return g_bytes_new (records->data, plaintext_size);
}

void
record_test_protect (TlsHandoffRecordLayer *layer,
                     const guint8 *data,
                     gsize size,
                     GByteArray *records)
{
  g_autoptr (GError) error = NULL;
  gsize capacity = tls_handoff_record_layer_get_protected_size (layer, size);
  g_autofree guint8 *buffer = g_malloc (capacity);
  gsize consumed;
  gsize protected_size;

  tls_handoff_record_layer_protect (layer, data, size, &consumed, buffer, capacity, &protected_size,
                                    &error);
  g_assert_no_error (error);
  g_assert_cmpuint (consumed, ==, size);
  g_assert_cmpuint (protected_size, <=, capacity);
  g_byte_array_append (records, buffer, protected_size);
}

GBytes *
record_test_data (gsize size)
{
  guint8 *data = g_malloc (size + 1);
  guint32 x = 12345;

  for (gsize i = 0; i < size; i++)
    {
      x = x * 1664525 + 1013904223;
      data[i] = x >> 24;
    }
  return g_bytes_new_take (data, size);
}
