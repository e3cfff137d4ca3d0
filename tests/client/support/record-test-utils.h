/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "keyblob/key-state.h"
#include "tls-handoff-record-layer.h"

/* What the record layer's tests share: key states, importing them, and a peer that makes and reads
 * single records of any kind, written apart from the code under test. */

typedef struct
{
  const HandoffCipherSuite *suite;
  gboolean encrypt_then_mac;   /* AES-CBC */
  HandoffDirectionState state; /* what it seals with */
  HandoffDirectionState read;  /* what it opens with */
} RecordPeer;

/* The first suite of a protocol (0x0303, 0x0304) with that nonce layout. */
const HandoffCipherSuite *record_test_suite (guint16 protocol, HandoffNonceLayout layout);

/* HKDF-Expand-Label(secret, label, "", size), RFC 8446 7.1. */
void record_test_expand_label (gnutls_digest_algorithm_t hash,
                               const guint8 *secret,
                               gsize secret_size,
                               const char *label,
                               guint8 *output,
                               gsize size);
/* Key and IV from the traffic secret, RFC 8446 7.3. */
void record_test_derive (const HandoffCipherSuite *suite, HandoffDirectionState *state);

/* Random keys, sequence numbers 5 (reading) and 7 (writing), no limits; AES-CBC with
 * encrypt-then-MAC. */
HandoffKeyState *record_test_state_new (const HandoffCipherSuite *suite, HandoffRole role);
/* Seals state to a fresh import key and imports it. */
TlsHandoffRecordLayer *record_test_import (const HandoffKeyState *state);
/* A sealed memfd with state for import_key. */
int record_test_blob_fd (const HandoffKeyState *state, TlsHandoffImportKey *import_key);

/* Exports layer and imports it again, with a fresh import key. (transfer full) */
TlsHandoffRecordLayer *
record_test_hand_on (TlsHandoffRecordLayer *layer, GBytes *unread_data, GBytes *unread_records);

/* What layer exports, opened by hand; that is the end of layer. (transfer full) */
HandoffKeyState *record_test_export_state (TlsHandoffRecordLayer *layer);

void record_peer_init (RecordPeer *self, const HandoffKeyState *state_of_layer);
/* Appends a record to out. In TLS 1.3 type is the inner one. With AES-CBC, padding beyond the least
 * comes in whole blocks. */
void record_peer_seal (
    RecordPeer *self, guint8 type, const void *content, gsize size, gsize padding, GByteArray *out);
/* AES-CBC: a record whose plaintext, with padding and (if it comes first) MAC, is exactly text, of
 * whole blocks: right or wrong. */
void record_peer_seal_text (
    RecordPeer *self, guint8 type, const guint8 *text, gsize size, GByteArray *out);
/* Opens the first record of records; returns its content and moves on. */
GBytes *record_peer_open (RecordPeer *self, const guint8 **records, gsize *size, guint8 *type);
/* RFC 8446 7.2 */
void record_peer_update (RecordPeer *self, HandoffDirectionState *state);

/* All of records at once; the data, or NULL with error set. Everything must have been consumed. */
GBytes *record_test_unprotect (TlsHandoffRecordLayer *layer,
                               GByteArray *records,
                               TlsHandoffRecordStatus *status,
                               GError **error);
/* All of data, appended to records. */
void record_test_protect (TlsHandoffRecordLayer *layer,
                          const guint8 *data,
                          gsize size,
                          GByteArray *records);
/* size bytes that differ from place to place. */
GBytes *record_test_data (gsize size);
