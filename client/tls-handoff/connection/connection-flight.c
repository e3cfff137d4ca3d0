/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A handshake in flight, of a synchronous or an asynchronous call: from the application's settings
 * through the manager to whatever came of it. That of a synchronous call runs in its thread, and
 * makes itself a main context when there is something to wait for beside the service; all others
 * run on the thread of flight-thread.h. */

#include "connection/connection-flight.h"

#include "connection/base-stream.h"
#include "connection/connection-certificate.h"
#include "connection/connection-question.h"
#include "connection/connection-review.h"
#include "connection/connection-trust.h"
#include "connection/flight-thread.h"
#include "connection/gio-mapping.h"
#include "connection/handshake-turn.h"
#include "call/service-error.h"
#include "handshake/socket-handshake.h"
#include "handshake/stepwise-handshake.h"
#include "keyblob/tls-handoff-error.h"
#include "manager/manager.h"
#include "phrasebook/library-text.h"

/* After a limit was reached: how long the service is asked again, and the pauses (milliseconds). */
#define PATIENCE (30 * G_TIME_SPAN_SECOND)
#define FIRST_PAUSE 40
#define LAST_PAUSE 1000

typedef struct
{
  HandoffConnection *connection; /* (owned) */
  HandoffLandedFunc landed_func;
  gboolean blocking;         /* of a synchronous call */
  char *server_identity;     /* (owned) (nullable) */
  HandoffAnswer own;         /* what our side authenticates with */
  gboolean asks;             /* for that, when the server wants it */
  GPtrArray *trust_anchors;  /* (owned) (nullable): of the database */
  GCancellable *cancellable; /* (owned) (nullable): of who started it */
  gulong chained;            /* cancellable to the connection's */

  /* What the service asks. */
  GVariant *details;     /* (owned) (nullable) */
  GTask *handshake_task; /* (owned) (nullable): while it waits for the answer */
  HandoffAnswerFunc answer_func;
  HandoffAnswer answer;

  GSource *deadline; /* (owned) (nullable): while it runs */
  gint64 time_left;  /* microseconds, while it stands still; -1: for ever */
  gboolean timed_out;

  gboolean has_turn; /* see handshake-turn.h */
  gint64 call_time;  /* monotonic */
  guint pause;       /* milliseconds, before the service is asked again */

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

static gboolean
deadline_cb (gpointer user_data)
{
  Flight *flight = user_data;

  flight->timed_out = TRUE;
  g_cancellable_cancel (flight->connection->handshake_cancellable);
  return G_SOURCE_REMOVE;
}

/* Of a synchronous call: from now on, it runs in a main context of its own. */
static void
need_context (Flight *flight)
{
  HandoffConnection *self = flight->connection;

  if (self->flight_context != NULL)
    return;
  self->flight_context = g_main_context_new ();
  g_main_context_push_thread_default (self->flight_context);
}

/* Starts the clock, or lets it go on. */
static void
start_clock (Flight *flight)
{
  if (flight->time_left < 0)
    return;
  need_context (flight);

  flight->deadline = g_timeout_source_new (flight->time_left / G_TIME_SPAN_MILLISECOND);
  g_source_set_callback (flight->deadline, deadline_cb, flight, NULL);
  g_source_attach (flight->deadline, flight->connection->flight_context);
}

/* While the application is asked: a person may take time. */
static void
stop_clock (Flight *flight)
{
  if (flight->deadline == NULL)
    return;

  flight->time_left = MAX (g_source_get_ready_time (flight->deadline) - g_get_monotonic_time (), 0);
  g_source_destroy (flight->deadline);
  g_clear_pointer (&flight->deadline, g_source_unref);
}

/* context: (transfer full) (nullable): where the flight runs; NULL for a synchronous call, which
 * makes one when it needs it. asking_context: (transfer full) (nullable):
 * where the application is asked, unless the flight is of a synchronous call */
static Flight *
flight_new (HandoffConnection *self,
            HandoffLandedFunc landed_func,
            GMainContext *context,
            GMainContext *asking_context,
            GCancellable *cancellable)
{
  const guint seconds = handoff_base_stream_get_timeout (self->base_io_stream);
  Flight *flight = g_new0 (Flight, 1);

  self->flight_context = context;
  self->context = asking_context;
  flight->connection = g_object_ref (self);
  flight->landed_func = landed_func;
  flight->call_time = g_get_monotonic_time ();
  flight->blocking = asking_context == NULL;
  flight->time_left = seconds != 0 ? (gint64) seconds * G_TIME_SPAN_SECOND : -1;
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
                       flight->blocking);

  g_object_unref (flight->connection);
  g_free (flight->server_identity);
  handoff_answer_clear (&flight->own);
  g_clear_pointer (&flight->trust_anchors, g_ptr_array_unref);
  g_clear_pointer (&flight->details, g_variant_unref);
  g_clear_object (&flight->cancellable);
  g_clear_pointer (&flight->received, g_bytes_unref);
  g_free (flight);
}

