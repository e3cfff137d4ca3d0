/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Reading and writing: blocking, non-blocking, asynchronous. */

#include <string.h>

#include "cases.h"
#include "link.h"

static const PeerSettings plain = { 0 };
static const PeerSettings plain12 = { .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2" };

#define BIG_SIZE (1024 * 1024)

static void
zero_bytes (void)
{
  Link *link = link_new_client (&plain);

  link_read (link, 0);
  link_write (link, "");
  link_handshake (link);
  link_read (link, 0);
  link_write (link, "");
  link_exchange (link, "hello");
  link_end (link);
}

/* What the peer sent in one record comes as it is asked for. */
static void
in_small_pieces (void)
{
  Link *link = link_new_client (&plain);

  link_write (link, "hello, world");
  link_read (link, 1);
  link_read (link, 4);
  link_read (link, 1000);
  link_end (link);
}

static guint8 *
make_data (gsize size)
{
  guint8 *data = g_malloc (size);
  gsize i;

  for (i = 0; i < size; i++)
    data[i] = (i * 2654435761u) >> 13;
  return data;
}

static void
exchange_much (const PeerSettings *settings)
{
  Link *link = link_new_client (settings);
  g_autofree guint8 *data = make_data (BIG_SIZE);
  g_autofree guint8 *heard = g_malloc0 (BIG_SIZE);
  g_autoptr (GAsyncResult) written = NULL;
  g_autoptr (GAsyncResult) read = NULL;
  GError *error = NULL;
  gboolean ok;
  gsize n = 0;

  g_output_stream_write_all_async (link->out, data, BIG_SIZE, G_PRIORITY_DEFAULT, NULL,
                                   link_store_cb, &written);
  g_input_stream_read_all_async (link->in, heard, BIG_SIZE, G_PRIORITY_DEFAULT, NULL, link_store_cb,
                                 &read);
  link_wait (&written);
  link_wait (&read);
  ok = g_output_stream_write_all_finish (link->out, written, &n, &error);
  observe_result ("written", ok, &error);
  observe ("%" G_GSIZE_FORMAT, n);
  ok = g_input_stream_read_all_finish (link->in, read, &n, &error);
  observe_result ("read", ok, &error);
  observe ("%" G_GSIZE_FORMAT ", %s", n,
           memcmp (data, heard, BIG_SIZE) == 0 ? "the same" : "other");
  link_end (link);
}

static void
much (void)
{
  exchange_much (&plain);
}

static void
much12 (void)
{
  exchange_much (&plain12);
}

static void
listen_quietly (Peer *peer)
{
  peer_await_signal (peer);
  peer_hear_end (peer);
  peer_bye (peer);
}

static const PeerSettings quiet = { .script = listen_quietly };

static void
show_ready (Link *link)
{
  observe ("readable %d, writable %d, can poll %d %d",
           !!g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (link->in)),
           !!g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (link->out)),
           g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (link->in)),
           g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (link->out)));
}

static gssize
read_nonblocking (Link *link, gsize size)
{
  g_autofree char *buffer = g_malloc0 (size + 1);
  GError *error = NULL;
  gssize n;

  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (link->in), buffer, size,
                                                NULL, &error);
  if (n > 0)
    observe ("read_nonblocking: “%s”", buffer);
  else
    observe_size ("read_nonblocking", n, &error);
  return n;
}

static gboolean
ready_cb (GObject *stream, gpointer ready)
{
  *(gboolean *) ready = TRUE;
  return G_SOURCE_REMOVE;
}

/* Runs the default main context until the source is ready. */
static void
wait_for (GSource *source)
{
  gboolean ready = FALSE;

  g_source_set_callback (source, G_SOURCE_FUNC (ready_cb), &ready, NULL);
  g_source_attach (source, NULL);
  while (!ready)
    g_main_context_iteration (NULL, TRUE);
  g_source_destroy (source);
}

static void
wait_readable (Link *link)
{
  g_autoptr (GSource) source =
      g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (link->in), NULL);

  wait_for (source);
}

/* Before the handshake, after it, with data there and not. */
static void
readiness (void)
{
  Link *link = link_new_client (&plain);

  link_handshake (link);
  show_ready (link);
  read_nonblocking (link, 10);
  link_write (link, "hello");
  wait_readable (link);
  show_ready (link);
  read_nonblocking (link, 2);
  show_ready (link);
  read_nonblocking (link, 10);
  show_ready (link);
  read_nonblocking (link, 10);
  link_close (link);
  show_ready (link);
  read_nonblocking (link, 10);
  link_free (link);
}

