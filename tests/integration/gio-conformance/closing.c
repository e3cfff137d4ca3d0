/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Closing one direction or both, by either side. */

#include <string.h>
#include <sys/socket.h>

#include "cases.h"
#include "link.h"

static const PeerSettings plain = { 0 };
static const PeerSettings listening = { .script = peer_listen };

static void
show_closed (Link *link)
{
  observe ("closed: connection %d, input %d, output %d, base stream %d",
           g_io_stream_is_closed (G_IO_STREAM (link->connection)),
           g_input_stream_is_closed (link->in), g_output_stream_is_closed (link->out),
           g_io_stream_is_closed (link->base));
}

static void
both (void)
{
  Link *link = link_new_client (&listening);

  link_handshake (link);
  show_closed (link);
  link_close (link);
  show_closed (link);
  link_close (link);
  link_read (link, 1);
  link_write (link, "x");
  link_free (link);
}

static void
async (void)
{
  Link *link = link_new_client (&listening);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) again = NULL;
  GError *error = NULL;
  gboolean ok;

  link_handshake (link);
  g_io_stream_close_async (G_IO_STREAM (link->connection), G_PRIORITY_DEFAULT, NULL, link_store_cb,
                           &result);
  link_wait (&result);
  ok = g_io_stream_close_finish (G_IO_STREAM (link->connection), result, &error);
  observe_result ("close", ok, &error);
  show_closed (link);
  g_io_stream_close_async (G_IO_STREAM (link->connection), G_PRIORITY_DEFAULT, NULL, link_store_cb,
                           &again);
  link_wait (&again);
  ok = g_io_stream_close_finish (G_IO_STREAM (link->connection), again, &error);
  observe_result ("close again", ok, &error);
  link_free (link);
}

static void
close_output (Link *link)
{
  GError *error = NULL;
  gboolean ok = g_output_stream_close (link->out, NULL, &error);

  observe_result ("close output", ok, &error);
}

static void
close_input (Link *link)
{
  GError *error = NULL;
  gboolean ok = g_input_stream_close (link->in, NULL, &error);

  observe_result ("close input", ok, &error);
}

static void
speak_last (Peer *peer)
{
  peer_hear_end (peer);
  peer_say (peer, "good-bye");
  peer_bye (peer);
}

static const PeerSettings speaking_last = { .script = speak_last };

static void
output_first (void)
{
  Link *link = link_new_client (&speaking_last);

  link_write (link, "hello");
  close_output (link);
  show_closed (link);
  link_write (link, "x");
  link_read (link, 8);
  link_read (link, 8);
  close_input (link);
  show_closed (link);
  link_end (link);
}

static void
input_first (void)
{
  Link *link = link_new_client (&listening);

  link_handshake (link);
  close_input (link);
  show_closed (link);
  link_read (link, 1);
  link_write (link, "hello");
  close_output (link);
  show_closed (link);
  link_end (link);
}

static void
output_async (void)
{
  Link *link = link_new_client (&speaking_last);
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;
  gboolean ok;

  link_write (link, "hello");
  g_output_stream_close_async (link->out, G_PRIORITY_DEFAULT, NULL, link_store_cb, &result);
  link_wait (&result);
  ok = g_output_stream_close_finish (link->out, result, &error);
  observe_result ("close output", ok, &error);
  link_read (link, 8);
  link_end (link);
}

static void
input_async (void)
{
  Link *link = link_new_client (&listening);
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;
  gboolean ok;

  link_handshake (link);
  g_input_stream_close_async (link->in, G_PRIORITY_DEFAULT, NULL, link_store_cb, &result);
  link_wait (&result);
  ok = g_input_stream_close_finish (link->in, result, &error);
  observe_result ("close input", ok, &error);
  link_write (link, "hello");
  link_end (link);
}

static void
streams_twice (void)
{
  Link *link = link_new_client (&listening);

  link_handshake (link);
  close_output (link);
  close_output (link);
  close_input (link);
  close_input (link);
  show_closed (link);
  link_end (link);
}

/* The peer says that it has no more to say; it may still listen. */
static void
bye_then_listen (Peer *peer)
{
  peer_say (peer, "good-bye");
  peer_bye (peer);
  peer_hear_end (peer);
}

static const PeerSettings leaving = { .script = bye_then_listen };

static void
peer_first (void)
{
  Link *link = link_new_client (&leaving);

  link_read (link, 8);
  link_read (link, 8);
  link_write (link, "still here");
  show_closed (link);
  link_end (link);
}

/* Data that nobody reads. */
static void
with_unread_data (void)
{
  Link *link = link_new_client (&leaving);

  link_handshake (link);
  link_end (link);
}

static void
leave_at_once (Peer *peer)
{
  peer_bye (peer);
}

