/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Several threads on one connection. */

#include <string.h>

#include "cases.h"
#include "link.h"

static const PeerSettings plain = { 0 };

#define BIG_SIZE (1024 * 1024)

static gpointer
write_much (gpointer data)
{
  Link *link = data;
  g_autofree char *text = g_strnfill (BIG_SIZE, 'a');
  GError *error = NULL;
  gboolean ok = g_output_stream_write_all (link->out, text, BIG_SIZE, NULL, NULL, &error);

  g_clear_error (&error);
  return GINT_TO_POINTER (ok);
}

static void
read_and_write (gboolean handshake_first)
{
  Link *link = link_new_client (&plain);
  g_autofree char *heard = g_malloc0 (BIG_SIZE + 1);
  GThread *writer;
  GError *error = NULL;
  gboolean ok;
  gsize n;

  if (handshake_first)
    link_handshake (link);
  writer = g_thread_new ("writer", write_much, link);
  ok = g_input_stream_read_all (link->in, heard, BIG_SIZE, &n, NULL, &error);
  observe ("written: %d", GPOINTER_TO_INT (g_thread_join (writer)));
  observe_result ("read", ok, &error);
  observe ("%" G_GSIZE_FORMAT " bytes, the same: %d", n, strspn (heard, "a") == BIG_SIZE);
  link_end (link);
}

static void
read_and_write_later (void)
{
  read_and_write (TRUE);
}

/* Both start the handshake. */
static void
read_and_write_fresh (void)
{
  read_and_write (FALSE);
}

static gpointer
do_handshake (gpointer data)
{
  Link *link = data;
  gboolean ok = g_tls_connection_handshake (link->connection, NULL, NULL);

  return GINT_TO_POINTER (ok);
}

static void
three_handshakes (void)
{
  Link *link = link_new_client (&plain);
  GThread *threads[3];
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("handshake", do_handshake, link);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    observe ("handshake: %d", GPOINTER_TO_INT (g_thread_join (threads[i])));
  link_exchange (link, "hello");
  link_end (link);
}

static gpointer
read_one (gpointer data)
{
  Link *link = data;
  GError *error = NULL;
  gssize n = g_input_stream_read (link->in, &(char){ 0 }, 1, NULL, &error);

  observe_size ("read", n, &error);
  return NULL;
}

/* A read that waits in one thread, and a write in another. */
static void
write_while_reading (void)
{
  Link *link = link_new_client (&plain);
  GThread *reader;
  GError *error = NULL;
  gssize n;

  link_handshake (link);
  reader = g_thread_new ("reader", read_one, link);
  while (!g_input_stream_has_pending (link->in))
    g_thread_yield ();
  n = g_output_stream_write (link->out, "x", 1, NULL, &error);
  g_thread_join (reader);
  observe_size ("write", n, &error);
  link_end (link);
}

/* Each connection in a thread of its own. */
static gpointer
use_one (gpointer data)
{
  const PeerSettings *settings = data;
  Link *link = link_new_client (settings);
  char buffer[6] = { 0 };
  gboolean ok;

  ok = g_output_stream_write_all (link->out, "hello", 5, NULL, NULL, NULL) &&
       g_input_stream_read_all (link->in, buffer, 5, NULL, NULL, NULL) &&
       g_str_equal (buffer, "hello") &&
       g_io_stream_close (G_IO_STREAM (link->connection), NULL, NULL);
  g_clear_pointer (&link->connection, g_object_unref);
  g_clear_pointer (&link->peer, peer_forget);
  link_free (link);
  return GINT_TO_POINTER (ok);
}

static void
many_connections (void)
{
  GThread *threads[16];
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("user", use_one, (gpointer) &plain);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    observe ("exchange: %d", GPOINTER_TO_INT (g_thread_join (threads[i])));
}

static gpointer
let_go (gpointer data)
{
  link_let_go (data);
  return NULL;
}

/* The last reference may go in any thread. */
static void
last_reference (void)
{
  Link *link = link_new_client (&plain);

  link_handshake (link);
  g_thread_join (g_thread_new ("last", let_go, link));
  link_free (link);
}

const ConformanceCase thread_cases[] = {
  { "read-and-write-later", read_and_write_later },
  { "read-and-write-fresh", read_and_write_fresh },
  { "three-handshakes", three_handshakes },
  { "write-while-reading", write_while_reading },
  { "many-connections", many_connections },
  { "last-reference", last_reference },
  { NULL, NULL },
};
