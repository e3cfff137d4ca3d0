/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What is negotiated besides the suite, with real servers: addresses and names, ALPN, protocol
 * versions, stapled status. */

#include <string.h>
#include <unistd.h>

#include "handoff-names.h"
#include "interop-client.h"
#include "test-handshake.h"
#include "test-peer.h"
#include "test-server.h"
#include "test-system.h"

static GDBusConnection *alice;

static TestHandshake *
handshake_with (TestPeer *peer, const char *identity, const char *options)
{
  g_autoptr (GError) error = NULL;
  int socket = test_peer_connect (peer);
  TestHandshake *handshake =
      test_handshake (alice, socket, identity, test_options (options), &error);

  g_assert_no_error (error);
  close (socket);
  return handshake;
}

/* Breaks if one of the kinds of sockets does not survive the crossing. */
static void
test_sockets (void)
{
  const char *addresses[] = { "127.0.0.1", "::1", "/run/handoff-test/tmp/server" };
  g_autoptr (GBytes) there = interop_pattern (100000, 1);
  g_autoptr (GBytes) back = interop_pattern (100000, 2);

  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      g_autoptr (TestPeer) peer = test_peer_new_openssl_at (addresses[i], "ecdsa", NULL);
      GTlsConnection *connection = interop_client_connect (test_peer_connect (peer), "localhost");

      interop_transfer (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                        test_peer_get_stdout (peer), there);
      interop_transfer (test_peer_get_stdin (peer),
                        g_io_stream_get_input_stream (G_IO_STREAM (connection)), back);
      interop_client_close (connection);
    }
}

/* Breaks if the server gets another name than the caller named, or an address as a name, which RFC
 * 6066 3 forbids. */
