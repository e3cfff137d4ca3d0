/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The two streams of a connection where no handshake is needed, in both directions. */

#include "tls-handoff-client-connection.h"

#include <glib/gstdio.h>
#include <sys/socket.h>

typedef struct
{
  GIOStream *base;               /* (owned) */
  GIOStream *connection;         /* (owned) (nullable) */
  GPollableInputStream *input;   /* (owned) */
  GPollableOutputStream *output; /* (owned) */
} Fixture;

/* base: (transfer full) */
static void
set_up_over (Fixture *f, GIOStream *base)
{
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  g_autoptr (GError) error = NULL;

  f->base = base;
  f->connection = tls_handoff_client_connection_new (f->base, identity, NULL, &error);
  g_assert_no_error (error);
  f->input = g_object_ref (G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (f->connection)));
  f->output =
      g_object_ref (G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (f->connection)));
}

static void
set_up_socket (Fixture *f, gconstpointer data)
{
  g_autoptr (GSocket) socket = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  g_close (fds[1], NULL);
  socket = g_socket_new_from_fd (fds[0], NULL);
  set_up_over (f, G_IO_STREAM (g_socket_connection_factory_create_connection (socket)));
}

/* One that can only be read and written by blocking. */
static void
set_up_blocking (Fixture *f, gconstpointer data)
{
  g_autoptr (GInputStream) memory = g_memory_input_stream_new ();
  g_autoptr (GInputStream) input = g_buffered_input_stream_new (memory);
  g_autoptr (GOutputStream) kept = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) output = g_buffered_output_stream_new (kept);

  set_up_over (f, g_simple_io_stream_new (input, output));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->connection);
  g_clear_object (&f->base);
  g_clear_object (&f->input);
  g_clear_object (&f->output);
}

/* A read and a write, blocking and not, each of which fails with code. */
static void
assert_transfers_fail (Fixture *f, int code, gboolean blocking_too)
{
  g_autoptr (GError) read_error = NULL;
  g_autoptr (GError) write_error = NULL;
  char buffer[1] = "x";

  g_assert_cmpint (
      g_pollable_input_stream_read_nonblocking (f->input, buffer, 1, NULL, &read_error), ==, -1);
  g_assert_error (read_error, G_IO_ERROR, code);
  g_assert_cmpint (
      g_pollable_output_stream_write_nonblocking (f->output, buffer, 1, NULL, &write_error), ==,
      -1);
  g_assert_error (write_error, G_IO_ERROR, code);
  if (!blocking_too)
    return;

  g_clear_error (&read_error);
  g_clear_error (&write_error);
  g_assert_cmpint (g_input_stream_read (G_INPUT_STREAM (f->input), buffer, 1, NULL, &read_error),
                   ==, -1);
  g_assert_error (read_error, G_IO_ERROR, code);
  g_assert_cmpint (
      g_output_stream_write (G_OUTPUT_STREAM (f->output), buffer, 1, NULL, &write_error), ==, -1);
  g_assert_error (write_error, G_IO_ERROR, code);
}

static gboolean
count_cb (GObject *stream, gpointer user_data)
{
  guint *n = user_data;

  (*n)++;
  return G_SOURCE_REMOVE;
}

/* Sources that are ready at once. */
static void
assert_sources_ready (Fixture *f)
{
  g_autoptr (GSource) readable = g_pollable_input_stream_create_source (f->input, NULL);
  g_autoptr (GSource) writable = g_pollable_output_stream_create_source (f->output, NULL);
  guint n = 0;

  g_source_set_callback (readable, G_SOURCE_FUNC (count_cb), &n, NULL);
  g_source_set_callback (writable, G_SOURCE_FUNC (count_cb), &n, NULL);
  g_source_attach (readable, NULL);
  g_source_attach (writable, NULL);
  while (n < 2)
    g_main_context_iteration (NULL, TRUE);
}

static void
closed_cb (GObject *stream, GAsyncResult *result, gpointer user_data)
{
  guint *n = user_data;

  if (G_IS_INPUT_STREAM (stream))
    g_assert_true (g_input_stream_close_finish (G_INPUT_STREAM (stream), result, NULL));
  else
    g_assert_true (g_output_stream_close_finish (G_OUTPUT_STREAM (stream), result, NULL));
  (*n)++;
}

/* Breaks if a stream keeps its connection alive, or touches one that is gone. */
static void
test_connection_gone (Fixture *f, gconstpointer data)
{
  gpointer weak = f->connection;
  guint n = 0;

  g_object_add_weak_pointer (G_OBJECT (f->connection), &weak);
  g_clear_object (&f->connection);
  g_assert_null (weak);

  g_assert_true (g_pollable_input_stream_can_poll (f->input));
  g_assert_true (g_pollable_output_stream_can_poll (f->output));
  g_assert_true (g_pollable_input_stream_is_readable (f->input));
  g_assert_true (g_pollable_output_stream_is_writable (f->output));
  assert_sources_ready (f);
  assert_transfers_fail (f, G_IO_ERROR_CLOSED, TRUE);

  g_input_stream_close_async (G_INPUT_STREAM (f->input), G_PRIORITY_DEFAULT, NULL, closed_cb, &n);
  g_output_stream_close_async (G_OUTPUT_STREAM (f->output), G_PRIORITY_DEFAULT, NULL, closed_cb,
                               &n);
  while (n < 2)
    g_main_context_iteration (NULL, TRUE);
}

/* Breaks if one direction's close ends the other's, or the base stream, or if the connection's does
 * not. */
static void
test_close (Fixture *f, gconstpointer data)
{
  guint n = 0;

  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (f->output), NULL, NULL));
  g_assert_true (g_output_stream_is_closed (G_OUTPUT_STREAM (f->output)));
  g_assert_false (g_input_stream_is_closed (G_INPUT_STREAM (f->input)));
  g_assert_false (g_io_stream_is_closed (f->base));

  g_input_stream_close_async (G_INPUT_STREAM (f->input), G_PRIORITY_DEFAULT, NULL, closed_cb, &n);
  while (n < 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (g_io_stream_is_closed (f->base));
  g_assert_true (g_io_stream_close (G_IO_STREAM (f->connection), NULL, NULL));
  g_assert_true (g_io_stream_is_closed (f->base));
  assert_transfers_fail (f, G_IO_ERROR_CLOSED, TRUE);
}

/* Breaks if a stream that cannot be polled is said to be, or is waited for in a poll. */
static void
test_blocking (Fixture *f, gconstpointer data)
{
  g_assert_false (g_pollable_input_stream_can_poll (f->input));
  g_assert_false (g_pollable_output_stream_can_poll (f->output));
  g_assert_true (g_pollable_input_stream_is_readable (f->input));
  g_assert_true (g_pollable_output_stream_is_writable (f->output));
  assert_sources_ready (f);
  assert_transfers_fail (f, G_IO_ERROR_NOT_SUPPORTED, FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, set_up, func)                                                                    \
  g_test_add ("/connection-streams/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("connection-gone", set_up_socket, test_connection_gone);
  ADD ("close", set_up_socket, test_close);
  ADD ("blocking", set_up_blocking, test_blocking);
  return g_test_run ();
}
