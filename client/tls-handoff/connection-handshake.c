/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "connection-private.h"

#include "gio-mapping.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "tls-handoff-handshake-result-private.h"
#include "tls-handoff-manager-private.h"

HandshakeState
handoff_connection_get_state (TlsHandoffClientConnection *self)
{
  HandshakeState state;

  g_mutex_lock (&self->lock);
  state = self->state;
  g_mutex_unlock (&self->lock);
  return state;
}

/* Whether this call is the one that starts the handshake. */
static gboolean
begin (TlsHandoffClientConnection *self, GThread *thread)
{
  gboolean begun = FALSE;

  g_mutex_lock (&self->lock);
  if (self->state == HANDSHAKE_NOT_STARTED)
    {
      self->state = HANDSHAKE_RUNNING;
      self->handshake_thread = thread;
      begun = TRUE;
    }
  g_mutex_unlock (&self->lock);
  return begun;
}

/* With the lock. */
static void
take_error_details (TlsHandoffClientConnection *self, const GError *error)
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
  self->peer_certificate_errors = handoff_certificate_flags_from_variant (verification_errors);
}

/* result and error are consumed; one of them is NULL. */
static void
end (TlsHandoffClientConnection *self, TlsHandoffHandshakeResult *result, GError *error)
{
  static const char *const changed[] = { "peer-certificate", "peer-certificate-errors",
                                         "negotiated-protocol", "protocol-version",
                                         "ciphersuite-name" };
  gsize i;

  g_mutex_lock (&self->lock);
  if (result != NULL)
    {
      self->result = result;
      self->peer_certificates =
          g_ptr_array_ref (tls_handoff_handshake_result_get_peer_certificates (result));
      self->stream = handoff_record_stream_new (
          self->base_io_stream, tls_handoff_handshake_result_get_record_layer (result));
      self->state = HANDSHAKE_DONE;
    }
  else
    {
      take_error_details (self, error);
      self->handshake_error = handoff_error_for_connection (error, TRUE);
      self->state = HANDSHAKE_FAILED;
    }
  self->handshake_thread = NULL;
  g_mutex_unlock (&self->lock);

  g_cancellable_cancel (self->handshake_ended);

  g_object_freeze_notify (G_OBJECT (self));
  for (i = 0; i < G_N_ELEMENTS (changed); i++)
    g_object_notify (G_OBJECT (self), changed[i]);
  g_object_thaw_notify (G_OBJECT (self));
}

/* How an ended handshake ended. */
static gboolean
get_outcome (TlsHandoffClientConnection *self, GError **error)
{
  gboolean done;

  g_mutex_lock (&self->lock);
  done = self->state == HANDSHAKE_DONE;
  if (!done && error != NULL)
    *error = g_error_copy (self->handshake_error);
  g_mutex_unlock (&self->lock);
  return done;
}

/* The socket below; NULL if it is something else than a socket's own stream. */
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

static gboolean
trusts_what_the_system_trusts (TlsHandoffClientConnection *self)
{
  g_autoptr (GTlsDatabase) system_database = NULL;

  if (self->database == NULL)
    return self->use_system_certdb;

  system_database = g_tls_backend_get_default_database (g_tls_backend_get_default ());
  return self->database == system_database;
}

/* What this version cannot do as the application asked for is refused: doing it in another way
 * might be less than the application relies on. */
static gboolean
check_settings (TlsHandoffClientConnection *self,
                GSocket **socket,
                char **server_identity,
                GError **error)
{
  const char *unsupported = NULL;

  *socket = self->base_io_stream != NULL ? get_socket (self->base_io_stream) : NULL;
  *server_identity = handoff_server_identity_from_connectable (self->server_identity);

  if (*socket == NULL)
    unsupported = "The base stream must be a GSocketConnection: TLS Handoff passes its socket to "
                  "the service";
  else if (g_socket_get_socket_type (*socket) != G_SOCKET_TYPE_STREAM)
    unsupported = "The base stream's socket must be a stream socket";
  else if (*server_identity == NULL)
    unsupported = "A server identity is needed, a GNetworkAddress, GNetworkService or "
                  "GInetSocketAddress: TLS Handoff always verifies whom it talks to";
  else if (self->certificate != NULL)
    unsupported = "This version of TLS Handoff cannot use a client certificate";
  else if (!trusts_what_the_system_trusts (self))
    unsupported = "TLS Handoff cannot verify with an application's own certificate database; name "
                  "the certificates to trust as the handshake option trust-anchors";

  if (unsupported == NULL)
    return TRUE;

  g_clear_pointer (server_identity, g_free);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, unsupported);
  return FALSE;
}

static void
cancel_cb (GCancellable *cancellable, GCancellable *handshake_cancellable)
{
  g_cancellable_cancel (handshake_cancellable);
}

/* Cancelling the one cancels the other; 0 if there is nothing to disconnect. */
static gulong
chain_cancellable (TlsHandoffClientConnection *self, GCancellable *cancellable)
{
  if (cancellable == NULL)
    return 0;

  return g_cancellable_connect (cancellable, G_CALLBACK (cancel_cb),
                                g_object_ref (self->handshake_cancellable), g_object_unref);
}

