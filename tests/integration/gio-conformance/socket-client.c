/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* As most programs use TLS: GSocketClient:tls, and what it does behind the scenes. */

#include <sys/socket.h>
#include <unistd.h>

#include "cases.h"
#include "link.h"
#include "test-peer.h"

/* A listening socket, and the peer that its first connection gets. */
typedef struct
{
  int listener;
  guint16 port;
  PeerScript raw; /* NULL: TLS */
  const PeerSettings *settings;
  GThread *thread;
} Server;

static gpointer
accept_one (gpointer data)
{
  Server *server = data;
  int fd = accept (server->listener, NULL, NULL);

  if (server->raw != NULL)
    return peer_new_raw (fd, server->raw);
  return peer_new_server (fd, server->settings);
}

static void
server_start (Server *server, const PeerSettings *settings, PeerScript raw)
{
  server->listener = test_listen (&server->port);
  server->settings = settings;
  server->raw = raw;
  server->thread = g_thread_new ("accept", accept_one, server);
}

static void
server_end (Server *server)
{
  Peer *peer = g_thread_join (server->thread);

  peer_end (peer);
  close (server->listener);
}

static void
event_cb (GSocketClient *client,
          GSocketClientEvent event,
          GSocketConnectable *connectable,
          GIOStream *connection,
          gpointer data)
{
  g_autoptr (GEnumClass) class = g_type_class_ref (G_TYPE_SOCKET_CLIENT_EVENT);

  observe ("event %s%s", g_enum_get_value (class, event)->value_nick,
           G_IS_TLS_CONNECTION (connection) ? ", of a TLS connection" : "");
}

/* (transfer full) (nullable) */
static GSocketConnection *
connect_to (GSocketClient *client, const char *host, guint16 port, gboolean async)
{
  g_autoptr (GAsyncResult) result = NULL;
  GSocketConnection *connection;
  GError *error = NULL;

  g_socket_client_set_tls (client, TRUE);
  g_socket_client_set_enable_proxy (client, FALSE);
  g_signal_connect (client, "event", G_CALLBACK (event_cb), NULL);
  if (async)
    {
      g_socket_client_connect_to_host_async (client, host, port, NULL, link_store_cb, &result);
      link_wait (&result);
      connection = g_socket_client_connect_to_host_finish (client, result, &error);
    }
  else
    {
      connection = g_socket_client_connect_to_host (client, host, port, NULL, &error);
    }
  observe_result ("connect", connection != NULL, &error);
  return connection;
}

static void
exchange_and_close (GSocketConnection *connection)
{
  GIOStream *stream = G_IO_STREAM (connection);
  char buffer[6] = { 0 };
  GError *error = NULL;
  gboolean ok;

  ok = g_output_stream_write_all (g_io_stream_get_output_stream (stream), "hello", 5, NULL, NULL,
                                  &error);
  observe_result ("write", ok, &error);
  ok = g_input_stream_read_all (g_io_stream_get_input_stream (stream), buffer, 5, NULL, NULL,
                                &error);
  observe_result (buffer, ok, &error);
  ok = g_io_stream_close (stream, NULL, &error);
  observe_result ("close", ok, &error);
}

static void
run (const PeerSettings *settings, GTlsCertificateFlags flags, gboolean async)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  Server server;

  server_start (&server, settings, NULL);
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  g_socket_client_set_tls_validation_flags (client, flags);
  G_GNUC_END_IGNORE_DEPRECATIONS
  connection = connect_to (client, "localhost", server.port, async);
  if (connection != NULL)
    {
      observe ("a GTcpWrapperConnection: %d", G_IS_TCP_WRAPPER_CONNECTION (connection));
      exchange_and_close (connection);
    }
  server_end (&server);
}

static const PeerSettings plain = { .certificate = "rsa" };
static const PeerSettings self_signed = { .certificate = "self-signed" };

static void
sync_call (void)
{
  run (&plain, G_TLS_CERTIFICATE_VALIDATE_ALL, FALSE);
}

static void
async (void)
{
  run (&plain, G_TLS_CERTIFICATE_VALIDATE_ALL, TRUE);
}

static void
untrusted (void)
{
  run (&self_signed, G_TLS_CERTIFICATE_VALIDATE_ALL, FALSE);
}

static void
untrusted_async (void)
{
  run (&self_signed, G_TLS_CERTIFICATE_VALIDATE_ALL, TRUE);
}

static void
no_validation (void)
{
  run (&self_signed, G_TLS_CERTIFICATE_NO_FLAGS, FALSE);
}

static void
speak_http (Peer *peer)
{
  recv (peer_get_fd (peer), &(char[4096]){ 0 }, 4096, 0);
  peer_say (peer, "HTTP/1.1 400 Bad Request\r\n\r\n");
  shutdown (peer_get_fd (peer), SHUT_WR);
  while (recv (peer_get_fd (peer), &(char[1024]){ 0 }, 1024, 0) > 0)
    continue;
}

static void
no_tls (void)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  Server server;

  server_start (&server, NULL, speak_http);
  connection = connect_to (client, "localhost", server.port, FALSE);
  server_end (&server);
}

/* The timeout of the client becomes that of its socket. */
static void
be_silent (Peer *peer)
{
  while (recv (peer_get_fd (peer), &(char[1024]){ 0 }, 1024, 0) > 0)
    continue;
}

