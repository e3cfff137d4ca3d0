/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Base streams that are no plain TCP sockets. */

#include <sys/socket.h>
#include <unistd.h>

#include "cases.h"
#include "link.h"
#include "test-stream.h"

static const PeerSettings plain = { .certificate = "rsa" };

/* (transfer full) */
static GIOStream *
new_client (GIOStream *base)
{
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  GError *error = NULL;
  GIOStream *connection = g_tls_client_connection_new (base, identity, &error);

  g_assert_no_error (error);
  return connection;
}

static void
handshake (GIOStream *connection, gboolean async)
{
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;
  gboolean ok;

  if (async)
    {
      g_tls_connection_handshake_async (G_TLS_CONNECTION (connection), G_PRIORITY_DEFAULT, NULL,
                                        link_store_cb, &result);
      link_wait (&result);
      ok = g_tls_connection_handshake_finish (G_TLS_CONNECTION (connection), result, &error);
    }
  else
    {
      ok = g_tls_connection_handshake (G_TLS_CONNECTION (connection), NULL, &error);
    }
  observe_result ("handshake", ok, &error);
}

static void
exchange (GIOStream *connection, gboolean async)
{
  GInputStream *in = g_io_stream_get_input_stream (connection);
  GOutputStream *out = g_io_stream_get_output_stream (connection);
  g_autoptr (GAsyncResult) written = NULL;
  g_autoptr (GAsyncResult) read = NULL;
  char buffer[6] = { 0 };
  GError *error = NULL;
  gboolean ok;

  observe ("can poll: %d %d", g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (in)),
           g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (out)));
  if (async)
    {
      g_output_stream_write_all_async (out, "hello", 5, G_PRIORITY_DEFAULT, NULL, link_store_cb,
                                       &written);
      link_wait (&written);
      ok = g_output_stream_write_all_finish (out, written, NULL, &error);
      observe_result ("write", ok, &error);
      g_input_stream_read_all_async (in, buffer, 5, G_PRIORITY_DEFAULT, NULL, link_store_cb, &read);
      link_wait (&read);
      ok = g_input_stream_read_all_finish (in, read, NULL, &error);
    }
  else
    {
      ok = g_output_stream_write_all (out, "hello", 5, NULL, NULL, &error);
      observe_result ("write", ok, &error);
      ok = g_input_stream_read_all (in, buffer, 5, NULL, NULL, &error);
    }
  observe_result (buffer, ok, &error);
}

static void
close_stream (const char *what, GIOStream *stream)
{
  GError *error = NULL;
  gboolean ok = g_io_stream_close (stream, NULL, &error);

  observe_result (what, ok, &error);
}

static void
close_async (const char *what, GIOStream *stream)
{
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;
  gboolean ok;

  g_io_stream_close_async (stream, G_PRIORITY_DEFAULT, NULL, link_store_cb, &result);
  link_wait (&result);
  ok = g_io_stream_close_finish (stream, result, &error);
  observe_result (what, ok, &error);
}

/* base is taken over. */
static void
run (GIOStream *base, Peer *peer, gboolean async)
{
  GIOStream *connection = new_client (base);

  handshake (connection, async);
  if (g_io_stream_get_input_stream (connection) == NULL)
    {
      /* What cannot be used cannot be closed, either; and the peer waits. */
      observe ("there is no input stream");
      return;
    }
  exchange (connection, async);
  close_stream ("close", connection);
  observe ("base stream closed: %d", g_io_stream_is_closed (base));
  g_object_unref (connection);
  g_object_unref (base);
  peer_end (peer);
}

static void
unix_socket (void)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  run (link_stream_new (fds[0]), peer_new_server (fds[1], &plain), FALSE);
}

/* A stream that is no socket, of streams that move few bytes at once. */
static void
wrapped (gsize chunk, gboolean pollable, gboolean async)
{
  g_autoptr (GInputStream) in = NULL;
  g_autoptr (GOutputStream) out = NULL;
  g_autoptr (GIOStream) socket = NULL;
  int fd, peer_fd;

  link_sockets (&fd, &peer_fd);
  socket = link_stream_new (fd);
  in = test_input_stream_new (g_io_stream_get_input_stream (socket), chunk, pollable);
  out = test_output_stream_new (g_io_stream_get_output_stream (socket), chunk, pollable);
  run (g_simple_io_stream_new (in, out), peer_new_server (peer_fd, &plain), async);
}

