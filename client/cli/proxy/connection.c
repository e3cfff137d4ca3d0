/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/connection.h"

#include <glib/gi18n.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "peer/negotiated.h"
#include "proxy/carrier.h"
#include "terminal/number.h"
#include "terminal/report.h"
#include "terminal/service-words.h"

/* One client of "serve":
 *
 *   says something → waits for its turn → handshake → backend opened → data both ways until both
 *   sides end → closed
 *
 * Each side may end before the other. A client that breaks off ends both. */

/* How long a client may take to begin its handshake, seconds. */
#define HELLO_SECONDS 10
/* How long a client may take to close its side after the backend has closed, seconds. If we closed
 * first, the last data might be lost: a TCP reset discards what was not read. */
#define LINGER_SECONDS 10
/* How long a client may take nothing of what is left for it when the backend has ended, seconds. */
#define STUCK_SECONDS 60
/* How long, and how much, is read of a client that gets an alert, so that no reset overtakes it. */
#define FAREWELL_SECONDS 2
#define FAREWELL_SIZE (64 * 1024 * 1024)

struct _CliConnection
{
  CliConnectionHost *host;
  struct sockaddr_storage address;
  socklen_t address_size;
  GSocket *client;                   /* (owned) */
  CliWatch watch;                    /* of the client, while nothing is carried */
  TlsHandoffHandshakeResult *result; /* (owned) (nullable) */
  CliBackend *backend;               /* (owned) (nullable) */
  CliCarrier *carrier;               /* (owned) (nullable) */
  gint64 beginning;                  /* of the monotonic clock */
  gint64 deadline;                   /* of the monotonic clock; 0: none */
  gint64 stuck_since;                /* likewise, as far as is known; 0: it is not */
  guint64 n_heard;                   /* bytes of records that the client had then */
  gsize farewell;                    /* how much is read yet of a client that got an alert */
  guint64 n_received;                /* bytes of data from the client, when that is over */
  guint64 n_sent;                    /* bytes of data to it, likewise */
  guint n_ways;                      /* on which data is carried */
  gboolean handshaking;              /* or before that */
  gboolean closing;     /* the backend has ended, and close_notify is sent or under way */
  gboolean broken_off;  /* nothing is carried any more */
  GError *client_error; /* (owned) (nullable): how the client ended, if that may be no failure */
  gboolean refused;     /* the client got an alert */
  gboolean broken;      /* the client, or the backend, did not end as it should */
};

/* Its address. */
static char *
dup_name (CliConnection *self)
{
  g_autoptr (GSocketAddress) address =
      g_socket_address_new_from_native (&self->address, self->address_size);

  return address != NULL ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address))
                         : g_strdup ("?");
}

/* One line on who it was and what crossed, when it has left. */
static void
log_client (CliConnection *self)
{
  const double seconds =
      (double) (g_get_monotonic_time () - self->beginning) / (double) G_USEC_PER_SEC;
  g_autofree char *name = dup_name (self);
  g_autofree char *text = cli_negotiated_to_line (self->result);
  g_autofree char *received = NULL;
  g_autofree char *sent = NULL;

  if (self->carrier != NULL)
    cli_carrier_get_amounts (self->carrier, &self->n_received, &self->n_sent);
  received = cli_number_of_bytes (self->n_received);
  sent = cli_number_of_bytes (self->n_sent);
  cli_report (_ ("%s: %s; received %s, sent %s in %.1f seconds"), name, text, received, sent,
              seconds);
}

static void
connection_free (CliConnection *self)
{
  CliConnectionHost *host = self->host;
  gboolean ok = !self->broken;

  if (self->result != NULL && !host->settings->quiet)
    log_client (self);
  cli_reactor_remove (host->reactor, &self->watch);
  g_clear_pointer (&self->carrier, cli_carrier_free);
  g_clear_object (&self->result);
  g_object_unref (self->client);
  g_clear_error (&self->client_error);
  host->done (self, ok, host->user_data);
  g_free (self);
}

static int
get_fd (CliConnection *self)
{
  return g_socket_get_fd (self->client);
}

static void
set_deadline (CliConnection *self, guint seconds)
{
  self->deadline = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
}

static void
report (CliConnection *self, const char *message)
{
  g_autofree char *name = dup_name (self);

  self->broken = TRUE;
  cli_report ("%s: %s", name, message);
}

/* Reads what the client sends, until it closes its side. */
static void
said_farewell (guint32 events, gpointer user_data)
{
  CliConnection *self = user_data;
  CliBuffer *buffer = cli_buffers_take (self->host->buffers);
  gssize n = recv (get_fd (self), buffer->bytes, CLI_BUFFER_SIZE, MSG_DONTWAIT);
  gboolean over = n == 0 || (n < 0 && (events & (EPOLLERR | EPOLLHUP)) != 0);

  cli_buffers_give (self->host->buffers, buffer);
  self->farewell -= MIN ((gsize) MAX (n, 0), self->farewell);
  if (over || self->farewell == 0)
    connection_free (self);
}

