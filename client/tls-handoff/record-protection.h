/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/crypto.h>

#include "keyblob/key-state.h"
#include "tls-alert.h"

/* The protection of records in one direction: AEAD, nonces, sequence number, key update.
 *
 *   TLS 1.3 (RFC 8446 5.2)  header | AEAD (content | type | padding)
 *   TLS 1.2 (RFC 5246 6.2.3.3)  header | explicit nonce, for some suites | AEAD (content)
 *
 * Not thread-safe: its sender or receiver has the lock. */

#define TLS_RECORD_HEADER_SIZE 5
/* What the largest record adds to its content, bytes: header, explicit nonce, type, tag. */
#define TLS_RECORD_MAX_OVERHEAD (TLS_RECORD_HEADER_SIZE + 8 + 1 + 16)

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

typedef struct
{
  const HandoffCipherSuite *suite;
  /* (unowned) in secret memory; sequence number, keys and traffic secret are kept up to date in it
   */
  HandoffDirectionState *state;
  gnutls_aead_cipher_hd_t aead; /* (nullable) NULL once the keys were wiped */
} HandoffRecordProtection;

gboolean handoff_record_protection_init (HandoffRecordProtection *self,
                                         const HandoffCipherSuite *suite,
                                         HandoffDirectionState *state,
                                         GError **error);
/* Wipes the keys, in state too. Safe to call twice. */
void handoff_record_protection_clear (HandoffRecordProtection *self);

gboolean handoff_record_protection_is_tls13 (const HandoffRecordProtection *self);
/* What a record is larger than its content, bytes. */
gsize handoff_record_protection_get_overhead (const HandoffRecordProtection *self);
/* The largest fragment (what follows the header) that may be received, bytes. */
gsize handoff_record_protection_get_max_fragment_size (const HandoffRecordProtection *self);

/* Makes one record of content, which is not empty; record has size + overhead bytes and does not
 * overlap it. */
gboolean handoff_record_protection_seal (HandoffRecordProtection *self,
                                         TlsContentType type,
                                         const guint8 *content,
                                         gsize size,
                                         guint8 *record,
                                         GError **error);
/* Opens, in place, the record whose header announces fragment_size bytes; *content points into it.
 * On failure *alert says which alert fits, and record is to be wiped: GnuTLS decrypts before it
 * knows whether the tag is right. */
gboolean handoff_record_protection_open (HandoffRecordProtection *self,
                                         guint8 *record,
                                         gsize fragment_size,
                                         guint8 *type,
                                         guint8 **content,
                                         gsize *content_size,
                                         TlsAlert *alert);

/* Goes on to the next generation of keys (TLS 1.3 KeyUpdate, RFC 8446 7.2); the sequence number
 * starts again at 0. */
gboolean handoff_record_protection_update (HandoffRecordProtection *self, GError **error);
