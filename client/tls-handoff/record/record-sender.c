/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "record/record-sender.h"

#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

/* The most records that one key protects; the last is a KeyUpdate (TLS 1.3, RFC 8446 5.5).
 * AES-GCM may protect 2^24.5 full records; AES-CCM wears out sooner, at 2^23 (RFC 9147 4.5.3 and
 * B.2); one limit for all suites is simpler and costs nothing. */
#define MAX_RECORDS_PER_KEY (G_GUINT64_CONSTANT (1) << 23)

/* Sequence numbers that data leaves for alerts (TLS 1.2, which cannot start again at 0). */
#define RESERVED_SEQUENCE_NUMBERS 16

#define KEY_UPDATE_SIZE 5 /* message header and request_update, RFC 8446 4.6.3 */

/* What protect() writes to. */
typedef struct
{
  guint8 *bytes;
  gsize room;
  gsize used;
} RecordBuffer;

gboolean
handoff_record_sender_init (HandoffRecordSender *self,
                            HandoffKeyState *state,
                            const HandoffCipherSuite *suite,
                            GError **error)
{
  self->key_update_owed = state->key_update_owed;
  self->key_update_requested = state->key_update_requested;
  self->no_renegotiation_owed = state->no_renegotiation_owed;
  return handoff_fork_guard_init (&self->guard, error) &&
         handoff_record_protection_init (&self->protection, suite, state->encrypt_then_mac,
                                         &state->write, error);
}

void
handoff_record_sender_clear (HandoffRecordSender *self)
{
  handoff_record_protection_clear (&self->protection);
  handoff_fork_guard_clear (&self->guard);
}

/* With the lock held. */
static void
discard (HandoffRecordSender *self)
{
  self->closed = TRUE;
  self->key_update_owed = FALSE;
  self->key_update_requested = FALSE;
  self->no_renegotiation_owed = FALSE;
  handoff_record_protection_clear (&self->protection);
}

static gboolean
check_open (HandoffRecordSender *self, GError **error)
{
  if (!self->closed)
    return TRUE;
  g_set_error_literal (
      error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED,
      self->handed_on ? _ ("Another process goes on with this connection")
                      : _ ("This side of the connection is closed; nothing can be sent any more"));
  return FALSE;
}

/* With the lock held, before each use of the keys: a forked process has the same keys, and would
 * protect other data with the same sequence number. */
static gboolean
claim (HandoffRecordSender *self, GError **error)
{
  if (handoff_fork_guard_claim (&self->guard))
    return TRUE;
  handoff_record_sender_hand_on_locked (self);
  return check_open (self, error);
}

static gsize
get_room_for_content (HandoffRecordSender *self, const RecordBuffer *buffer)
{
  return handoff_record_protection_get_max_content_size (&self->protection,
                                                         buffer->room - buffer->used);
}

static gboolean
append_record (HandoffRecordSender *self,
               RecordBuffer *buffer,
               TlsContentType type,
               const guint8 *content,
               gsize size,
               GError **error)
{
  gsize record_size;

  if (!claim (self, error))
    return FALSE;
  if (!handoff_record_protection_seal (&self->protection, type, content, size,
                                       buffer->bytes + buffer->used, &record_size, error))
    {
      discard (self);
      return FALSE;
    }
  buffer->used += record_size;
  return TRUE;
}

static gboolean
append_alert (HandoffRecordSender *self,
              RecordBuffer *buffer,
              guint8 level,
              TlsAlert description,
              GError **error)
{
  const guint8 alert[TLS_ALERT_SIZE] = { level, description };

  return append_record (self, buffer, TLS_CONTENT_ALERT, alert, sizeof alert, error);
}

static gboolean
append_key_update (HandoffRecordSender *self,
                   RecordBuffer *buffer,
                   gboolean request_peer,
                   GError **error)
{
  const guint8 message[KEY_UPDATE_SIZE] = { 24, 0, 0, 1, request_peer ? 1 : 0 };

  if (!append_record (self, buffer, TLS_CONTENT_HANDSHAKE, message, sizeof message, error))
    return FALSE;
  if (!handoff_record_protection_update (&self->protection, error))
    {
      discard (self);
      return FALSE;
    }
  return TRUE;
}

static gboolean
owes (const HandoffRecordSender *self)
{
  return self->key_update_owed || self->key_update_requested || self->no_renegotiation_owed;
}