/* Other connections are not closed like a refused one: if one broke in the middle, that would pass
 * for the end of the data. */
static void
connection_end (CliConnection *self)
{
  self->deadline = 0;
  self->watch.ready = said_farewell;
  self->farewell = FAREWELL_SIZE;
  if (!self->refused)
    {
      connection_free (self);
      return;
    }
  if (self->carrier != NULL)
    cli_carrier_get_amounts (self->carrier, &self->n_received, &self->n_sent);
  g_clear_pointer (&self->carrier, cli_carrier_free);
  shutdown (get_fd (self), SHUT_WR);
  set_deadline (self, FAREWELL_SECONDS);
  if (!cli_reactor_add (self->host->reactor, &self->watch, get_fd (self), EPOLLIN, NULL))
    connection_free (self);
}

static void
backend_gone (const char *problem, gpointer user_data)
{
  CliConnection *self = user_data;

  if (problem != NULL && !self->broken)
    report (self, problem);
  connection_end (self);
}

static void
close_backend (CliConnection *self)
{
  /* A program may take its time to end. */
  self->deadline = 0;
  cli_carrier_stop (self->carrier);
  cli_backend_close (g_steal_pointer (&self->backend), self->broken, backend_gone, self);
}

static void
way_ended (CliConnection *self)
{
  if (--self->n_ways == 0 && !self->broken_off)
    close_backend (self);
}

static void
break_off (CliConnection *self, const GError *error)
{
  if (self->broken_off)
    return;
  report (self, error->message);
  self->broken_off = TRUE;
  self->refused = g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_RECORD_INVALID);
  close_backend (self);
}

/* Whether the client, which ended its TCP connection without a close_notify, had received
 * everything by then, our close_notify too. Its FIN acknowledges what its TCP had received; and a
 * client that closes with some of that unread sends a reset and no FIN, which is another error. */
static gboolean
has_heard_everything (CliConnection *self, const GError *error)
{
  int n_unacknowledged = 0;

  return self->closing &&
         g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED) &&
         ioctl (get_fd (self), SIOCOUTQ, &n_unacknowledged) == 0 && n_unacknowledged == 0;
}

static void
close_backend_input (CliConnection *self)
{
  cli_carrier_forget_input (self->carrier);
  cli_backend_close_input (self->backend);
}

static void
client_left (gboolean backend_done, gpointer user_data)
{
  CliConnection *self = user_data;

  if (!backend_done)
    {
      break_off (self, self->client_error);
      return;
    }
  close_backend_input (self);
  way_ended (self);
}

static void
client_ended (CliCarrierEnd end, const GError *error, gpointer user_data)
{
  CliConnection *self = user_data;

  if (end == CLI_CARRIER_SINK_FAILED)
    {
      /* The backend reads no more, but may still send. */
      close_backend_input (self);
      cli_carrier_discard (self->carrier);
      return;
    }
  if (end == CLI_CARRIER_SOURCE_FAILED && has_heard_everything (self, error))
    {
      /* Many clients end like that, such as Python's ssl. An attacker may have cut off data; that
       * is a loss only if the backend waits for it. */
      self->client_error = g_error_copy (error);
      cli_backend_ask_input_done (self->backend, client_left, self);
      return;
    }
  if (end == CLI_CARRIER_SOURCE_FAILED)
    {
      break_off (self, error);
      return;
    }
  close_backend_input (self);
  way_ended (self);
}

static void
backend_ended (CliCarrierEnd end, const GError *error, gpointer user_data)
{
  CliConnection *self = user_data;

  if (end != CLI_CARRIER_SOURCE_ENDED)
    {
      break_off (self, error);
      return;
    }
  self->closing = TRUE;
  cli_carrier_close_output (self->carrier);
}

static void
output_closed (const GError *error, gpointer user_data)
{
  CliConnection *self = user_data;

  if (error != NULL)
    {
      break_off (self, error);
      return;
    }
  if (self->n_ways > 1)
    set_deadline (self, LINGER_SECONDS);
  way_ended (self);
}

static void
backend_ready (CliBackend *backend, const GError *error, gpointer user_data)
{
  static const CliCarrierEvents events = { client_ended, backend_ended, output_closed };
  CliConnection *self = user_data;
  g_autoptr (GError) local_error = NULL;

  if (error != NULL)
    {
      report (self, error->message);
      connection_end (self);
      return;
    }
  self->backend = backend;
  self->n_ways = 2;
  self->carrier = cli_carrier_new (self->host->reactor, self->host->buffers,
                                   tls_handoff_handshake_result_get_record_layer (self->result),
                                   get_fd (self), &events, self);
  if (!cli_carrier_start (self->carrier, cli_backend_get_output (backend),
                          cli_backend_get_input (backend), &local_error))
    break_off (self, local_error);
}