/* result, received and error are consumed. */
static void
land (Flight *flight, TlsHandoffHandshakeResult *result, GBytes *received, GError *error)
{
  stop_clock (flight);
  if (flight->has_turn)
    handoff_handshake_turn_release ();
  g_cancellable_disconnect (flight->cancellable, flight->chained);
  if (flight->timed_out && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_error_free (error);
      error =
          g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                               _ ("The TLS handshake was not done within the socket's timeout"));
    }
  flight->result = result;
  flight->received = received;
  flight->error = error;
  flight->landed = TRUE;
  if (!flight->blocking)
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

  if (g_io_stream_is_closed (self->base_io_stream))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The base stream is closed"));
      return FALSE;
    }

  if (!self->is_server)
    flight->server_identity = handoff_server_identity_from_connectable (self->server_identity);

  if (socket != NULL && g_socket_get_socket_type (socket) != G_SOCKET_TYPE_STREAM)
    unsupported = _ ("The base stream's socket must be a stream socket");

  if (unsupported == NULL)
    return handoff_connection_resolve_certificate (self, &flight->own, &flight->asks, error) &&
           handoff_connection_resolve_trust (self, &flight->trust_anchors, error);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, unsupported);
  return FALSE;
}

static void
go_on (gpointer user_data)
{
  Flight *flight = user_data;
  g_autoptr (GTask) handshake = g_steal_pointer (&flight->handshake_task);
  g_auto (HandoffAnswer) answer = flight->answer;

  flight->answer = (HandoffAnswer){ NULL };
  start_clock (flight);
  flight->answer_func (handshake, &answer);
}

/* In the application's thread, as all that asks. */
static void
ask_review (HandoffConnection *self, gboolean blocking, gpointer user_data)
{
  Flight *flight = user_data;

  /* A database that blocks does it in the thread of a blocking call. */
  if (flight->blocking)
    handoff_connection_judge (self, flight->details);
  flight->answer.accept = !handoff_connection_must_decide (self, flight->details) ||
                          handoff_connection_decide (self, flight->details);
  handoff_connection_answered (self);
}

static const HandoffQuestion review_question = { ask_review, go_on };

static void
judged_cb (gpointer user_data)
{
  Flight *flight = user_data;

  if (handoff_connection_must_decide (flight->connection, flight->details))
    {
      handoff_connection_pose (flight->connection, &review_question, flight);
      return;
    }
  flight->answer.accept = TRUE;
  go_on (flight);
}

static void
requested_cb (gpointer user_data)
{
  Flight *flight = user_data;

  handoff_connection_answered (flight->connection);
}

static void
ask_for_certificate (HandoffConnection *self, gboolean blocking, gpointer user_data)
{
  Flight *flight = user_data;

  if (!blocking)
    {
      handoff_connection_request_certificate_async (self, &flight->answer, requested_cb, flight);
      return;
    }
  handoff_connection_request_certificate (self, &flight->answer);
  handoff_connection_answered (self);
}

static const HandoffQuestion certificate_question = { ask_for_certificate, go_on };

