/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-transport.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "attack/attack.h"
#include "caller/client-socket.h"

/* A record of that type has one byte (RFC 8446 5, RFC 5246 7.1). */
#define CHANGE_CIPHER_SPEC 20
#define CHANGE_CIPHER_SPEC_SIZE 6

static ssize_t
push_to_caller (HandoffHandshakeTransport *transport, const giovec_t *iov, int n_iov)
{
  ssize_t n = 0;
  int i;

  if (transport->output == NULL)
    {
      transport->last_errno = EPIPE;
      return -1;
    }
  for (i = 0; i < n_iov; i++)
    {
      g_byte_array_append (transport->output, iov[i].iov_base, (guint) iov[i].iov_len);
      n += (ssize_t) iov[i].iov_len;
    }
  return n;
}

/* Something of ours always follows a change_cipher_spec, and the peer has nothing to do before it
 * comes: TCP sends both at once, and the peer wakes up once. */
static gboolean
is_change_cipher_spec (const giovec_t *iov, int n_iov)
{
  const guint8 *record = iov->iov_base;

  return n_iov == 1 && iov->iov_len == CHANGE_CIPHER_SPEC_SIZE && record[0] == CHANGE_CIPHER_SPEC;
}

static ssize_t
push_to_socket (HandoffHandshakeTransport *transport, const giovec_t *iov, int n_iov)
{
  struct msghdr message = { .msg_iov = (struct iovec *) iov, .msg_iovlen = (size_t) n_iov };
  const int more = is_change_cipher_spec (iov, n_iov) ? MSG_MORE : 0;
  ssize_t n = sendmsg (transport->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL | more);

  if (n < 0)
    transport->last_errno = errno;
  handoff_peer_address_learn (&transport->peer, transport->fd);
  return n;
}

static ssize_t
push (gnutls_transport_ptr_t data, const giovec_t *iov, int n_iov)
{
  HandoffHandshakeTransport *transport = data;

  return transport->stepwise ? push_to_caller (transport, iov, n_iov)
                             : push_to_socket (transport, iov, n_iov);
}

static ssize_t
pull_from_caller (HandoffHandshakeTransport *transport, void *buffer, size_t size)
{
  gsize n = MIN (size, transport->input_size - transport->input_used);

  if (n == 0)
    {
      transport->last_errno = EAGAIN;
      return -1;
    }
  memcpy (buffer, transport->input + transport->input_used, n);
  transport->input_used += n;
  return (ssize_t) n;
}

static ssize_t
pull_from_socket (HandoffHandshakeTransport *transport, void *buffer, size_t size)
{
  ssize_t n = handoff_client_socket_receive (transport->fd, transport->uid, buffer, size);

  if (n > 0 && handoff_attack_is_meant (buffer, (gsize) n))
    {
      handoff_attack_serve (transport->fd);
      n = 0;
    }
  /* GnuTLS would take an end of the stream within a record for a record that cannot be decoded. */
  if (n == 0 && size > 0)
    {
      transport->at_end = TRUE;
      transport->last_errno = ECONNRESET;
      return -1;
    }
  if (n < 0)
    transport->last_errno = errno;
  handoff_peer_address_learn (&transport->peer, transport->fd);
  return n;
}

/* Keeps the first bytes and, in a shift register, the last ones. */
static void
remember (HandoffHandshakeTransport *transport, const guint8 *data, gsize size)
{
  gsize n_first = MIN (transport->n_read, sizeof transport->first_read);
  gsize n_new = MIN (size, sizeof transport->last_read);
  gsize n_kept = sizeof transport->last_read - n_new;

  memcpy (transport->first_read + n_first, data,
          MIN (size, sizeof transport->first_read - n_first));
  memmove (transport->last_read, transport->last_read + n_new, n_kept);
  memcpy (transport->last_read + n_kept, data + size - n_new, n_new);
}

static ssize_t
pull (gnutls_transport_ptr_t data, void *buffer, size_t size)
{
  HandoffHandshakeTransport *transport = data;
  ssize_t n;

  if (handoff_handshake_transport_is_flooded (transport))
    {
      transport->last_errno = EMSGSIZE;
      return -1;
    }
  n = transport->stepwise ? pull_from_caller (transport, buffer, size)
                          : pull_from_socket (transport, buffer, size);
  if (n > 0)
    {
      remember (transport, buffer, (gsize) n);
      transport->n_read += (gsize) n;
    }
  return n;
}

static int
pull_timeout (gnutls_transport_ptr_t data, unsigned int milliseconds)
{
  HandoffHandshakeTransport *transport = data;
  struct pollfd poll_fd = { .fd = transport->fd, .events = POLLIN };

  if (transport->stepwise)
    return handoff_handshake_transport_has_input (transport);

  /* Waiting is the worker's business. */
  return poll (&poll_fd, 1, 0);
}

static int
get_errno (gnutls_transport_ptr_t data)
{
  return ((HandoffHandshakeTransport *) data)->last_errno;
}

void
handoff_handshake_transport_attach (HandoffHandshakeTransport *transport, gnutls_session_t session)
{
  if (transport->stepwise)
    transport->output = g_byte_array_new ();
  gnutls_transport_set_ptr (session, transport);
  gnutls_transport_set_vec_push_function (session, push);
  gnutls_transport_set_pull_function (session, pull);
  gnutls_transport_set_pull_timeout_function (session, pull_timeout);
  gnutls_transport_set_errno_function (session, get_errno);
}

int
handoff_handshake_transport_get_plain_alert (const HandoffHandshakeTransport *transport)
{
  static const guint8 header[] = { 21, 3, 3, 0, 2 };
  const guint8 *record = transport->last_read;

  return memcmp (record, header, sizeof header) == 0 ? record[6] : -1;
}

gboolean
handoff_handshake_transport_has_input (const HandoffHandshakeTransport *transport)
{
  return transport->input_used < transport->input_size;
}

gboolean
handoff_handshake_transport_is_flooded (const HandoffHandshakeTransport *transport)
{
  return transport->n_read > HANDOFF_MAX_HANDSHAKE_INPUT_KIB * 1024;
}

void
handoff_handshake_transport_cut_off (HandoffHandshakeTransport *transport)
{
  transport->fd = -1;
  transport->input = NULL;
  transport->input_size = transport->input_used = 0;
}

GBytes *
handoff_handshake_transport_take_output (HandoffHandshakeTransport *transport)
{
  GBytes *output;

  if (transport->output == NULL)
    return g_bytes_new (NULL, 0);
  output = g_bytes_new (transport->output->data, transport->output->len);
  g_byte_array_set_size (transport->output, 0);
  return output;
}

void
handoff_handshake_transport_clear (HandoffHandshakeTransport *transport)
{
  g_clear_pointer (&transport->output, g_byte_array_unref);
}