static void
handshake_done (GObject *manager, GAsyncResult *async_result, gpointer user_data)
{
  CliConnection *self = user_data;
  CliConnectionHost *host = self->host;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;

  self->handshaking = FALSE;
  host->handshake_over (host->user_data);
  self->result = tls_handoff_manager_handshake_as_server_finish (TLS_HANDOFF_MANAGER (manager),
                                                                 async_result, &error);
  if (self->result == NULL)
    {
      g_autofree char *message = cli_service_words_translate (error->message);

      report (self, message);
      self->refused = TRUE;
      connection_end (self);
      return;
    }
  if (host->settings->verbose)
    {
      g_autofree char *text = cli_negotiated_to_line (self->result);

      name = dup_name (self);
      cli_report ("%s: %s", name, text);
    }
  /* A program is told who the client is. */
  if (host->settings->backend.command != NULL && name == NULL)
    name = dup_name (self);
  cli_backend_open (&host->settings->backend, &host->place, host->reactor, name, self->result,
                    backend_ready, self);
}

/**
 * cli_connection_begin:
 *
 * Begins the handshake of a client whose turn has come.
 */
void
cli_connection_begin (CliConnection *self)
{
  const CliConnectionSettings *settings = self->host->settings;

  tls_handoff_manager_handshake_as_server_async (settings->manager, self->client, settings->options,
                                                 settings->flags, NULL, handshake_done, self);
}

static void
said_something (guint32 events, gpointer user_data)
{
  CliConnection *self = user_data;

  self->deadline = 0;
  cli_reactor_remove (self->host->reactor, &self->watch);
  self->host->spoke (self, self->host->user_data);
}

/**
 * cli_connection_end_if_silent:
 *
 * Ends it if the client has said nothing yet.
 */
void
cli_connection_end_if_silent (CliConnection *self)
{
  if (self->handshaking && self->deadline != 0)
    connection_free (self);
}

/* Whether the client does not take what is left for it: it could keep its place for ever. While the
 * backend is there, that is the backend's business. */
static gboolean
is_stuck (CliConnection *self, gint64 now)
{
  int n_unacknowledged = 0;
  guint64 n_heard;

  if (self->carrier == NULL || !cli_carrier_holds_rest (self->carrier, &n_heard) ||
      ioctl (get_fd (self), SIOCOUTQ, &n_unacknowledged) != 0)
    {
      self->stuck_since = 0;
      return FALSE;
    }
  n_heard -= (guint64) n_unacknowledged;
  if (self->stuck_since == 0 || n_heard != self->n_heard)
    {
      self->stuck_since = now;
      self->n_heard = n_heard;
    }
  return now - self->stuck_since >= STUCK_SECONDS * G_USEC_PER_SEC;
}

/**
 * cli_connection_check_time:
 * @now: of the monotonic clock
 *
 * Ends what takes too long.
 */
void
cli_connection_check_time (CliConnection *self, gint64 now)
{
  if (is_stuck (self, now))
    {
      g_autoptr (GError) error =
          g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                               _ ("The client does not take the rest of what was sent to it"));

      break_off (self, error);
      return;
    }
  if (self->deadline == 0 || now < self->deadline)
    return;
  self->deadline = 0;
  if (self->handshaking)
    {
      report (self, _ ("The client does not begin a handshake"));
      connection_end (self);
    }
  else if (self->backend != NULL)
    {
      /* It is not to blame for what it did not close. */
      self->broken_off = TRUE;
      close_backend (self);
    }
  else
    connection_free (self);
}

/**
 * cli_connection_new:
 * @fd: (transfer full): of a client that was accepted; it must not block
 *
 * Serves one client, and reports on the standard error what goes wrong. It frees itself at the end,
 * when @host hears that it is done.
 *
 * Returns: (nullable): %NULL, and a report, if it cannot be served
 */
CliConnection *
cli_connection_new (CliConnectionHost *host,
                    int fd,
                    const struct sockaddr_storage *address,
                    socklen_t address_size)
{
  g_autoptr (GError) error = NULL;
  GSocket *client = g_socket_new_from_fd (fd, &error);
  CliConnection *self;
  const int on = 1;

  if (client == NULL)
    {
      close (fd);
      cli_report (_ ("Cannot accept a connection: %s"), error->message);
      return NULL;
    }
  self = g_new0 (CliConnection, 1);
  self->host = host;
  self->client = client;
  self->address = *address;
  self->address_size = address_size;
  self->handshaking = TRUE;
  self->beginning = g_get_monotonic_time ();
  self->watch = (CliWatch){ said_something, self };
  /* Keep-alive finds clients that are gone without a word; without Nagle's algorithm, data is sent
   * at once. */
  setsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (!cli_reactor_add (host->reactor, &self->watch, fd, EPOLLIN, &error))
    {
      cli_report (_ ("Cannot accept a connection: %s"), error->message);
      g_object_unref (client);
      g_free (self);
      return NULL;
    }
  set_deadline (self, HELLO_SECONDS);
  return self;
}