static void
ask_cb (HandoffHandshakeQuestion question,
        GVariant *details,
        GTask *handshake,
        HandoffAnswerFunc answer_func,
        gpointer user_data)
{
  Flight *flight = user_data;

  stop_clock (flight);
  g_clear_pointer (&flight->details, g_variant_unref);
  flight->details = g_variant_ref (details);
  flight->handshake_task = g_object_ref (handshake);
  flight->answer_func = answer_func;
  if (question == HANDOFF_HANDSHAKE_QUESTION_CREDENTIAL)
    {
      if (handoff_connection_must_request (flight->connection, details, &flight->answer))
        handoff_connection_pose (flight->connection, &certificate_question, flight);
      else
        go_on (flight);
    }
  else if (flight->blocking)
    handoff_connection_pose (flight->connection, &review_question, flight);
  else
    handoff_connection_judge_async (flight->connection, details, judged_cb, flight);
}

static void fly (Flight *flight);

static gboolean
fly_again_cb (gpointer user_data)
{
  Flight *flight = user_data;

  fly (flight);
  return G_SOURCE_REMOVE;
}

/* After a limit of the service or of the bus was reached, as other processes of the user, or other
 * users, may bring about: nothing was sent to the peer yet. Not for ever, and less often each time.
 */
static gboolean
tries_again (Flight *flight, const GError *error)
{
  g_autoptr (GSource) timer = NULL;
  g_autoptr (GSource) cancelled = NULL;

  if ((!g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED) &&
       !g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED)) ||
      g_cancellable_is_cancelled (flight->connection->handshake_cancellable) ||
      g_get_monotonic_time () - flight->call_time > PATIENCE)
    return FALSE;

  need_context (flight);
  flight->pause = MIN (MAX (flight->pause * 2, FIRST_PAUSE), LAST_PAUSE);
  timer = g_timeout_source_new (
      (guint) g_random_int_range ((gint32) flight->pause / 2, (gint32) flight->pause));
  g_source_set_callback (timer, fly_again_cb, flight, NULL);
  /* Whoever cancels it does not wait for the end of the pause. */
  cancelled = g_cancellable_source_new (flight->connection->handshake_cancellable);
  g_source_set_dummy_callback (cancelled);
  g_source_add_child_source (timer, cancelled);
  g_source_attach (timer, flight->connection->flight_context);
  return TRUE;
}

/* result, error: consumed */
static void
take_socket_handshake (Flight *flight, TlsHandoffHandshakeResult *result, GError *error)
{
  if (tries_again (flight, error))
    {
      g_error_free (error);
      return;
    }
  handoff_service_error_mark_unreachable (&error);
  land (flight, result, NULL, error);
}

static void
socket_handshake_cb (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  TlsHandoffHandshakeResult *result;
  GError *error = NULL;

  result = handoff_socket_handshake_finish (async_result, &error);
  take_socket_handshake (user_data, result, error);
}

/* That of a synchronous call that waits for nothing but the service, unless it has to ask. */
static void
fly_straight (Flight *flight, GSocket *socket, const HandoffHandshakeRequest *request)
{
  HandoffConnection *self = flight->connection;
  HandoffSocketHandshake *paused = NULL;
  TlsHandoffHandshakeResult *result;
  GError *error = NULL;

  result = handoff_socket_handshake_sync (handoff_manager_get_bus (self->manager), socket, request,
                                          &paused, self->handshake_cancellable, &error);
  if (paused == NULL)
    {
      take_socket_handshake (flight, result, error);
      return;
    }
  need_context (flight);
  handoff_socket_handshake_go_on_async (self, paused, self->handshake_cancellable,
                                        socket_handshake_cb, flight);
}

static void
stepwise_handshake_cb (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  TlsHandoffHandshakeResult *result;
  GBytes *received = NULL;
  GError *error = NULL;

  result = handoff_stepwise_handshake_finish (async_result, &received, &error);
  if (tries_again (user_data, error))
    {
      g_error_free (error);
      return;
    }
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
    .application_protocol_optional = self->advertised_protocols != NULL,
    .credential = flight->own.credential,
    .credential_pem = flight->own.credential_pem,
    .credential_choice = TLS_HANDOFF_CREDENTIAL_CHOICE_CONFIGURED,
    .trust_anchors = flight->trust_anchors,
    .client_certificate = self->authentication_mode,
    .interactive = (self->flags & TLS_HANDOFF_HANDSHAKE_INTERACTIVE) != 0,
    .review_certificate = handoff_connection_wants_review (self, flight->server_identity),
    .ask_for_credential = flight->asks,
    .ask = ask_cb,
    .ask_data = flight,
  };

  if (socket != NULL && self->flight_context == NULL)
    {
      fly_straight (flight, socket, &request);
      return;
    }
  need_context (flight);
  if (socket != NULL)
    handoff_socket_handshake_async (self, handoff_manager_get_bus (self->manager), socket, &request,
                                    self->handshake_cancellable, socket_handshake_cb, flight);
  else
    handoff_stepwise_handshake_async (self, handoff_manager_get_bus (self->manager),
                                      self->base_io_stream, &request, self->handshake_cancellable,
                                      stepwise_handshake_cb, flight);
}

