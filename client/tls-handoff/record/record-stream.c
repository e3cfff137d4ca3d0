/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "record/record-stream.h"

#include <string.h>

#include "keyblob/handoff-names.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "record/record-layer.h"
#include "record/record-output.h"
#include "record/spare-buffers.h"
#include "phrasebook/library-text.h"

/* How much input is held: up to three of the largest records. Not more, so that all of it fits into
 * a key blob beside the keys, if the connection is handed on. */
#define INPUT_SIZE (62 * 1024)
static HandoffSpareBuffers input_buffers = { INPUT_SIZE };
G_STATIC_ASSERT (INPUT_SIZE + 2 * 1024 <= HANDOFF_KEY_BLOB_MAX_SIZE);

struct _HandoffRecordStream
{
  GInputStream *base_input;            /* (owned) */
  GOutputStream *base_output;          /* (owned) */
  gboolean output_can_poll;            /* it can be written without blocking */
  TlsHandoffRecordLayer *record_layer; /* (owned) */
  HandoffRecordsOpenedFunc opened;     /* (nullable) */
  gpointer opened_data;

  /* Reading. data_start <= data_end <= records_start <= records_end: data not yet read, and records
   * not yet opened, in one buffer. */
  GMutex input_lock;
  guint8 *input; /* (nullable) (owned): made by the first read */
  gsize data_start;
  gsize data_end;
  gsize records_start;
  gsize records_end;
  gsize input_used;     /* bytes of it that were ever written */
  gboolean closed;      /* close_notify was read */
  gboolean truncated;   /* the base stream ended without */
  GError *read_error;   /* (nullable) (owned): final; comes after the data */
  gboolean input_ended; /* the base stream is not read any more */

  /* Writing. */
  GMutex output_lock;
  HandoffRecordOutput output;
  gsize batch_size;      /* of the next batch, bytes of data */
  int answers_wanted;    /* atomic: the record layer has something to say */
  gboolean output_ended; /* the base stream is not written any more */
  gsize unreported;      /* bytes of data in output that no write() reported as written */
};

HandoffRecordStream *
handoff_record_stream_new (GIOStream *base_io_stream, TlsHandoffRecordLayer *record_layer)
{
  HandoffRecordStream *self = g_new0 (HandoffRecordStream, 1);

  self->base_input = g_object_ref (g_io_stream_get_input_stream (base_io_stream));
  self->base_output = g_object_ref (g_io_stream_get_output_stream (base_io_stream));
  self->output_can_poll =
      G_IS_POLLABLE_OUTPUT_STREAM (self->base_output) &&
      g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (self->base_output));
  self->record_layer = g_object_ref (record_layer);
  self->batch_size = HANDOFF_MIN_BATCH_SIZE;
  g_mutex_init (&self->input_lock);
  g_mutex_init (&self->output_lock);

  return self;
}

void
handoff_record_stream_free (HandoffRecordStream *self)
{
  g_object_unref (self->base_input);
  g_object_unref (self->base_output);
  g_object_unref (self->record_layer);
  /* Data, and tickets that were among them. */
  if (self->input != NULL)
    {
      handoff_wipe (self->input, self->input_used);
      handoff_spare_buffers_give (&input_buffers, self->input);
    }
  g_clear_error (&self->read_error);
  handoff_record_output_clear (&self->output);
  g_mutex_clear (&self->input_lock);
  g_mutex_clear (&self->output_lock);
  g_free (self);
}

void
handoff_record_stream_set_opened_func (HandoffRecordStream *self,
                                       HandoffRecordsOpenedFunc opened,
                                       gpointer user_data)
{
  self->opened = opened;
  self->opened_data = user_data;
}

static void
set_ended_error (GError **error)
{
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED,
                       _ ("The connection was closed"));
}

/* With output_lock. Sends all of output. */
static gboolean
send_output (HandoffRecordStream *self,
             gboolean blocking,
             GCancellable *cancellable,
             GError **error)
{
  if (self->output_ended)
    {
      set_ended_error (error);
      return FALSE;
    }
  return handoff_record_output_send (&self->output, self->base_output, blocking, cancellable,
                                     error);
}

/* With output_lock. Sends all of output, and what the record layer itself wants sent. */
static gboolean
flush_locked (HandoffRecordStream *self,
              gboolean blocking,
              GCancellable *cancellable,
              GError **error)
{
  while (send_output (self, blocking, cancellable, error))
    {
      g_autoptr (GBytes) records = tls_handoff_record_layer_take_output (self->record_layer);
      gsize size;

      if (records == NULL)
        return TRUE;
      size = g_bytes_get_size (records);
      memcpy (handoff_record_output_begin (&self->output), g_bytes_get_data (records, NULL), size);
      handoff_record_output_end (&self->output, size);
    }
  return FALSE;
}

/* Sends the answers of the record layer at once, if the base stream takes them without blocking. If
 * another thread is writing, that thread sends them. Otherwise they leave with the next read or
 * write. The next write meets any error again. */
