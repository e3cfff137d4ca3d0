/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* How a handshake is started, waited for, and repeated. */

#include "cases.h"
#include "link.h"
#include "test-peer.h"

static const PeerSettings plain = { 0 };
static const PeerSettings plain12 = { .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2" };

static void
run_sync (const PeerSettings *settings)
{
  Link *link = link_new_client (settings);

  link_handshake (link);
  link_exchange (link, "hello");
  link_end (link);
}

static void
sync13 (void)
{
  run_sync (&plain);
}

static void
sync12 (void)
{
  run_sync (&plain12);
}

static void
async (void)
{
  Link *link = link_new_client (&plain);

  link_handshake_async (link, NULL);
  link_exchange (link, "hello");
  link_end (link);
}

static void
openssl (const char *version)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("rsa", version, "-rev", NULL);
  g_autoptr (GIOStream) base = link_stream_new (test_peer_connect (peer));
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  g_autoptr (GIOStream) connection = NULL;
  GError *error = NULL;
  char buffer[6] = { 0 };
  gboolean ok;
  gsize n;

  connection = g_tls_client_connection_new (base, identity, &error);
  ok = g_tls_connection_handshake (G_TLS_CONNECTION (connection), NULL, &error);
  observe_result ("handshake", ok, &error);
  observe_property (connection, "protocol-version");
  ok = g_output_stream_write_all (g_io_stream_get_output_stream (connection), "hello\n", 6, &n,
                                  NULL, &error);
  observe_result ("write", ok, &error);
  ok = g_input_stream_read_all (g_io_stream_get_input_stream (connection), buffer, 5, &n, NULL,
                                &error);
  observe ("read: “%s”", buffer);
  observe_result ("read", ok, &error);
  ok = g_io_stream_close (connection, NULL, &error);
  observe_result ("close", ok, &error);
}

static void
openssl13 (void)
{
  openssl ("-tls1_3");
}

static void
openssl12 (void)
{
  openssl ("-tls1_2");
}

static void
again (void)
{
  Link *link = link_new_client (&plain);

  link_handshake (link);
  link_handshake (link);
  link_exchange (link, "hello");
  link_handshake (link);
  link_handshake_async (link, NULL);
  link_exchange (link, "again");
  link_end (link);
}

static void
again12 (void)
{
  Link *link = link_new_client (&plain12);

  link_handshake (link);
  link_handshake (link);
  link_exchange (link, "hello");
  link_end (link);
}

static void
again_after_failure (void)
{
  const PeerSettings settings = { .certificate = "self-signed" };
  Link *link = link_new_client (&settings);

  observe_notifications (link->connection);
  link_handshake (link);
  link_handshake (link);
  link_handshake_async (link, NULL);
  link_read (link, 1);
  link_write (link, "x");
  link_end (link);
}

static void
after_close (void)
{
  Link *link = link_new_client (&plain);

  link_handshake (link);
  link_close (link);
  link_handshake (link);
  link_handshake_async (link, NULL);
  link_free (link);
}

static void
close_before (void)
{
  Link *link = link_new_client (&plain);

  link_close (link);
  link_handshake (link);
  link_read (link, 1);
  link_write (link, "x");
  link_free (link);
}

static void
by_write (void)
{
  Link *link = link_new_client (&plain);

  link_exchange (link, "hello");
  link_end (link);
}

static void
speak_first (Peer *peer)
{
  peer_say (peer, "welcome");
  peer_echo (peer);
}

static const PeerSettings speaking = { .script = speak_first };

static void
by_read (void)
{
  Link *link = link_new_client (&speaking);

  link_read (link, 7);
  link_end (link);
}

static void
by_read_async (void)
{
  Link *link = link_new_client (&speaking);
  g_autoptr (GAsyncResult) result = NULL;
  char buffer[8] = { 0 };
  GError *error = NULL;
  gssize n;

  g_input_stream_read_async (link->in, buffer, 7, G_PRIORITY_DEFAULT, NULL, link_store_cb, &result);
  link_wait (&result);
  n = g_input_stream_read_finish (link->in, result, &error);
  observe_size ("read", n, &error);
  observe ("“%s”", buffer);
  link_end (link);
}

static gboolean
stop_cb (GObject *stream, gpointer stop)
{
  *(gboolean *) stop = TRUE;
  return G_SOURCE_REMOVE;
}

