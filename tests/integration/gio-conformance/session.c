/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Connecting again, and what GIO has for it. */

#include "cases.h"
#include "link.h"
#include "test-peer.h"

static GIOStream *
connect_to (TestPeer *peer)
{
  g_autoptr (GIOStream) base = link_stream_new (test_peer_connect (peer));
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  GError *error = NULL;
  GIOStream *connection = g_tls_client_connection_new (base, identity, &error);

  g_assert_no_error (error);
  return connection;
}

static void
exchange (GIOStream *connection)
{
  char buffer[6] = { 0 };
  GError *error = NULL;
  gboolean ok;

  ok = g_output_stream_write_all (g_io_stream_get_output_stream (connection), "hello\n", 6, NULL,
                                  NULL, &error);
  observe_result ("write", ok, &error);
  ok = g_input_stream_read_all (g_io_stream_get_input_stream (connection), buffer, 6, NULL, NULL,
                                &error);
  observe_result ("read", ok, &error);
}

static void
again (const char *version)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("rsa", version, "-rev", NULL);
  guint i;

  for (i = 0; i < 3; i++)
    {
      g_autoptr (GIOStream) connection = connect_to (peer);

      observe_notifications (connection);
      exchange (connection);
      observe_property (connection, "peer-certificate");
      observe_property (connection, "peer-certificate-errors");
      g_io_stream_close (connection, NULL, NULL);
    }
}

static void
again13 (void)
{
  again ("-tls1_3");
}

static void
again12 (void)
{
  again ("-tls1_2");
}

static void
copy_session_state (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("rsa", "-rev", NULL);
  g_autoptr (GIOStream) first = connect_to (peer);
  g_autoptr (GIOStream) second = NULL;

  exchange (first);
  g_io_stream_close (first, NULL, NULL);
  second = connect_to (peer);
  g_tls_client_connection_copy_session_state (G_TLS_CLIENT_CONNECTION (second),
                                              G_TLS_CLIENT_CONNECTION (first));
  exchange (second);
  g_io_stream_close (second, NULL, NULL);
}

/* What nobody trusts now is not let in by a session of before. */
static void
other_trust_the_next_time (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("rsa", "-rev", NULL);
  g_autoptr (GIOStream) first = connect_to (peer);
  g_autoptr (GIOStream) second = NULL;
  GError *error = NULL;
  gboolean ok;

  exchange (first);
  g_io_stream_close (first, NULL, NULL);
  second = connect_to (peer);
  g_tls_connection_set_database (G_TLS_CONNECTION (second), NULL);
  ok = g_tls_connection_handshake (G_TLS_CONNECTION (second), NULL, &error);
  observe_result ("handshake", ok, &error);
  g_io_stream_close (second, NULL, NULL);
}

const ConformanceCase session_cases[] = {
  { "again-1.3", again13 },
  { "again-1.2", again12 },
  { "copy-session-state", copy_session_state },
  { "other-trust-the-next-time", other_trust_the_next_time },
  { NULL, NULL },
};
