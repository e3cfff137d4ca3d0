/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake-transport.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

static ssize_t
push (gnutls_transport_ptr_t data, const giovec_t *iov, int n_iov)
{
  HandoffHandshakeTransport *transport = data;
  struct msghdr message = { .msg_iov = (struct iovec *) iov, .msg_iovlen = (size_t) n_iov };
  ssize_t n = sendmsg (transport->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

  if (n < 0)
    transport->last_errno = errno;
  return n;
}

static ssize_t
pull (gnutls_transport_ptr_t data, void *buffer, size_t size)
{
  HandoffHandshakeTransport *transport = data;
  ssize_t n = recv (transport->fd, buffer, size, MSG_DONTWAIT);

  /* To GnuTLS the end of the stream within a record would be a record that cannot be decoded. */
  if (n == 0 && size > 0)
    {
      transport->last_errno = ECONNRESET;
      return -1;
    }
  if (n < 0)
    transport->last_errno = errno;
  return n;
}

static int
pull_timeout (gnutls_transport_ptr_t data, unsigned int milliseconds)
{
  HandoffHandshakeTransport *transport = data;
  struct pollfd poll_fd = { .fd = transport->fd, .events = POLLIN };

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
  gnutls_transport_set_ptr (session, transport);
  gnutls_transport_set_vec_push_function (session, push);
  gnutls_transport_set_pull_function (session, pull);
  gnutls_transport_set_pull_timeout_function (session, pull_timeout);
  gnutls_transport_set_errno_function (session, get_errno);
}
