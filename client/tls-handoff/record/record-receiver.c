/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "record/record-receiver.h"

#include <string.h>

#include "keyblob/error-details.h"
#include "keyblob/handoff-names.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

/* The smallest fragment that is opened where the reader wants it. Who reads little, to a buffer
 * that says what is behind the data, gets no other byte written, whatever comes; and to copy little
 * costs nothing. */
#define MIN_DIRECT_FRAGMENT_SIZE 4096

/* How many records without data may come in a row. Empty records are legal: they hide from
 * observers when data is sent (RFC 8446 5.1, RFC 5246 6.2.1). GnuTLS, too, accepts a thousand of
 * them in TLS 1.3. While they come, the reader gets nothing: so there is a limit. */
#define MAX_IDLE_RECORDS 1000
/* How many of them may be warnings and requests to renegotiate: no peer has a reason to send many.
 */
#define MAX_WARNINGS 32

/* How many KeyUpdates may come in a second (as many as GnuTLS accepts): each costs us new keys. */
#define MAX_KEY_UPDATES_PER_SECOND 8

gboolean
handoff_record_receiver_init (HandoffRecordReceiver *self,
                              HandoffKeyState *state,
                              const HandoffCipherSuite *suite,
                              HandoffRecordSender *sender,
                              GError **error)
{
  self->sender = sender;
  self->post_handshake.tls13 = suite->protocol == TLS_PROTOCOL_1_3;
  self->post_handshake.peer_is_server = state->role == HANDOFF_ROLE_CLIENT;
  handoff_post_handshake_set_state (&self->post_handshake, state);
  return handoff_record_protection_init (&self->protection, suite, state->encrypt_then_mac,
                                         &state->read, error);
}

void
handoff_record_receiver_clear (HandoffRecordReceiver *self)
{
  handoff_record_protection_clear (&self->protection);
  handoff_post_handshake_clear (&self->post_handshake);
  handoff_secret_bytes_clear (&self->post_handshake.tickets);
  g_clear_error (&self->error);
}

/* After a close_notify, tickets are good; after an error, they are not to be used any more (RFC
 * 8446 6.2). */
static void
stop_reading (HandoffRecordReceiver *self)
{
  handoff_record_protection_clear (&self->protection);
  handoff_post_handshake_clear (&self->post_handshake);
  if (self->error != NULL)
    handoff_secret_bytes_clear (&self->post_handshake.tickets);
}

/* Ends the connection because of what the peer sent. Always FALSE. */
static gboolean
refuse (HandoffRecordReceiver *self, TlsAlert alert, const char *what)
{
  self->error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_RECORD_INVALID,
                             _ ("The peer sent %s (alert %s)"), _ (what), tls_alert_name (alert));
  handoff_record_sender_abort (self->sender, alert);
  stop_reading (self);
  return FALSE;
}

/* As soon as a header is there, so that nobody waits for a record that will be refused. */
static gboolean
check_header (HandoffRecordReceiver *self, const guint8 *header, gsize fragment_size)
{
  gboolean tls13 = handoff_record_protection_is_tls13 (&self->protection);

  switch (header[0])
    {
    case TLS_CONTENT_APPLICATION_DATA:
      break;
    case TLS_CONTENT_ALERT:
    case TLS_CONTENT_HANDSHAKE:
      if (tls13)
        return refuse (self, TLS_ALERT_UNEXPECTED_MESSAGE, N_ ("an unprotected record"));
      break;
    case TLS_CONTENT_CHANGE_CIPHER_SPEC:
      return refuse (self, TLS_ALERT_UNEXPECTED_MESSAGE,
                     N_ ("change_cipher_spec after the handshake"));
    default:
      return refuse (self, TLS_ALERT_UNEXPECTED_MESSAGE, N_ ("a record of unknown type"));
    }
  /* TLS 1.3 has no version in the header: what is there is ignored, but authenticated (RFC
   * 8446 5.1). */
  if (!tls13 && (header[1] << 8 | header[2]) != TLS_PROTOCOL_1_2)
    return refuse (self, TLS_ALERT_PROTOCOL_VERSION, N_ ("a record of another protocol version"));
  if (fragment_size > self->protection.max_fragment_size)
    return refuse (self, TLS_ALERT_RECORD_OVERFLOW, N_ ("a record larger than was agreed"));
  return TRUE;
}

static gboolean
count_idle_record (HandoffRecordReceiver *self)
{
  if (++self->idle_records > MAX_IDLE_RECORDS)
    return refuse (self, TLS_ALERT_UNEXPECTED_MESSAGE,
                   N_ ("too many records without data in a row"));
  return TRUE;
}

static gboolean
count_warning (HandoffRecordReceiver *self)
{
  if (++self->warnings > MAX_WARNINGS)
    return refuse (self, TLS_ALERT_UNEXPECTED_MESSAGE, N_ ("too many warnings in a row"));
  return TRUE;
}

/* As an error of the handshake: in TLS 1.3 a server judges its client's certificate after what the
 * client takes for the end of the handshake (RFC 8446 4.4.2.4). */