static void
turn_cb (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  Flight *flight = user_data;
  GError *error = NULL;

  flight->has_turn = handoff_handshake_turn_take_finish (async_result, &error);
  if (flight->has_turn)
    fly (flight);
  else
    land (flight, NULL, NULL, error);
}

static void
wait_for_turn (Flight *flight)
{
  flight->has_turn = handoff_handshake_turn_try_take ();
  if (flight->has_turn)
    {
      fly (flight);
      return;
    }
  need_context (flight);
  handoff_handshake_turn_take_async (flight->connection->handshake_cancellable, turn_cb, flight);
}

/* manager: (transfer full) (nullable): NULL with the error, which is consumed */
static void
take_manager (Flight *flight, TlsHandoffManager *manager, GError *error)
{
  HandoffConnection *self = flight->connection;

  if (manager == NULL)
    {
      land (flight, NULL, NULL, error);
      return;
    }

  g_mutex_lock (&self->lock);
  self->manager = manager;
  g_mutex_unlock (&self->lock);
  wait_for_turn (flight);
}

static void
manager_cb (GObject *source, GAsyncResult *async_result, gpointer flight)
{
  GError *error = NULL;
  TlsHandoffManager *manager = tls_handoff_manager_new_finish (async_result, &error);

  take_manager (flight, manager, error);
}

static void
take_off (Flight *flight)
{
  HandoffConnection *self = flight->connection;

  start_clock (flight);
  if (self->manager != NULL)
    {
      wait_for_turn (flight);
    }
  else if (flight->blocking)
    {
      GError *error = NULL;
      TlsHandoffManager *manager =
          tls_handoff_manager_new_sync (NULL, self->handshake_cancellable, &error);

      take_manager (flight, manager, error);
    }
  else
    {
      /* Finding the bus without blocking takes a thread. */
      tls_handoff_manager_new_async (NULL, self->handshake_cancellable, manager_cb, flight);
    }
}

void
handoff_connection_run_flight (HandoffConnection *self,
                               HandoffLandedFunc landed,
                               GCancellable *cancellable)
{
  Flight *flight = flight_new (self, landed, NULL, NULL, cancellable);
  GMainContext *context;
  GError *error = NULL;

  if (check_settings (flight, &error))
    take_off (flight);
  else
    land (flight, NULL, NULL, error);
  context = self->flight_context;
  while (!flight->landed)
    {
      /* Outside of our own main context: what the application starts when it is asked must not end
       * up in that. */
      g_main_context_pop_thread_default (context);
      handoff_connection_ask (self);
      g_main_context_push_thread_default (context);
      g_main_context_iteration (context, TRUE);
    }
  if (context != NULL)
    g_main_context_pop_thread_default (context);

  arrive (flight);
}

static gboolean
take_off_cb (gpointer flight)
{
  take_off (flight);
  return G_SOURCE_REMOVE;
}

void
handoff_connection_start_flight (HandoffConnection *self,
                                 HandoffLandedFunc landed,
                                 GCancellable *cancellable)
{
  Flight *flight =
      flight_new (self, landed, g_main_context_ref (handoff_flight_thread_get_context ()),
                  g_main_context_ref_thread_default (), cancellable);
  g_autoptr (GSource) source = NULL;
  GError *error = NULL;

  /* The application's settings are read in its own thread. */
  if (!check_settings (flight, &error))
    {
      land (flight, NULL, NULL, error);
      return;
    }

  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, take_off_cb, flight, NULL);
  g_source_attach (source, self->flight_context);
}