static void
timeout (gboolean async)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  Server server;

  server_start (&server, NULL, be_silent);
  g_socket_client_set_timeout (client, 1);
  connection = connect_to (client, "localhost", server.port, async);
  server_end (&server);
}

static void
timeout_sync (void)
{
  timeout (FALSE);
}

static void
timeout_async (void)
{
  timeout (TRUE);
}

static void
event_set_up_cb (GSocketClient *client,
                 GSocketClientEvent event,
                 GSocketConnectable *connectable,
                 GIOStream *connection,
                 gpointer accept)
{
  const char *const protocols[] = { "echo", NULL };

  if (event != G_SOCKET_CLIENT_TLS_HANDSHAKING)
    return;
  observe_properties (G_TLS_CONNECTION (connection));
  g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (connection), protocols);
}

/* As GIO's documentation has it, TLS_HANDSHAKING is the time to set a connection up. */
static void
set_up_in_event (void)
{
  static const char *const protocols[] = { "echo", NULL };
  static const PeerSettings settings = { .certificate = "rsa", .protocols = protocols };
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GTlsDatabase) database =
      g_tls_backend_get_default_database (g_tls_backend_get_default ());
  g_autoptr (GSocketConnection) connection = NULL;
  Server server;

  observe_call (database, "the default database");
  server_start (&server, &settings, NULL);
  g_signal_connect (client, "event", G_CALLBACK (event_set_up_cb), NULL);
  connection = connect_to (client, "localhost", server.port, TRUE);
  if (connection != NULL)
    exchange_and_close (connection);
  server_end (&server);
}

static gpointer
answer_connect (gpointer data)
{
  Server *server = data;
  int fd = accept (server->listener, NULL, NULL);
  char request[4096];
  gsize n = 0;

  while (n < sizeof request - 1 && recv (fd, request + n, 1, 0) == 1)
    {
      request[++n] = '\0';
      if (g_str_has_suffix (request, "\r\n\r\n"))
        break;
    }
  send (fd, "HTTP/1.0 200 OK\r\n\r\n", 19, MSG_NOSIGNAL);
  return peer_new_server (fd, server->settings);
}

/* Through a proxy of HTTP's CONNECT, whose stream is another's. */
static void
http_proxy (void)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GProxyResolver) resolver = NULL;
  g_autofree char *uri = NULL;
  GError *error = NULL;
  Server server;

  server.listener = test_listen (&server.port);
  server.settings = &plain;
  server.thread = g_thread_new ("proxy", answer_connect, &server);
  uri = g_strdup_printf ("http://127.0.0.1:%u", server.port);
  resolver = g_simple_proxy_resolver_new (uri, NULL);
  g_socket_client_set_tls (client, TRUE);
  g_socket_client_set_proxy_resolver (client, resolver);
  g_signal_connect (client, "event", G_CALLBACK (event_cb), NULL);
  connection = g_socket_client_connect_to_host (client, "www.handoff.test", 443, NULL, &error);
  observe_result ("connect", connection != NULL, &error);
  if (connection != NULL)
    exchange_and_close (connection);
  server_end (&server);
}

static gboolean
incoming_cb (GSocketService *service,
             GSocketConnection *base,
             GObject *source,
             gpointer certificate)
{
  g_autoptr (GIOStream) connection = NULL;
  GError *error = NULL;
  char buffer[6] = { 0 };
  gboolean ok;

  connection = g_tls_server_connection_new (G_IO_STREAM (base), certificate, &error);
  g_assert_no_error (error);
  ok = g_input_stream_read_all (g_io_stream_get_input_stream (connection), buffer, 5, NULL, NULL,
                                &error);
  g_assert_true (ok);
  g_output_stream_write_all (g_io_stream_get_output_stream (connection), buffer, 5, NULL, NULL,
                             NULL);
  g_io_stream_close (connection, NULL, NULL);
  return TRUE;
}

/* Both sides of the backend's. */
static void
socket_service (void)
{
  g_autoptr (GSocketService) service = g_threaded_socket_service_new (4);
  g_autoptr (GTlsCertificate) certificate = link_certificate ("rsa");
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  GError *error = NULL;
  guint16 port;

  port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (service), NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (service, "run", G_CALLBACK (incoming_cb), certificate);
  g_socket_service_start (service);
  connection = connect_to (client, "localhost", port, TRUE);
  if (connection != NULL)
    {
      g_autoptr (GAsyncResult) written = NULL;
      g_autoptr (GAsyncResult) read = NULL;
      char buffer[6] = { 0 };
      gboolean ok;

      g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                                       "hello", 5, G_PRIORITY_DEFAULT, NULL, link_store_cb,
                                       &written);
      link_wait (&written);
      g_input_stream_read_all_async (g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                                     buffer, 5, G_PRIORITY_DEFAULT, NULL, link_store_cb, &read);
      link_wait (&read);
      ok = g_input_stream_read_all_finish (g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                                           read, NULL, &error);
      observe_result (buffer, ok, &error);
    }
  g_socket_service_stop (service);
}

const ConformanceCase socket_client_cases[] = {
  { "sync", sync_call },
  { "async", async },
  { "untrusted", untrusted },
  { "untrusted-async", untrusted_async },
  { "no-validation", no_validation },
  { "no-tls", no_tls },
  { "timeout-sync", timeout_sync },
  { "timeout-async", timeout_async },
  { "set-up-in-event", set_up_in_event },
  { "http-proxy", http_proxy },
  { "socket-service", socket_service },
  { NULL, NULL },
};