static GError *
new_alert_error (guint8 description)
{
  const char *name = tls_alert_name (description);
  GError *error =
      g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_ALERT_RECEIVED,
                   _ ("The peer ended the connection with the alert %s (%u)%s"), name, description,
                   description == TLS_ALERT_CERTIFICATE_REQUIRED
                       ? _ (": it insists on a certificate; the option credential names one")
                       : "");

  handoff_error_set_details (error,
                             g_variant_new_parsed ("{%s: <%s>}", HANDOFF_DETAIL_ALERT, name));
  return error;
}

static gboolean
take_alert (HandoffRecordReceiver *self, guint8 level, guint8 description)
{
  if (description == TLS_ALERT_CLOSE_NOTIFY)
    {
      self->closed = TRUE;
      stop_reading (self);
      return TRUE;
    }
  /* TLS 1.3 takes no notice of the level (RFC 8446 6). */
  if (handoff_record_protection_is_tls13 (&self->protection))
    level =
        description == TLS_ALERT_USER_CANCELED ? TLS_ALERT_LEVEL_WARNING : TLS_ALERT_LEVEL_FATAL;
  if (level == TLS_ALERT_LEVEL_WARNING)
    return count_warning (self);
  if (level != TLS_ALERT_LEVEL_FATAL)
    return refuse (self, TLS_ALERT_ILLEGAL_PARAMETER, N_ ("an alert of an unknown level"));

  self->error = new_alert_error (description);
  handoff_record_sender_discard (self->sender);
  stop_reading (self);
  return FALSE;
}

/* TLS 1.2 may join alerts in a record, and split them over records (RFC 5246 6.2.1); TLS 1.3 must
 * not (RFC 8446 5.1). */
static gboolean
take_alerts (HandoffRecordReceiver *self, const guint8 *content, gsize size)
{
  gsize i;

  if (size == 0)
    return refuse (self, TLS_ALERT_UNEXPECTED_MESSAGE, N_ ("an empty alert record"));
  if (handoff_record_protection_is_tls13 (&self->protection) && size != TLS_ALERT_SIZE)
    return refuse (self, TLS_ALERT_DECODE_ERROR, N_ ("an alert of a wrong length"));

  for (i = 0; i < size && !self->closed; i++)
    {
      self->alert_begun = !self->alert_begun;
      if (self->alert_begun)
        self->alert_level = content[i];
      else if (!take_alert (self, self->alert_level, content[i]))
        return FALSE;
    }
  return self->closed || count_idle_record (self);
}

static gboolean
update_keys (HandoffRecordReceiver *self, gboolean update_requested)
{
  gint64 now = g_get_monotonic_time ();

  if (self->key_updates == 0 || now - self->key_updates_since > G_USEC_PER_SEC)
    {
      self->key_updates = 0;
      self->key_updates_since = now;
    }
  if (++self->key_updates > MAX_KEY_UPDATES_PER_SECOND)
    return refuse (self, TLS_ALERT_UNEXPECTED_MESSAGE, N_ ("too many KeyUpdate messages"));
  if (!handoff_record_protection_update (&self->protection, &self->error))
    {
      handoff_record_sender_abort (self->sender, TLS_ALERT_INTERNAL_ERROR);
      stop_reading (self);
      return FALSE;
    }
  if (update_requested)
    handoff_record_sender_owe_key_update (self->sender);
  return TRUE;
}

static gboolean
take_handshake (HandoffRecordReceiver *self, const guint8 *content, gsize size)
{
  HandoffPostHandshakeEvents events = { FALSE };
  TlsAlert alert;
  const char *reason;

  if (size == 0)
    return refuse (self, TLS_ALERT_UNEXPECTED_MESSAGE, N_ ("an empty handshake record"));
  if (!handoff_post_handshake_take (&self->post_handshake, content, size, &events, &alert, &reason))
    return refuse (self, alert, reason);
  if (events.key_update)
    return update_keys (self, events.update_requested);
  if (events.renegotiation)
    {
      handoff_record_sender_owe_no_renegotiation (self->sender);
      return count_warning (self) && count_idle_record (self);
    }
  return !events.ticket || count_idle_record (self);
}

/* Opens one record; data_size stays 0 unless it carried data. */
static gboolean
take_record (HandoffRecordReceiver *self, HandoffRecordOpening *opening, gsize *data_size)
{
  const guint8 *content;
  gsize size;

  if (!handoff_record_protection_open (&self->protection, opening))
    return refuse (self, opening->alert,
                   opening->alert == TLS_ALERT_BAD_RECORD_MAC
                       ? N_ ("a record that does not authenticate")
                       : N_ ("a record that must not be"));
  content = opening->content;
  size = opening->content_size;
  /* TLS 1.2 lets other types come between (RFC 5246 6.2.1), TLS 1.3 does not (RFC 8446 5.1). */
  if (opening->type != TLS_CONTENT_HANDSHAKE &&
      handoff_record_protection_is_tls13 (&self->protection) &&
      handoff_post_handshake_is_partial (&self->post_handshake))
    return refuse (self, TLS_ALERT_UNEXPECTED_MESSAGE,
                   N_ ("another record in the middle of a handshake message"));

  switch (opening->type)
    {
    case TLS_CONTENT_APPLICATION_DATA:
      if (size == 0)
        return count_idle_record (self);
      self->idle_records = self->warnings = 0;
      *data_size = size;
      return TRUE;
    case TLS_CONTENT_ALERT:
      return take_alerts (self, content, size);
    case TLS_CONTENT_HANDSHAKE:
      return take_handshake (self, content, size);
    default:
      return refuse (self, TLS_ALERT_UNEXPECTED_MESSAGE, N_ ("a record of unknown type"));
    }
}

