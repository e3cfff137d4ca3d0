/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Every cipher suite, with every kind of certificate that it can have, against OpenSSL's and
 * GnuTLS's servers: data of every order of magnitude, both ways, after the crossing. */

#include "cipher-suite.h"
#include "interop-client.h"
#include "test-peer.h"
#include "test-system.h"

/* Around the largest record, and beyond what any buffer takes at once. */
static const gsize sizes[] = { 1, 2, 100, 16383, 16384, 16385, 100000, 16 * 1024 * 1024 };

typedef struct
{
  const HandoffCipherSuite *suite;
  gboolean mac_then_encrypt; /* AES-CBC with a peer that lacks RFC 7366 */
  const char *certificate;
} Case;

/* OpenSSL has names of its own for the suites of TLS 1.2. */
static char *
openssl_name (const HandoffCipherSuite *suite)
{
  const char *name = suite->name + strlen ("TLS_");
  g_autoptr (GString) text = g_string_new (name);

  g_string_replace (text, "_WITH", "", 0);
  g_string_replace (text, "AES_", "AES", 0);
  g_string_replace (text, "_CBC", "", 0);
  g_string_replace (text, "CCM_8", "CCM8", 0);
  g_string_replace (text, "_", "-", 0);
  if (suite->cipher == GNUTLS_CIPHER_CHACHA20_POLY1305)
    g_string_replace (text, "-SHA256", "", 0);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
check_negotiated (const Case *c, GTlsConnection *connection)
{
  TlsHandoffHandshakeResult *result = interop_client_get_result (connection);

  g_assert_cmpstr (tls_handoff_handshake_result_get_ciphersuite_name (result), ==, c->suite->name);
  g_assert_cmpint (tls_handoff_handshake_result_get_protocol_version (result), ==,
                   c->suite->protocol == 0x0304 ? G_TLS_PROTOCOL_VERSION_TLS_1_3
                                                : G_TLS_PROTOCOL_VERSION_TLS_1_2);
}

/* Breaks if a suite's keys, nonces or sequence numbers are not what OpenSSL goes on with. */
static void
test_openssl (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (TestPeer) peer = NULL;
  g_autofree char *name = openssl_name (c->suite);
  g_autofree char *cipher = g_strconcat (name, ":@SECLEVEL=0", NULL);
  GTlsConnection *connection;

  /* From OpenSSL 3.2 on, the level is for the suites of TLS 1.3, too. */
  if (c->suite->protocol == 0x0304)
    peer = test_peer_new_openssl (c->certificate, "-tls1_3", "-ciphersuites", c->suite->name,
                                  "-cipher", "DEFAULT:@SECLEVEL=0", NULL);
  else
    peer = test_peer_new_openssl (c->certificate, "-tls1_2", "-cipher", cipher,
                                  c->mac_then_encrypt ? "-no_etm" : NULL, NULL);
  connection = interop_client_connect (test_peer_connect (peer), "localhost");
  check_negotiated (c, connection);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GBytes) there = interop_pattern (sizes[i], 2 * i);
      g_autoptr (GBytes) back = interop_pattern (sizes[i], 2 * i + 1);

      interop_transfer (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                        test_peer_get_stdout (peer), there);
      interop_transfer (test_peer_get_stdin (peer),
                        g_io_stream_get_input_stream (G_IO_STREAM (connection)), back);
    }
  interop_client_close (connection);
}

/* What gnutls-serv sends back: text, a record's worth of it when a line ends. */
static GBytes *
lines_pattern (gsize size, guint32 seed)
{
  g_autoptr (GBytes) pattern = interop_pattern (size, seed);
  const guint8 *bytes = g_bytes_get_data (pattern, NULL);
  char *text = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    text[i] = i % 80 == 79 || i == size - 1 ? '\n' : (char) ('a' + bytes[i] % 26);
  return g_bytes_new_take (text, size);
}

/* Likewise for GnuTLS, as an echo: both directions at once. */
static void
test_gnutls (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (TestPeer) peer = NULL;
  g_autofree char *priority = NULL;
  GTlsConnection *connection;

  priority = g_strdup_printf (
      "NORMAL:-CIPHER-ALL:+%s:-VERS-ALL:+VERS-%s%s%s%s%s%s", c->suite->gnutls_cipher_priority,
      handoff_protocol_name (c->suite->protocol),
      c->suite->kx == GNUTLS_KX_UNKNOWN ? "" : ":-KX-ALL:+",
      c->suite->kx == GNUTLS_KX_UNKNOWN ? "" : gnutls_kx_get_name (c->suite->kx),
      handoff_cipher_suite_is_cbc (c->suite) ? ":-MAC-ALL:+" : "",
      handoff_cipher_suite_is_cbc (c->suite) ? gnutls_mac_get_name (c->suite->mac) : "",
      c->mac_then_encrypt ? ":%NO_ETM" : "");
  peer = test_peer_new_gnutls (c->certificate, priority, NULL);
  connection = interop_client_connect (test_peer_connect (peer), "localhost");
  check_negotiated (c, connection);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GBytes) content = lines_pattern (sizes[i], i);

      interop_transfer (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                        g_io_stream_get_input_stream (G_IO_STREAM (connection)), content);
    }
  interop_client_close (connection);
}

/* Whether a server with such a certificate can have the suite. */
static gboolean
fits (const HandoffCipherSuite *suite, const char *certificate)
{
  gboolean rsa = g_str_equal (certificate, "rsa");

  switch (suite->kx)
    {
    case GNUTLS_KX_ECDHE_ECDSA:
      return !rsa; /* Ed25519 too: RFC 8422 5.10 */
    case GNUTLS_KX_ECDHE_RSA:
    case GNUTLS_KX_DHE_RSA:
      return rsa;
    default:
      return TRUE;
    }
}

/* With one kind of construction, against both servers. */
static void
add_tests (const HandoffCipherSuite *suite, const char *certificate, gboolean mac_then_encrypt)
{
  const char *construction = mac_then_encrypt ? "/mac-then-encrypt" : "";
  g_autofree char *openssl =
      g_strdup_printf ("/interop/openssl/%s/%s%s", suite->name, certificate, construction);
  g_autofree char *gnutls =
      g_strdup_printf ("/interop/gnutls/%s/%s%s", suite->name, certificate, construction);
  const Case c = { suite, mac_then_encrypt, certificate };

  g_test_add_data_func_full (openssl, g_memdup2 (&c, sizeof c), test_openssl, g_free);
  g_test_add_data_func_full (gnutls, g_memdup2 (&c, sizeof c), test_gnutls, g_free);
}

int
main (int argc, char **argv)
{
  const char *certificates[] = { "rsa", "ecdsa", "ed25519" };
  const HandoffCipherSuite *suites;
  gsize n_suites;

  test_system_init (&argc, &argv);
  test_service_set_config (TEST_CONFIG_ALL_SUITES "AllowMacThenEncrypt=true\n");
  suites = handoff_cipher_suites (&n_suites);
  for (gsize i = 0; i < n_suites; i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (certificates); j++)
        {
          if (!fits (&suites[i], certificates[j]))
            continue;
          add_tests (&suites[i], certificates[j], FALSE);
          if (handoff_cipher_suite_is_cbc (&suites[i]))
            add_tests (&suites[i], certificates[j], TRUE);
        }
    }
  return g_test_run ();
}
