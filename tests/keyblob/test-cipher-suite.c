/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "cipher-suite.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>

/* GnuTLS's own row for an id; FALSE if it has none. */
static gboolean
gnutls_row (guint16 id,
            gnutls_kx_algorithm_t *kx,
            gnutls_cipher_algorithm_t *cipher,
            gnutls_mac_algorithm_t *mac,
            gnutls_protocol_t *protocol)
{
  guint8 bytes[2];
  gsize i;

  for (i = 0; gnutls_cipher_suite_info (i, bytes, kx, cipher, mac, protocol) != NULL; i++)
    {
      if ((bytes[0] << 8 | bytes[1]) == id)
        return TRUE;
    }

  return FALSE;
}

/* What of a record's nonce or IV travels with it. */
static gsize
explicit_size (HandoffNonceLayout layout)
{
  switch (layout)
    {
    case HANDOFF_NONCE_EXPLICIT:
      return 8;
    case HANDOFF_NONCE_RANDOM_IV:
      return 16;
    default:
      return 0;
    }
}

static void
check_mac (const HandoffCipherSuite *suite)
{
  g_assert_cmpint (suite->protocol, ==, 0x0303);
  g_assert_true (suite->nonce_layout == HANDOFF_NONCE_RANDOM_IV);
  g_assert_cmpuint (gnutls_hmac_get_len (suite->mac), ==, suite->tag_size);
  g_assert_cmpuint (gnutls_mac_get_key_size (suite->mac), ==, suite->mac_key_size);
}

/* A wrong number, cipher, MAC, key exchange or size in our table. */
static void
test_table (void)
{
  gnutls_kx_algorithm_t kx;
  gnutls_cipher_algorithm_t cipher;
  gnutls_mac_algorithm_t mac;
  gnutls_protocol_t protocol;
  const HandoffCipherSuite *suites;
  gsize n_suites;
  gsize i;

  suites = handoff_cipher_suites (&n_suites);
  g_assert_cmpuint (n_suites, ==, 34);
  for (i = 0; i < n_suites; i++)
    {
      g_assert_true (gnutls_row (suites[i].id, &kx, &cipher, &mac, &protocol));
      g_assert_cmpint (kx, ==, suites[i].kx);
      g_assert_cmpint (cipher, ==, suites[i].cipher);
      g_assert_cmpint (mac, ==, suites[i].mac);
      g_assert_cmpint (protocol == GNUTLS_TLS1_3, ==, suites[i].protocol == 0x0304);
      g_assert_cmpuint (gnutls_cipher_get_key_size (cipher), ==, suites[i].key_size);
      g_assert_cmpuint (gnutls_cipher_get_iv_size (cipher), ==,
                        suites[i].iv_size + explicit_size (suites[i].nonce_layout));
      g_assert_cmpint (handoff_cipher_suite_is_cbc (&suites[i]), ==, mac != GNUTLS_MAC_AEAD);
      if (handoff_cipher_suite_is_cbc (&suites[i]))
        {
          check_mac (&suites[i]);
        }
      else
        {
          g_assert_cmpuint (gnutls_cipher_get_tag_size (cipher), ==, suites[i].tag_size);
          g_assert_cmpuint (suites[i].mac_key_size, ==, 0);
        }
      g_assert_true (handoff_cipher_suite_by_id (suites[i].id) == &suites[i]);
    }

  g_assert_null (handoff_cipher_suite_by_id (0x0000));
  g_assert_null (handoff_cipher_suite_by_id (0x002f));
}

/* A weaker suite before a stronger one: both sides negotiate in the order of the table. */
static void
test_order (void)
{
  const HandoffCipherSuite *suites;
  gsize n_suites;
  gsize i;

  suites = handoff_cipher_suites (&n_suites);
  for (i = 1; i < n_suites; i++)
    {
      g_test_message ("%s", suites[i].name);
      g_assert_cmpuint (suites[i].protocol, <=, suites[i - 1].protocol);
      if (suites[i].protocol == suites[i - 1].protocol)
        g_assert_true (handoff_cipher_suite_is_cbc (&suites[i]) ||
                       !handoff_cipher_suite_is_cbc (&suites[i - 1]));
    }
}

