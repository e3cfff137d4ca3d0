/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The second line of defence: sessions as they must never become are not exported. They are made by
 * a GnuTLS that was told nothing of the policy. */

#include "config.h"

#include <string.h>

#include "handshake/handshake-completion.h"
#include "key/gnutls-support.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "support/policy-fixture.h"
#include "support/tls-pair.h"

#define CBC_SUITE                                                                                  \
  "NONE:+VERS-TLS1.2:+AES-256-CBC:+SHA384:+ECDHE-ECDSA:+SIGN-ALL:+GROUP-ALL:+CTYPE-ALL"

/* options: an a{sv}. message: (nullable): what the error must say; NULL: there must be no error,
 * but the suite of the name expected. Both sides are tried: both have to refuse the same. */
static void
expect (TlsPair *connection,
        const char *options,
        gboolean allow_mac_then_encrypt,
        const char *message,
        const char *expected)
{
  gnutls_session_t sessions[] = { connection->client.session, connection->server.session };
  g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_new_parsed (options));
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffConfiguration) configuration = test_configuration_new ("");
  g_autoptr (HandoffHandshakeOptions) parsed = NULL;

  g_assert_true (connection->is_complete);
  configuration->allow_mac_then_encrypt = allow_mac_then_encrypt;
  parsed = handoff_handshake_options_parse (variant, HANDOFF_ROLE_CLIENT, configuration, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (sessions); i++)
    {
      const HandoffCipherSuite *suite =
          handoff_handshake_check_negotiated (sessions[i], parsed, configuration, &error);

      if (message == NULL)
        {
          g_assert_no_error (error);
          g_assert_cmpstr (suite->name, ==, expected);
          continue;
        }
      g_assert_null (suite);
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
      g_assert_nonnull (strstr (error->message, message));
      g_clear_error (&error);
    }
}

/* Breaks if a suite crosses that the caller did not list, or a protocol outside its range. */
static void
test_suite (TlsPairFixture *fixture, gconstpointer data)
{
  g_autoptr (TlsPair) tls1_3 = tls_pair_new (fixture, SHA256_SUITE, NULL);
  g_autoptr (TlsPair) tls1_2 = tls_pair_new (fixture, TLS1_2_SUITE, NULL);

  expect (tls1_3, "@a{sv} {}", FALSE, NULL, "TLS_AES_128_GCM_SHA256");
  expect (tls1_3, "{'cipher-suites': <[uint16 0x1301]>}", FALSE, NULL, "TLS_AES_128_GCM_SHA256");
  expect (tls1_3, "{'cipher-suites': <[uint16 0x1302]>}", FALSE, "does not take", NULL);
  expect (tls1_3, "{'maximum-protocol': <'TLS1.2'>}", FALSE, "does not take", NULL);
  expect (tls1_2, "{'maximum-protocol': <'TLS1.2'>}", FALSE, NULL,
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  expect (tls1_2, "{'minimum-protocol': <'TLS1.3'>}", FALSE, "does not take", NULL);
}

/* Breaks if a suite crosses that our record layer does not have, or a key exchange without forward
 * secrecy. */
static void
test_unknown_suite (TlsPairFixture *fixture, gconstpointer data)
{
  g_autoptr (TlsPair) camellia = tls_pair_new (
      fixture,
      "NONE:+VERS-TLS1.2:+CAMELLIA-128-GCM:+AEAD:+ECDHE-ECDSA:+SIGN-ALL:+GROUP-ALL:+CTYPE-ALL",
      NULL);

  expect (camellia, "@a{sv} {}", FALSE, "(unknown)", NULL);
}

/* Breaks if AES-CBC crosses with its MAC inside, where the configuration does not allow that. */
static void
test_mac_then_encrypt (TlsPairFixture *fixture, gconstpointer data)
{
  const char *suite = "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384";
  g_autoptr (TlsPair) outside = tls_pair_new (fixture, CBC_SUITE, NULL);
  g_autoptr (TlsPair) inside = tls_pair_new (fixture, CBC_SUITE ":%NO_ETM", NULL);

  expect (outside, "@a{sv} {}", FALSE, NULL, suite);
  expect (inside, "@a{sv} {}", FALSE, "AllowMacThenEncrypt", NULL);
  expect (inside, "@a{sv} {}", TRUE, NULL, suite);
}

/* (transfer full) */
static gpointer
get_session_data (TlsPair *connection)
{
  gnutls_datum_t data;
  guint8 byte;
  gpointer session_data;

  /* Reads the tickets, and finds no data. */
  g_assert_cmpint (gnutls_record_recv (connection->client.session, &byte, 1), ==, GNUTLS_E_AGAIN);
  CHECK (gnutls_session_get_data2 (connection->client.session, &data));
  session_data = handoff_secret_new (data.size, HANDOFF_SECRET_DEFAULT);
  memcpy (session_data, data.data, data.size);
  gnutls_free (data.data);
  return session_data;
}

/* Breaks if a session crosses whose keys come from the earlier session's secret alone (psk_ke, RFC
 * 8446 2.2). */
static void
test_psk_without_key_exchange (TlsPairFixture *fixture, gconstpointer data)
{
  g_autoptr (TlsPair) first = tls_pair_new (fixture, SHA256_SUITE, NULL);
  g_autoptr (TlsPair) with =
      tls_pair_new (fixture, SHA256_SUITE ":+ECDHE-PSK", get_session_data (first));
  g_autoptr (TlsPair) without =
      tls_pair_new (fixture, SHA256_SUITE ":+PSK", get_session_data (first));

  g_assert_true (gnutls_session_is_resumed (with->client.session));
  expect (with, "@a{sv} {}", FALSE, NULL, "TLS_AES_128_GCM_SHA256");
  g_assert_true (gnutls_session_is_resumed (without->client.session));
  expect (without, "@a{sv} {}", FALSE, "without a key exchange", NULL);
}

int
main (int argc, char **argv)
{
  handoff_gnutls_wipe_freed_memory ();
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/service/handshake-negotiated/suite", TlsPairFixture, NULL, tls_pair_set_up,
              test_suite, tls_pair_tear_down);
  g_test_add ("/service/handshake-negotiated/unknown-suite", TlsPairFixture, NULL, tls_pair_set_up,
              test_unknown_suite, tls_pair_tear_down);
  g_test_add ("/service/handshake-negotiated/mac-then-encrypt", TlsPairFixture, NULL,
              tls_pair_set_up, test_mac_then_encrypt, tls_pair_tear_down);
  g_test_add ("/service/handshake-negotiated/psk-without-key-exchange", TlsPairFixture, NULL,
              tls_pair_set_up, test_psk_without_key_exchange, tls_pair_tear_down);
  return g_test_run ();
}