/* A source fires as well when the rest of a record lies in the connection, not in the socket. */
static void
source_with_rest_of_record (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GSource) source = NULL;
  gboolean ready = FALSE;

  link_write (link, "hello");
  link_read (link, 1);
  source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (link->in), NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (ready_cb), &ready, NULL);
  g_source_attach (source, NULL);
  link_settle ();
  observe ("ready: %d", ready);
  read_nonblocking (link, 10);
  g_source_destroy (source);
  link_end (link);
}

static void
writable_source (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GSource) source = NULL;
  GError *error = NULL;
  gssize n;

  link_handshake (link);
  source = g_pollable_output_stream_create_source (G_POLLABLE_OUTPUT_STREAM (link->out), NULL);
  wait_for (source);
  n = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (link->out), "hello", 5,
                                                  NULL, &error);
  observe_size ("write_nonblocking", n, &error);
  link_read (link, 5);
  link_end (link);
}

/* Until the socket takes no more; then the same bytes once more. */
static void
write_until_full (void)
{
  Link *link = link_new_client (&quiet);
  g_autofree guint8 *data = make_data (BIG_SIZE);
  gsize sent = 0;
  GError *error = NULL;
  gssize n;

  link_handshake (link);
  for (;;)
    {
      n = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (link->out), data,
                                                      10000, NULL, &error);
      if (n < 0)
        break;
      sent += n;
    }
  observe_size ("write_nonblocking", n, &error);
  observe ("sent something: %d", sent > 0);
  peer_signal (link->peer);
  do
    {
      g_autoptr (GSource) source =
          g_pollable_output_stream_create_source (G_POLLABLE_OUTPUT_STREAM (link->out), NULL);

      g_clear_error (&error);
      wait_for (source);
      n = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (link->out), data,
                                                      10000, NULL, &error);
    }
  while (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK));
  observe_size ("then", n, &error);
  link_close (link);
  g_clear_object (&link->connection);
  /* How much that was depends on the kernel. */
  g_clear_pointer (&link->peer, peer_forget);
  link_free (link);
}

static void
write_vectors (void)
{
  const GOutputVector vectors[] = { { "hello", 5 }, { "", 0 }, { ", ", 2 }, { "world", 5 } };
  Link *link = link_new_client (&plain);
  char buffer[13] = { 0 };
  GError *error = NULL;
  gsize n = 0;
  gboolean ok;

  ok = g_output_stream_writev_all (link->out, (GOutputVector *) vectors, 4, &n, NULL, &error);
  observe_result ("writev", ok, &error);
  observe ("%" G_GSIZE_FORMAT, n);
  g_input_stream_read_all (link->in, buffer, 12, NULL, NULL, NULL);
  observe ("“%s”", buffer);
  link_end (link);
}

static void
write_vectors_nonblocking (void)
{
  const GOutputVector vectors[] = { { "hello", 5 }, { ", world", 7 } };
  Link *link = link_new_client (&plain);
  GPollableReturn returned;
  GError *error = NULL;
  char buffer[13] = { 0 };
  gsize n = 0;

  link_handshake (link);
  returned = g_pollable_output_stream_writev_nonblocking (G_POLLABLE_OUTPUT_STREAM (link->out),
                                                          vectors, 2, &n, NULL, &error);
  observe_result ("writev_nonblocking", returned == G_POLLABLE_RETURN_OK, &error);
  observe ("something: %d", n > 0);
  g_input_stream_read_all (link->in, buffer, n, NULL, NULL, NULL);
  observe ("its beginning: %d", n <= 12 && strncmp (buffer, "hello, world", n) == 0);
  link_end (link);
}

static void
pending (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  char buffer[8] = { 0 };
  GError *error = NULL;
  gssize n;

  link_handshake (link);
  g_input_stream_read_async (link->in, buffer, 5, G_PRIORITY_DEFAULT, NULL, link_store_cb, &first);
  observe ("has pending: %d", g_input_stream_has_pending (link->in));
  g_input_stream_read_async (link->in, buffer, 5, G_PRIORITY_DEFAULT, NULL, link_store_cb, &second);
  link_read (link, 5);
  link_wait (&second);
  n = g_input_stream_read_finish (link->in, second, &error);
  observe_size ("second", n, &error);
  link_close (link);
  link_write (link, "hello");
  link_wait (&first);
  n = g_input_stream_read_finish (link->in, first, &error);
  observe_size ("first", n, &error);
  link_end (link);
}

/* A read that waits does not keep others from writing. */
static void
write_while_reading (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GAsyncResult) read = NULL;
  char buffer[8] = { 0 };
  GError *error = NULL;
  gssize n;

  link_handshake (link);
  g_input_stream_read_async (link->in, buffer, 5, G_PRIORITY_DEFAULT, NULL, link_store_cb, &read);
  link_settle ();
  link_write (link, "hello");
  link_wait (&read);
  n = g_input_stream_read_finish (link->in, read, &error);
  observe_size ("read", n, &error);
  observe ("“%s”", buffer);
  link_end (link);
}

