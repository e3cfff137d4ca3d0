/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The states of a connection's handshake, and who waits for them. */

#include "connection/connection.h"

#include "call/certificates-variant.h"
#include "connection/gio-mapping.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "handshake/handshake-result.h"

HandshakeState
handoff_connection_get_state (TlsHandoffConnection *self)
{
  HandshakeState state;

  g_mutex_lock (&self->lock);
  state = self->state;
  g_mutex_unlock (&self->lock);
  return state;
}

/* Whether this call is the one that starts the handshake. */
static gboolean
begin (TlsHandoffConnection *self)
{
  gboolean begun = FALSE;

  g_mutex_lock (&self->lock);
  if (self->state == HANDSHAKE_NOT_STARTED)
    {
      self->state = HANDSHAKE_RUNNING;
      self->handshake_thread = g_thread_self ();
      begun = TRUE;
    }
  g_mutex_unlock (&self->lock);
  return begun;
}

/* With the lock. */
static void
take_error_details (TlsHandoffConnection *self, const GError *error)
{
  g_autoptr (GVariant) certificates = NULL;
  g_autoptr (GVariant) verification_errors = NULL;
  GVariant *details = tls_handoff_error_get_details (error);

  if (details == NULL)
    return;

  certificates =
      g_variant_lookup_value (details, HANDOFF_DETAIL_PEER_CERTIFICATES, G_VARIANT_TYPE ("aay"));
  if (certificates != NULL)
    self->peer_certificates = handoff_certificates_from_variant (certificates);
  verification_errors = g_variant_lookup_value (details, HANDOFF_DETAIL_VERIFICATION_ERRORS,
                                                G_VARIANT_TYPE_STRING_ARRAY);
  self->peer_certificate_errors =
      self->judged ? self->verdict : handoff_certificate_flags_from_variant (verification_errors);
}

/* With the lock. The service knows only that it trusted nobody. */
static void
tell_who_judged (TlsHandoffConnection *self, GError *error)
{
  if (!self->judged ||
      !g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED))
    return;

  g_free (error->message);
  if (self->judge_failure != NULL)
    error->message =
        g_strdup_printf ("The application's certificate database could not say whether "
                         "it trusts the peer's certificate: %s",
                         self->judge_failure->message);
  else if (self->judge != NULL && self->verdict == G_TLS_CERTIFICATE_NO_FLAGS)
    error->message = g_strdup ("The application's certificate database trusts the client's "
                               "certificate, but no handler of “accept-certificate” accepted it, "
                               "which a server needs as well");
  else
    error->message = g_strdup ("The application's certificate database does not trust the peer's "
                               "certificate");
}

/* With the lock. */
static void
take_result (TlsHandoffConnection *self,
             TlsHandoffHandshakeResult *result,
             HandoffRecordStream *stream)
{
  self->result = result;
  self->stream = stream;
  self->peer_certificates = g_ptr_array_ref (handoff_handshake_result_get_verified_chain (result));
  self->peer_certificate_errors =
      self->judged ? self->verdict
                   : handoff_certificate_flags_from_variant (
                         handoff_handshake_result_get_verification_errors (result));
}

/* Whether the peer is sent an alert because of it, if anybody is left to send one. */
static gboolean
is_refusal (const GError *error)
{
  static const TlsHandoffError codes[] = {
    TLS_HANDOFF_ERROR_NOT_AUTHORIZED,        TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
    TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
    TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,     TLS_HANDOFF_ERROR_FAILED,
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      if (g_error_matches (error, TLS_HANDOFF_ERROR, codes[i]))
        return TRUE;
    }
  return FALSE;
}

static void
records_opened_cb (gpointer result)
{
  tls_handoff_handshake_result_forward_session_tickets (result);
}

static HandoffRecordStream *
make_stream (TlsHandoffConnection *self, TlsHandoffHandshakeResult *result)
{
  HandoffRecordStream *stream = handoff_record_stream_new (
      self->base_io_stream, tls_handoff_handshake_result_get_record_layer (result));

  /* The connection has the result for as long as the stream. */
  handoff_record_stream_set_opened_func (stream, records_opened_cb, result);
  return stream;
}

void
handoff_connection_end_handshake (TlsHandoffConnection *self,
                                  TlsHandoffHandshakeResult *result,
                                  GBytes *received,
                                  GError *error,
                                  gboolean blocking)
{
  static const char *const changed[] = { "peer-certificate", "peer-certificate-errors",
                                         "negotiated-protocol", "protocol-version",
                                         "ciphersuite-name" };
  HandoffRecordStream *stream = NULL;
  gboolean close_base;
  gsize i;

  if (result != NULL)
    stream = make_stream (self, result);
  if (received != NULL)
    handoff_record_stream_give_input (stream, received);

  g_mutex_lock (&self->lock);
  if (result != NULL)
    {
      take_result (self, result, stream);
      self->state = HANDSHAKE_DONE;
    }
  else
    {
      take_error_details (self, error);
      tell_who_judged (self, error);
      self->handshake_refused = is_refusal (error);
      self->handshake_error = handoff_error_for_connection (error, TRUE);
      self->state = HANDSHAKE_FAILED;
    }
  self->handshake_thread = NULL;
  close_base = self->close_base_then;
  g_mutex_unlock (&self->lock);

  if (close_base && blocking)
    g_io_stream_close (self->base_io_stream, NULL, NULL);
  else if (close_base)
    g_io_stream_close_async (self->base_io_stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);

  g_cancellable_cancel (self->handshake_ended);

  g_object_freeze_notify (G_OBJECT (self));
  for (i = 0; i < G_N_ELEMENTS (changed); i++)
    g_object_notify (G_OBJECT (self), changed[i]);
  g_object_thaw_notify (G_OBJECT (self));
}