static void
send_answers (HandoffRecordStream *self)
{
  if (!self->output_can_poll)
    return;

  /* The holder of the lock may have asked the record layer before there was an answer. */
  g_atomic_int_set (&self->answers_wanted, TRUE);
  while (g_atomic_int_get (&self->answers_wanted) && g_mutex_trylock (&self->output_lock))
    {
      g_atomic_int_set (&self->answers_wanted, FALSE);
      flush_locked (self, FALSE, NULL, NULL);
      g_mutex_unlock (&self->output_lock);
    }
}

/* Instead of unlocking output_lock: answers that came meanwhile leave, too. */
static void
unlock_output (HandoffRecordStream *self)
{
  g_mutex_unlock (&self->output_lock);
  if (g_atomic_int_get (&self->answers_wanted))
    send_answers (self);
}

/* With input_lock. Opens what records there are. The first of the data, as much as fits, goes to
 * room: *room_used bytes. */
static void
open_records (HandoffRecordStream *self, guint8 *room, gsize room_size, gsize *room_used)
{
  TlsHandoffRecordStatus status;
  gsize consumed, plaintext_size, rest_plaintext_size;
  guint8 *records = self->input + self->records_start;

  if (!handoff_record_receiver_unprotect (
          &self->record_layer->receiver, records, self->records_end - self->records_start, room,
          room_size, &consumed, room_used, &plaintext_size, &self->closed, &self->read_error))
    return;

  self->data_start = self->records_start;
  self->data_end = self->data_start + plaintext_size;
  self->records_start += consumed;

  /* The layer delivers the data before a refused record, and the refusal when it is asked again.
   * Asked now, so that nobody waits for bytes that may never come. */
  if ((plaintext_size > 0 || *room_used > 0) && !self->closed)
    tls_handoff_record_layer_unprotect (self->record_layer, self->input + self->records_start,
                                        self->records_end - self->records_start, &consumed,
                                        &rest_plaintext_size, &status, &self->read_error);
}

/* With input_lock. Opens what there is, and sees to what came with it. */
static void
process_input (HandoffRecordStream *self, guint8 *room, gsize room_size, gsize *room_used)
{
  open_records (self, room, room_size, room_used);
  if (self->opened != NULL)
    self->opened (self->opened_data);
  send_answers (self);
}

/* With input_lock. Gets more records from the base stream, and opens them as open_records(); FALSE
 * with an error of the base stream. */
static gboolean
receive (HandoffRecordStream *self,
         guint8 *room,
         gsize room_size,
         gsize *room_used,
         gboolean blocking,
         GCancellable *cancellable,
         GError **error)
{
  gssize n;

  *room_used = 0;
  if (self->input_ended)
    {
      set_ended_error (error);
      return FALSE;
    }
  if (self->input == NULL)
    self->input = handoff_spare_buffers_take (&input_buffers);

  if (self->records_start > 0)
    {
      memmove (self->input, self->input + self->records_start,
               self->records_end - self->records_start);
      self->records_end -= self->records_start;
      self->records_start = 0;
      self->data_start = self->data_end = 0;
    }

  n = g_pollable_stream_read (self->base_input, self->input + self->records_end,
                              INPUT_SIZE - self->records_end, blocking, cancellable, error);
  if (n < 0)
    return FALSE;

  if (n == 0)
    {
      self->truncated = TRUE;
      return TRUE;
    }

  self->records_end += n;
  self->input_used = MAX (self->input_used, self->records_end);
  process_input (self, room, room_size, room_used);
  return TRUE;
}

void
handoff_record_stream_give_input (HandoffRecordStream *self, GBytes *records)
{
  gsize size, room_used;
  gconstpointer data = g_bytes_get_data (records, &size);

  g_return_if_fail (self->input == NULL && size <= INPUT_SIZE);

  if (size == 0)
    return;

  g_mutex_lock (&self->input_lock);
  self->input = handoff_spare_buffers_take (&input_buffers);
  memcpy (self->input, data, size);
  self->records_end = self->input_used = size;
  process_input (self, NULL, 0, &room_used);
  g_mutex_unlock (&self->input_lock);
}

/* With input_lock. */
static gssize
read_locked (HandoffRecordStream *self,
             guint8 *buffer,
             gsize size,
             gboolean blocking,
             GCancellable *cancellable,
             GError **error)
{
  gsize n_direct;

  for (;;)
    {
      if (self->data_start < self->data_end)
        {
          gsize n = MIN (size, self->data_end - self->data_start);

          memcpy (buffer, self->input + self->data_start, n);
          self->data_start += n;
          return n;
        }

      if (self->closed)
        return 0;

      if (self->read_error != NULL)
        {
          if (error != NULL)
            *error = g_error_copy (self->read_error);
          return -1;
        }

      if (self->truncated)
        {
          g_set_error_literal (
              error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED,
              _ ("The peer closed the connection without saying so (close_notify): "
                 "data may be missing"));
          return -1;
        }

      if (!receive (self, buffer, size, &n_direct, blocking, cancellable, error))
        return -1;
      if (n_direct > 0)
        return n_direct;
    }
}