static void
test_names (void)
{
  const struct
  {
    const char *identity;
    const char *sent; /* NULL: nothing */
  } names[] = {
    { "localhost", "localhost" },
    { "www.handoff.test", "www.handoff.test" },
    { "WWW.Handoff.Test", "www.handoff.test" },
    { "www.handoff.test.", "www.handoff.test" },
    { "bücher.handoff.test", "xn--bcher-kva.handoff.test" },
    { "xn--bcher-kva.handoff.test", "xn--bcher-kva.handoff.test" },
    { "127.0.0.1", NULL },
    { "::1", NULL },
    { "0:0:0:0:0:0:0:1", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
      g_autoptr (GBytes) heard = NULL;
      g_autoptr (TestHandshake) handshake = NULL;
      g_autoptr (GError) error = NULL;
      TestServer *server;
      int fds[2];

      test_tcp_pair (fds);
      server = test_server_start (fds[1], "ecdsa", "NORMAL", nothing, FALSE);
      handshake = test_handshake (alice, fds[0], names[i].identity, test_options (NULL), &error);
      g_assert_no_error (error);
      close (fds[0]);
      heard = test_server_finish (server);
      g_assert_cmpstr (test_server_get_server_name (server), ==, names[i].sent);
      g_assert_cmpstr (test_handshake_get_detail (handshake, HANDOFF_DETAIL_SERVER_NAME), ==,
                       names[i].sent);
      test_server_free (server);
    }
}

/* Breaks if the addresses of a certificate are not compared, or names taken for addresses. */
static void
test_wrong_addresses (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  const char *wrong[] = { "127.0.0.2", "::2", "192.0.2.1", "other.handoff.test", "handoff.test" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (TestHandshake) handshake = NULL;
      g_autoptr (GError) error = NULL;
      int socket = test_peer_connect (peer);

      handshake = test_handshake (alice, socket, wrong[i], test_options (NULL), &error);
      test_assert_remote_error (error, "CertificateUntrusted", NULL);
      close (socket);
    }
}

/* Breaks if the protocol that the server chose is lost on the way, or one is made up. */
static void
test_alpn (void)
{
  const struct
  {
    const char *options;
    const char *chosen;
  } cases[] = {
    { "{'application-protocols': <['h2', 'http/1.1']>}", "h2" },
    { "{'application-protocols': <['http/1.1']>}", "http/1.1" },
    { NULL, NULL },
  };
  const char *protocols[] = { "-tls1_2", "-tls1_3" };

  for (guint i = 0; i < G_N_ELEMENTS (protocols); i++)
    {
      g_autoptr (TestPeer) peer =
          test_peer_new_openssl ("ecdsa", "-alpn", "h2,http/1.1", protocols[i], NULL);

      for (guint j = 0; j < G_N_ELEMENTS (cases); j++)
        {
          g_autoptr (TestHandshake) handshake =
              handshake_with (peer, "localhost", cases[j].options);

          g_assert_cmpstr (
              test_handshake_get_detail (handshake, HANDOFF_DETAIL_APPLICATION_PROTOCOL), ==,
              cases[j].chosen);
        }
    }
}

/* Breaks if the caller's bounds, or the server's, do not hold. */
static void
test_protocols (void)
{
  const struct
  {
    const char *server;
    const char *options;
    const char *protocol;
  } cases[] = {
    { "-no_tls1_1", NULL, "TLS1.3" },
    { "-no_tls1_1", "{'maximum-protocol': <'TLS1.2'>}", "TLS1.2" },
    { "-no_tls1_1", "{'minimum-protocol': <'TLS1.3'>}", "TLS1.3" },
    { "-tls1_2", NULL, "TLS1.2" },
    { "-tls1_3", NULL, "TLS1.3" },
    /* Suites of one protocol mean that protocol. */
    { "-no_tls1_1", "{'cipher-suites': <[uint16 0xc02b, 0xc02c]>}", "TLS1.2" },
    { "-no_tls1_1", "{'cipher-suites': <[uint16 0x1301]>}", "TLS1.3" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", cases[i].server, NULL);
      g_autoptr (TestHandshake) handshake = handshake_with (peer, "localhost", cases[i].options);

      g_assert_cmpstr (test_handshake_get_detail (handshake, HANDOFF_DETAIL_PROTOCOL), ==,
                       cases[i].protocol);
    }
}

/* Breaks if the service does not ask for a stapled status, or does not report it. */
static void
test_ocsp (void)
{
  g_autofree char *staple = test_cert_path ("ecdsa.ocsp");
  const char *protocols[] = { "-tls1_2", "-tls1_3" };

  for (guint i = 0; i < G_N_ELEMENTS (protocols); i++)
    {
      g_autoptr (TestPeer) with =
          test_peer_new_openssl ("ecdsa", protocols[i], "-status_file", staple, NULL);
      g_autoptr (TestPeer) without = test_peer_new_openssl ("ecdsa", protocols[i], NULL);
      g_autoptr (TestHandshake) good = handshake_with (with, "localhost", NULL);
      g_autoptr (TestHandshake) none = handshake_with (without, "localhost", NULL);

      g_assert_cmpstr (test_handshake_get_detail (good, HANDOFF_DETAIL_OCSP_STATUS), ==,
                       HANDOFF_OCSP_GOOD);
      g_assert_cmpstr (test_handshake_get_detail (none, HANDOFF_DETAIL_OCSP_STATUS), ==,
                       HANDOFF_OCSP_NONE);
    }
}

/* Breaks if the caller gets another chain than the server sent, or in another order. */
static void
test_chain (void)
{
  g_autofree char *ca = test_cert_path ("ca.pem");
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("rsa", "-cert_chain", ca, NULL);
  g_autoptr (TestHandshake) handshake = handshake_with (peer, "localhost", NULL);
  g_autoptr (GVariant) chain = NULL;
  const char *files[] = { "rsa.pem", "ca.pem" };
  gboolean resumed = TRUE;

  chain = g_variant_lookup_value (handshake->details, HANDOFF_DETAIL_PEER_CERTIFICATES,
                                  G_VARIANT_TYPE ("aay"));
  g_assert_nonnull (chain);
  g_assert_cmpuint (g_variant_n_children (chain), ==, G_N_ELEMENTS (files));
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (chain, i);
      g_autoptr (GBytes) sent = g_variant_get_data_as_bytes (child);
      g_autoptr (GBytes) der = test_cert_der (files[i]);

      g_assert_true (g_bytes_equal (sent, der));
    }
  g_assert_true (g_variant_lookup (handshake->details, HANDOFF_DETAIL_RESUMED, "b", &resumed));
  g_assert_false (resumed);
}

/* AES-CBC with a server that has encrypt-then-MAC (RFC 7366), and with one that lacks it: breaks if
 * the latter is negotiated although the administrator did not allow it, or if the importer is not
 * told. */
static void
test_encrypt_then_mac (void)
{
  g_autoptr (TestPeer) with =
      test_peer_new_openssl ("rsa", "-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0", NULL);
  g_autoptr (TestPeer) without = test_peer_new_openssl (
      "rsa", "-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0", "-no_etm", NULL);
  g_autoptr (TestHandshake) good = handshake_with (with, "localhost", NULL);
  g_autoptr (TestHandshake) refused = NULL;
  g_autoptr (TestHandshake) allowed = NULL;
  g_autoptr (GError) error = NULL;
  int socket = test_peer_connect (without);

  g_assert_true (good->keys->encrypt_then_mac);
  refused = test_handshake (alice, socket, "localhost", test_options (NULL), &error);
  g_assert_null (refused);
  test_assert_remote_error (error, "HandshakeFailed", NULL);
  close (socket);

  test_service_stop ();
  test_service_set_config ("[TLS]\nAllowMacThenEncrypt=true\n");
  allowed = handshake_with (without, "localhost", NULL);
  g_assert_false (allowed->keys->encrypt_then_mac);
  test_service_stop ();
  test_service_set_config (NULL);
}

/* Breaks if a suite that is off by default is announced or negotiated. */
static void
test_announced_suites (void)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autofree const char **names = NULL;
  g_autoptr (GError) error = NULL;

  reply = test_call (alice, HANDOFF_ROOT_PATH, "org.freedesktop.DBus.Properties", "Get",
                     g_variant_new ("(ss)", HANDOFF_MANAGER_INTERFACE, "CipherSuites"), &error);
  g_assert_no_error (error);
  g_variant_get (reply, "(v)", &value);
  names = g_variant_get_strv (value, NULL);
  g_assert_cmpstr (names[0], ==, "TLS_AES_256_GCM_SHA384");
  g_assert_true (g_strv_contains (names, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"));
  g_assert_false (g_strv_contains (names, "TLS_AES_128_CCM_8_SHA256"));
}

int
main (int argc, char **argv)
{
  int status;

  test_system_init (&argc, &argv);
  alice = test_bus_connect ("alice");
  g_test_add_func ("/negotiation/sockets", test_sockets);
  g_test_add_func ("/negotiation/names", test_names);
  g_test_add_func ("/negotiation/wrong-addresses", test_wrong_addresses);
  g_test_add_func ("/negotiation/alpn", test_alpn);
  g_test_add_func ("/negotiation/protocols", test_protocols);
  g_test_add_func ("/negotiation/ocsp", test_ocsp);
  g_test_add_func ("/negotiation/chain", test_chain);
  g_test_add_func ("/negotiation/encrypt-then-mac", test_encrypt_then_mac);
  g_test_add_func ("/negotiation/announced-suites", test_announced_suites);
  status = g_test_run ();
  g_object_unref (alice);
  return status;
}