static void
say_lines (Peer *peer)
{
  peer_say (peer, "one\ntwo\nthree\n");
  peer_bye (peer);
  peer_hear_end (peer);
}

static const PeerSettings lines = { .script = say_lines };

static void
line_by_line (void)
{
  Link *link = link_new_client (&lines);
  g_autoptr (GDataInputStream) data = g_data_input_stream_new (link->in);
  GError *error = NULL;

  for (;;)
    {
      g_autofree char *line = g_data_input_stream_read_line (data, NULL, NULL, &error);

      if (line == NULL)
        break;
      observe ("%s", line);
    }
  observe_result ("end", error == NULL, &error);
  link_end (link);
}

static void
splice (void)
{
  Link *link = link_new_client (&lines);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;
  gssize n;

  g_output_stream_splice_async (memory, link->in, G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE,
                                G_PRIORITY_DEFAULT, NULL, link_store_cb, &result);
  link_wait (&result);
  n = g_output_stream_splice_finish (memory, result, &error);
  observe_size ("splice", n, &error);
  observe ("closed: %d", g_input_stream_is_closed (link->in));
  link_end (link);
}

static void
skip (void)
{
  Link *link = link_new_client (&lines);
  GError *error = NULL;
  gssize n = g_input_stream_skip (link->in, 4, NULL, &error);

  observe_size ("skip", n, &error);
  link_read (link, 4);
  link_end (link);
}

/* Once at the end, always at the end. */
static void
at_the_end (void)
{
  Link *link = link_new_client (&lines);

  link_read (link, 50);
  link_read (link, 50);
  link_read (link, 50);
  read_nonblocking (link, 50);
  show_ready (link);
  link_handshake (link);
  link_write (link, "still");
  link_end (link);
}

static void
flush (void)
{
  Link *link = link_new_client (&plain);
  GError *error = NULL;
  gboolean ok;

  ok = g_output_stream_flush (link->out, NULL, &error);
  observe_result ("flush", ok, &error);
  link_exchange (link, "hello");
  ok = g_output_stream_flush (link->out, NULL, &error);
  observe_result ("flush", ok, &error);
  link_end (link);
}

/* In the thread's own main context. */
static gpointer
exchange_in_context (gpointer data)
{
  Link *link = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GAsyncResult) written = NULL;
  g_autoptr (GAsyncResult) read = NULL;
  char buffer[8] = { 0 };
  GError *error = NULL;
  gssize n;

  g_main_context_push_thread_default (context);
  g_output_stream_write_async (link->out, "hello", 5, G_PRIORITY_DEFAULT, NULL, link_store_cb,
                               &written);
  while (written == NULL)
    g_main_context_iteration (context, TRUE);
  n = g_output_stream_write_finish (link->out, written, &error);
  observe_size ("written", n, &error);
  g_input_stream_read_async (link->in, buffer, 5, G_PRIORITY_DEFAULT, NULL, link_store_cb, &read);
  while (read == NULL)
    g_main_context_iteration (context, TRUE);
  n = g_input_stream_read_finish (link->in, read, &error);
  observe_size ("read", n, &error);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
other_context (void)
{
  Link *link = link_new_client (&plain);

  g_thread_join (g_thread_new ("context", exchange_in_context, link));
  link_end (link);
}

/* TLS 1.3: the peer changes its keys, and wants ours changed. */
static void
update_keys (Peer *peer)
{
  peer_say (peer, "before");
  gnutls_session_key_update (peer_get_session (peer), GNUTLS_KU_PEER);
  peer_say (peer, "behind");
  peer_hear (peer, 5);
  gnutls_session_key_update (peer_get_session (peer), 0);
  peer_echo (peer);
}

static void
key_update (void)
{
  static const PeerSettings settings = { .script = update_keys };
  Link *link = link_new_client (&settings);

  link_read (link, 6);
  link_read (link, 6);
  link_write (link, "HELLO");
  link_exchange (link, "hello");
  link_end (link);
}

const ConformanceCase stream_cases[] = {
  { "zero-bytes", zero_bytes },
  { "in-small-pieces", in_small_pieces },
  { "much", much },
  { "much-1.2", much12 },
  { "readiness", readiness },
  { "source-with-rest-of-record", source_with_rest_of_record },
  { "writable-source", writable_source },
  { "write-until-full", write_until_full },
  { "writev", write_vectors },
  { "writev-nonblocking", write_vectors_nonblocking },
  { "pending", pending },
  { "write-while-reading", write_while_reading },
  { "line-by-line", line_by_line },
  { "splice", splice },
  { "skip", skip },
  { "at-the-end", at_the_end },
  { "flush", flush },
  { "key-update", key_update },
  { "other-context", other_context },
  { NULL, NULL },
};
