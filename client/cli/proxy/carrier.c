/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/carrier.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Carries data both ways between a TLS connection and a backend, with neither copies nor system
 * calls that are not needed. Each way takes in more only when what it has is gone, so a slow reader
 * slows its writer down and nobody else.
 *
 * Descriptors are watched for edges: each is told of once, and then used until it would block.
 * A read of less than there is room for has taken all. The end of the stream may have come with it,
 * and is no edge then: so a side that hung up counts as readable until its end is read. */

#define EDGES (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)
#define HANG_UP (EPOLLRDHUP | EPOLLHUP | EPOLLERR)
/* How many buffers one way may carry before others have their turn. */
#define TURN 8

typedef struct
{
  CliWatch watch;
  int fd; /* -1: it is not used any more */
  gboolean readable;
  gboolean writable;
  gboolean hung_up;
} End;

typedef enum
{
  STEP_WENT_ON,
  STEP_WAITS, /* for an edge */
  STEP_OVER,  /* this way is over, or stopped */
} Step;

struct _CliCarrier
{
  CliReactor *reactor;
  CliBuffers *buffers;
  TlsHandoffRecordLayer *layer; /* (owned) */
  const CliCarrierEvents *events;
  gpointer user_data;
  gsize data_size;    /* how much data one buffer takes as records */
  guint64 n_received; /* bytes of data from the client */
  guint64 n_sent;     /* bytes of data to it, also what it has not taken yet */
  guint64 n_taken;    /* bytes of records that its socket has taken */
  guint n_calls;      /* that run */
  gboolean stopped;
  gboolean freed; /* it goes when they have ended */

  End client;
  End output; /* what the backend says */
  End input;  /* what is said to it; not used if that is the same descriptor */
  int input_fd;

  /* From the client. */
  CliBuffer *received; /* (owned) (nullable): data, from start to end */
  gsize records_start; /* in received, behind the data: records that were not opened yet */
  gsize records_end;
  gboolean peer_closed; /* its close_notify was read */
  gboolean discards;
  gboolean input_over;
  GError *error; /* (owned) (nullable): how the client's side ended; comes after the data */

  /* To the client. */
  CliBuffer *records;   /* (owned) (nullable): to be sent */
  GBytes *answer;       /* (owned) (nullable): what the layer wants sent after them */
  gboolean output_over; /* no more data comes */
  gboolean closing;     /* close_notify is sent, or waits in answer */
  gboolean close_told;
};

static gboolean
is_retry (int code)
{
  return code == EAGAIN || code == EWOULDBLOCK || code == EINTR;
}

