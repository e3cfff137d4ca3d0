/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Cancellables, before and while something waits. */

#include <sys/socket.h>

#include "cases.h"
#include "link.h"

static const PeerSettings plain = { 0 };

/* Says nothing until the other side goes. */
static void
be_silent (Peer *peer)
{
  while (recv (peer_get_fd (peer), &(char[1024]){ 0 }, 1024, 0) > 0)
    continue;
}

/* Cancels once the hello is there: then the call waits for the answer. */
static GCancellable *to_cancel;

static void
cancel_after_hello (Peer *peer)
{
  recv (peer_get_fd (peer), &(char[1024]){ 0 }, 1024, 0);
  g_cancellable_cancel (to_cancel);
  be_silent (peer);
}

static void
before (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GError *error = NULL;
  gboolean ok;
  gssize n;

  g_cancellable_cancel (cancellable);
  ok = g_tls_connection_handshake (link->connection, cancellable, &error);
  observe_result ("handshake", ok, &error);
  n = g_input_stream_read (link->in, &(char){ 0 }, 1, cancellable, &error);
  observe_size ("read", n, &error);
  n = g_output_stream_write (link->out, "x", 1, cancellable, &error);
  observe_size ("write", n, &error);
  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (link->in), &(char){ 0 }, 1,
                                                cancellable, &error);
  observe_size ("read_nonblocking", n, &error);
  n = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (link->out), "x", 1,
                                                  cancellable, &error);
  observe_size ("write_nonblocking", n, &error);
  link_free (link);
}

/* GIO does not say that a connection is of use afterwards. */
static void
before_then_without (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GError *error = NULL;
  gboolean ok;

  g_cancellable_cancel (cancellable);
  ok = g_tls_connection_handshake (link->connection, cancellable, &error);
  observe_result ("handshake", ok, &error);
  link_handshake (link);
  link_end (link);
}

static void
while_handshaking (gboolean async)
{
  Link *link;
  GError *error = NULL;
  gboolean ok;

  to_cancel = g_cancellable_new ();
  link = link_new_client_raw (cancel_after_hello);
  if (async)
    {
      link_handshake_async (link, to_cancel);
    }
  else
    {
      ok = g_tls_connection_handshake (link->connection, to_cancel, &error);
      observe_result ("handshake", ok, &error);
    }
  observe ("base stream closed: %d", g_io_stream_is_closed (link->base));
  link_handshake (link);
  link_read (link, 1);
  link_end (link);
  g_clear_object (&to_cancel);
}

static void
handshake_sync (void)
{
  while_handshaking (FALSE);
}

static void
handshake_async (void)
{
  while_handshaking (TRUE);
}

static void
handshake_by_read (void)
{
  Link *link;
  GError *error = NULL;
  gssize n;

  to_cancel = g_cancellable_new ();
  link = link_new_client_raw (cancel_after_hello);
  n = g_input_stream_read (link->in, &(char){ 0 }, 1, to_cancel, &error);
  observe_size ("read", n, &error);
  link_end (link);
  g_clear_object (&to_cancel);
}

static gpointer
cancel_soon (gpointer cancellable)
{
  /* When the reader waits is not seen from outside: too early is a fair case as well. */
  g_thread_yield ();
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* A read that was cancelled has lost nothing. */
static void
read_sync (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GThread *thread;
  GError *error = NULL;
  gssize n;

  link_handshake (link);
  thread = g_thread_new ("canceller", cancel_soon, cancellable);
  n = g_input_stream_read (link->in, &(char){ 0 }, 1, cancellable, &error);
  observe_size ("read", n, &error);
  g_thread_join (thread);
  link_exchange (link, "hello");
  link_end (link);
}

static void
read_async (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;
  char byte;
  gssize n;

  link_handshake (link);
  g_input_stream_read_async (link->in, &byte, 1, G_PRIORITY_DEFAULT, cancellable, link_store_cb,
                             &result);
  link_settle ();
  g_cancellable_cancel (cancellable);
  link_wait (&result);
  n = g_input_stream_read_finish (link->in, result, &error);
  observe_size ("read", n, &error);
  link_exchange (link, "hello");
  link_end (link);
}

static void
source (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource) source = NULL;

  link_handshake (link);
  source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (link->in), cancellable);
  g_source_set_dummy_callback (source);
  g_source_attach (source, NULL);
  g_cancellable_cancel (cancellable);
  observe ("dispatched: %d", g_main_context_iteration (NULL, TRUE));
  g_source_destroy (source);
  link_end (link);
}

static void
await_then_listen (Peer *peer)
{
  peer_await_signal (peer);
  peer_hear_end (peer);
  peer_bye (peer);
}

static gpointer
write_until_error (gpointer data)
{
  gpointer *arguments = data;
  Link *link = arguments[0];
  g_autofree char *zeros = g_malloc0 (1 << 24);
  GError *error = NULL;
  gboolean ok = g_output_stream_write_all (link->out, zeros, 1 << 24, NULL, arguments[1], &error);

  observe_result ("write", ok, &error);
  return NULL;
}

static void
write_sync (void)
{
  static const PeerSettings settings = { .script = await_then_listen };
  Link *link = link_new_client (&settings);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gpointer arguments[] = { link, cancellable };
  GThread *thread;

  link_handshake (link);
  thread = g_thread_new ("writer", write_until_error, arguments);
  /* Until the socket is full. */
  while (g_socket_condition_check (
             g_socket_connection_get_socket (G_SOCKET_CONNECTION (link->base)), G_IO_OUT) != 0)
    g_thread_yield ();
  g_cancellable_cancel (cancellable);
  g_thread_join (thread);
  peer_signal (link->peer);
  link_close (link);
  g_clear_object (&link->connection);
  g_clear_pointer (&link->peer, peer_forget);
  link_free (link);
}

static gboolean
cancel_and_accept_cb (GTlsConnection *connection,
                      GTlsCertificate *certificate,
                      GTlsCertificateFlags errors,
                      gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return TRUE;
}

static void
in_handler (void)
{
  static const PeerSettings settings = { .certificate = "self-signed" };
  Link *link = link_new_client (&settings);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GError *error = NULL;
  gboolean ok;

  g_signal_connect (link->connection, "accept-certificate", G_CALLBACK (cancel_and_accept_cb),
                    cancellable);
  ok = g_tls_connection_handshake (link->connection, cancellable, &error);
  observe_result ("handshake", ok, &error);
  link_close (link);
  g_clear_object (&link->connection);
  /* How far the server came is chance. */
  g_clear_pointer (&link->peer, peer_forget);
  link_free (link);
}

const ConformanceCase cancellation_cases[] = {
  { "before", before },
  { "before-then-without", before_then_without },
  { "handshake-sync", handshake_sync },
  { "handshake-async", handshake_async },
  { "handshake-by-read", handshake_by_read },
  { "read-sync", read_sync },
  { "read-async", read_async },
  { "source", source },
  { "write-sync", write_sync },
  { "in-handler", in_handler },
  { NULL, NULL },
};