static TlsHandoffHandshakeResult *
run (TlsHandoffClientConnection *self, GError **error)
{
  g_autofree char *server_identity = NULL;
  GSocket *socket;

  if (!check_settings (self, &socket, &server_identity, error))
    return NULL;

  if (self->manager == NULL)
    self->manager = tls_handoff_manager_new_sync (NULL, self->handshake_cancellable, error);
  if (self->manager == NULL)
    return NULL;

  return handoff_manager_handshake_sync (self->manager, socket, server_identity, self->options,
                                         (const char *const *) self->advertised_protocols,
                                         self->flags, self->handshake_cancellable, error);
}

/* Waits for another thread's handshake. */
static gboolean
wait_for_end (TlsHandoffClientConnection *self, GCancellable *cancellable, GError **error)
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
                           "This thread started an asynchronous TLS handshake that is not finished "
                           "yet");
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
handoff_connection_handshake (TlsHandoffClientConnection *self,
                              GCancellable *cancellable,
                              GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  if (begin (self, NULL))
    {
      TlsHandoffHandshakeResult *result;
      GError *local_error = NULL;
      gulong chained = chain_cancellable (self, cancellable);

      result = run (self, &local_error);
      g_cancellable_disconnect (cancellable, chained);
      end (self, result, local_error);
    }
  else if (handoff_connection_get_state (self) == HANDSHAKE_RUNNING &&
           !wait_for_end (self, cancellable, error))
    {
      return FALSE;
    }

  return get_outcome (self, error);
}

/* An asynchronous handshake in flight. */
typedef struct
{
  TlsHandoffClientConnection *connection; /* (owned) */
  GSocket *socket;                        /* (owned) */
  char *server_identity;                  /* (owned) */
  GCancellable *cancellable;              /* (owned) (nullable): of who started it */
  gulong chained;
} Flight;

static void
flight_end (Flight *flight, TlsHandoffHandshakeResult *result, GError *error)
{
  g_cancellable_disconnect (flight->cancellable, flight->chained);
  end (flight->connection, result, error);

  g_object_unref (flight->connection);
  g_clear_object (&flight->socket);
  g_free (flight->server_identity);
  g_clear_object (&flight->cancellable);
  g_free (flight);
}

static void
handshake_cb (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  TlsHandoffHandshakeResult *result;
  GError *error = NULL;

  result = tls_handoff_manager_handshake_as_client_finish (TLS_HANDOFF_MANAGER (source),
                                                           async_result, &error);
  flight_end (user_data, result, error);
}

static void
fly (Flight *flight)
{
  TlsHandoffClientConnection *self = flight->connection;

  handoff_manager_handshake_async (self->manager, flight->socket, flight->server_identity,
                                   self->options, (const char *const *) self->advertised_protocols,
                                   self->flags, self->handshake_cancellable, handshake_cb, flight);
}

static void
manager_cb (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  Flight *flight = user_data;
  GError *error = NULL;

  flight->connection->manager = tls_handoff_manager_new_finish (async_result, &error);
  if (flight->connection->manager == NULL)
    flight_end (flight, NULL, error);
  else
    fly (flight);
}

/* After begin(). */
static void
start (TlsHandoffClientConnection *self, GCancellable *cancellable)
{
  Flight *flight = g_new0 (Flight, 1);
  GSocket *socket;
  GError *error = NULL;

  flight->connection = g_object_ref (self);
  if (!check_settings (self, &socket, &flight->server_identity, &error))
    {
      flight_end (flight, NULL, error);
      return;
    }

  flight->socket = g_object_ref (socket);
  flight->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  flight->chained = chain_cancellable (self, cancellable);
  if (self->manager == NULL)
    tls_handoff_manager_new_async (NULL, self->handshake_cancellable, manager_cb, flight);
  else
    fly (flight);
}

static gboolean
return_outcome_cb (GCancellable *handshake_ended, gpointer user_data)
{
  GTask *task = user_data;
  TlsHandoffClientConnection *self = g_task_get_source_object (task);
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
handoff_connection_handshake_async (TlsHandoffClientConnection *self,
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
  if (begin (self, g_thread_self ()))
    {
      start (self, cancellable);
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
handoff_connection_handshake_finish (TlsHandoffClientConnection *self,
                                     GAsyncResult *result,
                                     GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
handoff_connection_ensure_handshake (TlsHandoffClientConnection *self,
                                     gboolean blocking,
                                     GCancellable *cancellable,
                                     GError **error)
{
  HandshakeState state = handoff_connection_get_state (self);

  if (state == HANDSHAKE_DONE)
    return TRUE;
  if (blocking)
    return handoff_connection_handshake (self, cancellable, error);

  if (state == HANDSHAKE_NOT_STARTED && begin (self, g_thread_self ()))
    start (self, NULL);
  if (handoff_connection_get_state (self) == HANDSHAKE_RUNNING)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                           "The TLS handshake is not finished yet");
      return FALSE;
    }

  return get_outcome (self, error);
}

void
handoff_connection_abort_handshake (TlsHandoffClientConnection *self)
{
  GSocket *socket;

  g_cancellable_cancel (self->handshake_cancellable);

  /* At once, too: whoever runs the handshake may do it only after the socket was closed here, and
   * the service has a descriptor of its own. */
  socket = self->base_io_stream != NULL ? get_socket (self->base_io_stream) : NULL;
  if (socket != NULL)
    g_socket_shutdown (socket, TRUE, TRUE, NULL);
}
