/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A peer (GnuTLS) sends a forged record, then more and more data, and only then listens: it hears
 * why the connection ended, whichever way the connection is closed. */

#include <unistd.h>

#include "test-connection.h"
#include "test-peer.h"
#include "test-system.h"
#include "test-tls-server.h"

#define TLS1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

/* Alerts may get lost sometimes only. */
#define N_RUNS 20
/* More than the buffers of both sockets hold, so that somebody has to read it. */
#define MUCH (10 * 1024 * 1024)

typedef void (*CloseFunc) (GTlsConnection *connection);

typedef struct
{
  const char *priority;
  CloseFunc close;
} Case;

/* What the server heard; set by its thread. */
static int alert;

static void
forge_and_go_on (TestTlsServer *server, gnutls_session_t session)
{
  static const guint8 forged[5 + 32] = { 23, 3, 3, 0, 32 };
  g_autofree guint8 *data = g_malloc0 (MUCH);
  guint8 byte;
  int ret;

  g_assert_cmpint (write (gnutls_transport_get_int (session), forged, sizeof forged), ==,
                   sizeof forged);
  test_tls_server_send (session, data, MUCH);
  do
    ret = gnutls_record_recv (session, &byte, 1);
  while (ret < 0 && !gnutls_error_is_fatal (ret));
  g_assert_cmpint (ret, ==, GNUTLS_E_FATAL_ALERT_RECEIVED);
  alert = gnutls_alert_get (session);
}

static void
close_and_wait (GTlsConnection *connection)
{
  g_autoptr (GError) error = NULL;

  g_io_stream_close (G_IO_STREAM (connection), NULL, &error);
  g_assert_no_error (error);
  g_object_unref (connection);
}

static void
close_async (GTlsConnection *connection)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_io_stream_close_async (G_IO_STREAM (connection), G_PRIORITY_DEFAULT, NULL, test_store_result_cb,
                           &result);
  g_io_stream_close_finish (G_IO_STREAM (connection), test_wait_for_result (&result), &error);
  g_assert_no_error (error);
  g_object_unref (connection);
}

static void
let_go (GTlsConnection *connection)
{
  g_object_unref (connection);
}

static void
test_alert (gconstpointer data)
{
  const Case *c = data;

  for (guint i = 0; i < N_RUNS; i++)
    {
      TestTlsServer *server;
      GTlsConnection *connection;
      g_autoptr (GError) error = NULL;
      int fds[2];

      test_tcp_pair (fds);
      alert = -1;
      server = test_tls_server_new (fds[1], "ecdsa", c->priority, forge_and_go_on);
      connection = test_connection_new (fds[0], NULL);
      g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                                            &(char){ 0 }, 1, NULL, &error),
                       ==, -1);
      g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_MISC);
      c->close (connection);
      test_tls_server_join (server);
      g_assert_cmpint (alert, ==, GNUTLS_A_BAD_RECORD_MAC);
    }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    Case c;
  } cases[] = {
    { "/refused-records/close/tls1.3", { TLS1_3, close_and_wait } },
    { "/refused-records/close/tls1.2", { TLS1_2, close_and_wait } },
    { "/refused-records/close-async/tls1.3", { TLS1_3, close_async } },
    { "/refused-records/close-async/tls1.2", { TLS1_2, close_async } },
    { "/refused-records/let-go/tls1.3", { TLS1_3, let_go } },
    { "/refused-records/let-go/tls1.2", { TLS1_2, let_go } },
  };

  test_system_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add_data_func (cases[i].path, &cases[i].c, test_alert);
  return g_test_run ();
}