/* With the lock held: as far as the buffer and the peer go. Data goes to room as long as it fits
 * there, and then to the start of the buffer, for good: it stays in order. */
static void
take_records (HandoffRecordReceiver *self,
              guint8 *buffer,
              gsize size,
              guint8 *room,
              gsize room_size,
              gsize *consumed,
              gsize *room_used,
              gsize *plaintext_size)
{
  while (self->error == NULL && !self->closed && size - *consumed >= TLS_RECORD_HEADER_SIZE)
    {
      guint8 *record = buffer + *consumed;
      gsize fragment_size = record[3] << 8 | record[4];
      gsize record_size = TLS_RECORD_HEADER_SIZE + fragment_size;
      const gsize room_left = *plaintext_size == 0 ? room_size - *room_used : 0;
      guint8 *place = room_left > 0 ? room + *room_used : NULL;
      const gboolean is_direct = room_left > 0 && fragment_size >= MIN_DIRECT_FRAGMENT_SIZE;
      HandoffRecordOpening opening = {
        .record = record,
        .fragment_size = fragment_size,
        .room = is_direct ? place : NULL,
        .room_size = is_direct ? room_left : 0,
      };
      gsize data_size = 0;
      gboolean taken;

      if (!check_header (self, record, fragment_size) || size - *consumed < record_size)
        return;
      taken = take_record (self, &opening, &data_size);
      /* Nobody may see the content of a refused record, nor that of what is not data. */
      if (!taken)
        handoff_wipe (record, record_size);
      if (data_size == 0 && is_direct && opening.content == place)
        handoff_wipe (place, MIN (room_left, fragment_size));
      if (!taken)
        return;
      if (data_size > 0 && data_size <= room_left)
        {
          /* It may have been too large with what is around it. */
          if (opening.content != place)
            memcpy (place, opening.content, data_size);
          *room_used += data_size;
        }
      else if (data_size > 0)
        {
          memmove (buffer + *plaintext_size, opening.content, data_size);
          *plaintext_size += data_size;
        }
      *consumed += record_size;
    }
}

gboolean
handoff_record_receiver_unprotect (HandoffRecordReceiver *self,
                                   guint8 *buffer,
                                   gsize size,
                                   guint8 *room,
                                   gsize room_size,
                                   gsize *consumed,
                                   gsize *room_used,
                                   gsize *plaintext_size,
                                   gboolean *closed,
                                   GError **error)
{
  gboolean ok = TRUE;

  *consumed = 0;
  *room_used = 0;
  *plaintext_size = 0;

  g_mutex_lock (&self->lock);
  take_records (self, buffer, size, room, room_size, consumed, room_used, plaintext_size);
  *closed = self->closed;
  if (self->closed)
    {
      /* What follows a close_notify is ignored (RFC 8446 6.1). */
      *consumed = size;
    }
  else if (self->error != NULL && *plaintext_size == 0 && *room_used == 0)
    {
      g_propagate_error (error, g_error_copy (self->error));
      ok = FALSE;
    }
  g_mutex_unlock (&self->lock);
  return ok;
}

GBytes *
handoff_record_receiver_take_session_tickets (HandoffRecordReceiver *self)
{
  GBytes *tickets;

  g_mutex_lock (&self->lock);
  tickets = handoff_post_handshake_take_tickets (&self->post_handshake);
  g_mutex_unlock (&self->lock);
  return tickets;
}

gboolean
handoff_record_receiver_check_open_locked (HandoffRecordReceiver *self, GError **error)
{
  if (self->error != NULL)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED,
                   _ ("This connection has ended: %s"), self->error->message);
      return FALSE;
    }
  if (self->closed)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED,
                           _ ("The peer closed its side of the connection"));
      return FALSE;
    }
  /* A key blob has no room for it. */
  if (self->alert_begun)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                           _ ("The peer has sent half an alert: read on, and export then"));
      return FALSE;
    }
  return TRUE;
}

void
handoff_record_receiver_get_state_locked (HandoffRecordReceiver *self, HandoffKeyState *state)
{
  state->read = *self->protection.state;
  handoff_post_handshake_get_state (&self->post_handshake, state);
}

void
handoff_record_receiver_hand_on_locked (HandoffRecordReceiver *self)
{
  self->error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED,
                                     _ ("This connection was handed on to another process"));
  stop_reading (self);
}
