/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/front.h"

#include <glib/gi18n.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include "peer/negotiated.h"
#include "proxy/pump.h"
#include "terminal/report.h"
#include "terminal/service-words.h"

/* One client of "serve":
 *
 *   says something → handshake → backend opened → data both ways until both sides end → closed
 *
 * The service limits the handshakes that a user has under way (64 by default). So clients wait in
 * line for theirs; a client that has sent nothing is not in the line. Each side may end before the
 * other. A client that breaks off ends both. */

/* Fewer than the service allows: the user may do other things, too. */
#define MAX_HANDSHAKES 48
/* How long a client may take to begin its handshake, and to end it, seconds. */
#define HELLO_SECONDS 10
#define HANDSHAKE_SECONDS 15

/* How long a client may take to close its side after the backend has closed, seconds. If we closed
 * first, the last data might be lost: a TCP reset discards what was not read.
 */
#define LINGER_SECONDS 10

typedef struct
{
  CliFront *front;
  CliFrontDone done;
  gpointer user_data;

  char *name;                /* (owned): the client's address, for messages */
  GSocketConnection *client; /* (owned) */
  GIOStream *tls;            /* (owned) (nullable) */
  CliBackend *backend;       /* (owned) (nullable) */
  GCancellable *cancellable; /* (owned) */
  guint timer;               /* that runs, or 0 */
  GSource *hello;            /* (owned) (nullable): until the client says something */
  guint n_pumps;             /* that run */
  gboolean closing;          /* the backend has ended, and close_notify is sent or under way */
  GError *client_error; /* (owned) (nullable): how the client ended, if that may be no failure */
  gboolean refused;     /* the client got an alert */
  gboolean broken;      /* the client, or the backend, did not end as it should */
} Connection;

static void
connection_free (Connection *self)
{
  CliFrontDone done = self->done;
  gpointer user_data = self->user_data;
  gboolean ok = !self->broken;

  g_io_stream_close (G_IO_STREAM (self->client), NULL, NULL);
  g_clear_object (&self->tls);
  g_object_unref (self->client);
  g_object_unref (self->cancellable);
  g_clear_error (&self->client_error);
  g_free (self->name);
  g_free (self);
  done (ok, user_data);
}

static void
closed (GObject *tls, GAsyncResult *result, gpointer user_data)
{
  g_io_stream_close_finish (G_IO_STREAM (tls), result, NULL);
  connection_free (user_data);
}

static void
connection_end (Connection *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  /* Closing gives a refused client time to read the alert. Other connections are not closed like
   * this: if one broke in the middle, the close_notify would pass for the end of the data. */
  if (self->refused)
    g_io_stream_close_async (self->tls, G_PRIORITY_DEFAULT, NULL, closed, self);
  else
    connection_free (self);
}

static void
report (Connection *self, const char *message)
{
  self->broken = TRUE;
  cli_report ("%s: %s", self->name, message);
}

static void
backend_gone (const char *problem, gpointer user_data)
{
  Connection *self = user_data;

  if (problem != NULL && !self->broken)
    report (self, problem);
  connection_end (self);
}

static void
pump_ended (Connection *self)
{
  if (--self->n_pumps == 0)
    cli_backend_close (g_steal_pointer (&self->backend), self->broken, backend_gone, self);
}

/* Only the first problem: the others follow from it. */
static void
break_off (Connection *self, const GError *error)
{
  if (!self->broken && !g_cancellable_is_cancelled (self->cancellable))
    {
      report (self, error->message);
      self->refused =
          error->domain == G_TLS_ERROR && !g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_EOF);
    }
  g_cancellable_cancel (self->cancellable);
}

/* Whether the client, which ended its TCP connection without a close_notify, had received
 * everything by then, our close_notify too. Its FIN acknowledges what its TCP had received; and a
 * client that closes with some of that unread sends a reset and no FIN, which is another error. */
static gboolean
has_heard_everything (Connection *self, const GError *error)
{
  int fd = g_socket_get_fd (g_socket_connection_get_socket (self->client));
  int n_unacknowledged = 0;

  return self->closing && g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_EOF) &&
         ioctl (fd, SIOCOUTQ, &n_unacknowledged) == 0 && n_unacknowledged == 0;
}

static void
client_left (gboolean backend_done, gpointer user_data)
{
  Connection *self = user_data;

  if (backend_done)
    cli_backend_close_input (self->backend);
  else
    break_off (self, self->client_error);
  pump_ended (self);
}

static void
client_ended (CliPumpEnd end, const GError *error, gpointer user_data)
{
  Connection *self = user_data;

  if (end == CLI_PUMP_SINK_FAILED && !g_cancellable_is_cancelled (self->cancellable))
    {
      /* The backend reads no more, but may still send. */
      cli_backend_close_input (self->backend);
      cli_pump_discard (g_io_stream_get_input_stream (self->tls), self->cancellable, client_ended,
                        self);
      return;
    }
  if (end == CLI_PUMP_SOURCE_FAILED && has_heard_everything (self, error))
    {
      /* Many clients end like that, such as Python's ssl. An attacker may have cut off data; that
       * is a loss only if the backend waits for it. */
      self->client_error = g_error_copy (error);
      cli_backend_ask_input_done (self->backend, client_left, self);
      return;
    }
  if (end == CLI_PUMP_SOURCE_ENDED)
    cli_backend_close_input (self->backend);
  else
    break_off (self, error);
  pump_ended (self);
}

