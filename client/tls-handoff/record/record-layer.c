/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The record layer from its import on: records into data, and data into records. What becomes of
 * it when the connection is handed on is in record-layer-export.c. */

#include "record/record-layer.h"

#include "keyblob/tls-handoff-error.h"
#include "record/import-key.h"
#include "phrasebook/library-text.h"
#include "phrasebook/phrasebook.h"

G_DEFINE_FINAL_TYPE (TlsHandoffRecordLayer, tls_handoff_record_layer, G_TYPE_OBJECT)

static void
tls_handoff_record_layer_finalize (GObject *object)
{
  TlsHandoffRecordLayer *self = TLS_HANDOFF_RECORD_LAYER (object);

  handoff_record_receiver_clear (&self->receiver);
  handoff_record_sender_clear (&self->sender);
  g_mutex_clear (&self->receiver.lock);
  g_mutex_clear (&self->sender.lock);
  handoff_key_state_free (self->state);
  G_OBJECT_CLASS (tls_handoff_record_layer_parent_class)->finalize (object);
}

static void
tls_handoff_record_layer_class_init (TlsHandoffRecordLayerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = tls_handoff_record_layer_finalize;
}

static void
tls_handoff_record_layer_init (TlsHandoffRecordLayer *self)
{
  g_mutex_init (&self->receiver.lock);
  g_mutex_init (&self->sender.lock);
}

gboolean
handoff_record_layer_is_imported (gpointer object)
{
  return TLS_HANDOFF_IS_RECORD_LAYER (object) && TLS_HANDOFF_RECORD_LAYER (object)->suite != NULL;
}

TlsHandoffRecordLayer *
handoff_record_layer_new_from_state (HandoffKeyState *state, GError **error)
{
  g_autoptr (TlsHandoffRecordLayer) self = g_object_new (TLS_HANDOFF_TYPE_RECORD_LAYER, NULL);

  self->state = state;
  if (!handoff_key_state_validate (state, error))
    {
      handoff_phrasebook_translate_returned (error);
      return NULL;
    }
  self->suite = handoff_cipher_suite_by_id (state->cipher_suite);
  if (!handoff_record_sender_init (&self->sender, state, self->suite, error) ||
      !handoff_record_receiver_init (&self->receiver, state, self->suite, &self->sender, error))
    return NULL;
  handoff_secret_bytes_clear (&state->handshake_prefix);
  return g_steal_pointer (&self);
}

/**
 * tls_handoff_record_layer_new_from_key_blob:
 * @import_key: the key that the blob was sealed to; used up and wiped, also on failure
 * @key_blob_fd: a sealed memfd, as the service returns it; it is not closed
 * @error: return location for an error
 *
 * Takes over a connection: checks the seals and the size of the key blob (at most 64 KiB), opens it
 * (HPKE, RFC 9180), and goes on where the handshake ended, or where [method@RecordLayer.export] in
 * another process left off: then [method@RecordLayer.take_unread_data] and
 * [method@RecordLayer.take_unread_records] have what comes before anything that is received.
 *
 * Errors: %TLS_HANDOFF_ERROR_KEY_BLOB_INVALID if the blob is not sealed, damaged or meant for
 * another key; %TLS_HANDOFF_ERROR_KEY_USED if @import_key was used before or was made before a
 * fork(); %TLS_HANDOFF_ERROR_NOT_SUPPORTED if the blob's format is newer than this library, or its
 * cipher suite is one that GnuTLS cannot use here.
 *
 * Returns: (transfer full): the record layer, or %NULL with @error set
 *
 * Since: 0.1
 */
