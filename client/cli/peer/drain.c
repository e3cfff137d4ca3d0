/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/drain.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <sys/socket.h>

/* Limits: the whole time and the time without a byte from the peer, in milliseconds; and bytes. */
#define MAX_TIME 2000
#define MAX_QUIET_TIME 200
#define MAX_SIZE (64 * 1024 * 1024)

/**
 * cli_drain_socket:
 * @fd: a socket on which nothing more is sent, and from which nothing is wanted
 *
 * To be called before a process ends that has sent an alert. The peer may still be sending. If its
 * data stayed unread, the end of the process would reset the connection, and the peer might not see
 * the alert. So this function ends our direction, and reads and drops what comes until the peer
 * ends its own.
 */
void
cli_drain_socket (int fd)
{
  static guint8 buffer[64 * 1024];
  gint64 end = g_get_monotonic_time () + MAX_TIME * G_TIME_SPAN_MILLISECOND;
  gsize left = MAX_SIZE;

  shutdown (fd, SHUT_WR);
  while (left > 0 && g_get_monotonic_time () < end)
    {
      struct pollfd peer = { fd, POLLIN, 0 };
      int n_ready = poll (&peer, 1, MAX_QUIET_TIME);
      gssize n;

      if (n_ready == 0)
        return;
      n = recv (fd, buffer, MIN (left, sizeof buffer), MSG_DONTWAIT);
      if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK))
        return;
      left -= MAX (n, 0);
    }
}
