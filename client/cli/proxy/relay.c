/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/relay.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer/drain.h"

/* Carries data between a TLS connection and two descriptors, with poll() and without threads.
 *
 * Each direction holds one buffer and takes in more only when that is empty, so a slow reader slows
 * its writer down and nobody else. The descriptors' file status flags are not changed, because
 * other processes share them: sockets are told not to block in each call, and a pipe that is ready
 * takes PIPE_BUF bytes without blocking. */

#define INPUT_SIZE (64 * 1024)
/* Several of the largest records (RFC 5246 6.2.3: 5 + 2^14 + 2048 bytes). */
#define INCOMING_SIZE (256 * 1024)
/* How long to wait for the last records to go out once the peer is done, milliseconds. */
#define LAST_SEND_TIMEOUT 5000

typedef struct
{
  TlsHandoffRecordLayer *layer;
  TlsHandoffHandshakeResult *result; /* (nullable): whom to tell of session tickets */
  int socket_fd;
  int input_fd;
  int output_fd;
  CliRelayFlags flags;
  CliRelayOutcome *outcome;

  guint8 *input;        /* (owned): INPUT_SIZE bytes, and twice as many for what CR LF adds */
  gboolean input_open;  /* the input did not end yet, and is still wanted */
  gboolean after_cr;    /* the last byte of the input was a CR */
  GByteArray *outgoing; /* (owned): records to send */
  gsize n_outgoing;     /* how many bytes of outgoing were sent */
  gsize data_end;       /* where the last of its records that carry data ends; 0 if there is none */
  gboolean data_lost;   /* some of them could not be sent */
  gboolean closed;      /* our close_notify is in outgoing, or was sent */
  gboolean send_failed; /* the peer takes nothing any more */

  guint8 *incoming;    /* (owned): INCOMING_SIZE bytes: plaintext, then records */
  gsize n_plaintext;   /* bytes of plaintext at the start of incoming */
  gsize n_written;     /* how many of them were written to the output */
  gsize records_start; /* where the rest of the records begins */
  gsize records_end;
  gboolean peer_closed; /* the peer's close_notify was read */
} Relay;

/**
 * cli_relay_expand_crlf:
 * @expanded: room for twice @size bytes
 * @after_cr: (inout): whether the byte before @data was a CR
 *
 * Copies @data, with each line feed that does not follow a CR turned into CR LF.
 *
 * Returns: the number of bytes in @expanded
 */
gsize
cli_relay_expand_crlf (const guint8 *data, gsize size, guint8 *expanded, gboolean *after_cr)
{
  gsize n = 0;
  gsize i;

  for (i = 0; i < size; i++)
    {
      if (data[i] == '\n' && !*after_cr)
        expanded[n++] = '\r';
      expanded[n++] = data[i];
      *after_cr = data[i] == '\r';
    }
  return n;
}

static gboolean
fail_with_errno (GError **error, const char *what)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", what, g_strerror (code));
  return FALSE;
}

static gboolean
is_retry (int code)
{
  return code == EINTR || code == EAGAIN || code == EWOULDBLOCK;
}

/* What the record layer itself has to send: alerts, answers to key updates. */
static void
queue_output (Relay *self)
{
  g_autoptr (GBytes) output = tls_handoff_record_layer_take_output (self->layer);

  if (output != NULL)
    g_byte_array_append (self->outgoing, g_bytes_get_data (output, NULL),
                         g_bytes_get_size (output));
}

static gboolean
queue_close (Relay *self, GError **error)
{
  self->input_open = FALSE;
  if (self->closed)
    return TRUE;
  self->closed = TRUE;
  if (!tls_handoff_record_layer_close (self->layer, error))
    return FALSE;
  queue_output (self);
  return TRUE;
}

static gboolean
queue_data (Relay *self, const guint8 *data, gsize size, GError **error)
{
  while (size > 0)
    {
      gsize room = tls_handoff_record_layer_get_protected_size (self->layer, size);
      guint start = self->outgoing->len;
      gsize consumed = 0;
      gsize protected_size = 0;

      g_byte_array_set_size (self->outgoing, start + room);
      if (!tls_handoff_record_layer_protect (self->layer, data, size, &consumed,
                                             self->outgoing->data + start, room, &protected_size,
                                             error))
        return FALSE;
      g_byte_array_set_size (self->outgoing, start + protected_size);
      self->data_end = self->outgoing->len;
      self->outcome->n_sent += consumed;
      data += consumed;
      size -= consumed;
    }
  return TRUE;
}