/* The peer closed its socket, too: that its application reads no more is no failure of ours. */
static void
after_peer_has_gone (void)
{
  const PeerSettings settings = { .script = leave_at_once };
  Link *link = link_new_client (&settings);

  link_handshake (link);
  link_read (link, 1);
  link_end (link);
}

static void
go_without_bye (Peer *peer)
{
  shutdown (peer_get_fd (peer), SHUT_RDWR);
}

static void
after_peer_went_silently (void)
{
  const PeerSettings settings = { .script = go_without_bye };
  Link *link = link_new_client (&settings);

  link_handshake (link);
  link_read (link, 1);
  link_end (link);
}

static void
silently_not_required (void)
{
  const PeerSettings settings = { .script = go_without_bye };
  Link *link = link_new_client (&settings);

  g_tls_connection_set_require_close_notify (link->connection, FALSE);
  link_handshake (link);
  link_read (link, 1);
  link_end (link);
}

static void
before_handshake (void)
{
  Link *link = link_new_client (&plain);

  link_close (link);
  show_closed (link);
  link_close (link);
  link_free (link);
}

static void
streams_before_handshake (void)
{
  Link *link = link_new_client (&plain);

  close_output (link);
  show_closed (link);
  link_handshake (link);
  close_input (link);
  show_closed (link);
  link_end (link);
}

static void
cancelled (void)
{
  Link *link = link_new_client (&listening);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GError *error = NULL;
  gboolean ok;

  link_handshake (link);
  g_cancellable_cancel (cancellable);
  ok = g_io_stream_close (G_IO_STREAM (link->connection), cancellable, &error);
  observe_result ("close", ok, &error);
  show_closed (link);
  link_end (link);
}

static void
without_close (void)
{
  Link *link = link_new_client (&listening);

  link_handshake (link);
  link_let_go (link);
  observe ("base stream closed: %d", g_io_stream_is_closed (link->base));
  link_free (link);
}

static void
without_handshake (void)
{
  Link *link = link_new_client (&plain);

  link_let_go (link);
  observe ("base stream closed: %d", g_io_stream_is_closed (link->base));
  link_free (link);
}

/* GIO: "if you explicitly want to do an unclean close, you can close the base stream". */
static void
base_first (void)
{
  Link *link = link_new_client (&listening);
  GError *error = NULL;
  gboolean ok;

  link_handshake (link);
  ok = g_io_stream_close (link->base, NULL, &error);
  observe_result ("close base", ok, &error);
  link_read (link, 1);
  link_write (link, "x");
  link_end (link);
}

static void
while_reading_async (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GAsyncResult) read = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  char buffer[8];
  GError *error = NULL;
  gssize n;

  link_handshake (link);
  g_input_stream_read_async (link->in, buffer, 5, G_PRIORITY_DEFAULT, cancellable, link_store_cb,
                             &read);
  link_settle ();
  link_close (link);
  close_output (link);
  g_cancellable_cancel (cancellable);
  link_wait (&read);
  n = g_input_stream_read_finish (link->in, read, &error);
  observe_size ("read", n, &error);
  link_end (link);
}

static void
close_in_callback_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Link *link = data;
  GError *error = NULL;
  gboolean ok = g_tls_connection_handshake_finish (link->connection, result, &error);

  observe_result ("handshake", ok, &error);
  link_close (link);
}

static void
in_callback (void)
{
  Link *link = link_new_client (&listening);

  g_tls_connection_handshake_async (link->connection, G_PRIORITY_DEFAULT, NULL,
                                    close_in_callback_cb, link);
  while (!g_io_stream_is_closed (G_IO_STREAM (link->connection)))
    g_main_context_iteration (NULL, TRUE);
  link_free (link);
}

static void
notify_closed_cb (GObject *object, GParamSpec *pspec, gpointer data)
{
  observe ("notify closed");
}

static void
notification (void)
{
  Link *link = link_new_client (&listening);

  g_signal_connect (link->connection, "notify::closed", G_CALLBACK (notify_closed_cb), NULL);
  link_handshake (link);
  link_close (link);
  observe_property (link->connection, "closed");
  link_free (link);
}

const ConformanceCase closing_cases[] = {
  { "both", both },
  { "async", async },
  { "output-first", output_first },
  { "input-first", input_first },
  { "output-async", output_async },
  { "input-async", input_async },
  { "streams-twice", streams_twice },
  { "peer-first", peer_first },
  { "with-unread-data", with_unread_data },
  { "after-peer-has-gone", after_peer_has_gone },
  { "after-peer-went-silently", after_peer_went_silently },
  { "unread-then-close-required", silently_not_required },
  { "before-handshake", before_handshake },
  { "streams-before-handshake", streams_before_handshake },
  { "cancelled", cancelled },
  { "without-close", without_close },
  { "without-handshake", without_handshake },
  { "base-first", base_first },
  { "while-reading-async", while_reading_async },
  { "in-callback", in_callback },
  { "notification", notification },
  { NULL, NULL },
};