/* How an ended handshake ended. */
static gboolean
get_outcome (TlsHandoffConnection *self, GError **error)
{
  gboolean done;

  g_mutex_lock (&self->lock);
  done = self->state == HANDSHAKE_DONE;
  if (!done && error != NULL)
    *error = g_error_copy (self->handshake_error);
  g_mutex_unlock (&self->lock);
  return done;
}

static GSocket *
get_socket (GIOStream *stream)
{
  /* What a proxy's handshake left: another stream in the guise of a GTcpConnection. */
  if (G_IS_TCP_WRAPPER_CONNECTION (stream))
    return get_socket (
        g_tcp_wrapper_connection_get_base_io_stream (G_TCP_WRAPPER_CONNECTION (stream)));

  if (G_IS_SOCKET_CONNECTION (stream))
    return g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));

  return NULL;
}

GSocket *
handoff_connection_get_socket (TlsHandoffConnection *self)
{
  return self->base_io_stream != NULL ? get_socket (self->base_io_stream) : NULL;
}

/* Waits for another thread's handshake. */
static gboolean
wait_for_end (TlsHandoffConnection *self, GCancellable *cancellable, GError **error)
{
  GPollFD fds[2];
  guint n_fds = 1;
  GThread *handshake_thread;

  g_mutex_lock (&self->lock);
  handshake_thread = self->handshake_thread;
  g_mutex_unlock (&self->lock);
  if (handshake_thread == g_thread_self ())
    {
      /* Its main context, which the handshake needs, would never run. */
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                           "This thread started a TLS handshake that is not finished yet");
      return FALSE;
    }

  if (!g_cancellable_make_pollfd (self->handshake_ended, &fds[0]))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES,
                           "Cannot wait for the TLS handshake: too many open files");
      return FALSE;
    }
  if (g_cancellable_make_pollfd (cancellable, &fds[1]))
    n_fds = 2;

  while (!g_cancellable_is_cancelled (self->handshake_ended) &&
         !g_cancellable_is_cancelled (cancellable))
    g_poll (fds, n_fds, -1);

  g_cancellable_release_fd (self->handshake_ended);
  if (n_fds == 2)
    g_cancellable_release_fd (cancellable);

  return g_cancellable_is_cancelled (self->handshake_ended) ||
         !g_cancellable_set_error_if_cancelled (cancellable, error);
}

gboolean
handoff_connection_handshake (TlsHandoffConnection *self, GCancellable *cancellable, GError **error)
{
  /* A handler of accept-certificate may let go of the connection. */
  G_GNUC_UNUSED g_autoptr (TlsHandoffConnection) kept = g_object_ref (self);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  /* Its own handshake must not begin within ours, whose main context ends with the call. */
  if (handoff_connection_get_state (self) == HANDSHAKE_NOT_STARTED &&
      G_IS_TLS_CONNECTION (self->base_io_stream) &&
      !g_tls_connection_handshake (G_TLS_CONNECTION (self->base_io_stream), cancellable, error))
    return FALSE;

  if (begin (self))
    {
      handoff_connection_run_handshake (self, cancellable);
    }
  else if (handoff_connection_get_state (self) == HANDSHAKE_RUNNING &&
           !wait_for_end (self, cancellable, error))
    {
      return FALSE;
    }

  return get_outcome (self, error);
}

static gboolean
return_outcome_cb (GCancellable *handshake_ended, gpointer user_data)
{
  GTask *task = user_data;
  TlsHandoffConnection *self = g_task_get_source_object (task);
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
handoff_connection_handshake_async (TlsHandoffConnection *self,
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
      handoff_connection_start_handshake (self, cancellable);
    }
  else if (cancellable != NULL)
    {
      /* Who joins stops waiting when cancelled; the handshake goes on. */
      g_autoptr (GSource) cancelled = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (cancelled);
      g_source_add_child_source (ended, cancelled);
    }
  g_task_attach_source (task, ended, G_SOURCE_FUNC (return_outcome_cb));
}

gboolean
handoff_connection_handshake_finish (TlsHandoffConnection *self,
                                     GAsyncResult *result,
                                     GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
handoff_connection_ensure_handshake (TlsHandoffConnection *self,
                                     gboolean blocking,
                                     GCancellable *cancellable,
                                     GError **error)
{
  HandshakeState state = handoff_connection_get_state (self);

  if (state == HANDSHAKE_DONE)
    return TRUE;
  if (blocking)
    return handoff_connection_handshake (self, cancellable, error);

  if (state == HANDSHAKE_NOT_STARTED && begin (self))
    handoff_connection_start_handshake (self, NULL);
  if (handoff_connection_get_state (self) == HANDSHAKE_RUNNING)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                           "The TLS handshake is not finished yet");
      return FALSE;
    }

  return get_outcome (self, error);
}

void
handoff_connection_abort_handshake (TlsHandoffConnection *self)
{
  GSocket *socket = handoff_connection_get_socket (self);

  g_cancellable_cancel (self->handshake_cancellable);

  /* At once, too: whoever runs the handshake may do it only after the socket was closed here, and
   * the service has a descriptor of its own. */
  if (socket != NULL)
    g_socket_shutdown (socket, TRUE, TRUE, NULL);
}