static gboolean
is_ours (gnutls_kx_algorithm_t kx, gnutls_cipher_algorithm_t cipher)
{
  gboolean kx_is_ours = kx == GNUTLS_KX_UNKNOWN || kx == GNUTLS_KX_ECDHE_ECDSA ||
                        kx == GNUTLS_KX_ECDHE_RSA || kx == GNUTLS_KX_DHE_RSA;
  gboolean cipher_is_ours =
      cipher == GNUTLS_CIPHER_AES_128_GCM || cipher == GNUTLS_CIPHER_AES_256_GCM ||
      cipher == GNUTLS_CIPHER_AES_128_CCM || cipher == GNUTLS_CIPHER_AES_256_CCM ||
      cipher == GNUTLS_CIPHER_AES_128_CCM_8 || cipher == GNUTLS_CIPHER_AES_256_CCM_8 ||
      cipher == GNUTLS_CIPHER_AES_128_CBC || cipher == GNUTLS_CIPHER_AES_256_CBC ||
      cipher == GNUTLS_CIPHER_CHACHA20_POLY1305;

  return kx_is_ours && cipher_is_ours;
}

/* A suite that GnuTLS has and our table forgot. */
static void
test_complete (void)
{
  gnutls_kx_algorithm_t kx;
  gnutls_cipher_algorithm_t cipher;
  guint8 id[2];
  const char *name;
  gsize i;

  for (i = 0; (name = gnutls_cipher_suite_info (i, id, &kx, &cipher, NULL, NULL)) != NULL; i++)
    {
      if (is_ours (kx, cipher))
        {
          g_test_message ("%s", name);
          g_assert_nonnull (handoff_cipher_suite_by_id ((guint16) (id[0] << 8 | id[1])));
        }
    }
}

static void
test_protocol_names (void)
{
  g_assert_cmpstr (handoff_protocol_name (0x0303), ==, "TLS1.2");
  g_assert_cmpstr (handoff_protocol_name (0x0304), ==, "TLS1.3");
  g_assert_null (handoff_protocol_name (0x0302));
  g_assert_cmpuint (handoff_protocol_by_name ("TLS1.2"), ==, 0x0303);
  g_assert_cmpuint (handoff_protocol_by_name ("TLS1.3"), ==, 0x0304);
  g_assert_cmpuint (handoff_protocol_by_name ("TLS1.1"), ==, 0);
  g_assert_cmpuint (handoff_protocol_by_name (""), ==, 0);
  g_assert_cmpuint (handoff_protocol_by_name (NULL), ==, 0);
}

/* Handshakes in memory: two sessions, and what each sends to the other. */
typedef struct
{
  gnutls_certificate_credentials_t client_credentials;
  gnutls_certificate_credentials_t server_credentials;
  gnutls_session_t client;
  gnutls_session_t server;
  GByteArray *to_client;
  GByteArray *to_server;
} Handshake;

static void
check (int code)
{
  if (code < 0)
    g_error ("GnuTLS: %s", gnutls_strerror (code));
}

static gssize
take (GByteArray *from, gnutls_session_t session, gpointer data, gsize size)
{
  size = MIN (size, from->len);
  if (size == 0)
    {
      gnutls_transport_set_errno (session, EAGAIN);
      return -1;
    }

  memcpy (data, from->data, size);
  g_byte_array_remove_range (from, 0, (guint) size);
  return (gssize) size;
}

static gssize
pull_client (gnutls_transport_ptr_t pointer, gpointer data, gsize size)
{
  Handshake *handshake = pointer;
  return take (handshake->to_client, handshake->client, data, size);
}

static gssize
pull_server (gnutls_transport_ptr_t pointer, gpointer data, gsize size)
{
  Handshake *handshake = pointer;
  return take (handshake->to_server, handshake->server, data, size);
}

static gssize
push_client (gnutls_transport_ptr_t pointer, gconstpointer data, gsize size)
{
  g_byte_array_append (((Handshake *) pointer)->to_server, data, (guint) size);
  return (gssize) size;
}

static gssize
push_server (gnutls_transport_ptr_t pointer, gconstpointer data, gsize size)
{
  g_byte_array_append (((Handshake *) pointer)->to_client, data, (guint) size);
  return (gssize) size;
}