static gboolean
lingered (gpointer user_data)
{
  Connection *self = user_data;

  self->timer = 0;
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

static void
output_closed (GObject *stream, GAsyncResult *result, gpointer user_data)
{
  Connection *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!g_output_stream_close_finish (G_OUTPUT_STREAM (stream), result, &error))
    break_off (self, error);
  else if (self->n_pumps > 1)
    self->timer = g_timeout_add_seconds (LINGER_SECONDS, lingered, self);
  pump_ended (self);
}

static void
backend_ended (CliPumpEnd end, const GError *error, gpointer user_data)
{
  Connection *self = user_data;

  if (end == CLI_PUMP_SOURCE_ENDED)
    {
      /* Sends the close_notify alert. */
      self->closing = TRUE;
      g_output_stream_close_async (g_io_stream_get_output_stream (self->tls), G_PRIORITY_DEFAULT,
                                   self->cancellable, output_closed, self);
      return;
    }
  break_off (self, error);
  pump_ended (self);
}

static void
backend_ready (CliBackend *backend, const GError *error, gpointer user_data)
{
  Connection *self = user_data;

  if (error != NULL)
    {
      report (self, error->message);
      connection_end (self);
      return;
    }
  self->backend = backend;
  self->n_pumps = 2;
  cli_pump (g_io_stream_get_input_stream (self->tls), cli_backend_get_input (backend),
            self->cancellable, client_ended, self);
  cli_pump (cli_backend_get_output (backend), g_io_stream_get_output_stream (self->tls),
            self->cancellable, backend_ended, self);
}

static void begin_next (CliFront *front);

static void
handshake_done (GObject *tls, GAsyncResult *result, gpointer user_data)
{
  Connection *self = user_data;
  TlsHandoffHandshakeResult *negotiated;
  g_autoptr (GError) error = NULL;

  self->front->n_handshakes--;
  begin_next (self->front);
  if (!g_tls_connection_handshake_finish (G_TLS_CONNECTION (tls), result, &error))
    {
      g_autofree char *message = cli_service_words_translate (error->message);

      report (self, message);
      self->refused = TRUE;
      connection_end (self);
      return;
    }
  negotiated = tls_handoff_connection_get_result (TLS_HANDOFF_CONNECTION (tls));
  if (self->front->verbose)
    {
      g_autofree char *text = cli_negotiated_to_line (negotiated);

      cli_report ("%s: %s", self->name, text);
    }
  cli_backend_open (&self->front->backend, self->name, negotiated, backend_ready, self);
}

static void
begin (Connection *self)
{
  g_autoptr (GError) error = NULL;

  self->tls = tls_handoff_server_connection_new (G_IO_STREAM (self->client), NULL,
                                                 self->front->manager, &error);
  if (self->tls == NULL)
    {
      report (self, error->message);
      connection_end (self);
      return;
    }
  tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (self->tls), self->front->options);
  tls_handoff_connection_set_flags (TLS_HANDOFF_CONNECTION (self->tls), self->front->flags);
  g_object_set (self->tls, "authentication-mode", self->front->authentication, NULL);
  self->front->n_handshakes++;
  g_tls_connection_handshake_async (G_TLS_CONNECTION (self->tls), G_PRIORITY_DEFAULT,
                                    self->cancellable, handshake_done, self);
}

static void
begin_next (CliFront *front)
{
  Connection *next;

  while (front->n_handshakes < MAX_HANDSHAKES &&
         (next = g_queue_pop_head (&front->waiting)) != NULL)
    begin (next);
}

static void
stop_listening (Connection *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_source_destroy (self->hello);
  g_clear_pointer (&self->hello, g_source_unref);
}

static gboolean
said_something (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Connection *self = user_data;

  stop_listening (self);
  g_queue_push_tail (&self->front->waiting, self);
  begin_next (self->front);
  return G_SOURCE_REMOVE;
}

static gboolean
said_nothing (gpointer user_data)
{
  Connection *self = user_data;

  self->timer = 0;
  stop_listening (self);
  report (self, _ ("The client does not begin a handshake"));
  connection_end (self);
  return G_SOURCE_REMOVE;
}

static char *
describe_client (GSocketConnection *client)
{
  g_autoptr (GSocketAddress) address = g_socket_connection_get_remote_address (client, NULL);

  return address != NULL ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address))
                         : g_strdup ("?");
}

/**
 * cli_front_serve:
 * @client: a connection that was accepted
 * @done: called once, at the end
 *
 * Serves one client, and reports on the standard error what goes wrong.
 */
void
cli_front_serve (CliFront *front, GSocketConnection *client, CliFrontDone done, gpointer user_data)
{
  Connection *self = g_new0 (Connection, 1);
  GSocket *socket = g_socket_connection_get_socket (client);

  self->front = front;
  self->done = done;
  self->user_data = user_data;
  self->client = g_object_ref (client);
  self->name = describe_client (client);
  self->cancellable = g_cancellable_new ();
  /* Keep-alive finds clients that are gone without a word; without Nagle's algorithm, data is sent
   * at once. */
  g_socket_set_keepalive (socket, TRUE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);

  self->hello = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_callback (self->hello, G_SOURCE_FUNC (said_something), self, NULL);
  g_source_attach (self->hello, NULL);
  self->timer = g_timeout_add_seconds (HELLO_SECONDS, said_nothing, self);
}

/**
 * cli_front_set_time_limit:
 *
 * Limits in @options the time that a client has for its handshake.
 */
void
cli_front_set_time_limit (TlsHandoffHandshakeOptions *options)
{
  tls_handoff_handshake_options_set_timeout (options, HANDSHAKE_SECONDS);
}
