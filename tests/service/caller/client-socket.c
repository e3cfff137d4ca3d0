/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "caller/client-socket.h"
#include "keyblob/tls-handoff-error.h"

#define TEST_UID 60103

/* Closes fd. */
static void
assert_refused (int fd, const char *why)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (fd, >=, 0);
  g_assert_false (handoff_client_socket_check (fd, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_UNSUPPORTED_SOCKET);
  g_assert_nonnull (strstr (error->message, why));
  g_assert_nonnull (strstr (error->message, "must be a connected stream socket"));
  close (fd);
}

static void
assert_accepted (int fd)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (handoff_client_socket_check (fd, &error));
  g_assert_no_error (error);
}

/* A listening socket on loopback, any port. */
static int
listen_on (int family, struct sockaddr_storage *address, socklen_t *size)
{
  int fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC, 0);

  memset (address, 0, sizeof *address);
  address->ss_family = (sa_family_t) family;
  if (family == AF_INET)
    ((struct sockaddr_in *) address)->sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  else
    ((struct sockaddr_in6 *) address)->sin6_addr = in6addr_loopback;
  *size = family == AF_INET ? sizeof (struct sockaddr_in) : sizeof (struct sockaddr_in6);

  if (fd < 0 || bind (fd, (struct sockaddr *) address, *size) != 0 || listen (fd, 1) != 0 ||
      getsockname (fd, (struct sockaddr *) address, size) != 0)
    {
      close (fd);
      return -1;
    }
  return fd;
}

static void
test_tcp (gconstpointer data)
{
  int family = GPOINTER_TO_INT (data);
  struct sockaddr_storage address;
  socklen_t size;
  int listener = listen_on (family, &address, &size);
  int client;

  if (listener < 0)
    {
      g_test_skip ("no loopback address of this family");
      return;
    }
  client = socket (family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_refused (dup (client), "is not connected");
  g_assert_cmpint (connect (client, (struct sockaddr *) &address, size), ==, 0);
  assert_accepted (client);
  close (client);
  assert_refused (listener, "is not connected");
}

static void
test_unix (void)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  assert_accepted (fds[0]);
  close (fds[1]);
  close (fds[0]);
  assert_refused (socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "is not connected");
}

static void
test_other_sockets (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (9),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fds[2];
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  assert_refused (dup (fd), "datagram socket");
  /* Connected, but not a stream. */
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  assert_refused (fd, "datagram socket");

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  assert_refused (fds[0], "datagram socket");
  close (fds[1]);
  /* Reliable and ordered, but a read of a record's header would drop the rest of the message. */
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), ==, 0);
  assert_refused (fds[0], "no stream socket");
  close (fds[1]);
}

static void
test_no_sockets (void)
{
  int fds[2];
  int fd = open ("/dev/null", O_RDWR | O_CLOEXEC);

  assert_refused (dup (fd), "no socket");
  close (fd);
  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  assert_refused (fds[0], "no socket");
  assert_refused (fds[1], "no socket");
  assert_refused (eventfd (0, EFD_CLOEXEC), "no socket");
  assert_refused (open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "no socket");
  assert_refused (open ("/proc/self/exe", O_RDONLY | O_CLOEXEC), "no socket");
}

static void
test_closed (void)
{
  g_autoptr (GError) error = NULL;
  int fd = eventfd (0, EFD_CLOEXEC);

  close (fd);
  g_assert_false (handoff_client_socket_check (fd, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_UNSUPPORTED_SOCKET);
  g_assert_nonnull (strstr (error->message, "is closed"));
}

/* Sends a byte with n descriptors of the same pipe's writing end. */
static void
send_rights (int fd, int what, guint n)
{
  union
  {
    struct cmsghdr header;
    char data[CMSG_SPACE (sizeof (int) * 253)];
  } control = { 0 };
  char byte = 'x';
  struct iovec vector = { &byte, 1 };
  struct msghdr message = { .msg_iov = &vector,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = CMSG_SPACE (sizeof (int) * n) };

  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN (sizeof (int) * n);
  for (guint i = 0; i < n; i++)
    memcpy (CMSG_DATA (&control.header) + i * sizeof what, &what, sizeof what);
  g_assert_cmpint (sendmsg (fd, &message, 0), ==, 1);
}

/* Breaks if recv() on a worker makes the kernel close what the peer sent along, because there is
 * no room for it: none at all, or none beside what the caller wants to know of the sender. */
static void
test_rights (gconstpointer n_rights)
{
  const guint n = GPOINTER_TO_UINT (n_rights);
  const int on = 1;
  char buffer[16];
  int fds[2], ends[2];
  struct pollfd hung_up;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  g_assert_cmpint (setsockopt (fds[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on), ==, 0);
  send_rights (fds[1], ends[1], n);
  close (ends[1]);

  g_assert_cmpint (handoff_client_socket_receive (fds[0], TEST_UID, buffer, sizeof buffer), ==, -1);
  g_assert_cmpint (errno, ==, EBADMSG);
  /* The reaper gets all of them, and closes them. */
  hung_up.fd = ends[0];
  hung_up.events = POLLIN;
  g_assert_cmpint (poll (&hung_up, 1, 60000), ==, 1);
  g_assert_cmpint (handoff_client_socket_receive (fds[0], TEST_UID, buffer, sizeof buffer), ==, -1);
  g_assert_cmpint (errno, ==, EAGAIN);
  g_assert_cmpint (write (fds[1], "hello", 5), ==, 5);
  g_assert_cmpint (handoff_client_socket_receive (fds[0], TEST_UID, buffer, sizeof buffer), ==, 5);
  close (ends[0]);
  close (fds[0]);
  close (fds[1]);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/service/client-socket/ipv4", GINT_TO_POINTER (AF_INET), test_tcp);
  g_test_add_data_func ("/service/client-socket/ipv6", GINT_TO_POINTER (AF_INET6), test_tcp);
  g_test_add_func ("/service/client-socket/unix", test_unix);
  g_test_add_func ("/service/client-socket/other-sockets", test_other_sockets);
  g_test_add_func ("/service/client-socket/no-sockets", test_no_sockets);
  g_test_add_func ("/service/client-socket/closed", test_closed);
  g_test_add_data_func ("/service/client-socket/rights/one", GUINT_TO_POINTER (1), test_rights);
  g_test_add_data_func ("/service/client-socket/rights/most", GUINT_TO_POINTER (253), test_rights);
  return g_test_run ();
}
