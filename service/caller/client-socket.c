/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "caller/client-socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "work/descriptor-reaper.h"
#include "keyblob/tls-handoff-error.h"

/* The kernel's SCM_MAX_FD: no message carries more. */
#define MAX_RIGHTS 253
/* The kernel puts this before the rights if the caller has switched it on for its socket:
 * credentials, a pidfd, a security label, timestamps. */
#define OTHER_CONTROL_SIZE 8192
/* Linux 6.5; it is a descriptor too. */
#ifndef SCM_PIDFD
#define SCM_PIDFD 0x04
#endif

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

/* Does not use getpeername(), which would wait for the socket's lock: the maker of the socket can
 * hold that for ever. When a connection is over, the bytes that came can still be read; the
 * handshake deals with that. */
static gboolean
is_connected (int fd)
{
  struct pollfd poll_fd = { .fd = fd, .events = POLLRDHUP };
  int listens;

  if (!get_option (fd, SO_ACCEPTCONN, &listens) || listens || poll (&poll_fd, 1, 0) < 0)
    return FALSE;
  return (poll_fd.revents & (POLLHUP | POLLRDHUP)) != POLLHUP;
}

gboolean
handoff_client_socket_check (int fd, GError **error)
{
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
  if (!is_connected (fd))
    return refuse (error, "the socket is not connected");
  return TRUE;
}

/* Whether there were any descriptors. */
static gboolean
reap_rights (struct msghdr *message, guint uid)
{
  gboolean were_any = FALSE;
  struct cmsghdr *header;
  gsize i, n;

  for (header = CMSG_FIRSTHDR (message); header != NULL; header = CMSG_NXTHDR (message, header))
    {
      if (header->cmsg_level != SOL_SOCKET ||
          (header->cmsg_type != SCM_RIGHTS && header->cmsg_type != SCM_PIDFD))
        continue;
      n = (header->cmsg_len - CMSG_LEN (0)) / sizeof (int);
      for (i = 0; i < n; i++)
        {
          int fd;

          memcpy (&fd, CMSG_DATA (header) + i * sizeof fd, sizeof fd);
          handoff_descriptor_reap (fd, uid);
        }
      were_any |= header->cmsg_type == SCM_RIGHTS;
    }
  return were_any;
}

gssize
handoff_client_socket_receive (int fd, guint uid, void *buffer, gsize size)
{
  union
  {
    struct cmsghdr header;
    char data[CMSG_SPACE (sizeof (int) * MAX_RIGHTS) + OTHER_CONTROL_SIZE];
  } control;
  struct iovec vector = { buffer, size };
  struct msghdr message = {
    .msg_iov = &vector,
    .msg_iovlen = 1,
    .msg_control = &control,
    .msg_controllen = sizeof control,
  };
  const gssize n = recvmsg (fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

  if (n >= 0 && reap_rights (&message, uid))
    {
      errno = EBADMSG;
      return -1;
    }
  return n;
}
