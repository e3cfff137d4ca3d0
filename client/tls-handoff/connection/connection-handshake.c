/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* NOT_STARTED → RUNNING → DONE or FAILED: whoever comes first starts the flight, and all others
 * wait for its end: sources for the cancellable handshake_ended, blocking calls for the condition.
 */

#include "connection/connection-handshake.h"

#include "connection/base-stream.h"
#include "connection/connection-flight.h"
#include "connection/connection-outcome.h"
#include "connection/connection-question.h"
#include "phrasebook/library-text.h"

HandshakeState
handoff_connection_get_state (HandoffConnection *self)
{
  HandshakeState state;

  g_mutex_lock (&self->lock);
  state = self->state;
  g_mutex_unlock (&self->lock);
  return state;
}

gboolean
handoff_connection_is_usable (HandoffConnection *self, GIOCondition direction)
{
  gboolean usable;

  g_mutex_lock (&self->lock);
  usable = self->state == HANDSHAKE_DONE && !self->changes_are_untold &&
           !(direction == G_IO_IN ? self->read_closed : self->write_closed);
  g_mutex_unlock (&self->lock);
  return usable;
}

/* Whether this call is the one that starts the handshake. */
static gboolean
begin (HandoffConnection *self)
{
  gboolean begun = FALSE;

  g_mutex_lock (&self->lock);
  if (self->state == HANDSHAKE_NOT_STARTED)
    {
      self->state = HANDSHAKE_RUNNING;
      begun = TRUE;
    }
  g_mutex_unlock (&self->lock);
  return begun;
}

/* Where a flight lands. */
static void
landed (HandoffConnection *self,
        TlsHandoffHandshakeResult *result,
        GBytes *received,
        GError *error,
        gboolean blocking)
{
  gboolean close_base;

  if (result != NULL)
    handoff_connection_take_result (self, result, received);
  else
    handoff_connection_take_failure (self, error);
  g_mutex_lock (&self->lock);
  close_base = self->close_base_then;
  g_mutex_unlock (&self->lock);

  if (close_base && blocking)
    g_io_stream_close (self->base_io_stream, NULL, NULL);
  else if (close_base)
    g_io_stream_close_async (self->base_io_stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);

  g_cancellable_cancel (self->handshake_ended);
}

/* What a handshake changed, and nothing else, in the order in which it found out. */
typedef struct
{
  gboolean peer_certificate;
  gboolean accepted_cas;
  gboolean done;
} Changes;

static void
tell_changes (HandoffConnection *self, const Changes *changes)
{
  GObject *object = G_OBJECT (self);

  if (changes->peer_certificate)
    {
      g_object_notify (object, "peer-certificate");
      g_object_notify (object, "peer-certificate-errors");
    }
  if (changes->accepted_cas)
    g_object_notify (object, "accepted-cas");
  if (!changes->done)
    return;

  if (tls_handoff_handshake_result_get_application_protocol (self->result) != NULL)
    g_object_notify (object, "negotiated-protocol");
  g_object_notify (object, "protocol-version");
  g_object_notify (object, "ciphersuite-name");
}

/* The state. Handlers of the properties' signals belong to the application's threads, and the
 * handshake may have ended on another: so it is whoever comes here first that emits them. */
static HandshakeState
settle (HandoffConnection *self)
{
  HandshakeState state;
  gboolean untold;
  Changes changes;

  g_mutex_lock (&self->lock);
  state = self->state;
  untold = self->changes_are_untold;
  self->changes_are_untold = FALSE;
  changes.peer_certificate = self->peer_certificates != NULL && self->peer_certificates->len > 0;
  changes.accepted_cas = self->accepted_cas != NULL;
  changes.done = state == HANDSHAKE_DONE;
  g_mutex_unlock (&self->lock);
  if (untold)
    tell_changes (self, &changes);
  return state;
}

/* How an ended handshake ended. */
static gboolean
get_outcome (HandoffConnection *self, GError **error)
{
  const gboolean done = settle (self) == HANDSHAKE_DONE;

  g_mutex_lock (&self->lock);
  if (!done && error != NULL)
    *error = g_error_copy (self->handshake_error);
  g_mutex_unlock (&self->lock);
  return done;
}

