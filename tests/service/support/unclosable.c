/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/unclosable.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "work/descriptor-reaper.h"

void
unclosable_make_closable (int ends[2])
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

void
unclosable_make_lingering (int ends[2])
{
  static const char data[65536];
  const struct linger on = { 1, 3600 };

  unclosable_make_closable (ends);
  while (send (ends[0], data, sizeof data, MSG_DONTWAIT) > 0)
    ;
  g_assert_cmpint (setsockopt (ends[0], SOL_SOCKET, SO_LINGER, &on, sizeof on), ==, 0);
}

int
unclosable_wrap (int fd)
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

void
unclosable_fill_line (guint uid, int *peers, guint n_waiting)
{
  int pair[2], ends[2];
  guint i;

  for (i = 0; i < HANDOFF_REAPER_CLOSING_PER_USER; i++)
    {
      unclosable_make_lingering (ends);
      peers[i] = ends[1];
      handoff_descriptor_reap (ends[0], uid);
    }
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  for (i = 0; i < n_waiting; i++)
    handoff_descriptor_reap (dup (pair[0]), uid);
  unclosable_close_all (pair, G_N_ELEMENTS (pair));
}

void
unclosable_close_all (const int *fds, guint n_fds)
{
  guint i;

  for (i = 0; i < n_fds; i++)
    close (fds[i]);
}
