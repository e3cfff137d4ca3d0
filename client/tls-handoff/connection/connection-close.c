/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "connection/connection-close.h"

#include "connection/base-stream.h"
#include "connection/connection-handshake.h"
#include "connection/connection-question.h"
#include "connection/flight-thread.h"
#include "connection/gio-mapping.h"
#include "connection/socket-linger.h"

gboolean
handoff_connection_is_closed (HandoffConnection *self, GIOCondition direction)
{
  gboolean closed;

  g_mutex_lock (&self->lock);
  closed = direction == G_IO_IN ? self->read_closed : self->write_closed;
  g_mutex_unlock (&self->lock);
  return closed;
}

/* What closing some directions takes. */
typedef struct
{
  gboolean send_close_notify;
  gboolean linger; /* before the next */
  gboolean close_base;
} ClosingSteps;

/* With the lock: whether the peer should hear of a fatal alert. */
static gboolean
has_refused (HandoffConnection *self)
{
  return self->handshake_refused ||
         (self->stream != NULL && handoff_record_stream_has_refused (self->stream));
}

static ClosingSteps
begin_closing (HandoffConnection *self, GIOCondition directions)
{
  ClosingSteps steps = { FALSE, FALSE, FALSE };
  gboolean handshaking;

  g_mutex_lock (&self->lock);
  if (directions & G_IO_OUT && !self->write_closed)
    {
      self->write_closed = TRUE;
      steps.send_close_notify = self->state == HANDSHAKE_DONE;
    }
  if (directions & G_IO_IN)
    self->read_closed = TRUE;
  /* As in GIO: who closes one stream and then the other still has the base stream. */
  steps.close_base = directions == (G_IO_IN | G_IO_OUT) && self->base_io_stream != NULL;
  handshaking = self->state == HANDSHAKE_RUNNING;
  /* A socket can be closed at any time; other streams have to wait for what is under way on them.
   */
  if (steps.close_base && handshaking &&
      handoff_base_stream_get_socket (self->base_io_stream) == NULL)
    {
      self->close_base_then = TRUE;
      steps.close_base = FALSE;
    }
  steps.linger = steps.close_base &&
                 handoff_base_stream_get_socket (self->base_io_stream) != NULL &&
                 has_refused (self);
  g_mutex_unlock (&self->lock);

  if (handshaking)
    handoff_connection_abort_handshake (self);

  return steps;
}

/* FALSE with an error that the application should know of. */
static gboolean
send_close_notify (HandoffConnection *self,
                   gboolean blocking,
                   GCancellable *cancellable,
                   GError **error)
{
  GError *local_error = NULL;

  if (handoff_record_stream_close (self->stream, blocking, cancellable, &local_error))
    return TRUE;

  /* A peer that has closed its side need not read any more. */
  if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK) &&
      !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_PENDING) &&
      !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
      handoff_record_stream_is_at_end (self->stream))
    {
      g_error_free (local_error);
      return TRUE;
    }

  g_propagate_error (error, handoff_error_for_connection (local_error, FALSE));
  return FALSE;
}

/* Before the socket is closed: a thread that waits for it wakes up and lets go, since it would go
 * on waiting, or, worse, for the next file that gets the descriptor's number. */
static void
end_transfers (HandoffConnection *self)
{
  GSocket *socket = handoff_base_stream_get_socket (self->base_io_stream);

  if (socket == NULL || handoff_connection_get_state (self) != HANDSHAKE_DONE)
    return;
  g_socket_shutdown (socket, TRUE, TRUE, NULL);
  handoff_record_stream_end (self->stream);
}

/* Whether disposing of a connection leaves its base stream to close later: a TLS connection would
 * wait for its own peer, and on the thread of the handshakes others would wait for any stream. */
static gboolean
closes_base_later (HandoffConnection *self)
{
  return self->disposing &&
         (G_IS_TLS_CONNECTION (self->base_io_stream) || handoff_flight_thread_is_current ());
}

