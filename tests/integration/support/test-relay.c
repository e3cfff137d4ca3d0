/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-relay.h"

#include <errno.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-peer.h"
#include "test-stream.h"

struct _TestRelay
{
  int from_client;
  int to_client;
  int server;
  GThread *outward;
  GThread *inward;
  GMutex lock;
  GByteArray *sent; /* by the client; with the lock */
};

/* FALSE if nobody takes it any more. */
static gboolean
write_all (int fd, const guint8 *data, gsize size)
{
  while (size > 0)
    {
      gssize n = write (fd, data, size);

      if (n < 0)
        return FALSE;
      data += n;
      size -= (gsize) n;
    }
  return TRUE;
}

/* Carries what there is, but does not wait for what is to come. FALSE if there is nothing. */
static gboolean
carry_available (TestRelay *self)
{
  guint8 buffer[32 * 1024];
  int available = 0;
  gssize n = 0;

  g_mutex_lock (&self->lock);
  g_assert_cmpint (ioctl (self->from_client, FIONREAD, &available), ==, 0);
  if (available > 0)
    {
      n = read (self->from_client, buffer, MIN ((gsize) available, sizeof buffer));
      g_assert_cmpint (n, >, 0);
      g_byte_array_append (self->sent, buffer, (guint) n);
    }
  /* A server that is gone takes nothing; the client may go on all the same. */
  if (n > 0)
    write_all (self->server, buffer, (gsize) n);
  g_mutex_unlock (&self->lock);
  return n > 0;
}

static gboolean
is_at_end (TestRelay *self)
{
  struct pollfd client = { self->from_client, POLLIN, 0 };
  int available = 0;

  while (poll (&client, 1, -1) < 0 && errno == EINTR)
    ;
  g_mutex_lock (&self->lock);
  /* Ready still, and nothing there. */
  poll (&client, 1, 0);
  ioctl (self->from_client, FIONREAD, &available);
  g_mutex_unlock (&self->lock);
  return client.revents != 0 && available == 0;
}

static gpointer
carry_outward (gpointer data)
{
  TestRelay *self = data;

  while (!is_at_end (self))
    carry_available (self);
  shutdown (self->server, SHUT_WR);
  return NULL;
}

static gpointer
carry_inward (gpointer data)
{
  TestRelay *self = data;
  guint8 buffer[64 * 1024];
  gssize n;

  while ((n = read (self->server, buffer, sizeof buffer)) > 0 &&
         write_all (self->to_client, buffer, (gsize) n))
    ;
  if (self->to_client == self->from_client)
    shutdown (self->to_client, SHUT_WR);
  else
    close (self->to_client);
  return NULL;
}

static TestRelay *
start (int from_client, int to_client, int server)
{
  TestRelay *self = g_new0 (TestRelay, 1);

  self->from_client = from_client;
  self->to_client = to_client;
  self->server = server;
  self->sent = g_byte_array_new ();
  g_mutex_init (&self->lock);
  self->outward = g_thread_new ("relay-outward", carry_outward, self);
  self->inward = g_thread_new ("relay-inward", carry_inward, self);
  return self;
}

TestRelay *
test_relay_new (int server, int *client)
{
  int fds[2];

  test_tcp_pair (fds);
  *client = fds[0];
  return start (fds[1], fds[1], server);
}

TestRelay *
test_relay_new_pipes (int server, gsize chunk, gboolean pollable, GIOStream **client)
{
  g_autoptr (GInputStream) from_relay = NULL;
  g_autoptr (GInputStream) input = NULL;
  g_autoptr (GOutputStream) to_relay = NULL;
  g_autoptr (GOutputStream) output = NULL;
  int outward[2], inward[2];

  g_assert_true (g_unix_open_pipe (outward, FD_CLOEXEC, NULL));
  g_assert_true (g_unix_open_pipe (inward, FD_CLOEXEC, NULL));
  from_relay = g_unix_input_stream_new (inward[0], TRUE);
  to_relay = g_unix_output_stream_new (outward[1], TRUE);
  input = test_input_stream_new (from_relay, chunk, pollable);
  output = test_output_stream_new (to_relay, chunk, pollable);
  *client = g_simple_io_stream_new (input, output);
  return start (outward[0], inward[1], server);
}

void
test_relay_free (TestRelay *self)
{
  g_thread_join (self->outward);
  g_thread_join (self->inward);
  close (self->from_client);
  close (self->server);
  g_byte_array_unref (self->sent);
  g_mutex_clear (&self->lock);
  g_free (self);
}

GBytes *
test_relay_dup_sent (TestRelay *self)
{
  GBytes *sent;

  while (carry_available (self))
    ;
  g_mutex_lock (&self->lock);
  sent = g_bytes_new (self->sent->data, self->sent->len);
  g_mutex_unlock (&self->lock);
  return sent;
}
