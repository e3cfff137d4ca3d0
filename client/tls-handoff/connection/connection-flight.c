/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A handshake in flight, of a synchronous or an asynchronous call: from the application's settings
 * through the manager to whatever came of it. It runs in the thread-default main context of its
 * thread; a synchronous call pushes one of its own for that. */

#include "connection/connection-flight.h"

#include "connection/base-stream.h"
#include "connection/connection-review.h"
#include "connection/connection-trust.h"
#include "connection/gio-mapping.h"
#include "call/service-error.h"
#include "handshake/socket-handshake.h"
#include "handshake/stepwise-handshake.h"
#include "manager/manager.h"

typedef struct
{
  HandoffConnection *connection; /* (owned) */
  HandoffLandedFunc landed_func;
  GMainContext *context;     /* (owned) (nullable): of a synchronous call */
  char *server_identity;     /* (owned) (nullable) */
  GBytes *credential_pem;    /* (owned) (nullable): of the certificate */
  GPtrArray *trust_anchors;  /* (owned) (nullable): of the database */
  GCancellable *cancellable; /* (owned) (nullable): of who started it */
  gulong chained;            /* cancellable to the connection's */

  /* A question that waits for the synchronous call to ask it. */
  GVariant *review_details; /* (owned) (nullable) */
  GTask *review_handshake;  /* (owned) (nullable) */
  HandoffReviewAnswer review_answer;

  gboolean landed;
  TlsHandoffHandshakeResult *result; /* (owned) (nullable): if it was a success */
  GBytes *received;                  /* (owned) (nullable): likewise */
  GError *error;                     /* (owned) (nullable): otherwise */
} Flight;

static void
cancel_cb (GCancellable *cancellable, GCancellable *handshake_cancellable)
{
  g_cancellable_cancel (handshake_cancellable);
}

static Flight *
flight_new (HandoffConnection *self,
            HandoffLandedFunc landed_func,
            GMainContext *context,
            GCancellable *cancellable)
{
  Flight *flight = g_new0 (Flight, 1);

  flight->connection = g_object_ref (self);
  flight->landed_func = landed_func;
  flight->context = context;
  if (cancellable == NULL)
    return flight;

  flight->cancellable = g_object_ref (cancellable);
  flight->chained =
      g_cancellable_connect (cancellable, G_CALLBACK (cancel_cb),
                             g_object_ref (self->handshake_cancellable), g_object_unref);
  return flight;
}

/* Hands over what came of it. */
static void
arrive (Flight *flight)
{
  flight->landed_func (flight->connection, flight->result, flight->received, flight->error,
                       flight->context != NULL);

  g_object_unref (flight->connection);
  g_clear_pointer (&flight->context, g_main_context_unref);
  g_free (flight->server_identity);
  g_clear_pointer (&flight->credential_pem, g_bytes_unref);
  g_clear_pointer (&flight->trust_anchors, g_ptr_array_unref);
  g_clear_object (&flight->cancellable);
  g_clear_pointer (&flight->received, g_bytes_unref);
  g_free (flight);
}

/* result, received and error are consumed. */
static void
land (Flight *flight, TlsHandoffHandshakeResult *result, GBytes *received, GError *error)
{
  g_cancellable_disconnect (flight->cancellable, flight->chained);
  flight->result = result;
  flight->received = received;
  flight->error = error;
  flight->landed = TRUE;
  if (flight->context == NULL)
    arrive (flight);
}

/* Refuses what this version cannot do as the application asked: to do it in another way might give
 * less than the application relies on. */
static gboolean
check_settings (Flight *flight, GError **error)
{
  HandoffConnection *self = flight->connection;
  GSocket *socket = handoff_base_stream_get_socket (self->base_io_stream);
  const char *unsupported = NULL;

  if (!self->is_server)
    flight->server_identity = handoff_server_identity_from_connectable (self->server_identity);
  if (self->certificate != NULL)
    flight->credential_pem = handoff_certificate_to_pem (self->certificate);

  if (socket != NULL && g_socket_get_socket_type (socket) != G_SOCKET_TYPE_STREAM)
    unsupported = "The base stream's socket must be a stream socket";
  else if (!self->is_server && flight->server_identity == NULL)
    unsupported = "A server identity is needed, a GNetworkAddress, GNetworkService or "
                  "GInetSocketAddress: TLS Handoff always verifies whom it talks to";
  else if (self->certificate != NULL && flight->credential_pem == NULL)
    unsupported = "The private key of the certificate cannot be had; let the TLS Handoff service "
                  "keep it as a credential, and name that with the handshake option credential";

  if (unsupported == NULL)
    return handoff_connection_resolve_trust (self, &flight->trust_anchors, error);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, unsupported);
  return FALSE;
}