static gboolean
read_input (Relay *self, GError **error)
{
  gssize n = read (self->input_fd, self->input, INPUT_SIZE);
  const guint8 *data = self->input;
  gsize size = n;

  if (n < 0)
    return is_retry (errno) || fail_with_errno (error, _ ("Cannot read the standard input"));
  if (n == 0)
    {
      self->input_open = FALSE;
      self->outcome->input_ended = TRUE;
      return (self->flags & CLI_RELAY_IGNORE_EOF) != 0 || queue_close (self, error);
    }
  if ((self->flags & CLI_RELAY_CRLF) != 0)
    {
      guint8 *expanded = self->input + INPUT_SIZE;

      size = cli_relay_expand_crlf (data, size, expanded, &self->after_cr);
      data = expanded;
    }
  return queue_data (self, data, size, error);
}

/* The peer takes nothing any more. */
static void
stop_sending (Relay *self)
{
  self->send_failed = TRUE;
  self->input_open = FALSE;
  self->data_lost = self->data_lost || self->n_outgoing < self->data_end;
}

static void
send_records (Relay *self)
{
  gssize n = send (self->socket_fd, self->outgoing->data + self->n_outgoing,
                   self->outgoing->len - self->n_outgoing, MSG_DONTWAIT | MSG_NOSIGNAL);

  if (n < 0 && is_retry (errno))
    return;
  /* The peer may have sent a close_notify before it went: reading tells how the connection ends. */
  if (n < 0)
    stop_sending (self);
  else
    self->n_outgoing += n;
  if (self->send_failed || self->n_outgoing == self->outgoing->len)
    {
      g_byte_array_set_size (self->outgoing, 0);
      self->n_outgoing = 0;
      self->data_end = 0;
    }
}

/* A peer may answer and close before it has read all: "too large". If its socket lets small
 * segments wait for the acknowledgement of those before them (RFC 9293 3.7.4), such as session
 * tickets, and our side lets the acknowledgement wait for data to go with it, then the answer is
 * still there when the peer closes. Its system throws that away, since our data was not read (RFC
 * 9293 3.6.1). So nothing waits here. On what is no TCP socket, this does nothing. */