/* Reads by polling until something other than “would block” comes. */
static void
by_polling (void)
{
  Link *link = link_new_client (&speaking);
  GPollableInputStream *in = G_POLLABLE_INPUT_STREAM (link->in);
  char buffer[8] = { 0 };
  GError *error = NULL;
  gboolean blocked = FALSE;
  gssize n;

  for (;;)
    {
      gboolean ready = FALSE;
      g_autoptr (GSource) source = NULL;

      n = g_pollable_input_stream_read_nonblocking (in, buffer, 7, NULL, &error);
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        break;
      g_clear_error (&error);
      blocked = TRUE;
      source = g_pollable_input_stream_create_source (in, NULL);
      g_source_set_callback (source, G_SOURCE_FUNC (stop_cb), &ready, NULL);
      g_source_attach (source, NULL);
      while (!ready)
        g_main_context_iteration (NULL, TRUE);
      g_source_destroy (source);
    }
  observe ("would block: %d", blocked);
  observe_size ("read", n, &error);
  observe ("“%s”", buffer);
  link_end (link);
}

/* Two asynchronous calls at once. */
static void
two_async (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  GError *error = NULL;
  gboolean ok;

  g_tls_connection_handshake_async (link->connection, G_PRIORITY_DEFAULT, NULL, link_store_cb,
                                    &first);
  g_tls_connection_handshake_async (link->connection, G_PRIORITY_DEFAULT, NULL, link_store_cb,
                                    &second);
  link_wait (&first);
  link_wait (&second);
  ok = g_tls_connection_handshake_finish (link->connection, first, &error);
  observe_result ("first", ok, &error);
  ok = g_tls_connection_handshake_finish (link->connection, second, &error);
  observe_result ("second", ok, &error);
  link_end (link);
}

/* GIO: "it is permissible to call this again" after implicit ones: with the read under way. */
static void
async_then_read (void)
{
  Link *link = link_new_client (&speaking);
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  char buffer[8] = { 0 };
  GError *error = NULL;
  gboolean ok;
  gssize n;

  g_tls_connection_handshake_async (link->connection, G_PRIORITY_DEFAULT, NULL, link_store_cb,
                                    &first);
  g_input_stream_read_async (link->in, buffer, 7, G_PRIORITY_DEFAULT, NULL, link_store_cb, &second);
  link_wait (&first);
  link_wait (&second);
  ok = g_tls_connection_handshake_finish (link->connection, first, &error);
  observe_result ("handshake", ok, &error);
  n = g_input_stream_read_finish (link->in, second, &error);
  observe_size ("read", n, &error);
  link_end (link);
}

/* A blocking call in the thread whose main loop would have run the asynchronous one. */
static void
async_then_sync (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GAsyncResult) first = NULL;
  GError *error = NULL;
  gboolean ok;

  g_tls_connection_handshake_async (link->connection, G_PRIORITY_DEFAULT, NULL, link_store_cb,
                                    &first);
  link_handshake (link);
  link_wait (&first);
  ok = g_tls_connection_handshake_finish (link->connection, first, &error);
  observe_result ("asynchronous", ok, &error);
  link_end (link);
}

/* Begun by a non-blocking read, and nobody runs a main loop. */
static void
nonblocking_then_sync (void)
{
  Link *link = link_new_client (&speaking);
  GError *error = NULL;
  gssize n;

  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (link->in), &(char){ 0 }, 1,
                                                NULL, &error);
  observe_size ("read_nonblocking", n, &error);
  link_read (link, 7);
  link_end (link);
}

static gboolean
accept_here_cb (GTlsConnection *connection,
                GTlsCertificate *certificate,
                GTlsCertificateFlags errors,
                gpointer thread)
{
  observe ("accept-certificate in %s thread", thread == g_thread_self () ? "the same" : "another");
  observe ("  the thread's context is the default one: %d",
           g_main_context_get_thread_default () == NULL);
  return TRUE;
}

static const PeerSettings self_signed = { .certificate = "self-signed" };

static void
handler_thread_sync (void)
{
  Link *link = link_new_client (&self_signed);

  g_signal_connect (link->connection, "accept-certificate", G_CALLBACK (accept_here_cb),
                    g_thread_self ());
  link_handshake (link);
  link_end (link);
}