static void
add_certificate (gnutls_certificate_credentials_t credentials,
                 gnutls_pk_algorithm_t algorithm,
                 unsigned int bits)
{
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t certificate;

  check (gnutls_x509_privkey_init (&key));
  check (gnutls_x509_privkey_generate (key, algorithm, bits, 0));
  check (gnutls_x509_crt_init (&certificate));
  check (gnutls_x509_crt_set_version (certificate, 3));
  check (gnutls_x509_crt_set_serial (certificate, "\1", 1));
  check (gnutls_x509_crt_set_activation_time (certificate, 0));
  check (gnutls_x509_crt_set_expiration_time (certificate, time (NULL) + 86400));
  check (gnutls_x509_crt_set_dn (certificate, "CN=localhost", NULL));
  check (gnutls_x509_crt_set_key (certificate, key));
  check (gnutls_x509_crt_sign2 (certificate, certificate, key, GNUTLS_DIG_SHA256, 0));
  check (gnutls_certificate_set_x509_key (credentials, &certificate, 1, key));
  gnutls_x509_crt_deinit (certificate);
  gnutls_x509_privkey_deinit (key);
}

static void
handshake_init (Handshake *handshake)
{
  memset (handshake, 0, sizeof *handshake);
  check (gnutls_certificate_allocate_credentials (&handshake->client_credentials));
  check (gnutls_certificate_allocate_credentials (&handshake->server_credentials));
  add_certificate (handshake->server_credentials, GNUTLS_PK_RSA, 2048);
  add_certificate (handshake->server_credentials, GNUTLS_PK_ECDSA,
                   GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1));
  check (gnutls_certificate_set_known_dh_params (handshake->server_credentials,
                                                 GNUTLS_SEC_PARAM_MEDIUM));
  handshake->to_client = g_byte_array_new ();
  handshake->to_server = g_byte_array_new ();
}

static void
handshake_clear (Handshake *handshake)
{
  g_byte_array_unref (handshake->to_client);
  g_byte_array_unref (handshake->to_server);
  gnutls_certificate_free_credentials (handshake->client_credentials);
  gnutls_certificate_free_credentials (handshake->server_credentials);
}

static void
handshake_start (Handshake *handshake, const char *priority)
{
  check (gnutls_init (&handshake->client, GNUTLS_CLIENT | GNUTLS_NONBLOCK));
  check (gnutls_init (&handshake->server, GNUTLS_SERVER | GNUTLS_NONBLOCK));
  check (gnutls_priority_set_direct (handshake->client, priority, NULL));
  check (gnutls_priority_set_direct (handshake->server, priority, NULL));
  check (gnutls_credentials_set (handshake->client, GNUTLS_CRD_CERTIFICATE,
                                 handshake->client_credentials));
  check (gnutls_credentials_set (handshake->server, GNUTLS_CRD_CERTIFICATE,
                                 handshake->server_credentials));
  gnutls_transport_set_ptr (handshake->client, handshake);
  gnutls_transport_set_ptr (handshake->server, handshake);
  gnutls_transport_set_pull_function (handshake->client, pull_client);
  gnutls_transport_set_pull_function (handshake->server, pull_server);
  gnutls_transport_set_push_function (handshake->client, push_client);
  gnutls_transport_set_push_function (handshake->server, push_server);
}

static void
handshake_run (Handshake *handshake)
{
  int client_code = GNUTLS_E_AGAIN;
  int server_code = GNUTLS_E_AGAIN;

  while (client_code != 0 || server_code != 0)
    {
      if (client_code != 0)
        client_code = gnutls_handshake (handshake->client);
      if (client_code < 0 && gnutls_error_is_fatal (client_code))
        check (client_code);
      if (server_code != 0)
        server_code = gnutls_handshake (handshake->server);
      if (server_code < 0 && gnutls_error_is_fatal (server_code))
        check (server_code);
    }
}

static void
handshake_end (Handshake *handshake)
{
  gnutls_deinit (handshake->client);
  gnutls_deinit (handshake->server);
  g_byte_array_set_size (handshake->to_client, 0);
  g_byte_array_set_size (handshake->to_server, 0);
}