static void
acknowledge (Relay *self)
{
  const int on = 1;

  setsockopt (self->socket_fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

/* An alert, the last record of outgoing, tells the peer what was wrong with its records. */
static void
say_why (Relay *self)
{
  struct pollfd peer = { self->socket_fd, POLLOUT, 0 };

  send_records (self);
  while (self->outgoing->len > 0 && poll (&peer, 1, LAST_SEND_TIMEOUT) > 0)
    send_records (self);
  cli_drain_socket (self->socket_fd);
}

static gboolean
open_records (Relay *self, GError **error)
{
  TlsHandoffRecordStatus status = TLS_HANDOFF_RECORD_STATUS_DATA;
  gsize consumed = 0;

  if (!tls_handoff_record_layer_unprotect (self->layer, self->incoming, self->records_end,
                                           &consumed, &self->n_plaintext, &status, error))
    {
      queue_output (self);
      if (g_error_matches (*error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_RECORD_INVALID))
        say_why (self);
      return FALSE;
    }
  if (self->result != NULL)
    tls_handoff_handshake_result_forward_session_tickets (self->result);
  self->n_written = 0;
  self->records_start = consumed;
  self->outcome->n_received += self->n_plaintext;
  queue_output (self);
  if (status == TLS_HANDOFF_RECORD_STATUS_CLOSED)
    {
      self->peer_closed = TRUE;
      return queue_close (self, error);
    }
  return TRUE;
}

/* Makes what follows the plaintext the start of incoming. */
static void
drop_plaintext (Relay *self)
{
  memmove (self->incoming, self->incoming + self->records_start,
           self->records_end - self->records_start);
  self->records_end -= self->records_start;
  self->records_start = 0;
  self->n_plaintext = 0;
  self->n_written = 0;
}

/* code: of the system's error; 0: the peer's direction ended */
static gboolean
fail_with_end (Relay *self, int code, GError **error)
{
  gboolean lost = self->data_lost || self->n_outgoing < self->data_end;

  if (code != 0 && !(code == ECONNRESET && lost))
    return fail_with_errno (error, _ ("Cannot receive from the peer"));
  g_set_error_literal (
      error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED,
      lost ? _ ("The peer closed the connection before all of the input was sent, and without a "
                "close_notify alert: what was received may be truncated")
           : _ ("The peer closed the connection without a close_notify alert: what was received "
                "may be truncated"));
  return FALSE;
}

static gboolean
receive_records (Relay *self, GError **error)
{
  gssize n;

  drop_plaintext (self);
  n = recv (self->socket_fd, self->incoming + self->records_end, INCOMING_SIZE - self->records_end,
            MSG_DONTWAIT);
  if (n < 0 && is_retry (errno))
    return TRUE;
  if (n <= 0)
    return fail_with_end (self, n < 0 ? errno : 0, error);
  self->records_end += n;
  return open_records (self, error);
}

static gboolean
write_output (Relay *self, GError **error)
{
  const guint8 *data = self->incoming + self->n_written;
  gsize size = self->n_plaintext - self->n_written;
  gssize n = send (self->output_fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);

  if (n < 0 && errno == ENOTSOCK)
    n = write (self->output_fd, data, MIN (size, PIPE_BUF));
  if (n < 0)
    return is_retry (errno) || fail_with_errno (error, _ ("Cannot write to the standard output"));
  self->n_written += n;
  if (self->n_written < self->n_plaintext || self->peer_closed)
    return TRUE;

  /* An error behind the data is reported only by the next call. That is made now: the peer need not
   * send more. */
  drop_plaintext (self);
  return open_records (self, error);
}

static gboolean
relay_step (Relay *self, GError **error)
{
  struct pollfd fds[3] = { { -1 }, { -1 }, { -1 } };
  struct pollfd *input = &fds[0];
  struct pollfd *output = &fds[1];
  struct pollfd *peer = &fds[2];
  gboolean sending = self->outgoing->len > 0;
  int n;

  if (self->input_open && !sending)
    {
      input->fd = self->input_fd;
      input->events = POLLIN;
    }
  if (self->n_written < self->n_plaintext)
    {
      output->fd = self->output_fd;
      output->events = POLLOUT;
    }
  else if (!self->peer_closed)
    peer->events |= POLLIN;
  if (sending)
    peer->events |= POLLOUT;
  /* A descriptor that hung up is always ready: it must not be polled while nothing is wanted of it.
   */
  if (peer->events != 0)
    peer->fd = self->socket_fd;

  n = poll (fds, G_N_ELEMENTS (fds), self->peer_closed && output->fd < 0 ? LAST_SEND_TIMEOUT : -1);
  if (n < 0)
    return is_retry (errno) || fail_with_errno (error, _ ("Cannot wait for data"));
  if (n == 0)
    {
      stop_sending (self);
      g_byte_array_set_size (self->outgoing, 0);
      return TRUE;
    }

  if (output->revents != 0 && !write_output (self, error))
    return FALSE;
  if (sending && (peer->revents & (POLLOUT | POLLERR | POLLHUP)) != 0)
    send_records (self);
  if ((peer->events & POLLIN) != 0 && (peer->revents & (POLLIN | POLLERR | POLLHUP)) != 0 &&
      !receive_records (self, error))
    return FALSE;
  /* It is not set for good: what is sent and received unsets it. */
  if (sending)
    acknowledge (self);
  if (input->revents != 0 && self->input_open && !read_input (self, error))
    return FALSE;
  return TRUE;
}

/**
 * cli_relay_run:
 * @layer: of a connection whose handshake is done
 * @result: (nullable): the handshake's, which @layer was made of; it forwards session tickets
 * @socket_fd: its socket
 * @input_fd: where the data for the peer comes from; its end closes our side of the connection,
 * unless %CLI_RELAY_IGNORE_EOF is given
 * @output_fd: where the peer's data goes
 * @watch: (nullable): is told before anything is read or written
 * @outcome: (out caller-allocates): set also if there is an error
 *
 * Carries data both ways until the peer closes the connection. What is left of the input is then
 * not read any more.
 *
 * Returns: %TRUE if the peer ended the connection with a close_notify alert, and all that was read
 * of the input was sent
 */
gboolean
cli_relay_run (TlsHandoffRecordLayer *layer,
               TlsHandoffHandshakeResult *result,
               int socket_fd,
               int input_fd,
               int output_fd,
               CliRelayFlags flags,
               const CliRelayWatch *watch,
               CliRelayOutcome *outcome,
               GError **error)
{
  g_autofree guint8 *input = g_malloc (3 * INPUT_SIZE);
  g_autofree guint8 *incoming = g_malloc (INCOMING_SIZE);
  g_autoptr (GByteArray) outgoing = g_byte_array_new ();
  Relay relay = {
    .layer = layer,
    .result = result,
    .socket_fd = socket_fd,
    .input_fd = input_fd,
    .output_fd = output_fd,
    .flags = flags,
    .outcome = outcome,
    .input = input,
    .input_open = TRUE,
    .outgoing = outgoing,
    .incoming = incoming,
  };

  memset (outcome, 0, sizeof *outcome);
  while (!relay.peer_closed || relay.outgoing->len > 0 || relay.n_written < relay.n_plaintext)
    {
      if (watch != NULL)
        watch->moved (outcome, watch->data);
      if (!relay_step (&relay, error))
        return FALSE;
    }
  if (relay.data_lost)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED,
                   _ ("The peer closed the connection before all of the input was sent"));
      return FALSE;
    }
  return TRUE;
}