/* Writes what is owed, as far as it fits; *all tells whether nothing is owed any more. */
static gboolean
append_owed (HandoffRecordSender *self, RecordBuffer *buffer, gboolean *all, GError **error)
{
  *all = FALSE;
  if (self->key_update_owed)
    {
      if (get_room_for_content (self, buffer) < KEY_UPDATE_SIZE)
        return TRUE;
      if (!append_key_update (self, buffer, FALSE, error))
        return FALSE;
      self->key_update_owed = FALSE;
    }
  /* Not joined with the other: an answer must not ask in turn (RFC 8446 4.6.3). */
  if (self->key_update_requested)
    {
      if (get_room_for_content (self, buffer) < KEY_UPDATE_SIZE)
        return TRUE;
      if (!append_key_update (self, buffer, TRUE, error))
        return FALSE;
      self->key_update_requested = FALSE;
    }
  if (self->no_renegotiation_owed)
    {
      if (get_room_for_content (self, buffer) < TLS_ALERT_SIZE)
        return TRUE;
      if (!append_alert (self, buffer, TLS_ALERT_LEVEL_WARNING, TLS_ALERT_NO_RENEGOTIATION, error))
        return FALSE;
      self->no_renegotiation_owed = FALSE;
    }
  *all = TRUE;
  return TRUE;
}

/* With the lock held: what is owed and an alert become the last records. */
static gboolean
finish (HandoffRecordSender *self, guint8 level, TlsAlert alert, GError **error)
{
  RecordBuffer buffer = { self->last_records, sizeof self->last_records, 0 };
  gboolean all;
  gboolean ok;

  ok =
      append_owed (self, &buffer, &all, error) && append_alert (self, &buffer, level, alert, error);
  self->last_records_size = buffer.used;
  discard (self);
  return ok;
}

static gboolean
check_data_may_follow (HandoffRecordSender *self, GError **error)
{
  guint64 sequence_number = self->protection.state->sequence_number;

  if (handoff_record_protection_is_tls13 (&self->protection))
    {
      if (sequence_number >= MAX_RECORDS_PER_KEY - 1 && !self->key_update_requested)
        self->key_update_owed = TRUE;
      return TRUE;
    }
  if (sequence_number < G_MAXUINT64 - RESERVED_SEQUENCE_NUMBERS)
    return TRUE;
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                       _ ("This connection has used up its sequence numbers; open a new one"));
  return FALSE;
}

static gboolean
append_data (HandoffRecordSender *self,
             RecordBuffer *buffer,
             const guint8 *data,
             gsize size,
             gsize *consumed,
             GError **error)
{
  gsize max_plaintext_size = self->protection.state->max_plaintext_size;

  do
    {
      gboolean all_owed;
      gsize chunk;

      if (*consumed < size && !check_data_may_follow (self, error))
        return FALSE;
      if (owes (self))
        {
          if (!append_owed (self, buffer, &all_owed, error))
            return FALSE;
          if (!all_owed)
            return TRUE;
        }
      chunk = MIN (size - *consumed, max_plaintext_size);
      if (buffer->room - buffer->used < chunk + TLS_RECORD_MAX_OVERHEAD)
        chunk = MIN (chunk, get_room_for_content (self, buffer));
      if (chunk == 0)
        return TRUE;
      if (!append_record (self, buffer, TLS_CONTENT_APPLICATION_DATA, data + *consumed, chunk,
                          error))
        return FALSE;
      *consumed += chunk;
    }
  while (*consumed < size);
  return TRUE;
}

gsize
handoff_record_sender_get_protected_size (HandoffRecordSender *self, gsize size)
{
  gsize max_plaintext_size;
  gsize rest;
  gsize result = HANDOFF_RECORD_SENDER_OWED_SIZE;

  g_mutex_lock (&self->lock);
  if (!self->closed)
    {
      max_plaintext_size = self->protection.state->max_plaintext_size;
      rest = size % max_plaintext_size;
      result += size / max_plaintext_size *
                handoff_record_protection_get_record_size (&self->protection, max_plaintext_size);
      if (rest > 0)
        result += handoff_record_protection_get_record_size (&self->protection, rest);
    }
  g_mutex_unlock (&self->lock);
  return result;
}

gboolean
handoff_record_sender_claim_locked (HandoffRecordSender *self, GError **error)
{
  return check_open (self, error) && claim (self, error);
}