static GError *
new_error (const char *what)
{
  int code = errno;

  return g_error_new (G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", what, g_strerror (code));
}

static void
give_back (CliCarrier *self, CliBuffer **buffer)
{
  if (*buffer != NULL)
    cli_buffers_give (self->buffers, g_steal_pointer (buffer));
}

static Step
end_input (CliCarrier *self, CliCarrierEnd end, const GError *error)
{
  self->input_over = TRUE;
  /* After a failed sink, the half of a record may be needed to read on. */
  if (end != CLI_CARRIER_SINK_FAILED)
    give_back (self, &self->received);
  self->events->client_ended (end, error, self->user_data);
  return STEP_OVER;
}

static Step
end_output (CliCarrier *self, CliCarrierEnd end, const GError *error)
{
  self->output_over = TRUE;
  self->events->backend_ended (end, error, self->user_data);
  return STEP_OVER;
}

/* What the layer itself wants sent: alerts, answers to key updates. */
static void
take_answer (CliCarrier *self)
{
  g_autoptr (GBytes) more = tls_handoff_record_layer_take_output (self->layer);
  GByteArray *both;

  if (more == NULL)
    return;
  if (self->answer == NULL)
    {
      self->answer = g_steal_pointer (&more);
      return;
    }
  both = g_bytes_unref_to_array (g_steal_pointer (&self->answer));
  g_byte_array_append (both, g_bytes_get_data (more, NULL), g_bytes_get_size (more));
  self->answer = g_byte_array_free_to_bytes (both);
}

/* Opens the records in received, whose data is gone. */
static void
open_records (CliCarrier *self)
{
  guint8 *records = self->received->bytes + self->records_start;
  TlsHandoffRecordStatus status;
  gsize consumed, size, nothing;

  if (tls_handoff_record_layer_unprotect (self->layer, records,
                                          self->records_end - self->records_start, &consumed, &size,
                                          &status, &self->error))
    {
      self->received->start = self->records_start;
      self->received->end = self->records_start + size;
      self->n_received += size;
      self->records_start += consumed;
      self->peer_closed = status == TLS_HANDOFF_RECORD_STATUS_CLOSED;
      /* What is wrong behind the data is told only to who asks again; more may never come. */
      if (size > 0 && !self->peer_closed)
        tls_handoff_record_layer_unprotect (
            self->layer, self->received->bytes + self->records_start,
            self->records_end - self->records_start, &consumed, &nothing, &status, &self->error);
    }
  take_answer (self);
}

/* Makes the records that were not opened yet the start of received. */
static void
make_room (CliCarrier *self)
{
  if (self->received == NULL)
    {
      self->received = cli_buffers_take (self->buffers);
      self->records_start = self->records_end = 0;
    }
  if (self->records_start > 0)
    memmove (self->received->bytes, self->received->bytes + self->records_start,
             self->records_end - self->records_start);
  self->records_end -= self->records_start;
  self->records_start = 0;
  self->received->start = self->received->end = 0;
}

static Step
receive (CliCarrier *self)
{
  gsize room;
  gssize n;

  if (!self->client.readable)
    return STEP_WAITS;
  make_room (self);
  room = CLI_BUFFER_SIZE - self->records_end;
  n = recv (self->client.fd, self->received->bytes + self->records_end, room, MSG_DONTWAIT);
  if (n > 0)
    {
      self->client.readable = self->client.hung_up || (gsize) n == room;
      self->records_end += (gsize) n;
      self->received->n_secret = MAX (self->received->n_secret, self->records_end);
      open_records (self);
    }
  else if (n == 0)
    self->error = g_error_new_literal (
        TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED,
        _ ("The peer closed the connection without a close_notify alert: what was received "
           "may be truncated"));
  else if (!is_retry (errno))
    self->error = new_error (_ ("Cannot receive from the peer"));
  else
    self->client.readable = errno == EINTR;

  if (self->records_start == self->records_end && self->received->start == self->received->end)
    give_back (self, &self->received);
  return STEP_WENT_ON;
}

static Step
write_input (CliCarrier *self)
{
  CliBuffer *data = self->received;
  End *end = self->input.fd >= 0 ? &self->input : &self->output;
  gssize n;

  if (!end->writable)
    return STEP_WAITS;
  n = send (self->input_fd, data->bytes + data->start, data->end - data->start,
            MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0 && errno == ENOTSOCK)
    n = write (self->input_fd, data->bytes + data->start, data->end - data->start);
  if (n < 0 && !is_retry (errno))
    {
      g_autoptr (GError) error = new_error (_ ("Cannot write to the backend"));

      /* What it did not take is nobody's. */
      data->start = data->end;
      return end_input (self, CLI_CARRIER_SINK_FAILED, error);
    }
  if (n < 0)
    end->writable = errno == EINTR;
  else
    data->start += (gsize) n;
  if (data->start == data->end && self->records_start == self->records_end)
    give_back (self, &self->received);
  return STEP_WENT_ON;
}

/* One step on the way from the client. */
static Step
step_input (CliCarrier *self)
{
  CliBuffer *data = self->received;

  if (self->stopped || self->input_over)
    return STEP_OVER;
  if (data != NULL && data->start < data->end && !self->discards)
    return write_input (self);
  if (self->error != NULL)
    return end_input (self, CLI_CARRIER_SOURCE_FAILED, self->error);
  if (self->peer_closed)
    return end_input (self, CLI_CARRIER_SOURCE_ENDED, NULL);
  return receive (self);
}

/* How many bytes the client took; 0: it takes none now; -1: it takes no more */
static gssize
send_some (CliCarrier *self, const guint8 *bytes, gsize size, GError **error)
{
  gssize n;

  if (!self->client.writable)
    return 0;
  do
    n = send (self->client.fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n >= 0)
    {
      self->n_taken += (guint64) n;
      return n;
    }
  if (is_retry (errno))
    {
      self->client.writable = FALSE;
      return 0;
    }
  g_propagate_error (error, new_error (_ ("Cannot send to the peer")));
  give_back (self, &self->records);
  g_clear_pointer (&self->answer, g_bytes_unref);
  return -1;
}

/* Sends what waits. FALSE: some of it still does; or with an error, and nothing waits. */
static gboolean
flush (CliCarrier *self, GError **error)
{
  while (self->records != NULL)
    {
      CliBuffer *records = self->records;
      gssize n =
          send_some (self, records->bytes + records->start, records->end - records->start, error);

      if (n <= 0)
        return FALSE;
      records->start += (gsize) n;
      if (records->start == records->end)
        give_back (self, &self->records);
    }
  while (self->answer != NULL)
    {
      g_autoptr (GBytes) answer = g_bytes_ref (self->answer);
      gsize size = g_bytes_get_size (answer);
      gssize n = send_some (self, g_bytes_get_data (answer, NULL), size, error);

      if (n <= 0)
        return FALSE;
      g_clear_pointer (&self->answer, g_bytes_unref);
      if ((gsize) n < size)
        self->answer = g_bytes_new_from_bytes (answer, (gsize) n, size - (gsize) n);
    }
  return TRUE;
}

static gboolean
protect (CliCarrier *self, const guint8 *data, gsize size, GError **error)
{
  self->records = cli_buffers_take (self->buffers);
  while (size > 0)
    {
      gsize consumed, protected_size;

      if (!tls_handoff_record_layer_protect (
              self->layer, data, size, &consumed, self->records->bytes + self->records->end,
              CLI_BUFFER_SIZE - self->records->end, &protected_size, error))
        {
          give_back (self, &self->records);
          return FALSE;
        }
      self->records->end += protected_size;
      data += consumed;
      size -= consumed;
    }
  return TRUE;
}

static Step
read_output (CliCarrier *self)
{
  CliBuffer *data;
  GError *error = NULL;
  gboolean ended = FALSE;
  gssize n;
  Step step = STEP_WENT_ON;

  if (!self->output.readable)
    return STEP_WAITS;
  data = cli_buffers_take (self->buffers);
  n = read (self->output.fd, data->bytes, self->data_size);
  if (n > 0)
    {
      data->n_secret = MAX (data->n_secret, (gsize) n);
      self->output.readable = self->output.hung_up || (gsize) n == self->data_size;
      self->n_sent += (gsize) n;
      if (!protect (self, data->bytes, (gsize) n, &error))
        step = end_output (self, CLI_CARRIER_SINK_FAILED, error);
    }
  else if (n == 0)
    ended = TRUE;
  else if (is_retry (errno))
    self->output.readable = errno == EINTR;
  else
    error = new_error (_ ("Cannot read from the backend"));
  cli_buffers_give (self->buffers, data);

  if (ended)
    step = end_output (self, CLI_CARRIER_SOURCE_ENDED, NULL);
  else if (error != NULL && step == STEP_WENT_ON)
    step = end_output (self, CLI_CARRIER_SOURCE_FAILED, error);
  g_clear_error (&error);
  return step;
}

/* One step on the way to the client. */
static Step
step_output (CliCarrier *self)
{
  g_autoptr (GError) error = NULL;

  if (self->stopped)
    return STEP_OVER;
  if (!flush (self, &error))
    {
      if (error == NULL)
        return STEP_WAITS;
      if (self->closing && !self->close_told)
        {
          self->close_told = TRUE;
          self->events->closed (error, self->user_data);
          return STEP_OVER;
        }
      return self->output_over ? STEP_OVER : end_output (self, CLI_CARRIER_SINK_FAILED, error);
    }
  if (self->closing && !self->close_told)
    {
      self->close_told = TRUE;
      self->events->closed (NULL, self->user_data);
      return STEP_OVER;
    }
  return self->output_over ? STEP_OVER : read_output (self);
}

static void
run (CliCarrier *self)
{
  Step input = STEP_WENT_ON, output = STEP_WENT_ON;

  self->n_calls++;
  for (guint i = 0; i < 2 * TURN && (input == STEP_WENT_ON || output == STEP_WENT_ON); i++)
    {
      input = step_input (self);
      output = step_output (self);
    }
  self->n_calls--;
  if (self->freed)
    cli_carrier_free (self);
  else if (!self->stopped && (input == STEP_WENT_ON || output == STEP_WENT_ON))
    cli_reactor_go_on (self->reactor, &self->client.watch);
}

static void
note_edges (End *end, guint32 events)
{
  end->hung_up = end->hung_up || (events & HANG_UP) != 0;
  end->readable = end->readable || (events & (EPOLLIN | HANG_UP)) != 0;
  end->writable = end->writable || (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
}

static void
client_ready (guint32 events, gpointer user_data)
{
  CliCarrier *self = user_data;

  note_edges (&self->client, events);
  run (self);
}

static void
output_ready (guint32 events, gpointer user_data)
{
  CliCarrier *self = user_data;

  note_edges (&self->output, events);
  run (self);
}

static void
input_ready (guint32 events, gpointer user_data)
{
  CliCarrier *self = user_data;

  note_edges (&self->input, events);
  run (self);
}

/**
 * cli_carrier_new:
 * @layer: of a connection whose handshake is done
 * @client_fd: its socket, which must not be closed before the carrier is freed
 * @events: static
 *
 * In the thread of @reactor.
 */
CliCarrier *
cli_carrier_new (CliReactor *reactor,
                 CliBuffers *buffers,
                 TlsHandoffRecordLayer *layer,
                 int client_fd,
                 const CliCarrierEvents *events,
                 gpointer user_data)
{
  CliCarrier *self = g_new0 (CliCarrier, 1);

  self->reactor = reactor;
  self->buffers = buffers;
  self->layer = g_object_ref (layer);
  self->events = events;
  self->user_data = user_data;
  /* A peer may want small records (RFC 8449), which take more. */
  self->data_size = CLI_BUFFER_DATA_SIZE;
  while (tls_handoff_record_layer_get_protected_size (layer, self->data_size) > CLI_BUFFER_SIZE)
    self->data_size /= 2;
  /* What can be read already is told of, too, when they are watched. */
  self->client = (End){ { client_ready, self }, client_fd, FALSE, TRUE, FALSE };
  self->output = (End){ { output_ready, self }, -1, FALSE, TRUE, FALSE };
  self->input = (End){ { input_ready, self }, -1, FALSE, TRUE, FALSE };
  return self;
}

/* Tells of nothing any more. May be called from what the carrier tells. */
void
cli_carrier_free (CliCarrier *self)
{
  cli_carrier_stop (self);
  self->freed = TRUE;
  if (self->n_calls > 0)
    return;
  give_back (self, &self->received);
  give_back (self, &self->records);
  cli_buffers_wipe (self->buffers);
  g_clear_pointer (&self->answer, g_bytes_unref);
  g_clear_error (&self->error);
  g_object_unref (self->layer);
  g_free (self);
}

/**
 * cli_carrier_start:
 * @backend_output: what the backend says
 * @backend_input: what is said to it; may be the same
 *
 * None of the descriptors may block. Nothing is told before this returns.
 */
gboolean
cli_carrier_start (CliCarrier *self, int backend_output, int backend_input, GError **error)
{
  self->output.fd = backend_output;
  self->input_fd = backend_input;
  if (backend_input != backend_output)
    {
      self->input.fd = backend_input;
      if (!cli_reactor_add (self->reactor, &self->input.watch, backend_input, EDGES, error))
        return FALSE;
    }
  return cli_reactor_add (self->reactor, &self->output.watch, backend_output, EDGES, error) &&
         cli_reactor_add (self->reactor, &self->client.watch, self->client.fd, EDGES, error);
}

/* How much data it has carried, in bytes. */
void
cli_carrier_get_amounts (CliCarrier *self, guint64 *n_received, guint64 *n_sent)
{
  *n_received = self->n_received;
  *n_sent = self->n_sent;
}

/**
 * cli_carrier_holds_rest:
 * @n_taken: (out): bytes of records that the client's socket has taken
 *
 * Returns: whether the backend says no more, but what it has said does not go on
 */
gboolean
cli_carrier_holds_rest (CliCarrier *self, guint64 *n_taken)
{
  *n_taken = self->n_taken;
  return !self->stopped && self->output.hung_up && (self->records != NULL || self->answer != NULL);
}

/* To be called before the backend's input is closed, if it is a descriptor of its own. */
void
cli_carrier_forget_input (CliCarrier *self)
{
  cli_reactor_remove (self->reactor, &self->input.watch);
}

/* After a failed sink: goes on reading what the client sends, and drops it. */
void
cli_carrier_discard (CliCarrier *self)
{
  self->input_over = FALSE;
  self->discards = TRUE;
  cli_reactor_go_on (self->reactor, &self->client.watch);
}

/* After the end of what the backend says: sends a close_notify alert. */
void
cli_carrier_close_output (CliCarrier *self)
{
  /* If that fails, so does what follows. */
  tls_handoff_record_layer_close (self->layer, NULL);
  take_answer (self);
  self->closing = TRUE;
  cli_reactor_go_on (self->reactor, &self->client.watch);
}

/* Nothing more is carried or told. Sends an alert that waits, if there is room for it. */
void
cli_carrier_stop (CliCarrier *self)
{
  if (self->stopped)
    return;
  self->stopped = TRUE;
  flush (self, NULL);
  cli_reactor_remove (self->reactor, &self->client.watch);
  cli_reactor_remove (self->reactor, &self->output.watch);
  cli_reactor_remove (self->reactor, &self->input.watch);
}
