/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "connection/socket-linger.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* How much one step reads at most, so that a main loop gets to other things. */
#define STEP_SIZE (1024 * 1024)

/* How many sockets may linger at the same time; any further socket is just closed. */
#define MAX_DETACHED 64
#define MAX_THREADS 4

void
handoff_linger_begin (HandoffLinger *self, GSocket *socket)
{
  self->end = g_get_monotonic_time () + HANDOFF_LINGER_TIME;
  self->quiet_end = g_get_monotonic_time () + HANDOFF_LINGER_QUIET_TIME;
  self->budget = HANDOFF_LINGER_SIZE;
  g_socket_shutdown (socket, FALSE, TRUE, NULL);
}

/* Reads up to STEP_SIZE; FALSE: there will be no more. */
static gboolean
discard_input (HandoffLinger *self, int fd)
{
  guint8 buffer[16 * 1024];
  gsize size = MIN (self->budget, STEP_SIZE);

  while (size > 0)
    {
      gssize n = recv (fd, buffer, MIN (size, sizeof buffer), MSG_DONTWAIT);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK;
      if (n == 0)
        return FALSE;
      size -= n;
      self->budget -= n;
      self->quiet_end = g_get_monotonic_time () + HANDOFF_LINGER_QUIET_TIME;
    }
  return self->budget > 0;
}

gboolean
handoff_linger_step (HandoffLinger *self, GSocket *socket)
{
  int fd = g_socket_get_fd (socket);
  gint64 now;
  int n_unsent = 0;

  if (!discard_input (self, fd))
    return TRUE;
  now = g_get_monotonic_time ();
  return now >= self->end ||
         (now >= self->quiet_end && (ioctl (fd, SIOCOUTQ, &n_unsent) != 0 || n_unsent == 0));
}

void
handoff_linger_wait (GSocket *socket, GCancellable *cancellable)
{
  HandoffLinger linger;

  handoff_linger_begin (&linger, socket);
  while (!handoff_linger_step (&linger, socket) && !g_cancellable_is_cancelled (cancellable))
    g_socket_condition_timed_wait (socket, G_IO_IN, HANDOFF_LINGER_QUIET_TIME, cancellable, NULL);
}

static int n_detached; /* atomic */

static void
detached_func (gpointer data, gpointer user_data)
{
  g_autoptr (GSocket) socket = data;

  handoff_linger_wait (socket, NULL);
  g_atomic_int_add (&n_detached, -1);
}

/* (nullable): NULL in a forked child, which has none of the threads */
static GThreadPool *
get_pool (void)
{
  static GThreadPool *pool;
  static pid_t owner;

  if (g_once_init_enter (&pool))
    {
      owner = getpid ();
      g_once_init_leave (&pool, g_thread_pool_new (detached_func, NULL, MAX_THREADS, FALSE, NULL));
    }
  return owner == getpid () ? pool : NULL;
}

void
handoff_linger_detached (GSocket *socket)
{
  HandoffLinger linger;
  GThreadPool *pool = get_pool ();
  GSocket *copy;
  int fd;

  /* Most peers have nothing under way, or are gone: then no thread is needed. */
  handoff_linger_begin (&linger, socket);
  if (handoff_linger_step (&linger, socket) || pool == NULL)
    return;
  if (g_atomic_int_add (&n_detached, 1) >= MAX_DETACHED)
    {
      g_atomic_int_add (&n_detached, -1);
      return;
    }
  fd = fcntl (g_socket_get_fd (socket), F_DUPFD_CLOEXEC, 3);
  copy = fd >= 0 ? g_socket_new_from_fd (fd, NULL) : NULL;
  if (copy == NULL)
    {
      if (fd >= 0)
        close (fd);
      g_atomic_int_add (&n_detached, -1);
      return;
    }
  g_thread_pool_push (pool, copy, NULL);
}