static gboolean
protect_locked (HandoffRecordSender *self,
                const guint8 *data,
                gsize size,
                gsize *consumed,
                RecordBuffer *buffer,
                GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (!check_open (self, error))
    return FALSE;
  if (!append_data (self, buffer, data, size, consumed, &local_error))
    {
      /* Records that are made already have to be sent; the next call says what is wrong. */
      if (buffer->used > 0)
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (size > 0 && buffer->used == 0)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   _ ("The room for a record is too small: its size is %zu"), buffer->room);
      return FALSE;
    }
  return TRUE;
}

gboolean
handoff_record_sender_protect (HandoffRecordSender *self,
                               const guint8 *data,
                               gsize size,
                               gsize *consumed,
                               guint8 *records,
                               gsize records_size,
                               gsize *protected_size,
                               GError **error)
{
  RecordBuffer buffer = { records, records_size, 0 };
  gboolean ok;

  *consumed = 0;
  g_mutex_lock (&self->lock);
  ok = protect_locked (self, data, size, consumed, &buffer, error);
  g_mutex_unlock (&self->lock);
  *protected_size = buffer.used;
  return ok;
}

GBytes *
handoff_record_sender_take_output (HandoffRecordSender *self)
{
  guint8 records[HANDOFF_RECORD_SENDER_OWED_SIZE];
  RecordBuffer buffer = { records, sizeof records, 0 };
  GBytes *output = NULL;
  gboolean all;

  g_mutex_lock (&self->lock);
  if (self->closed)
    {
      if (self->last_records_size > 0)
        output = g_bytes_new (self->last_records, self->last_records_size);
      self->last_records_size = 0;
    }
  else
    {
      /* After a failure nothing can be sent any more, as the next protect() says. */
      append_owed (self, &buffer, &all, NULL);
      if (buffer.used > 0)
        output = g_bytes_new (records, buffer.used);
    }
  g_mutex_unlock (&self->lock);
  return output;
}

void
handoff_record_sender_owe_key_update (HandoffRecordSender *self)
{
  g_mutex_lock (&self->lock);
  self->key_update_owed = !self->closed;
  g_mutex_unlock (&self->lock);
}

gboolean
handoff_record_sender_update_keys (HandoffRecordSender *self, gboolean request_peer, GError **error)
{
  gboolean ok;

  g_mutex_lock (&self->lock);
  ok = check_open (self, error);
  if (ok && request_peer)
    self->key_update_requested = TRUE;
  else if (ok && !self->key_update_requested)
    self->key_update_owed = TRUE;
  g_mutex_unlock (&self->lock);
  return ok;
}

void
handoff_record_sender_owe_no_renegotiation (HandoffRecordSender *self)
{
  g_mutex_lock (&self->lock);
  self->no_renegotiation_owed = !self->closed;
  g_mutex_unlock (&self->lock);
}

gboolean
handoff_record_sender_close (HandoffRecordSender *self, GError **error)
{
  gboolean ok = TRUE;

  g_mutex_lock (&self->lock);
  if (self->handed_on)
    ok = check_open (self, error);
  else if (!self->closed)
    ok = finish (self, TLS_ALERT_LEVEL_WARNING, TLS_ALERT_CLOSE_NOTIFY, error);
  g_mutex_unlock (&self->lock);
  return ok;
}

void
handoff_record_sender_abort (HandoffRecordSender *self, TlsAlert alert)
{
  g_mutex_lock (&self->lock);
  if (!self->closed)
    finish (self, TLS_ALERT_LEVEL_FATAL, alert, NULL);
  g_mutex_unlock (&self->lock);
}

void
handoff_record_sender_discard (HandoffRecordSender *self)
{
  g_mutex_lock (&self->lock);
  if (!self->closed)
    discard (self);
  self->last_records_size = 0;
  g_mutex_unlock (&self->lock);
}

void
handoff_record_sender_get_state_locked (HandoffRecordSender *self, HandoffKeyState *state)
{
  state->write = *self->protection.state;
  state->key_update_owed = self->key_update_owed;
  state->key_update_requested = self->key_update_requested;
  state->no_renegotiation_owed = self->no_renegotiation_owed;
}

void
handoff_record_sender_hand_on_locked (HandoffRecordSender *self)
{
  self->handed_on = TRUE;
  discard (self);
}
