/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A server's side of a connection (TLS 1.3 handshake, one byte each way, close) with a key that the
 * service keeps, against one of GIO's stock backend with the key in this process: in turn, one of
 * each at a time, with the same client. Run it in the private system:
 *
 *   tests/lib/system-run BUILD BUILD/tests/bench/accept-latency [--quick] [--rounds NUMBER]
 */

#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "bench.h"
#include "test-credential.h"
#include "tls-handoff/tls-handoff.h"

typedef struct
{
  guint16 port;
  guint n_connections;
} Client;

static void
check_code (int code)
{
  if (code < 0)
    g_error ("The client: %s", gnutls_strerror (code));
}

/* One connection after the other: sends a byte, and waits for it. The client resumes nothing and
 * verifies nothing: neither is the server's time. */
static gpointer
connect_again_and_again (gpointer data)
{
  const Client *client = data;
  gnutls_certificate_credentials_t credentials;

  check_code (gnutls_certificate_allocate_credentials (&credentials));
  for (guint i = 0; i < client->n_connections; i++)
    {
      g_autoptr (GSocketClient) connector = g_socket_client_new ();
      g_autoptr (GError) error = NULL;
      g_autoptr (GSocketConnection) plain = NULL;
      gnutls_session_t session;
      GSocket *socket;
      char byte = 'x';
      int code;

      g_socket_client_set_enable_proxy (connector, FALSE);
      plain = g_socket_client_connect_to_host (connector, "127.0.0.1", client->port, NULL, &error);
      g_assert_no_error (error);
      socket = g_socket_connection_get_socket (plain);
      g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
      check_code (gnutls_init (&session, GNUTLS_CLIENT));
      check_code (gnutls_priority_set_direct (session, "NORMAL:-VERS-ALL:+VERS-TLS1.3", NULL));
      check_code (gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials));
      gnutls_transport_set_int (session, g_socket_get_fd (socket));
      g_socket_set_blocking (socket, TRUE);
      do
        code = gnutls_handshake (session);
      while (code < 0 && !gnutls_error_is_fatal (code));
      check_code (code);
      g_assert_cmpint (gnutls_record_send (session, &byte, 1), ==, 1);
      do
        code = gnutls_record_recv (session, &byte, 1);
      while (code < 0 && !gnutls_error_is_fatal (code));
      g_assert_cmpint (code, ==, 1);
      gnutls_bye (session, GNUTLS_SHUT_WR);
      gnutls_deinit (session);
    }
  gnutls_certificate_free_credentials (credentials);
  return NULL;
}

/* Milliseconds. certificate: (nullable): of the stock backend; NULL: ours */
static double
accept_once (GSocketListener *listener,
             TlsHandoffManager *manager,
             TlsHandoffHandshakeOptions *options,
             GTlsCertificate *certificate)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) plain = g_socket_listener_accept (listener, NULL, NULL, &error);
  const gint64 start = g_get_monotonic_time ();
  g_autoptr (GIOStream) tls = NULL;
  char byte;

  g_assert_no_error (error);
  g_socket_set_option (g_socket_connection_get_socket (plain), IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  if (certificate != NULL)
    tls = g_tls_server_connection_new (G_IO_STREAM (plain), certificate, &error);
  else
    tls = tls_handoff_server_connection_new (G_IO_STREAM (plain), NULL, manager, &error);
  g_assert_no_error (error);
  if (certificate == NULL)
    tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (tls), options);
  g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (tls), &byte, 1, NULL, &error),
                   ==, 1);
  g_output_stream_write_all (g_io_stream_get_output_stream (tls), &byte, 1, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (tls), &byte, 1, NULL, &error),
                   ==, 0);
  g_io_stream_close (tls, NULL, &error);
  g_assert_no_error (error);
  return (double) (g_get_monotonic_time () - start) / 1000;
}

static void
compare (GSocketListener *listener,
         TlsHandoffManager *manager,
         const char *name,
         guint16 port,
         guint n_rounds)
{
  Client client = { port, 2 * (n_rounds + 1) };
  g_autoptr (GBytes) pem = test_cert_with_key (name);
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GArray) ours = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) stock = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GError) error = NULL;
  g_autoptr (TlsHandoffCredential) credential = NULL;
  g_autoptr (GTlsCertificate) certificate = NULL;
  GThread *thread;
  double our_median, stock_median;

  credential = tls_handoff_manager_import_credential_sync (
      manager, name, pem, NULL, 0, -1, TLS_HANDOFF_HANDSHAKE_NONE, NULL, &error);
  g_assert_no_error (error);
  certificate = g_tls_certificate_new_from_pem (g_bytes_get_data (pem, NULL),
                                                (gssize) g_bytes_get_size (pem), &error);
  g_assert_no_error (error);
  tls_handoff_handshake_options_set_credential (options, name);
  thread = g_thread_new ("client", connect_again_and_again, &client);
  for (guint i = 0; i <= n_rounds; i++)
    {
      double our_time = accept_once (listener, manager, options, NULL);
      double stock_time = accept_once (listener, manager, options, certificate);

      /* The first of each loads what is loaded once. */
      if (i == 0)
        continue;
      g_array_append_val (ours, our_time);
      g_array_append_val (stock, stock_time);
    }
  g_thread_join (thread);
  tls_handoff_credential_remove_sync (credential, TLS_HANDOFF_HANDSHAKE_NONE, NULL, &error);
  g_assert_no_error (error);
  our_median = bench_median (ours);
  stock_median = bench_median (stock);
  g_print ("%s, accepted connection, median of %u: TLS Handoff %.2f ms, GIO's backend %.2f ms; "
           "ratio %.2f\n",
           name, n_rounds, our_median, stock_median, our_median / stock_median);
}

int
main (int argc, char **argv)
{
  gboolean quick = FALSE;
  int rounds = 300;
  const BenchOption bench_options[] = { { "--rounds", &rounds, "connections of each kind" },
                                        { NULL, NULL, NULL } };
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autoptr (TlsHandoffManager) manager = NULL;
  g_autoptr (GError) error = NULL;
  guint16 port;

  bench_init (argc, argv, &quick, bench_options);
  if (quick)
    rounds = 5;
  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    g_error ("Install glib-networking to compare with");
  manager = tls_handoff_manager_new_sync (NULL, NULL, &error);
  g_assert_no_error (error);
  port = g_socket_listener_add_any_inet_port (listener, NULL, &error);
  g_assert_no_error (error);
  compare (listener, manager, "ecdsa", port, (guint) rounds);
  compare (listener, manager, "rsa", port, (guint) rounds);
  return EXIT_SUCCESS;
}
