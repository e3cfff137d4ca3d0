/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A warm connection (TCP, TLS 1.3 handshake, one byte each way, close) through the service, against
 * one of GIO's stock backend in the same process: in turn, one of each at a time. Both verify with
 * the system's trust store. Run it in the private system:
 *
 *   tests/lib/system-run BUILD BUILD/tests/bench/connect-latency [--quick] [--tickets]
 *
 * With --tickets the server gives session tickets: then most connections of either kind resume an
 * earlier one, and a third kind is measured, ours with resumption switched off.
 */

#include <gio/gio.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tls-handoff-client-connection.h"

typedef struct
{
  GSocketListener *listener; /* (owned) */
  gnutls_certificate_credentials_t credentials;
  gnutls_datum_t ticket_key; /* empty: no tickets */
  guint n_connections;
  guint n_resumed;
} Server;

static void
check (gboolean condition, const char *what, const GError *error)
{
  if (condition)
    return;
  g_printerr ("connect-latency: %s%s%s\n", what, error != NULL ? ": " : "",
              error != NULL ? error->message : "");
  exit (EXIT_FAILURE);
}

static void
check_code (int code, const char *what)
{
  if (code < 0)
    g_printerr ("%s: ", gnutls_strerror (code));
  check (code >= 0, what, NULL);
}

/* One connection after the other: takes a byte, and sends it back. */
static gpointer
serve (gpointer data)
{
  Server *server = data;

  for (guint i = 0; i < server->n_connections; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSocketConnection) connection =
          g_socket_listener_accept (server->listener, NULL, NULL, &error);
      gnutls_session_t session;
      char byte;
      int code;

      check (connection != NULL, "accept", error);
      check_code (gnutls_init (&session, GNUTLS_SERVER), "gnutls_init");
      check_code (gnutls_priority_set_direct (session, "NORMAL:-VERS-ALL:+VERS-TLS1.3", NULL),
                  "priorities");
      check_code (gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, server->credentials),
                  "credentials");
      if (server->ticket_key.size > 0)
        check_code (gnutls_session_ticket_enable_server (session, &server->ticket_key), "tickets");
      /* Else the byte would wait for the client to acknowledge the tickets. */
      g_socket_set_option (g_socket_connection_get_socket (connection), IPPROTO_TCP, TCP_NODELAY, 1,
                           NULL);
      g_socket_set_blocking (g_socket_connection_get_socket (connection), TRUE);
      gnutls_transport_set_int (session,
                                g_socket_get_fd (g_socket_connection_get_socket (connection)));
      do
        code = gnutls_handshake (session);
      while (code < 0 && !gnutls_error_is_fatal (code));
      check_code (code, "the server's handshake");
      if (gnutls_session_is_resumed (session))
        g_atomic_int_inc (&server->n_resumed);
      do
        code = gnutls_record_recv (session, &byte, 1);
      while (code < 0 && !gnutls_error_is_fatal (code));
      check_code (code, "the server got no byte");
      check (gnutls_record_send (session, &byte, 1) == 1, "the server sent no byte", NULL);
      gnutls_record_recv (session, &byte, 1); /* until the client closes */
      gnutls_deinit (session);
    }
  return NULL;
}

/* What is measured in turn. */
typedef enum
{
  KIND_OURS,
  KIND_STOCK,     /* GIO's own backend */
  KIND_OURS_FULL, /* without resumption */
  N_KINDS,
} Kind;

/* Microseconds. */
static gint64
connect_once (guint16 port, TlsHandoffManager *manager, Kind kind)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", port);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) plain = NULL;
  g_autoptr (GIOStream) tls = NULL;
  char byte = 'x';

  g_socket_client_set_enable_proxy (client, FALSE);
  plain = g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, &error);
  check (plain != NULL, "connect", error);
  /* As in every client that cares for latency; otherwise the byte would wait for an
   * acknowledgement. */
  g_socket_set_option (g_socket_connection_get_socket (plain), IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  if (kind != KIND_STOCK)
    tls = tls_handoff_client_connection_new (G_IO_STREAM (plain), identity, manager, &error);
  else
    tls = g_tls_client_connection_new (G_IO_STREAM (plain), identity, &error);
  check (tls != NULL, "a TLS connection", error);
  if (kind == KIND_OURS_FULL)
    {
      g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();

      tls_handoff_handshake_options_set_resumption (options, FALSE);
      tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (tls), options);
    }
  check (g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, &error), "handshake", error);
  check (
      g_output_stream_write_all (g_io_stream_get_output_stream (tls), &byte, 1, NULL, NULL, &error),
      "write", error);
  byte = 0;
  check (g_input_stream_read (g_io_stream_get_input_stream (tls), &byte, 1, NULL, &error) == 1 &&
             byte == 'x',
         "the byte did not come back", error);
  check (g_io_stream_close (tls, NULL, &error), "close", error);
  return g_get_monotonic_time () - start;
}