TlsHandoffRecordLayer *
tls_handoff_record_layer_new_from_key_blob (TlsHandoffImportKey *import_key,
                                            int key_blob_fd,
                                            GError **error)
{
  HandoffKeyState *state;

  g_return_val_if_fail (TLS_HANDOFF_IS_IMPORT_KEY (import_key), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  state = handoff_import_key_open_key_blob (import_key, key_blob_fd, error);
  return state != NULL ? handoff_record_layer_new_from_state (state, error) : NULL;
}

/**
 * tls_handoff_record_layer_get_protocol_version:
 * @self: a record layer
 *
 * Returns: %G_TLS_PROTOCOL_VERSION_TLS_1_2 or %G_TLS_PROTOCOL_VERSION_TLS_1_3
 *
 * Since: 0.1
 */
GTlsProtocolVersion
tls_handoff_record_layer_get_protocol_version (TlsHandoffRecordLayer *self)
{
  g_return_val_if_fail (handoff_record_layer_is_imported (self), G_TLS_PROTOCOL_VERSION_UNKNOWN);

  return self->suite->protocol == TLS_PROTOCOL_1_3 ? G_TLS_PROTOCOL_VERSION_TLS_1_3
                                                   : G_TLS_PROTOCOL_VERSION_TLS_1_2;
}

/**
 * tls_handoff_record_layer_get_ciphersuite_name:
 * @self: a record layer
 *
 * Returns: (transfer none): the IANA name of the cipher suite, `TLS_AES_256_GCM_SHA384`
 *
 * Since: 0.1
 */
const char *
tls_handoff_record_layer_get_ciphersuite_name (TlsHandoffRecordLayer *self)
{
  g_return_val_if_fail (handoff_record_layer_is_imported (self), NULL);

  return self->suite->name;
}

/**
 * tls_handoff_record_layer_get_protected_size:
 * @self: a record layer
 * @size: bytes of data
 *
 * How large a buffer [method@RecordLayer.protect] needs to take all of @size bytes at once.
 *
 * Returns: the most bytes of records that it can become, including what the layer itself may want
 *   to send first
 *
 * Since: 0.1
 */
gsize
tls_handoff_record_layer_get_protected_size (TlsHandoffRecordLayer *self, gsize size)
{
  g_return_val_if_fail (handoff_record_layer_is_imported (self), 0);

  return handoff_record_sender_get_protected_size (&self->sender, size);
}

/**
 * tls_handoff_record_layer_protect: (skip)
 * @self: a record layer
 * @data: (array length=size) (nullable): data to send
 * @size: bytes of @data; with 0, only what the layer itself wants sent is made into records
 * @consumed: (out): bytes of @data that the records carry
 * @records: (out caller-allocates) (array length=records_size): buffer for the records; must not
 *   overlap @data
 * @records_size: bytes of @records
 * @protected_size: (out): bytes of records made
 * @error: return location for an error
 *
 * Makes records of as much of @data as fits into @records, in as few as possible, preceded by
 * what [method@RecordLayer.take_output] would have returned. All of the records made must be sent,
 * in order.
 *
 * Errors: %TLS_HANDOFF_ERROR_CLOSED after [method@RecordLayer.close], and when the connection has
 * failed; %TLS_HANDOFF_ERROR_INVALID_ARGUMENT if not even a byte fits into @records;
 * %TLS_HANDOFF_ERROR_FAILED if the sequence numbers are used up (TLS 1.2) or the cipher fails.
 *
 * Returns: %TRUE on success, %FALSE with @error set if no record was made
 *
 * Since: 0.1
 */
gboolean
tls_handoff_record_layer_protect (TlsHandoffRecordLayer *self,
                                  const guint8 *data,
                                  gsize size,
                                  gsize *consumed,
                                  guint8 *records,
                                  gsize records_size,
                                  gsize *protected_size,
                                  GError **error)
{
  g_return_val_if_fail (handoff_record_layer_is_imported (self), FALSE);
  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (records != NULL || records_size == 0, FALSE);
  g_return_val_if_fail (consumed != NULL && protected_size != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return handoff_record_sender_protect (&self->sender, data, size, consumed, records, records_size,
                                        protected_size, error);
}

/**
 * tls_handoff_record_layer_unprotect: (skip)
 * @self: a record layer
 * @buffer: (array length=size): what was received and not yet consumed; overwritten
 * @size: bytes of @buffer
 * @consumed: (out): bytes of complete records that were taken from the start of @buffer
 * @plaintext_size: (out): bytes of data that now are at the start of @buffer
 * @status: (out): whether the peer closed its side
 * @error: return location for an error
 *
 * Opens all complete records at the start of @buffer, in place: the data that they carried, joined,
 * replaces the start of @buffer. What the next call needs are the bytes from @consumed on, followed
 * by what is received meanwhile. A buffer of 16,384 + 2,048 + 5 bytes holds any record.
 *
 * A success without data is normal: the last record may be incomplete, and not every record carries
 * data. After each call, what [method@RecordLayer.take_output] returns should be sent.
 *
 * Data that was received before something invalid is delivered first: then this call succeeds,
 * and the next one fails, whatever it is given. After a failure the error stays the same. No
 * plaintext of a record that was refused is left in @buffer.
 *
 * Up to 1,000 records without data may come in a row, among them up to 32 warnings and requests to
 * renegotiate; and up to eight KeyUpdates in a second. A peer that sends more only keeps its reader
 * busy, and is refused.
 *
 * An end of the byte stream without %TLS_HANDOFF_RECORD_STATUS_CLOSED is a truncation, which the
 * caller has to report.
 *
 * Errors: %TLS_HANDOFF_ERROR_RECORD_INVALID for what must not be accepted, with an alert to send
 * waiting in [method@RecordLayer.take_output]; %TLS_HANDOFF_ERROR_ALERT_RECEIVED if the peer sent a
 * fatal alert; %TLS_HANDOFF_ERROR_FAILED if new keys could not be derived.
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
tls_handoff_record_layer_unprotect (TlsHandoffRecordLayer *self,
                                    guint8 *buffer,
                                    gsize size,
                                    gsize *consumed,
                                    gsize *plaintext_size,
                                    TlsHandoffRecordStatus *status,
                                    GError **error)
{
  gboolean closed;
  gboolean ok;
  gsize room_used;

  g_return_val_if_fail (handoff_record_layer_is_imported (self), FALSE);
  g_return_val_if_fail (buffer != NULL || size == 0, FALSE);
  g_return_val_if_fail (consumed != NULL && plaintext_size != NULL && status != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  ok = handoff_record_receiver_unprotect (&self->receiver, buffer, size, NULL, 0, consumed,
                                          &room_used, plaintext_size, &closed, error);
  *status = closed ? TLS_HANDOFF_RECORD_STATUS_CLOSED : TLS_HANDOFF_RECORD_STATUS_DATA;
  return ok;
}

/**
 * tls_handoff_record_layer_close:
 * @self: a record layer
 * @error: return location for an error
 *
 * Closes the sending side: a close_notify (RFC 8446 6.1) waits in [method@RecordLayer.take_output],
 * [method@RecordLayer.protect] fails from now on, and the sending keys are wiped. Reading goes on
 * until the peer closes its side. Closing again does nothing.
 *
 * Errors: %TLS_HANDOFF_ERROR_FAILED if the cipher fails; the side is closed then, too.
 * %TLS_HANDOFF_ERROR_CLOSED after [method@RecordLayer.export].
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
tls_handoff_record_layer_close (TlsHandoffRecordLayer *self, GError **error)
{
  g_return_val_if_fail (handoff_record_layer_is_imported (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return handoff_record_sender_close (&self->sender, error);
}

/**
 * tls_handoff_record_layer_take_output:
 * @self: a record layer
 *
 * What the layer itself wants sent: alerts, KeyUpdates. To be asked for after
 * [method@RecordLayer.unprotect], also when that failed, after [method@RecordLayer.update_keys],
 * and after [method@RecordLayer.close].
 *
 * Returns: (transfer full) (nullable): records to be sent next, or %NULL if there are none
 *
 * Since: 0.1
 */
GBytes *
tls_handoff_record_layer_take_output (TlsHandoffRecordLayer *self)
{
  g_return_val_if_fail (handoff_record_layer_is_imported (self), NULL);

  return handoff_record_sender_take_output (&self->sender);
}

/**
 * tls_handoff_record_layer_update_keys:
 * @self: a record layer
 * @request_peer: whether the peer is to change its keys, too
 * @error: return location for an error
 *
 * Goes on to new keys for sending (TLS 1.3 KeyUpdate, RFC 8446 4.6.3): the message comes before the
 * next data of [method@RecordLayer.protect], or with [method@RecordLayer.take_output]. Calling it
 * again before that changes nothing. The layer does this by itself before a key is worn out; and
 * many peers end a connection that updates keys more than a few times in a second.
 *
 * Errors: %TLS_HANDOFF_ERROR_NOT_SUPPORTED with TLS 1.2, which cannot; %TLS_HANDOFF_ERROR_CLOSED
 * after [method@RecordLayer.close] or [method@RecordLayer.export], and when the connection has
 * failed.
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
tls_handoff_record_layer_update_keys (TlsHandoffRecordLayer *self,
                                      gboolean request_peer,
                                      GError **error)
{
  g_return_val_if_fail (handoff_record_layer_is_imported (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (self->suite->protocol != TLS_PROTOCOL_1_3)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
                           _ ("TLS 1.2 keeps its keys: open a new connection to have others"));
      return FALSE;
    }
  return handoff_record_sender_update_keys (&self->sender, request_peer, error);
}

/**
 * tls_handoff_record_layer_take_session_tickets:
 * @self: a record layer
 *
 * The NewSessionTicket messages (RFC 8446 4.6.1) that a TLS 1.3 server has sent since the last
 * call: whole handshake messages, each with its header of 4 bytes, one behind the other, at most 64
 * KiB. Tickets beyond that are dropped, and so are those that nobody takes. Whoever did the
 * handshake can resume sessions with them.
 *
 * Returns: (transfer full) (nullable): the messages, which are wiped when freed, or %NULL if there
 *   are none
 *
 * Since: 0.1
 */
GBytes *
tls_handoff_record_layer_take_session_tickets (TlsHandoffRecordLayer *self)
{
  g_return_val_if_fail (handoff_record_layer_is_imported (self), NULL);

  return handoff_record_receiver_take_session_tickets (&self->receiver);
}
