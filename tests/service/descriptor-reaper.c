/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "descriptor-reaper.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALICE 60101
#define MALLORY 60103

/* Two ends of a TCP connection over loopback. */
static void
connect_pair (int ends[2])
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  ends[0] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (listener, (struct sockaddr *) &address, size), ==, 0);
  g_assert_cmpint (listen (listener, 1), ==, 0);
  g_assert_cmpint (getsockname (listener, (struct sockaddr *) &address, &size), ==, 0);
  g_assert_cmpint (connect (ends[0], (struct sockaddr *) &address, size), ==, 0);
  ends[1] = accept (listener, NULL, NULL);
  g_assert_cmpint (ends[1], >=, 0);
  close (listener);
}

/* ends[0]: close() of it waits for an hour, as long as nobody reads from ends[1]. */
static void
make_lingering (int ends[2])
{
  static const char data[65536];
  const struct linger on = { 1, 3600 };

  connect_pair (ends);
  while (send (ends[0], data, sizeof data, MSG_DONTWAIT) > 0)
    ;
  g_assert_cmpint (setsockopt (ends[0], SOL_SOCKET, SO_LINGER, &on, sizeof on), ==, 0);
}

/* A Unix socket, with fd sent along and not received: closing it closes that. fd: (transfer full)
 */
static int
wrap (int fd)
{
  union
  {
    struct cmsghdr header;
    char data[CMSG_SPACE (sizeof (int))];
  } control = { 0 };
  char byte = 'x';
  struct iovec vector = { &byte, 1 };
  struct msghdr message = {
    .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN (sizeof (int));
  memcpy (CMSG_DATA (&control.header), &fd, sizeof fd);
  g_assert_cmpint (sendmsg (ends[1], &message, 0), ==, 1);
  close (ends[1]);
  close (fd);
  return ends[0];
}

static void
wait_until_none_is_left (guint uid)
{
  const gint64 end = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  while (handoff_descriptor_reaper_count (uid) > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_main_context_iteration (NULL, FALSE);
      g_thread_yield ();
    }
}

/* Breaks if one user's wait for another's; if a socket that lingers, or is hidden in others, keeps
 * a thread for longer than a moment; or if something stays open. */
static void
test_lingering (void)
{
  const guint n_lingering = 3 * HANDOFF_REAPER_CLOSING_PER_USER;
  g_autofree int *peers = g_new (int, n_lingering);
  struct pollfd hung_up = { .events = POLLIN };
  int ends[2];

  for (guint i = 0; i < n_lingering; i++)
    {
      make_lingering (ends);
      peers[i] = ends[1];
      handoff_descriptor_reap (wrap (wrap (ends[0])), MALLORY);
    }
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  handoff_descriptor_reap (ends[1], ALICE);
  hung_up.fd = ends[0];
  g_assert_cmpint (poll (&hung_up, 1, 20000), ==, 1);
  close (ends[0]);

  /* The peers are there, and read nothing. */
  wait_until_none_is_left (MALLORY);
  wait_until_none_is_left (ALICE);
  g_assert_false (handoff_descriptor_reaper_is_busy ());
  for (guint i = 0; i < n_lingering; i++)
    close (peers[i]);
}

/* Breaks if somebody whose descriptors are closed all the time is told that there are too many. */
static void
test_many (void)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 4 * HANDOFF_REAPER_WAITING_PER_USER; i++)
    {
      handoff_descriptor_reap (dup (STDERR_FILENO), ALICE);
      g_assert_true (handoff_descriptor_reaper_accepts (ALICE, &error));
      g_assert_no_error (error);
    }
  handoff_descriptor_reap (-1, ALICE);
  wait_until_none_is_left (ALICE);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* A slow machine is warned of. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/service/descriptor-reaper/lingering", test_lingering);
  g_test_add_func ("/service/descriptor-reaper/many", test_many);
  return g_test_run ();
}
