/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "guard/bus-entrance.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What ends the authentication (D-Bus specification, “Authentication Protocol”). */
#define BEGIN "BEGIN\r\n"
/* No authentication has more bytes. */
#define MAX_AUTHENTICATION (16 * 1024)

struct _HandoffBusEntrance
{
  int listener;  /* (owned) */
  int bus;       /* (owned): -1 once it was passed on */
  char *address; /* (owned) */
};

/* The kernel chooses an abstract name, so that nobody else has it. Other users can see the name
 * and connect; our own connection finds room among theirs. -1 with errno */
static int
listen_somewhere (char **address)
{
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  socklen_t size = sizeof name.sun_family;
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -1;
  if (bind (fd, (struct sockaddr *) &name, size) == 0 && listen (fd, SOMAXCONN) == 0)
    {
      size = sizeof name;
      if (getsockname (fd, (struct sockaddr *) &name, &size) == 0)
        {
          g_autofree char *text = g_strndup (name.sun_path + 1, size - sizeof name.sun_family - 1);

          *address = g_strconcat ("unix:abstract=", text, NULL);
          return fd;
        }
    }
  close (fd);
  return -1;
}

HandoffBusEntrance *
handoff_bus_entrance_new (const char *bus_address, GError **error)
{
  g_autoptr (GIOStream) stream = g_dbus_address_get_stream_sync (bus_address, NULL, NULL, error);
  g_autoptr (HandoffBusEntrance) self = NULL;

  if (stream == NULL)
    return NULL;
  self = g_new0 (HandoffBusEntrance, 1);
  self->listener = -1;
  self->bus =
      fcntl (g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream))),
             F_DUPFD_CLOEXEC, 3);
  if (self->bus >= 0)
    self->listener = listen_somewhere (&self->address);
  if (self->listener < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   "Cannot make a socket of the service's own for the bus: %s", g_strerror (errno));
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
handoff_bus_entrance_free (HandoffBusEntrance *self)
{
  if (self->listener >= 0)
    close (self->listener);
  if (self->bus >= 0)
    close (self->bus);
  g_free (self->address);
  g_free (self);
}

const char *
handoff_bus_entrance_get_address (HandoffBusEntrance *self)
{
  return self->address;
}

/* -1 if the wait was ended. Connections of other processes, which can find the name, are closed. */
static int
accept_own (HandoffBusEntrance *self)
{
  struct ucred peer;
  socklen_t size = sizeof peer;
  int fd;

  for (;;)
    {
      fd = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC);
      if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
        continue;
      if (fd < 0)
        return -1;
      if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == getpid ())
        return fd;
      close (fd);
    }
}

static gboolean
send_all (int fd, const char *data, gsize size)
{
  struct pollfd poll_fd = { fd, POLLOUT, 0 };
  gssize n;

  while (size > 0)
    {
      n = send (fd, data, size, MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN)
        poll (&poll_fd, 1, -1);
      else if (n < 0 && errno != EINTR)
        return FALSE;
      else if (n > 0)
        {
          data += n;
          size -= (gsize) n;
        }
    }
  return TRUE;
}

/* Passes on what client and bus say until the client is done. Reads byte by byte from the client:
 * after the authentication come messages, perhaps with descriptors. */
static gboolean
relay_authentication (int bus, int client)
{
  struct pollfd fds[] = { { bus, POLLIN, 0 }, { client, POLLIN, 0 } };
  char buffer[1024];
  const gsize end_size = strlen (BEGIN);
  gsize n_matched = 0;
  gsize n_read = 0;
  gssize n;

  while (n_matched < end_size && n_read < MAX_AUTHENTICATION)
    {
      if (poll (fds, G_N_ELEMENTS (fds), -1) < 0 && errno != EINTR)
        return FALSE;
      if (fds[0].revents != 0)
        {
          n = recv (bus, buffer, sizeof buffer, MSG_DONTWAIT);
          if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
              (n > 0 && !send_all (client, buffer, (gsize) n)))
            return FALSE;
          n_read += (gsize) MAX (n, 0);
        }
      if (fds[1].revents != 0)
        {
          n = recv (client, buffer, 1, MSG_DONTWAIT);
          if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
              (n > 0 && !send_all (bus, buffer, 1)))
            return FALSE;
          if (n > 0)
            n_matched = buffer[0] == BEGIN[n_matched] ? n_matched + 1 : buffer[0] == BEGIN[0];
        }
    }
  return n_matched == end_size;
}

gboolean
handoff_bus_entrance_pass (HandoffBusEntrance *self, int *bus_fd, int *client_fd)
{
  int client = accept_own (self);

  if (client < 0)
    return FALSE;
  if (!relay_authentication (self->bus, client))
    {
      close (client);
      return FALSE;
    }
  *bus_fd = self->bus;
  *client_fd = client;
  self->bus = -1;
  return TRUE;
}

void
handoff_bus_entrance_cancel (HandoffBusEntrance *self)
{
  shutdown (self->listener, SHUT_RDWR);
}