static void
wake_waiters_cb (GCancellable *cancellable, HandoffConnection *self)
{
  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* Waits for a handshake that another call started, and asks the application in its place. */
static gboolean
wait_for_end (HandoffConnection *self, GCancellable *cancellable, GError **error)
{
  gulong waking = 0;
  guint n_seen = 0;

  if (handoff_connection_is_asked_here (self, error))
    return FALSE;
  if (cancellable != NULL)
    waking = g_cancellable_connect (cancellable, G_CALLBACK (wake_waiters_cb), self, NULL);

  g_mutex_lock (&self->lock);
  while (self->state == HANDSHAKE_RUNNING && !g_cancellable_is_cancelled (cancellable))
    {
      if (self->n_questions == n_seen)
        {
          g_cond_wait (&self->changed, &self->lock);
          continue;
        }
      n_seen = self->n_questions;
      g_mutex_unlock (&self->lock);
      handoff_connection_ask_while_waiting (self);
      g_mutex_lock (&self->lock);
    }
  g_mutex_unlock (&self->lock);

  g_cancellable_disconnect (cancellable, waking);
  return handoff_connection_get_state (self) != HANDSHAKE_RUNNING ||
         !g_cancellable_set_error_if_cancelled (cancellable, error);
}

gboolean
handoff_connection_handshake (HandoffConnection *self, GCancellable *cancellable, GError **error)
{
  /* A handler of accept-certificate may let go of the connection. */
  G_GNUC_UNUSED g_autoptr (HandoffConnection) kept = g_object_ref (self);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  /* Its own handshake must not begin within ours, whose main context ends with the call. */
  if (handoff_connection_get_state (self) == HANDSHAKE_NOT_STARTED &&
      G_IS_TLS_CONNECTION (self->base_io_stream) &&
      !g_tls_connection_handshake (G_TLS_CONNECTION (self->base_io_stream), cancellable, error))
    return FALSE;

  if (begin (self))
    {
      handoff_connection_run_flight (self, landed, cancellable);
    }
  else if (handoff_connection_get_state (self) == HANDSHAKE_RUNNING &&
           !wait_for_end (self, cancellable, error))
    {
      return FALSE;
    }

  return get_outcome (self, error);
}

/* The same without blocking. The handshake of a TLS connection below ours is started first, here:
 * what it has to ask, it asks where it was started. */
static void
start (HandoffConnection *self, GCancellable *cancellable)
{
  if (G_IS_TLS_CONNECTION (self->base_io_stream) &&
      g_tls_connection_get_protocol_version (G_TLS_CONNECTION (self->base_io_stream)) ==
          G_TLS_PROTOCOL_VERSION_UNKNOWN)
    g_tls_connection_handshake_async (G_TLS_CONNECTION (self->base_io_stream), G_PRIORITY_DEFAULT,
                                      cancellable, NULL, NULL);
  handoff_connection_start_flight (self, landed, cancellable);
}

static gboolean
return_outcome_cb (GCancellable *handshake_ended, gpointer user_data)
{
  GTask *task = user_data;
  HandoffConnection *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (handoff_connection_get_state (self) == HANDSHAKE_RUNNING)
    g_task_return_error_if_cancelled (task);
  else if (get_outcome (self, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);

  return G_SOURCE_REMOVE;
}

void
handoff_connection_handshake_async (HandoffConnection *self,
                                    int io_priority,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GSource) ended = NULL;

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, handoff_connection_handshake_async);
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);
  if (g_task_return_error_if_cancelled (task))
    return;

  ended = g_cancellable_source_new (self->handshake_ended);
  if (begin (self))
    {
      start (self, cancellable);
    }
  else if (cancellable != NULL)
    {
      /* A caller that joins stops waiting when it is cancelled; the handshake goes on. */
      g_autoptr (GSource) cancelled = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (cancelled);
      g_source_add_child_source (ended, cancelled);
    }
  g_task_attach_source (task, ended, G_SOURCE_FUNC (return_outcome_cb));
}

gboolean
handoff_connection_handshake_finish (HandoffConnection *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
handoff_connection_ensure_handshake (HandoffConnection *self,
                                     gboolean blocking,
                                     GCancellable *cancellable,
                                     GError **error)
{
  const HandshakeState state = settle (self);

  if (state == HANDSHAKE_DONE)
    return TRUE;
  if (blocking)
    return handoff_connection_handshake (self, cancellable, error);

  if (state == HANDSHAKE_NOT_STARTED && begin (self))
    start (self, NULL);
  if (handoff_connection_get_state (self) == HANDSHAKE_RUNNING)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                           _ ("The TLS handshake is not finished yet"));
      return FALSE;
    }

  return get_outcome (self, error);
}

void
handoff_connection_abort_handshake (HandoffConnection *self)
{
  GSocket *socket = handoff_base_stream_get_socket (self->base_io_stream);

  g_cancellable_cancel (self->handshake_cancellable);

  /* This shuts down the socket at once, too: the thread that runs the handshake may do so only
   * after the socket was closed here, and the service has a descriptor of its own. */
  if (socket != NULL)
    g_socket_shutdown (socket, TRUE, TRUE, NULL);
}