static void
handler_thread_async (void)
{
  Link *link = link_new_client (&self_signed);

  g_signal_connect (link->connection, "accept-certificate", G_CALLBACK (accept_here_cb),
                    g_thread_self ());
  link_handshake_async (link, NULL);
  link_end (link);
}

static void
handler_thread_implicit (void)
{
  Link *link = link_new_client (&self_signed);

  g_signal_connect (link->connection, "accept-certificate", G_CALLBACK (accept_here_cb),
                    g_thread_self ());
  link_exchange (link, "hello");
  link_end (link);
}

static gpointer
handshake_in_context (gpointer data)
{
  Link *link = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;
  gboolean ok;

  g_main_context_push_thread_default (context);
  g_signal_connect (link->connection, "accept-certificate", G_CALLBACK (accept_here_cb),
                    g_thread_self ());
  observe_notifications (link->connection);
  g_tls_connection_handshake_async (link->connection, G_PRIORITY_DEFAULT, NULL, link_store_cb,
                                    &result);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  ok = g_tls_connection_handshake_finish (link->connection, result, &error);
  observe_result ("handshake", ok, &error);
  g_main_context_pop_thread_default (context);
  return NULL;
}

/* Of a thread with a main context of its own. */
static void
other_context (void)
{
  Link *link = link_new_client (&self_signed);

  g_thread_join (g_thread_new ("context", handshake_in_context, link));
  link_end (link);
}

/* The callback never comes from within the call. */
static void
callback_is_later (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GError *error = NULL;
  gboolean ok;

  g_cancellable_cancel (cancellable);
  g_tls_connection_handshake_async (link->connection, G_PRIORITY_DEFAULT, cancellable,
                                    link_store_cb, &result);
  observe ("called at once: %d", result != NULL);
  link_wait (&result);
  ok = g_tls_connection_handshake_finish (link->connection, result, &error);
  observe_result ("handshake", ok, &error);
  link_free (link);
}

static void
unref_in_callback_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Link *link = data;
  GError *error = NULL;
  gboolean ok = g_tls_connection_handshake_finish (link->connection, result, &error);

  observe_result ("handshake", ok, &error);
  g_clear_object (&link->connection);
}

static void
unref_in_callback (void)
{
  Link *link = link_new_client (&plain);
  GTlsConnection *connection = g_object_ref (link->connection);

  g_tls_connection_handshake_async (link->connection, G_PRIORITY_DEFAULT, NULL,
                                    unref_in_callback_cb, link);
  while (link->connection != NULL)
    g_main_context_iteration (NULL, TRUE);
  link->connection = connection;
  link_let_go (link);
  link_free (link);
}

/* The call holds a reference. */
static void
unref_while_running (void)
{
  Link *link = link_new_client (&plain);
  GTlsConnection *connection = link->connection;
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;
  gboolean ok;

  g_tls_connection_handshake_async (connection, G_PRIORITY_DEFAULT, NULL, link_store_cb, &result);
  g_clear_object (&link->connection);
  link_wait (&result);
  ok = g_tls_connection_handshake_finish (connection, result, &error);
  observe_result ("handshake", ok, &error);
  link->connection = g_object_ref (connection);
  g_clear_object (&result);
  link_let_go (link);
  link_free (link);
}

const ConformanceCase handshake_cases[] = {
  { "sync-1.3", sync13 },
  { "sync-1.2", sync12 },
  { "async", async },
  { "openssl-1.3", openssl13 },
  { "openssl-1.2", openssl12 },
  { "again", again },
  { "again-1.2", again12 },
  { "again-after-failure", again_after_failure },
  { "after-close", after_close },
  { "close-before", close_before },
  { "by-write", by_write },
  { "by-read", by_read },
  { "by-read-async", by_read_async },
  { "by-polling", by_polling },
  { "two-async", two_async },
  { "async-then-read", async_then_read },
  { "async-then-sync", async_then_sync },
  { "nonblocking-then-sync", nonblocking_then_sync },
  { "handler-thread-sync", handler_thread_sync },
  { "handler-thread-async", handler_thread_async },
  { "handler-thread-implicit", handler_thread_implicit },
  { "other-context", other_context },
  { "callback-is-later", callback_is_later },
  { "unref-in-callback", unref_in_callback },
  { "unref-while-running", unref_while_running },
  { NULL, NULL },
};
