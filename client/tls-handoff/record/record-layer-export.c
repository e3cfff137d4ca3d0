/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A connection that another process goes on with: what leaves, and what came with an import. */

#include "record/record-layer.h"

#include "keyblob/handoff-names.h"
#include "keyblob/key-blob.h"
#include "keyblob/sealed-memfd.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"
#include "phrasebook/phrasebook.h"

static void
append_bytes (HandoffSecretBytes *target, GBytes *bytes)
{
  gsize size;
  gconstpointer data;

  if (bytes == NULL)
    return;
  data = g_bytes_get_data (bytes, &size);
  handoff_secret_bytes_append (target, data, size);
}

/* With both locks. (transfer full) */
static HandoffKeyState *
copy_state (TlsHandoffRecordLayer *self, GBytes *unread_data, GBytes *unread_records)
{
  HandoffKeyState *state = handoff_key_state_new ();

  state->role = self->state->role;
  state->protocol = self->state->protocol;
  state->cipher_suite = self->state->cipher_suite;
  state->encrypt_then_mac = self->state->encrypt_then_mac;
  handoff_record_receiver_get_state_locked (&self->receiver, state);
  handoff_record_sender_get_state_locked (&self->sender, state);
  /* What came with the import and nobody took is the older. */
  handoff_secret_bytes_set (&state->unread_data, self->state->unread_data.data,
                            self->state->unread_data.size);
  append_bytes (&state->unread_data, unread_data);
  handoff_secret_bytes_set (&state->unread_records, self->state->unread_records.data,
                            self->state->unread_records.size);
  append_bytes (&state->unread_records, unread_records);
  handoff_key_state_copy_bindings (state, self->state);
  return state;
}

/* With both locks. The descriptor, or -1. */
static int
export_locked (TlsHandoffRecordLayer *self,
               const guint8 *recipient_key,
               GBytes *unread_data,
               GBytes *unread_records,
               GError **error)
{
  g_autoptr (HandoffKeyState) state = NULL;
  g_autoptr (GBytes) blob = NULL;
  int fd;

  if (!handoff_record_receiver_check_open_locked (&self->receiver, error) ||
      !handoff_record_sender_claim_locked (&self->sender, error))
    return -1;
  state = copy_state (self, unread_data, unread_records);
  blob = handoff_key_blob_seal (state, recipient_key, error);
  fd = blob != NULL ? handoff_sealed_memfd_new (blob, error) : -1;
  if (fd < 0)
    {
      handoff_phrasebook_translate_returned (error);
      return -1;
    }

  /* Two layers with one key would use every nonce twice. */
  handoff_record_receiver_hand_on_locked (&self->receiver);
  handoff_record_sender_hand_on_locked (&self->sender);
  handoff_secret_bytes_clear (&self->state->unread_data);
  handoff_secret_bytes_clear (&self->state->unread_records);
  handoff_key_state_clear_bindings (self->state);
  self->handed_on = TRUE;
  return fd;
}

/**
 * tls_handoff_record_layer_export:
 * @self: a record layer
 * @recipient_key: the public half of the other process's import key, 32 bytes, as
 *   [method@ImportKey.dup_public_key] returns it there
 * @unread_data: (nullable): data that [method@RecordLayer.unprotect] returned and that the other
 *   process is to read first
 * @unread_records: (nullable): bytes that were received and that [method@RecordLayer.unprotect] has
 *   not consumed
 * @error: return location for an error
 *
 * Hands the connection on to another process, in the middle of it: seals everything that the record
 * layer needs to go on (keys, sequence numbers, limits, what is owed to the peer, half a handshake
 * message) to that process's one-time key, with what was not read yet, and wipes the keys here. The
 * other process passes the descriptor to [ctor@RecordLayer.new_from_key_blob], and gets the socket
 * by the application's own means. What [method@RecordLayer.protect] and
 * [method@RecordLayer.take_output] returned must be sent before the other process sends anything.
 *
 * Channel bindings go with it ([method@RecordLayer.dup_channel_binding_data]). A library before
 * version 0.2 does not read a key blob that has some: %TLS_HANDOFF_ERROR_NOT_SUPPORTED there.
 *
 * From then on every call that can fail does, with %TLS_HANDOFF_ERROR_CLOSED. Session tickets that
 * nobody took are dropped. The limits for floods of the peer count from zero again.
 *
 * Errors: %TLS_HANDOFF_ERROR_INVALID_ARGUMENT if @recipient_key is no such key, or if there is more
 * to carry than a key blob holds (64 KiB): read first, and export then; %TLS_HANDOFF_ERROR_CLOSED
 * if a side is closed or the connection has failed; %TLS_HANDOFF_ERROR_KEY_BLOB_INVALID if a
 * sequence number is used up; %TLS_HANDOFF_ERROR_FAILED if there is no descriptor or randomness to
 * be had, or if only the first half of an alert was received (TLS 1.2). After an error the record
 * layer is as it was.
 *
 * Returns: a sealed memfd, for the caller to close, or -1 with @error set
 *
 * Since: 0.1
 */
int
tls_handoff_record_layer_export (TlsHandoffRecordLayer *self,
                                 GBytes *recipient_key,
                                 GBytes *unread_data,
                                 GBytes *unread_records,
                                 GError **error)
{
  gsize key_size;
  gconstpointer key;
  int fd;

  g_return_val_if_fail (handoff_record_layer_is_imported (self), -1);
  g_return_val_if_fail (recipient_key != NULL, -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  key = g_bytes_get_data (recipient_key, &key_size);
  if (key_size != HANDOFF_RECIPIENT_KEY_SIZE)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   _ ("A recipient key has %d bytes, this one has %zu"), HANDOFF_RECIPIENT_KEY_SIZE,
                   key_size);
      return -1;
    }
  g_mutex_lock (&self->receiver.lock);
  g_mutex_lock (&self->sender.lock);
  fd = export_locked (self, key, unread_data, unread_records, error);
  g_mutex_unlock (&self->sender.lock);
  g_mutex_unlock (&self->receiver.lock);
  return fd;
}

static GBytes *
take_unread (TlsHandoffRecordLayer *self, HandoffSecretBytes *unread)
{
  GBytes *bytes;

  g_mutex_lock (&self->receiver.lock);
  bytes = handoff_secret_bytes_take (unread);
  g_mutex_unlock (&self->receiver.lock);
  return bytes;
}

/**
 * tls_handoff_record_layer_take_unread_data:
 * @self: a record layer
 *
 * After the import of a connection that another process exported: the data that came with it, which
 * the application is to read before anything that [method@RecordLayer.unprotect] returns. It is
 * handed out once.
 *
 * Returns: (transfer full) (nullable): the data, wiped when freed, or %NULL if there is none
 *
 * Since: 0.1
 */
GBytes *
tls_handoff_record_layer_take_unread_data (TlsHandoffRecordLayer *self)
{
  g_return_val_if_fail (handoff_record_layer_is_imported (self), NULL);

  return take_unread (self, &self->state->unread_data);
}

/**
 * tls_handoff_record_layer_take_unread_records:
 * @self: a record layer
 *
 * After the import of a connection that another process exported: the received bytes that came with
 * it, which the caller puts in front of what it receives and passes to
 * [method@RecordLayer.unprotect]. They are handed out once.
 *
 * Returns: (transfer full) (nullable): the bytes, or %NULL if there are none
 *
 * Since: 0.1
 */
GBytes *
tls_handoff_record_layer_take_unread_records (TlsHandoffRecordLayer *self)
{
  g_return_val_if_fail (handoff_record_layer_is_imported (self), NULL);

  return take_unread (self, &self->state->unread_records);
}
