/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* GSocket:timeout of the base stream's socket. The peer is silent for ever, so nothing here depends
 * on how fast the machine is. */

#include <sys/socket.h>

#include "cases.h"
#include "link.h"

static void
be_silent (Peer *peer)
{
  while (recv (peer_get_fd (peer), &(char[1024]){ 0 }, 1024, 0) > 0)
    continue;
}

static void
hear_all (Peer *peer)
{
  peer_hear_end (peer);
}

static const PeerSettings listening = { .script = hear_all };

static void
set_timeout (Link *link, guint seconds)
{
  g_socket_set_timeout (g_socket_connection_get_socket (G_SOCKET_CONNECTION (link->base)), seconds);
}

static void
handshake_sync (void)
{
  Link *link = link_new_client_raw (be_silent);

  set_timeout (link, 1);
  link_handshake (link);
  link_handshake (link);
  link_end (link);
}

static void
handshake_async (void)
{
  Link *link = link_new_client_raw (be_silent);

  set_timeout (link, 1);
  link_handshake_async (link, NULL);
  link_end (link);
}

static void
handshake_by_read (void)
{
  Link *link = link_new_client_raw (be_silent);

  set_timeout (link, 1);
  link_read (link, 1);
  link_end (link);
}

static void
handshake_by_read_async (void)
{
  Link *link = link_new_client_raw (be_silent);
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;
  char byte;
  gssize n;

  set_timeout (link, 1);
  g_input_stream_read_async (link->in, &byte, 1, G_PRIORITY_DEFAULT, NULL, link_store_cb, &result);
  link_wait (&result);
  n = g_input_stream_read_finish (link->in, result, &error);
  observe_size ("read", n, &error);
  link_end (link);
}

static void
server_sync (void)
{
  Link *link = link_new_server_raw ("rsa", be_silent);

  set_timeout (link, 1);
  link_handshake (link);
  link_end (link);
}

/* Data that come after the time are not lost. */
static void
read_sync (void)
{
  static const PeerSettings plain = { 0 };
  Link *link = link_new_client (&plain);

  link_handshake (link);
  set_timeout (link, 1);
  link_read (link, 1);
  set_timeout (link, 25);
  link_exchange (link, "hello");
  link_end (link);
}

static void
read_async (void)
{
  static const PeerSettings plain = { 0 };
  Link *link = link_new_client (&plain);
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;
  char byte;
  gssize n;

  link_handshake (link);
  set_timeout (link, 1);
  g_input_stream_read_async (link->in, &byte, 1, G_PRIORITY_DEFAULT, NULL, link_store_cb, &result);
  link_wait (&result);
  n = g_input_stream_read_finish (link->in, result, &error);
  observe_size ("read", n, &error);
  set_timeout (link, 25);
  link_exchange (link, "hello");
  link_end (link);
}

static void
await_then_listen (Peer *peer)
{
  peer_await_signal (peer);
  peer_hear_end (peer);
}

static void
write_sync (void)
{
  static const PeerSettings settings = { .script = await_then_listen };
  Link *link = link_new_client (&settings);
  g_autofree char *zeros = g_malloc0 (1 << 24);
  GError *error = NULL;
  gboolean ok;

  link_handshake (link);
  set_timeout (link, 1);
  ok = g_output_stream_write_all (link->out, zeros, 1 << 24, NULL, NULL, &error);
  observe_result ("write", ok, &error);
  set_timeout (link, 25);
  peer_signal (link->peer);
  link_close (link);
  g_clear_object (&link->connection);
  g_clear_pointer (&link->peer, peer_forget);
  link_free (link);
}

/* One that is not reached is of no consequence. */
static void
not_reached (void)
{
  static const PeerSettings plain = { 0 };
  Link *link = link_new_client (&plain);

  set_timeout (link, 25);
  link_exchange (link, "hello");
  link_end (link);
}

/* Closing does not wait for the peer's answer. */
static void
close_silent (void)
{
  Link *link = link_new_client (&listening);

  link_handshake (link);
  set_timeout (link, 1);
  link_end (link);
}

const ConformanceCase timeout_cases[] = {
  { "handshake-sync", handshake_sync },
  { "handshake-async", handshake_async },
  { "handshake-by-read", handshake_by_read },
  { "handshake-by-read-async", handshake_by_read_async },
  { "server-sync", server_sync },
  { "read-sync", read_sync },
  { "read-async", read_async },
  { "write-sync", write_sync },
  { "not-reached", not_reached },
  { "close-silent", close_silent },
  { NULL, NULL },
};