/* Of an asynchronous call. */
static void
reviewed_cb (gboolean accept, gpointer user_data)
{
  Flight *flight = user_data;
  g_autoptr (GTask) handshake = g_steal_pointer (&flight->review_handshake);

  flight->review_answer (handshake, accept);
}

static void
review_cb (GVariant *details, GTask *handshake, HandoffReviewAnswer answer, gpointer user_data)
{
  Flight *flight = user_data;

  flight->review_handshake = g_object_ref (handshake);
  flight->review_answer = answer;
  if (flight->context == NULL)
    handoff_connection_review_async (flight->connection, details, reviewed_cb, flight);
  else
    flight->review_details = g_variant_ref (details);
}

/* Outside of our own main context: what the application's handler starts must not end up in that.
 */
static void
ask (Flight *flight)
{
  g_autoptr (GVariant) details = g_steal_pointer (&flight->review_details);
  g_autoptr (GTask) handshake = g_steal_pointer (&flight->review_handshake);
  gboolean accept;

  g_main_context_pop_thread_default (flight->context);
  accept = handoff_connection_review (flight->connection, details);
  g_main_context_push_thread_default (flight->context);

  flight->review_answer (handshake, accept);
}

static void
socket_handshake_cb (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  TlsHandoffHandshakeResult *result;
  GError *error = NULL;

  result = handoff_socket_handshake_finish (async_result, &error);
  handoff_service_error_mark_unreachable (&error);
  land (user_data, result, NULL, error);
}

static void
stepwise_handshake_cb (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  TlsHandoffHandshakeResult *result;
  GBytes *received = NULL;
  GError *error = NULL;

  result = handoff_stepwise_handshake_finish (async_result, &received, &error);
  land (user_data, result, received, error);
}

static void
fly (Flight *flight)
{
  HandoffConnection *self = flight->connection;
  GSocket *socket = handoff_base_stream_get_socket (self->base_io_stream);
  const HandoffHandshakeRequest request = {
    .role = self->is_server ? HANDOFF_ROLE_SERVER : HANDOFF_ROLE_CLIENT,
    .server_identity = flight->server_identity,
    .options = self->options,
    .application_protocols = (const char *const *) self->advertised_protocols,
    .credential_pem = flight->credential_pem,
    .trust_anchors = flight->trust_anchors,
    .client_certificate = self->authentication_mode,
    .interactive = (self->flags & TLS_HANDOFF_HANDSHAKE_INTERACTIVE) != 0,
    .review = handoff_connection_wants_review (self) ? review_cb : NULL,
    .review_data = flight,
  };

  if (socket != NULL)
    handoff_socket_handshake_async (self, handoff_manager_get_bus (self->manager), socket, &request,
                                    self->handshake_cancellable, socket_handshake_cb, flight);
  else
    handoff_stepwise_handshake_async (self, handoff_manager_get_bus (self->manager),
                                      self->base_io_stream, &request, self->handshake_cancellable,
                                      stepwise_handshake_cb, flight);
}

static void
manager_cb (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  Flight *flight = user_data;
  GError *error = NULL;

  flight->connection->manager = tls_handoff_manager_new_finish (async_result, &error);
  if (flight->connection->manager == NULL)
    land (flight, NULL, NULL, error);
  else
    fly (flight);
}

static void
take_off (Flight *flight)
{
  HandoffConnection *self = flight->connection;
  GError *error = NULL;

  if (!check_settings (flight, &error))
    {
      land (flight, NULL, NULL, error);
      return;
    }

  /* Finding the bus without blocking takes a thread. */
  if (self->manager == NULL && flight->context != NULL)
    self->manager = tls_handoff_manager_new_sync (NULL, self->handshake_cancellable, &error);

  if (error != NULL)
    land (flight, NULL, NULL, error);
  else if (self->manager == NULL)
    tls_handoff_manager_new_async (NULL, self->handshake_cancellable, manager_cb, flight);
  else
    fly (flight);
}

void
handoff_connection_run_flight (HandoffConnection *self,
                               HandoffLandedFunc landed,
                               GCancellable *cancellable)
{
  GMainContext *context = g_main_context_new ();
  Flight *flight = flight_new (self, landed, context, cancellable);

  g_main_context_push_thread_default (context);
  take_off (flight);
  while (!flight->landed)
    {
      g_main_context_iteration (context, TRUE);
      if (flight->review_details != NULL)
        ask (flight);
    }
  g_main_context_pop_thread_default (context);

  arrive (flight);
}

void
handoff_connection_start_flight (HandoffConnection *self,
                                 HandoffLandedFunc landed,
                                 GCancellable *cancellable)
{
  take_off (flight_new (self, landed, NULL, cancellable));
}