gboolean
handoff_connection_close (HandoffConnection *self,
                          GIOCondition directions,
                          GCancellable *cancellable,
                          GError **error)
{
  ClosingSteps steps;
  gboolean ok = TRUE;

  if (handoff_connection_is_asked_here (self, error))
    return FALSE;
  steps = begin_closing (self, directions);
  /* To dispose of a connection must not block: what cannot be sent at once is not sent. */
  if (steps.send_close_notify &&
      (!self->disposing || handoff_base_stream_can_poll (self->base_io_stream, G_IO_OUT)))
    ok = send_close_notify (self, !self->disposing, cancellable, error);
  if (steps.linger && self->disposing)
    handoff_linger_detached (handoff_base_stream_get_socket (self->base_io_stream));
  else if (steps.linger)
    handoff_linger_wait (handoff_base_stream_get_socket (self->base_io_stream), cancellable);
  /* While it is disposed of, no other thread has it. */
  if (steps.close_base && !self->disposing)
    end_transfers (self);
  if (steps.close_base && closes_base_later (self))
    g_io_stream_close_async (self->base_io_stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  else if (steps.close_base)
    ok = g_io_stream_close (self->base_io_stream, cancellable, ok ? error : NULL) && ok;

  return ok;
}

/* What a task that closes holds. */
typedef struct
{
  HandoffConnection *connection; /* (owned) */
  GIOCondition directions;
  ClosingSteps steps;
  HandoffLinger linger;
  GError *error; /* (owned) (nullable): the first */
} Closing;

static void
closing_free (Closing *closing)
{
  g_object_unref (closing->connection);
  g_clear_error (&closing->error);
  g_free (closing);
}

static void
return_closed (GTask *task)
{
  Closing *closing = g_task_get_task_data (task);

  if (closing->error != NULL)
    g_task_return_error (task, g_steal_pointer (&closing->error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
base_closed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Closing *closing = g_task_get_task_data (task);

  g_io_stream_close_finish (G_IO_STREAM (source), result,
                            closing->error == NULL ? &closing->error : NULL);
  return_closed (task);
}

static void
close_base (GTask *task)
{
  Closing *closing = g_task_get_task_data (task);
  HandoffConnection *self = closing->connection;

  if (!closing->steps.close_base)
    {
      return_closed (task);
      return;
    }
  end_transfers (self);
  g_io_stream_close_async (self->base_io_stream, g_task_get_priority (task),
                           g_task_get_cancellable (task), base_closed_cb, g_object_ref (task));
}

/* Called also after each quiet time, and when the task was cancelled. */
static gboolean
linger_cb (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  GTask *task = user_data;
  Closing *closing = g_task_get_task_data (task);

  if (!handoff_linger_step (&closing->linger, socket) &&
      !g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    return G_SOURCE_CONTINUE;
  close_base (task);
  return G_SOURCE_REMOVE;
}

static void
linger (GTask *task)
{
  Closing *closing = g_task_get_task_data (task);
  GSocket *socket = handoff_base_stream_get_socket (closing->connection->base_io_stream);
  g_autoptr (GSource) readable = NULL;
  g_autoptr (GSource) timer = NULL;

  handoff_linger_begin (&closing->linger, socket);
  readable = g_socket_create_source (socket, G_IO_IN, g_task_get_cancellable (task));
  timer = g_timeout_source_new (HANDOFF_LINGER_QUIET_TIME / G_TIME_SPAN_MILLISECOND);
  g_source_set_dummy_callback (timer);
  g_source_add_child_source (readable, timer);
  g_task_attach_source (task, readable, G_SOURCE_FUNC (linger_cb));
}

static void
close_in_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  Closing *closing = task_data;
  HandoffConnection *self = closing->connection;

  if (closing->steps.send_close_notify)
    send_close_notify (self, TRUE, cancellable, &closing->error);
  if (closing->steps.linger)
    handoff_linger_wait (handoff_base_stream_get_socket (self->base_io_stream), cancellable);
  if (closing->steps.close_base)
    {
      end_transfers (self);
      g_io_stream_close (self->base_io_stream, cancellable,
                         closing->error == NULL ? &closing->error : NULL);
    }
  return_closed (task);
}

static gboolean continue_closing_cb (GObject *pollable_stream, gpointer user_data);

static void
continue_closing (GTask *task)
{
  Closing *closing = g_task_get_task_data (task);
  HandoffConnection *self = closing->connection;
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (closing->steps.send_close_notify)
    send_close_notify (self, FALSE, cancellable, &closing->error);
  if (g_error_matches (closing->error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_autoptr (GSource) writable = NULL;

      g_clear_error (&closing->error);
      writable = handoff_base_stream_create_source (self->base_io_stream, G_IO_OUT, cancellable);
      g_task_attach_source (task, writable, G_SOURCE_FUNC (continue_closing_cb));
      return;
    }
  if (g_error_matches (closing->error, G_IO_ERROR, G_IO_ERROR_PENDING))
    {
      /* There is nothing to poll for while another thread is in a blocking write. */
      g_clear_error (&closing->error);
      g_task_run_in_thread (task, close_in_thread);
      return;
    }

  if (closing->steps.linger)
    linger (task);
  else
    close_base (task);
}

static gboolean
continue_closing_cb (GObject *pollable_stream, gpointer user_data)
{
  continue_closing (user_data);
  return G_SOURCE_REMOVE;
}

static void
begin_closing_async (GTask *task)
{
  Closing *closing = g_task_get_task_data (task);
  HandoffConnection *self = closing->connection;

  closing->steps = begin_closing (self, closing->directions);
  if (closing->steps.send_close_notify &&
      !handoff_base_stream_can_poll (self->base_io_stream, G_IO_OUT))
    g_task_run_in_thread (task, close_in_thread);
  else
    continue_closing (task);
}

static gboolean
handshake_ended_cb (GCancellable *handshake_ended, gpointer task)
{
  begin_closing_async (task);
  return G_SOURCE_REMOVE;
}

void
handoff_connection_close_async (HandoffConnection *self,
                                gpointer source_object,
                                GIOCondition directions,
                                int io_priority,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Closing *closing = g_new0 (Closing, 1);

  task = g_task_new (source_object, cancellable, callback, user_data);
  g_task_set_source_tag (task, handoff_connection_close_async);
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, closing, (GDestroyNotify) closing_free);

  closing->connection = g_object_ref (self);
  closing->directions = directions;
  if (handoff_connection_is_asked_here (self, NULL))
    {
      /* The handshake that is asking goes on. */
      g_autoptr (GSource) ended = g_cancellable_source_new (self->handshake_ended);

      g_task_attach_source (task, ended, G_SOURCE_FUNC (handshake_ended_cb));
      return;
    }
  begin_closing_async (task);
}