static void
pollable (void)
{
  wrapped (16384, TRUE, FALSE);
}

static void
pollable_async (void)
{
  wrapped (16384, TRUE, TRUE);
}

static void
pollable_in_pieces (void)
{
  wrapped (7, TRUE, FALSE);
}

static void
not_pollable (void)
{
  wrapped (16384, FALSE, FALSE);
}

static void
not_pollable_async (void)
{
  wrapped (16384, FALSE, TRUE);
}

/* Reads what the first server decrypts: a TLS server within a TLS connection. */
static void
within_tls (void)
{
  int fd, peer_fd, inner[2];
  GIOStream *outer_base, *outer, *connection;
  g_autoptr (GTlsCertificate) certificate = link_certificate ("rsa");
  g_autoptr (GIOStream) server_base = NULL;
  g_autoptr (GIOStream) server = NULL;
  g_autoptr (GIOStream) plain_end = NULL;
  g_autoptr (GAsyncResult) spliced = NULL;
  GError *error = NULL;
  Peer *peer;

  link_sockets (&fd, &peer_fd);
  outer_base = link_stream_new (fd);
  server_base = link_stream_new (peer_fd);
  server = g_tls_server_connection_new (server_base, certificate, &error);
  g_assert_no_error (error);
  link_sockets (&inner[0], &inner[1]);
  plain_end = link_stream_new (inner[0]);
  peer = peer_new_server (inner[1], &plain);
  g_io_stream_splice_async (server, plain_end, G_IO_STREAM_SPLICE_WAIT_FOR_BOTH, G_PRIORITY_DEFAULT,
                            NULL, link_store_cb, &spliced);
  outer = new_client (outer_base);
  handshake (outer, TRUE);
  connection = new_client (outer);
  handshake (connection, TRUE);
  exchange (connection, TRUE);
  close_async ("close", connection);
  observe ("outer connection closed: %d", g_io_stream_is_closed (outer));
  g_object_unref (connection);
  g_object_unref (outer);
  g_object_unref (outer_base);
  link_wait (&spliced);
  g_io_stream_close (plain_end, NULL, NULL);
  peer_end (peer);
}

/* What was said in the clear before, as STARTTLS has it. */
static void
say_then_serve (Peer *peer)
{
  peer_hear (peer, 8);
  peer_say (peer, "220 go ahead\r\n");
}

static void
in_midstream (void)
{
  int fd, peer_fd;
  GIOStream *base;
  Peer *first, *second;
  char line[15] = { 0 };
  GError *error = NULL;

  link_sockets (&fd, &peer_fd);
  base = link_stream_new (fd);
  first = peer_new_raw (dup (peer_fd), say_then_serve);
  g_output_stream_write_all (g_io_stream_get_output_stream (base), "STARTTLS", 8, NULL, NULL,
                             &error);
  g_input_stream_read_all (g_io_stream_get_input_stream (base), line, 14, NULL, NULL, &error);
  observe ("%.12s", line);
  peer_end (first);
  second = peer_new_server (peer_fd, &plain);
  run (base, second, FALSE);
}

/* A base stream that is closed, or was never there. */
static void
closed_base (void)
{
  int fd, peer_fd;
  GIOStream *base, *connection;

  link_sockets (&fd, &peer_fd);
  close (peer_fd);
  base = link_stream_new (fd);
  g_io_stream_close (base, NULL, NULL);
  connection = new_client (base);
  handshake (connection, FALSE);
  close_stream ("close", connection);
  g_object_unref (connection);
  g_object_unref (base);
}

static void
no_base (void)
{
  GType type = g_tls_backend_get_client_connection_type (g_tls_backend_get_default ());
  GError *error = NULL;
  g_autoptr (GObject) connection = g_initable_new (type, NULL, &error, NULL);

  observe ("made: %d, error: %d", connection != NULL, error != NULL);
  g_clear_error (&error);
}

const ConformanceCase base_stream_cases[] = {
  { "unix-socket", unix_socket },
  { "pollable", pollable },
  { "pollable-async", pollable_async },
  { "pollable-in-pieces", pollable_in_pieces },
  { "not-pollable", not_pollable },
  { "not-pollable-async", not_pollable_async },
  { "within-tls", within_tls },
  { "in-midstream", in_midstream },
  { "closed-base", closed_base },
  { "no-base", no_base },
  { NULL, NULL },
};