/* The machine's authorities, and ours: a trust store of the size that real ones have. */
static void
add_test_authority (const char *directory)
{
  const char *bundle = "/etc/ssl/certs/ca-certificates.crt";
  g_autofree char *ca_path = g_build_filename (directory, "ca.pem", NULL);
  g_autofree char *ca = NULL;
  g_autofree char *others = NULL;
  g_autofree char *both = NULL;
  g_autoptr (GError) error = NULL;

  check (g_file_get_contents (ca_path, &ca, NULL, &error), "ca.pem", error);
  if (!g_file_get_contents (bundle, &others, NULL, NULL))
    others = g_strdup ("");
  both = g_strconcat (others, "\n", ca, NULL);
  check (g_file_set_contents (bundle, both, -1, &error), "the trust store", error);
  check (chmod (bundle, 0644) == 0, "the trust store's mode", NULL);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

static gint64
get_median (GArray *times)
{
  g_array_sort (times, compare);
  return g_array_index (times, gint64, times->len / 2);
}

int
main (int argc, char **argv)
{
  const char *certificates = g_getenv ("HANDOFF_TEST_CERTS");
  guint n_rounds = 200;
  guint n_kinds = KIND_OURS_FULL;
  GArray *times[N_KINDS];
  double medians[N_KINDS];
  g_autoptr (TlsHandoffManager) manager = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *certificate = NULL;
  g_autofree char *key = NULL;
  Server server = { NULL };
  guint16 port;

  for (int i = 1; i < argc; i++)
    {
      if (g_str_equal (argv[i], "--quick"))
        n_rounds = 5;
      else if (g_str_equal (argv[i], "--tickets"))
        n_kinds = N_KINDS;
      else
        check (FALSE, "usage: connect-latency [--quick] [--tickets]", NULL);
    }
  check (certificates != NULL && g_getenv ("HANDOFF_TEST_SYSTEM") != NULL,
         "run it with tests/lib/system-run", NULL);
  check (g_tls_backend_supports_tls (g_tls_backend_get_default ()),
         "install glib-networking to compare with", NULL);
  add_test_authority (certificates);

  certificate = g_build_filename (certificates, "ecdsa.pem", NULL);
  key = g_build_filename (certificates, "ecdsa.key", NULL);
  check_code (gnutls_certificate_allocate_credentials (&server.credentials), "credentials");
  check_code (gnutls_certificate_set_x509_key_file (server.credentials, certificate, key,
                                                    GNUTLS_X509_FMT_PEM),
              "the server's certificate");
  server.listener = g_socket_listener_new ();
  port = g_socket_listener_add_any_inet_port (server.listener, NULL, &error);
  check (port != 0, "listen", error);
  server.n_connections = n_kinds * (n_rounds + 1);
  if (n_kinds > KIND_OURS_FULL)
    check_code (gnutls_session_ticket_key_generate (&server.ticket_key), "the ticket key");
  g_thread_unref (g_thread_new ("server", serve, &server));

  manager = tls_handoff_manager_new_sync (NULL, NULL, &error);
  check (manager != NULL, "the system bus", error);

  /* The first of each starts the service, and loads what is loaded once. */
  for (guint kind = 0; kind < n_kinds; kind++)
    {
      times[kind] = g_array_new (FALSE, FALSE, sizeof (gint64));
      connect_once (port, manager, kind);
    }
  for (guint i = 0; i < n_rounds; i++)
    {
      for (guint kind = 0; kind < n_kinds; kind++)
        {
          gint64 time = connect_once (port, manager, kind);

          g_array_append_val (times[kind], time);
        }
    }
  for (guint kind = 0; kind < n_kinds; kind++)
    {
      medians[kind] = get_median (times[kind]) / 1000.0;
      g_array_unref (times[kind]);
    }

  g_print (
      "warm connection, median of %u: TLS Handoff %.2f ms, GIO's backend %.2f ms; ratio %.2f\n",
      n_rounds, medians[KIND_OURS], medians[KIND_STOCK], medians[KIND_STOCK] / medians[KIND_OURS]);
  if (n_kinds > KIND_OURS_FULL)
    g_print ("without resumption %.2f ms: %.2f times what it takes with; %u of all %u connections "
             "were resumed\n",
             medians[KIND_OURS_FULL], medians[KIND_OURS_FULL] / medians[KIND_OURS],
             (guint) g_atomic_int_get (&server.n_resumed), server.n_connections);
  return EXIT_SUCCESS;
}
