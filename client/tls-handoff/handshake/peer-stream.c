/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/peer-stream.h"

#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

void
handoff_peer_stream_init (HandoffPeerStream *self,
                          GIOStream *base,
                          GTask *task,
                          const HandoffPeerStreamFuncs *funcs)
{
  self->base = g_object_ref (base);
  self->task = task;
  self->funcs = funcs;
}

void
handoff_peer_stream_clear (HandoffPeerStream *self)
{
  g_clear_object (&self->base);
}

static void
cancel_cb (GCancellable *cancellable, GCancellable *stop)
{
  g_cancellable_cancel (stop);
}

/* (transfer none): for the operation */
static GCancellable *
stop_init (HandoffPeerStreamStop *self, GTask *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  self->cancellable = g_cancellable_new ();
  self->chained = 0;
  if (cancellable != NULL)
    self->chained = g_cancellable_connect (cancellable, G_CALLBACK (cancel_cb),
                                           g_object_ref (self->cancellable), g_object_unref);
  return self->cancellable;
}

static void
stop_clear (HandoffPeerStreamStop *self, GTask *task)
{
  g_cancellable_disconnect (g_task_get_cancellable (task), self->chained);
  g_clear_object (&self->cancellable);
}

static void
clear_timer (GSource **timer)
{
  if (*timer != NULL)
    g_source_destroy (*timer);
  g_clear_pointer (timer, g_source_unref);
}

static gboolean
send_timer_cb (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HandoffPeerStream *self = user_data;
  g_autoptr (GTask) task = self->task;
  GError *error = NULL;

  stop_clear (&self->send_stop, task);
  clear_timer (&self->send_timer);
  g_clear_pointer (&self->output, g_bytes_unref);
  g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
      !g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    {
      g_clear_error (&error);
      error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT,
                                   _ ("The peer did not take what the handshake sends"));
    }
  self->funcs->sent (task, error);
}

void
handoff_peer_stream_send (HandoffPeerStream *self, GBytes *output, guint seconds)
{
  GCancellable *cancellable = stop_init (&self->send_stop, self->task);
  gsize size;
  gconstpointer data = g_bytes_get_data (output, &size);

  self->output = g_bytes_ref (output);
  self->send_timer = g_timeout_source_new_seconds (seconds);
  g_source_set_callback (self->send_timer, send_timer_cb, g_object_ref (cancellable),
                         g_object_unref);
  g_source_attach (self->send_timer, g_task_get_context (self->task));

  /* sent_cb() lets go of the task. */
  g_object_ref (self->task);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (self->base), data, size,
                                   g_task_get_priority (self->task), cancellable, sent_cb, self);
}

static void
received_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HandoffPeerStream *self = user_data;
  g_autoptr (GTask) task = self->task;
  GError *error = NULL;
  gssize n;

  self->reading = FALSE;
  clear_timer (&self->silence);
  stop_clear (&self->read_stop, task);
  n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);
  self->funcs->received (task, self->buffer, n > 0 ? n : 0, error);
}

static gboolean
silence_cb (gpointer user_data)
{
  HandoffPeerStream *self = user_data;

  self->funcs->silent (self->task);
  return G_SOURCE_REMOVE;
}

void
handoff_peer_stream_receive (HandoffPeerStream *self, guint seconds)
{
  if (!self->reading)
    {
      self->reading = TRUE;
      /* received_cb() lets go of the task. */
      g_object_ref (self->task);
      g_input_stream_read_async (g_io_stream_get_input_stream (self->base), self->buffer,
                                 sizeof self->buffer, g_task_get_priority (self->task),
                                 stop_init (&self->read_stop, self->task), received_cb, self);
    }

  /* Until the read ends, and so for no longer than that holds the task. */
  clear_timer (&self->silence);
  self->silence = g_timeout_source_new_seconds (seconds);
  g_source_set_callback (self->silence, silence_cb, self, NULL);
  g_source_attach (self->silence, g_task_get_context (self->task));
}

void
handoff_peer_stream_stop_reading (HandoffPeerStream *self)
{
  g_cancellable_cancel (self->read_stop.cancellable);
}
