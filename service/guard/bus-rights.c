/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "guard/bus-rights.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "work/wake-signal.h"

/* A close() that waits for a socket that lingers is interrupted after this time, and again, as
 * often as needed. */
#define INTERRUPTION_NANOSECONDS 100000

/* The kernel drops descriptors for which there is no room. */
static gssize
receive (int fd, guint8 *data, gsize size, int flags, gboolean *rights)
{
  struct iovec vector = { data, size };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
  gssize n;

  do
    n = recvmsg (fd, &message, MSG_DONTWAIT | flags);
  while (n < 0 && errno == EINTR);
  *rights = n > 0 && (message.msg_flags & MSG_CTRUNC) != 0;
  if (n < 0)
    return errno == EAGAIN ? 0 : -1;
  return n > 0 ? n : -1;
}

gssize
handoff_bus_rights_peek (int fd, guint8 *data, gsize size, gboolean *rights)
{
  return receive (fd, data, size, MSG_PEEK, rights);
}

gssize
handoff_bus_rights_drop (int fd, guint8 *data, gsize size)
{
  const struct timespec interval = { 0, INTERRUPTION_NANOSECONDS };
  const struct itimerspec again_and_again = { interval, interval };
  struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = HANDOFF_WAKE_SIGNAL };
  gboolean rights;
  timer_t timer;
  gssize n;

  handoff_wake_signal_prepare ();
  event._sigev_un._tid = (pid_t) syscall (SYS_gettid);
  if (timer_create (CLOCK_MONOTONIC, &event, &timer) != 0)
    return receive (fd, data, size, 0, &rights);
  timer_settime (timer, 0, &again_and_again, NULL);
  n = receive (fd, data, size, 0, &rights);
  timer_delete (timer);
  return n;
}
