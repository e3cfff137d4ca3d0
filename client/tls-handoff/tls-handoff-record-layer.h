/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "tls-handoff-import-key.h"

G_BEGIN_DECLS

/**
 * TlsHandoffRecordStatus:
 * @TLS_HANDOFF_RECORD_STATUS_DATA: all complete records in the buffer were taken
 * @TLS_HANDOFF_RECORD_STATUS_CLOSED: the peer's close_notify was read: no data will follow
 *
 * What [method@RecordLayer.unprotect] ended on.
 *
 * Since: 0.1
 */
typedef enum
{
  TLS_HANDOFF_RECORD_STATUS_DATA,
  TLS_HANDOFF_RECORD_STATUS_CLOSED,
} TlsHandoffRecordStatus;

/**
 * TlsHandoffRecordLayer:
 *
 * The record layer (RFC 8446 5, RFC 5246 6) of a TLS connection whose handshake another process
 * did.
 *
 * It does no input or output of its own: it turns data into records and records into data, in the
 * caller's buffers, and leaves sending and receiving to the caller. It speaks TLS 1.3 and TLS 1.2
 * with AES-GCM, AES-CCM, ChaCha20-Poly1305, and TLS 1.2 with AES-CBC and HMAC, as client or server.
 *
 * Beyond data it deals with all that may come after a handshake:
 *
 *  - alerts: a close_notify ends reading with %TLS_HANDOFF_RECORD_STATUS_CLOSED, a fatal alert with
 *    %TLS_HANDOFF_ERROR_ALERT_RECEIVED, whose detail `alert` names it; warnings are ignored, as
 * long as they are few;
 *  - TLS 1.3 KeyUpdate: followed, answered when asked for, refused when there are too many, and
 *    sent before a key has protected more records than is safe;
 *  - TLS 1.3 NewSessionTicket: checked and kept for
 *    [method@RecordLayer.take_session_tickets];
 *  - TLS 1.2 requests to renegotiate: declined with a no_renegotiation warning.
 *
 * What the peer must not send ends the connection: %TLS_HANDOFF_ERROR_RECORD_INVALID, and an alert
 * to be sent. From then on every call fails, and the keys are gone.
 *
 * Records must be sent in the order in which [method@RecordLayer.protect] and
 * [method@RecordLayer.take_output] return them. One thread may protect while another unprotects.
 *
 * After fork(), parent and child have the same keys, and two that protect different data with one
 * nonce give both away. So only one of them can send or export: the one that does so first. For the
 * other, the sending side is closed from then on (%TLS_HANDOFF_ERROR_CLOSED), its close_notify
 * included. Both may go on reading, but they have to agree on who reads what. It is better to hand
 * the connection on with [method@RecordLayer.export].
 *
 * Since: 0.1
 */
#define TLS_HANDOFF_TYPE_RECORD_LAYER (tls_handoff_record_layer_get_type ())
TLS_HANDOFF_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (
    TlsHandoffRecordLayer, tls_handoff_record_layer, TLS_HANDOFF, RECORD_LAYER, GObject)

TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffRecordLayer *tls_handoff_record_layer_new_from_key_blob (TlsHandoffImportKey *import_key,
                                                                   int key_blob_fd,
                                                                   GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
GTlsProtocolVersion tls_handoff_record_layer_get_protocol_version (TlsHandoffRecordLayer *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
const char *tls_handoff_record_layer_get_ciphersuite_name (TlsHandoffRecordLayer *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
gsize tls_handoff_record_layer_get_protected_size (TlsHandoffRecordLayer *self, gsize size);

TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_record_layer_protect (TlsHandoffRecordLayer *self,
                                           const guint8 *data,
                                           gsize size,
                                           gsize *consumed,
                                           guint8 *records,
                                           gsize records_size,
                                           gsize *protected_size,
                                           GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_record_layer_unprotect (TlsHandoffRecordLayer *self,
                                             guint8 *buffer,
                                             gsize size,
                                             gsize *consumed,
                                             gsize *plaintext_size,
                                             TlsHandoffRecordStatus *status,
                                             GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_2
GBytes *
tls_handoff_record_layer_protect_bytes (TlsHandoffRecordLayer *self, GBytes *data, GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_2
GBytes *tls_handoff_record_layer_unprotect_bytes (TlsHandoffRecordLayer *self,
                                                  GBytes *records,
                                                  gsize *consumed,
                                                  TlsHandoffRecordStatus *status,
                                                  GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_record_layer_close (TlsHandoffRecordLayer *self, GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
GBytes *tls_handoff_record_layer_take_output (TlsHandoffRecordLayer *self);

TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_record_layer_update_keys (TlsHandoffRecordLayer *self,
                                               gboolean request_peer,
                                               GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
GBytes *tls_handoff_record_layer_take_session_tickets (TlsHandoffRecordLayer *self);

TLS_HANDOFF_AVAILABLE_IN_0_2
GBytes *tls_handoff_record_layer_dup_channel_binding_data (TlsHandoffRecordLayer *self,
                                                           GTlsChannelBindingType type,
                                                           GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
int tls_handoff_record_layer_export (TlsHandoffRecordLayer *self,
                                     GBytes *recipient_key,
                                     GBytes *unread_data,
                                     GBytes *unread_records,
                                     GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
GBytes *tls_handoff_record_layer_take_unread_data (TlsHandoffRecordLayer *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
GBytes *tls_handoff_record_layer_take_unread_records (TlsHandoffRecordLayer *self);

G_END_DECLS