static void
check_session (gnutls_session_t session, const HandoffCipherSuite *suite)
{
  gnutls_datum_t mac_key, iv, key;
  guint8 sequence_number[8];
  unsigned int read;

  g_assert_cmphex (handoff_cipher_suite_id_of_session (session), ==, suite->id);
  g_assert_cmpstr (gnutls_ciphersuite_get (session), ==, suite->name);
  g_assert_cmpint (gnutls_prf_hash_get (session), ==, suite->prf);

  for (read = 0; read < 2; read++)
    {
      check (gnutls_record_get_state (session, read, &mac_key, &iv, &key, sequence_number));
      g_assert_cmpuint (key.size, ==, suite->key_size);
      /* GnuTLS also tells an IV for AES-CBC, which TLS 1.2 has no use for. */
      if (!handoff_cipher_suite_is_cbc (suite))
        g_assert_cmpuint (iv.size, ==, suite->iv_size);
      g_assert_cmpuint (mac_key.size, ==, suite->mac_key_size);
    }
}

/* A wrong name, PRF or priority string in our table, sizes that are not those of the exported
 * state, or a session whose suite is not recognised, in either role. */
static void
test_sessions (void)
{
  const HandoffCipherSuite *suites;
  Handshake handshake;
  gsize n_suites;
  gsize i;

  handshake_init (&handshake);
  suites = handoff_cipher_suites (&n_suites);
  for (i = 0; i < n_suites; i++)
    {
      g_autofree char *priority = NULL;

      if (suites[i].protocol == 0x0304)
        priority = g_strdup_printf ("NONE:+VERS-TLS1.3:+%s:+AEAD:+GROUP-ALL:+SIGN-ALL",
                                    suites[i].gnutls_cipher_priority);
      else
        priority = g_strdup_printf (
            "NONE:+VERS-TLS1.2:+%s:+%s:+%s:+GROUP-ALL:+SIGN-ALL", suites[i].gnutls_cipher_priority,
            gnutls_kx_get_name (suites[i].kx), gnutls_mac_get_name (suites[i].mac));
      g_test_message ("%s: %s", suites[i].name, priority);

      handshake_start (&handshake, priority);
      handshake_run (&handshake);
      check_session (handshake.client, &suites[i]);
      check_session (handshake.server, &suites[i]);
      handshake_end (&handshake);
    }
  handshake_clear (&handshake);
}

/* A suite that we do not have is taken for another one, or a session without one crashes. */
static void
test_other_sessions (void)
{
  static const struct
  {
    const char *priority;
    guint16 id;
  } cases[] = {
    { "NONE:+VERS-TLS1.2:+CAMELLIA-128-CBC:+ECDHE-RSA:+SHA256:+GROUP-ALL:+SIGN-ALL", 0xc076 },
    { "NONE:+VERS-TLS1.2:+AES-128-CBC:+RSA:+SHA1:+GROUP-ALL:+SIGN-ALL", 0x002f },
    { "NONE:+VERS-TLS1.2:+AES-128-GCM:+RSA:+AEAD:+GROUP-ALL:+SIGN-ALL", 0x009c },
  };
  Handshake handshake;
  gsize i;

  handshake_init (&handshake);
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      handshake_start (&handshake, cases[i].priority);
      g_assert_cmphex (handoff_cipher_suite_id_of_session (handshake.client), ==, 0);
      g_assert_cmpint (gnutls_handshake (handshake.client), ==, GNUTLS_E_AGAIN);
      g_assert_cmphex (handoff_cipher_suite_id_of_session (handshake.client), ==, 0);
      handshake_run (&handshake);
      g_assert_cmphex (handoff_cipher_suite_id_of_session (handshake.client), ==, cases[i].id);
      g_assert_cmphex (handoff_cipher_suite_id_of_session (handshake.server), ==, cases[i].id);
      g_assert_null (handoff_cipher_suite_by_id (cases[i].id));
      handshake_end (&handshake);
    }
  handshake_clear (&handshake);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keyblob/cipher-suite/table", test_table);
  g_test_add_func ("/keyblob/cipher-suite/order", test_order);
  g_test_add_func ("/keyblob/cipher-suite/complete", test_complete);
  g_test_add_func ("/keyblob/cipher-suite/protocol-names", test_protocol_names);
  g_test_add_func ("/keyblob/cipher-suite/sessions", test_sessions);
  g_test_add_func ("/keyblob/cipher-suite/other-sessions", test_other_sessions);
  return g_test_run ();
}
