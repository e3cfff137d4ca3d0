/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "client-socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_UNSUPPORTED_SOCKET,
               "socket: %s; it must be a connected stream socket (TCP or Unix)", what);
  return FALSE;
}

static gboolean
get_option (int fd, int name, int *value)
{
  socklen_t size = sizeof *value;

  return getsockopt (fd, SOL_SOCKET, name, value, &size) == 0;
}

gboolean
handoff_client_socket_check (int fd, GError **error)
{
  struct sockaddr_storage peer;
  socklen_t peer_size = sizeof peer;
  int type, domain, protocol;

  if (!get_option (fd, SO_TYPE, &type))
    return refuse (error,
                   errno == EBADF ? "the descriptor is closed" : "the descriptor is no socket");
  if (type == SOCK_DGRAM)
    return refuse (error, "this is a datagram socket");
  if (type != SOCK_STREAM)
    return refuse (error, "this is no stream socket");
  if (!get_option (fd, SO_DOMAIN, &domain) ||
      (domain != AF_INET && domain != AF_INET6 && domain != AF_UNIX))
    return refuse (error, "this address family is not supported");
  if (!get_option (fd, SO_PROTOCOL, &protocol) ||
      (domain != AF_UNIX && protocol != IPPROTO_TCP && protocol != IPPROTO_MPTCP))
    return refuse (error, "this protocol is not supported");
  if (getpeername (fd, (struct sockaddr *) &peer, &peer_size) != 0)
    return refuse (error, "the socket is not connected");
  return TRUE;
}

void
handoff_client_socket_close (int fd)
{
  struct linger linger;
  socklen_t size = sizeof linger;
  const struct linger off = { 0, 0 };

  if (fd < 0)
    return;
  /* The caller may have left us the last descriptor of the socket. With SO_LINGER, closing that
   * would hold this thread, and everybody else whom it serves, until the peer has read what there
   * is. */
  if (getsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 && linger.l_onoff &&
      linger.l_linger > 0)
    setsockopt (fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
  close (fd);
}
