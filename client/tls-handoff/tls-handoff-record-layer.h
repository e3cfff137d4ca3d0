/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "tls-handoff-import-key.h"

G_BEGIN_DECLS

/* What unprotect() ended on. */
typedef enum
{
  TLS_HANDOFF_RECORD_STATUS_DATA,      /* all complete records in the buffer were taken */
  TLS_HANDOFF_RECORD_STATUS_CLOSED,    /* the peer's close_notify was read: no data will follow */
} TlsHandoffRecordStatus;

#define TLS_HANDOFF_TYPE_RECORD_LAYER (tls_handoff_record_layer_get_type ())
TLS_HANDOFF_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TlsHandoffRecordLayer, tls_handoff_record_layer, TLS_HANDOFF, RECORD_LAYER, GObject)

/* Imports a key blob from a sealed memfd (not closed). Uses up and wipes import_key, also on failure. */
TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffRecordLayer *tls_handoff_record_layer_new_from_key_blob (TlsHandoffImportKey *import_key,
                                                                   int key_blob_fd,
                                                                   GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
GTlsProtocolVersion tls_handoff_record_layer_get_protocol_version (TlsHandoffRecordLayer *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
const char *tls_handoff_record_layer_get_ciphersuite_name (TlsHandoffRecordLayer *self);
/* The most bytes of records that protect() makes of size bytes of data, what is pending included. */
TLS_HANDOFF_AVAILABLE_IN_0_1
gsize tls_handoff_record_layer_get_protected_size (TlsHandoffRecordLayer *self, gsize size);

/* Protects as much of data as fits into records (records_size bytes), in as few records as possible. */
TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_record_layer_protect (TlsHandoffRecordLayer *self,
                                           const guint8 *data,
                                           gsize size,
                                           gsize *consumed,
                                           guint8 *records,
                                           gsize records_size,
                                           gsize *protected_size,
                                           GError **error);
/* Opens, in place, all complete records at the start of buffer; their plaintext, joined, replaces the
 * start of buffer; *consumed bytes of records were used up. Handles post-handshake messages by itself. */
TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_record_layer_unprotect (TlsHandoffRecordLayer *self,
                                             guint8 *buffer,
                                             gsize size,
                                             gsize *consumed,
                                             gsize *plaintext_size,
                                             TlsHandoffRecordStatus *status,
                                             GError **error);
/* Queues a close_notify; protect() fails from then on. */
TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_record_layer_close (TlsHandoffRecordLayer *self, GError **error);
/* Records that the layer itself wants sent (alerts, KeyUpdate answers): (transfer full) (nullable) */
TLS_HANDOFF_AVAILABLE_IN_0_1
GBytes *tls_handoff_record_layer_take_output (TlsHandoffRecordLayer *self);

G_END_DECLS