gssize
handoff_record_stream_read (HandoffRecordStream *self,
                            guint8 *buffer,
                            gsize size,
                            gboolean blocking,
                            GCancellable *cancellable,
                            GError **error)
{
  gssize n;

  if (!g_mutex_trylock (&self->input_lock))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                           _ ("Another thread is reading from this connection"));
      return -1;
    }

  n = read_locked (self, buffer, size, blocking, cancellable, error);
  g_mutex_unlock (&self->input_lock);
  return n;
}

gboolean
handoff_record_stream_can_read (HandoffRecordStream *self)
{
  gboolean can_read;

  /* The holder of the lock is reading, and will take what is there. */
  if (!g_mutex_trylock (&self->input_lock))
    return FALSE;

  can_read = self->data_start < self->data_end || self->closed || self->truncated ||
             self->read_error != NULL;
  g_mutex_unlock (&self->input_lock);
  return can_read;
}

gboolean
handoff_record_stream_is_at_end (HandoffRecordStream *self)
{
  gboolean at_end;

  if (!g_mutex_trylock (&self->input_lock))
    return FALSE;

  at_end = self->closed || self->truncated || self->read_error != NULL;
  g_mutex_unlock (&self->input_lock);
  return at_end;
}

gboolean
handoff_record_stream_has_refused (HandoffRecordStream *self)
{
  gboolean refused;

  /* The holder of the lock is reading, and has found nothing that ends the connection. */
  if (!g_mutex_trylock (&self->input_lock))
    return FALSE;

  refused = g_error_matches (self->read_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_RECORD_INVALID);
  g_mutex_unlock (&self->input_lock);
  return refused;
}

/* With output_lock, and all of output sent. What the record layer itself wants sent comes first. */
static gboolean
protect_batch (
    HandoffRecordStream *self, const guint8 *data, gsize size, gsize *consumed, GError **error)
{
  guint8 *records = handoff_record_output_begin (&self->output);
  gsize records_size;
  gboolean ok;

  ok = tls_handoff_record_layer_protect (self->record_layer, data, MIN (size, self->batch_size),
                                         consumed, records, HANDOFF_BATCH_BUFFER_SIZE,
                                         &records_size, error);
  handoff_record_output_end (&self->output, ok ? records_size : 0);
  return ok;
}

/* With output_lock. */
static gssize
write_locked (HandoffRecordStream *self,
              const guint8 *data,
              gsize size,
              gboolean blocking,
              GCancellable *cancellable,
              GError **error)
{
  gsize consumed;

  if (size < self->unreported)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _ ("After a TLS write that would have blocked, the same data must be "
                              "written again"));
      return -1;
    }

  if (!send_output (self, blocking, cancellable, error))
    return -1;

  if (self->unreported == 0)
    {
      if (!protect_batch (self, data, size, &consumed, error))
        {
          /* The alert that ended the connection may not have left yet. */
          flush_locked (self, blocking, cancellable, NULL);
          return -1;
        }
      self->unreported = consumed;
      if (!send_output (self, blocking, cancellable, error))
        {
          self->batch_size = HANDOFF_MIN_BATCH_SIZE;
          return -1;
        }
      if (consumed == self->batch_size)
        self->batch_size = MIN (2 * self->batch_size, HANDOFF_MAX_BATCH_SIZE);
    }

  consumed = self->unreported;
  self->unreported = 0;
  return consumed;
}

/* The error of a write: a connection that what the peer sent has ended says so. (transfer full) */
static GError *
explain_closed (HandoffRecordStream *self, GError *error)
{
  if (!g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED) ||
      !g_mutex_trylock (&self->input_lock))
    return error;

  if (self->read_error != NULL)
    {
      g_error_free (error);
      error = g_error_copy (self->read_error);
    }
  g_mutex_unlock (&self->input_lock);
  return error;
}

gssize
handoff_record_stream_write (HandoffRecordStream *self,
                             const guint8 *data,
                             gsize size,
                             gboolean blocking,
                             GCancellable *cancellable,
                             GError **error)
{
  GError *local_error = NULL;
  gssize n;

  g_mutex_lock (&self->output_lock);
  n = write_locked (self, data, size, blocking, cancellable, &local_error);
  unlock_output (self);
  if (n < 0)
    g_propagate_error (error, explain_closed (self, local_error));
  return n;
}

gboolean
handoff_record_stream_close (HandoffRecordStream *self,
                             gboolean blocking,
                             GCancellable *cancellable,
                             GError **error)
{
  gboolean ok;

  if (blocking)
    {
      g_mutex_lock (&self->output_lock);
    }
  else if (!g_mutex_trylock (&self->output_lock))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                           _ ("Another thread is writing to this connection"));
      return FALSE;
    }

  ok = tls_handoff_record_layer_close (self->record_layer, error) &&
       flush_locked (self, blocking, cancellable, error);
  unlock_output (self);
  return ok;
}

void
handoff_record_stream_end (HandoffRecordStream *self)
{
  g_mutex_lock (&self->input_lock);
  self->input_ended = TRUE;
  g_mutex_unlock (&self->input_lock);

  g_mutex_lock (&self->output_lock);
  self->output_ended = TRUE;
  g_mutex_unlock (&self->output_lock);
}
