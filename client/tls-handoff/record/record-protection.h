/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/crypto.h>

#include "keyblob/key-state.h"
#include "record/tls-alert.h"

/* The protection of records in one direction: cipher, sequence number, key update. How a record
 * is made with an AEAD is in record-aead.c, with AES-CBC in record-cbc.c.
 *
 * Not thread-safe: its sender or receiver has the lock. */

#define TLS_RECORD_HEADER_SIZE 5
/* By how much a record that we make is larger than its content, at most, in bytes. AEAD: explicit
 * nonce, type, tag; AES-CBC, which has more: IV, MAC, padding. */
#define TLS_RECORD_MAX_OVERHEAD (TLS_RECORD_HEADER_SIZE + 16 + 48 + 16)

#define TLS_PROTOCOL_1_2 0x0303
#define TLS_PROTOCOL_1_3 0x0304

/* Content types (RFC 8446 5.1). */
typedef enum
{
  TLS_CONTENT_CHANGE_CIPHER_SPEC = 20,
  TLS_CONTENT_ALERT = 21,
  TLS_CONTENT_HANDSHAKE = 22,
  TLS_CONTENT_APPLICATION_DATA = 23,
} TlsContentType;

/* A record that is opened. */
typedef struct
{
  guint8 *record; /* (unowned); its content may be decrypted in place */
  gsize fragment_size;
  guint8 *room; /* (nullable) (unowned): another place for the content */
  gsize room_size;
  /* What was found: its place is in record or in room. In TLS 1.3 a cipher's open() finds type and
   * padding behind it. */
  guint8 type;
  guint8 *content;
  gsize content_size;
  TlsAlert alert; /* that fits, if it must not be */
  /* If it was opened to room: what was there where TLS 1.3 has the last byte of type and padding.
   */
  guint8 replaced;
} HandoffRecordOpening;

typedef struct _HandoffRecordProtection HandoffRecordProtection;
typedef struct _HandoffCbcKeys HandoffCbcKeys;

/* What depends on the kind of cipher. */
typedef struct
{
  /* Makes the keys of self->state ready for use. */
  gboolean (*set_keys) (HandoffRecordProtection *self, GError **error);
  /* Wipes what set_keys() made; safe to call twice. */
  void (*clear_keys) (HandoffRecordProtection *self);
  /* See the functions below. */
  gsize (*get_record_size) (const HandoffRecordProtection *self, gsize content_size);
  gsize (*get_max_content_size) (const HandoffRecordProtection *self, gsize room);
  gsize (*get_max_fragment_size) (const HandoffRecordProtection *self);
  /* Fills a record whose header is written but for its length. Returns a GnuTLS code. */
  int (*seal) (HandoffRecordProtection *self,
               TlsContentType type,
               const guint8 *content,
               gsize size,
               guint8 *record,
               gsize *record_size);
  /* Finds content and its size. FALSE for whatever does not authenticate. */
  gboolean (*open) (HandoffRecordProtection *self, HandoffRecordOpening *opening);
} HandoffRecordCipher;

extern const HandoffRecordCipher handoff_record_aead;
extern const HandoffRecordCipher handoff_record_cbc;

struct _HandoffRecordProtection
{
  const HandoffCipherSuite *suite;
  const HandoffRecordCipher *cipher;
  gboolean is_tls13;
  gboolean encrypt_then_mac; /* AES-CBC: RFC 7366 */
  gsize max_fragment_size;   /* that may be received, bytes: what follows the header */
  /* (unowned) in secret memory; sequence number, keys and traffic secret are kept up to date in it
   */
  HandoffDirectionState *state;
  /* The keys, ready for use: one of them, and NULL once they were wiped. */
  gnutls_aead_cipher_hd_t aead; /* (nullable) */
  HandoffCbcKeys *cbc;          /* (nullable) (owned) */
};

gboolean handoff_record_protection_init (HandoffRecordProtection *self,
                                         const HandoffCipherSuite *suite,
                                         gboolean encrypt_then_mac,
                                         HandoffDirectionState *state,
                                         GError **error);
/* Wipes the keys, in state too. Safe to call twice. */
void handoff_record_protection_clear (HandoffRecordProtection *self);

static inline gboolean
handoff_record_protection_is_tls13 (const HandoffRecordProtection *self)
{
  return self->is_tls13;
}

/* Bytes of the record that content makes. */
gsize handoff_record_protection_get_record_size (const HandoffRecordProtection *self,
                                                 gsize content_size);
/* Bytes of the largest content whose record fits into room; 0 if none does. */
gsize handoff_record_protection_get_max_content_size (const HandoffRecordProtection *self,
                                                      gsize room);
/* Writes the length of a record of record_size bytes to its header. */
static inline void
handoff_record_protection_set_length (guint8 *record, gsize record_size)
{
  const gsize fragment_size = record_size - TLS_RECORD_HEADER_SIZE;

  record[3] = fragment_size >> 8;
  record[4] = fragment_size & 0xff;
}

/* RFC 5246 6.2.3.1 and 6.2.3.3, and RFC 7366 3: sequence number, type and version (as in the
 * header), size. What TLS 1.2 authenticates beside the content. */
#define TLS12_PSEUDO_HEADER_SIZE 13
void handoff_record_protection_make_pseudo_header (const HandoffRecordProtection *self,
                                                   const guint8 *header,
                                                   gsize size,
                                                   guint8 pseudo_header[TLS12_PSEUDO_HEADER_SIZE]);

/* Makes one record of content, which is not empty; record has room for it and does not overlap it.
 */
gboolean handoff_record_protection_seal (HandoffRecordProtection *self,
                                         TlsContentType type,
                                         const guint8 *content,
                                         gsize size,
                                         guint8 *record,
                                         gsize *record_size,
                                         GError **error);
/* Opens a record: to room if all that it decrypts fits there and the cipher can do that, else in
 * place. What is in room behind the content stays as it was, or is 0 if there was padding. On
 * failure record and room are to be wiped: it may be decrypted before it is known whether it is
 * authentic. */
gboolean handoff_record_protection_open (HandoffRecordProtection *self,
                                         HandoffRecordOpening *opening);

/* Goes on to the next generation of keys (TLS 1.3 KeyUpdate, RFC 8446 7.2); the sequence number
 * starts again at 0. */
gboolean handoff_record_protection_update (HandoffRecordProtection *self, GError **error);
