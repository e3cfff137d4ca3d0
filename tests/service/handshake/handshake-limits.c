/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Peers that give a worker too much work: with keys, chains, statuses, primes, groups and bytes
 * beyond what is done for one handshake. Each is refused before the work. The reason shows that:
 * after the work, the error would be that a signature is wrong. */

#include "config.h"

#include "handshake/handshake-error.h"
#include "handshake/handshake-transport.h"
#include "handshake/peer-limits.h"
#include "keyblob/tls-handoff-error.h"
#include "support/client-handshake-fixture.h"
#include "support/expensive-certificate.h"
#include "support/server-handshake-fixture.h"

#define TLS1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

/* A key that signs although there is no key. */
static int
sign_garbage (gnutls_privkey_t key,
              gnutls_sign_algorithm_t algorithm,
              void *user_data,
              unsigned int flags,
              const gnutls_datum_t *data,
              gnutls_datum_t *signature)
{
  const gsize size = 4096;

  signature->data = gnutls_calloc (1, size);
  signature->size = (unsigned int) size;
  signature->data[size - 1] = 1;
  return 0;
}

static int
describe_rsa (gnutls_privkey_t key, unsigned int flags, void *user_data)
{
  if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
    return GNUTLS_PK_RSA;
  if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
    return 32768;
  return flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO ? 1 : -1;
}

/* chain: ends with an entry without any bits. */
static void
add_chain (gnutls_certificate_credentials_t credentials, const TestCertificate *chain)
{
  gnutls_pcert_st pcerts[64];
  gnutls_privkey_t key;
  int n;

  for (n = 0; chain[n].rsa_bits > 0; n++)
    {
      g_autoptr (GBytes) der = test_certificate_build (&chain[n]);
      gnutls_datum_t datum = { (unsigned char *) g_bytes_get_data (der, NULL),
                               (unsigned int) g_bytes_get_size (der) };

      g_assert_cmpint (gnutls_pcert_import_x509_raw (&pcerts[n], &datum, GNUTLS_X509_FMT_DER, 0),
                       >=, 0);
    }
  gnutls_certificate_set_flags (credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
  gnutls_privkey_init (&key);
  g_assert_cmpint (gnutls_privkey_import_ext4 (key, NULL, sign_garbage, sign_garbage, NULL, NULL,
                                               describe_rsa, 0),
                   >=, 0);
  g_assert_cmpint (gnutls_certificate_set_key (credentials, NULL, 0, pcerts, n, key), >=, 0);
}

/* Replaces the fixture's. credentials: (transfer full) */
static void
set_server (ClientTest *f, gnutls_certificate_credentials_t credentials, const char *priority)
{
  gnutls_deinit (f->server);
  gnutls_certificate_free_credentials (f->credentials);
  client_test_set_up_server_with (f, credentials, priority);
}

static gnutls_certificate_credentials_t
new_credentials (const char *name)
{
  g_autofree char *cert = g_strdup_printf ("%s/%s.pem", g_getenv ("HANDOFF_TEST_CERTS"), name);
  g_autofree char *key = g_strdup_printf ("%s/%s.key", g_getenv ("HANDOFF_TEST_CERTS"), name);
  gnutls_certificate_credentials_t credentials;

  g_assert_cmpint (gnutls_certificate_allocate_credentials (&credentials), ==, 0);
  g_assert_cmpint (
      gnutls_certificate_set_x509_key_file (credentials, cert, key, GNUTLS_X509_FMT_PEM), >=, 0);
  return credentials;
}

static void
run_client (ClientTest *f)
{
  guint n_steps = 0;

  client_test_begin (f, "localhost", NULL);
  /* A server that fails sends nothing by itself. */
  while (client_test_step (f) == HANDOFF_HANDSHAKE_CONTINUE)
    g_assert_cmpuint (++n_steps, <, 20);
}

/* What the server hears, and the caller. */
static void
expect_refusal (ClientTest *f, const char *message, gnutls_alert_description_t alert)
{
  g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
  g_test_message ("%s", f->progress->error->message);
  g_assert_nonnull (strstr (f->progress->error->message, message));
  g_assert_cmpint (gnutls_alert_get (f->server), ==, alert);
}

/* Breaks if work is done with a server's key, or with the key of any certificate that the server
 * sends, before it is known whether the key is trusted. data: the server's priority string */
static void
test_server_chains (ClientTest *f, gconstpointer data)
{
  const struct
  {
    TestCertificate chain[40];
    const char *message;
  } cases[] = {
    { { { .rsa_bits = 32768, .exponent_bits = 32768 } }, "certificate 1 has an RSA key of 32768" },
    { { { .rsa_bits = 4096, .exponent_bits = 4096 } }, "public exponent of 4096 bits" },
    { { { .rsa_bits = 2048 }, { .rsa_bits = 32768 } }, "certificate 2 has an RSA key of 32768" },
    { { [0 ... 4] = { .rsa_bits = 16384 } }, "certificate 5 has an RSA key of 16384" },
    { { [0 ... 32] = { .rsa_bits = 1024 } }, "too many certificates (33)" },
    { { { .rsa_bits = 2048, .n_names = 4097 } }, "4097 alternative names" },
    { { { .rsa_bits = 2048, .n_subject_attributes = 3000 } }, "3000 attributes" },
    { { [0 ... 1] = { .rsa_bits = 2048, .n_purposes = 65 } }, "130 extended key usages" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gnutls_certificate_credentials_t credentials;

      g_assert_cmpint (gnutls_certificate_allocate_credentials (&credentials), ==, 0);
      add_chain (credentials, cases[i].chain);
      set_server (f, credentials, data);
      run_client (f);
      expect_refusal (f, cases[i].message, GNUTLS_A_UNSUPPORTED_CERTIFICATE);
      client_test_end_connection (f);
      client_test_set_up_server (f, "rsa", data);
    }
}

/* Within the limits nothing changed: the signature is found wrong. */
static void
test_server_large_key (ClientTest *f, gconstpointer data)
{
  const TestCertificate chain[] = { { .rsa_bits = 16384 }, { .rsa_bits = 0 } };
  gnutls_certificate_credentials_t credentials;

  g_assert_cmpint (gnutls_certificate_allocate_credentials (&credentials), ==, 0);
  add_chain (credentials, chain);
  set_server (f, credentials, TLS1_3);
  run_client (f);
  expect_refusal (f, "ignature", GNUTLS_A_DECRYPT_ERROR);
}

static void
test_client_chain (ServerTest *f, gconstpointer data)
{
  const TestCertificate chain[] = { { .rsa_bits = 32768, .exponent_bits = 32768 },
                                    { .rsa_bits = 0 } };
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("rsa", NULL);

  add_chain (f->credentials, chain);
  server_test_begin (f, credential,
                     "{'client-certificate': <'request'>, 'review-certificate': <true>}", NULL);
  g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
  g_assert_nonnull (strstr (f->progress->error->message, "RSA key of 32768"));
}

/* data: the OCSP response, a GBytes */
static int
give_response (gnutls_session_t session, void *data, gnutls_datum_t *response)
{
  gsize size;
  gconstpointer bytes = g_bytes_get_data (data, &size);

  response->data = gnutls_malloc (size);
  memcpy (response->data, bytes, size);
  response->size = (unsigned int) size;
  return 0;
}

/* Breaks if an OCSP response may have what a chain may not have. */
static void
test_responses (ClientTest *f, gconstpointer data)
{
  const TestCertificate giant = { .rsa_bits = 32768, .exponent_bits = 32768 };
  const TestCertificate small = { .rsa_bits = 1024 };
  GBytes *certificates[9];
  const struct
  {
    GBytes *response;
    const char *message;
    int alert;
  } cases[] = {
    { (certificates[0] = test_certificate_build (&giant),
       test_ocsp_response_build (certificates, 1)),
      "responder's certificate 1 has an RSA key of 32768", GNUTLS_A_UNSUPPORTED_CERTIFICATE },
    { (g_bytes_unref (certificates[0]), certificates[0] = test_certificate_build (&small),
       memcpy (certificates + 1, certificates, sizeof *certificates),
       memcpy (certificates + 2, certificates, 2 * sizeof *certificates),
       memcpy (certificates + 4, certificates, 4 * sizeof *certificates),
       memcpy (certificates + 8, certificates, sizeof *certificates),
       test_ocsp_response_build (certificates, 9)),
      "too many certificates (9)", 113 },
    { g_bytes_new_take (g_malloc0 (40000), 40000), "too many bytes (40000)", 113 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gnutls_certificate_credentials_t credentials = new_credentials ("rsa");

      gnutls_certificate_set_ocsp_status_request_function2 (credentials, 0, give_response,
                                                            cases[i].response);
      set_server (f, credentials, data);
      run_client (f);
      expect_refusal (f, cases[i].message, (gnutls_alert_description_t) cases[i].alert);
      client_test_end_connection (f);
      client_test_set_up_server (f, "rsa", data);
      g_bytes_unref (cases[i].response);
    }
  g_bytes_unref (certificates[0]);
}

/* Breaks if a server decides how large the numbers of a key exchange are. GnuTLS's server takes a
 * group that the client named (RFC 7919); other servers take what they were given. */
static void
test_prime (ClientTest *f, gconstpointer data)
{
  const struct
  {
    gsize size;
    const char *message;
  } cases[] = {
    { 8192 / 8, "ignature" },
    { 8192 / 8 + 1, "prime of too many bits for DHE (8200)" },
    { 16384 / 8 - 1, "prime of too many bits for DHE (16376)" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      /* p, g, Y, algorithm, signature, each with its length */
      g_autofree guint8 *body = g_malloc0 (2 * cases[i].size + 300);
      guint8 *p = body;

      set_server (f, new_credentials ("rsa"), TLS1_2 ":-KX-ALL:+DHE-RSA");
      client_test_begin (f, "localhost", NULL);
      g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
      for (guint j = 0; j < 2; j++)
        {
          *p++ = (guint8) (cases[i].size >> 8);
          *p++ = (guint8) cases[i].size;
          memset (p, j == 0 ? 0xff : 0x7f, cases[i].size);
          p += cases[i].size;
          if (j == 0)
            p = (guint8 *) memcpy (p, "\0\1\2", 3) + 3;
        }
      p = (guint8 *) memcpy (p, "\4\1\1\0", 4) + 4 + 256;
      client_test_replace_message (f, 12, body, (gsize) (p - body));
      client_test_step (f);
      g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_FAILED);
      g_test_message ("%s", f->progress->error->message);
      g_assert_nonnull (strstr (f->progress->error->message, cases[i].message));
      client_test_end_connection (f);
      client_test_set_up_server (f, "rsa", TLS1_2);
    }
}

/* Breaks if a group is offered with which a peer can make us compute for long. */
static void
test_server_groups (ClientTest *f, gconstpointer data)
{
  const char *const groups[] = { "GROUP-FFDHE6144", "GROUP-FFDHE8192" };

  for (gsize i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      g_autofree char *priority = g_strdup_printf (TLS1_3 ":-GROUP-ALL:+%s", groups[i]);

      set_server (f, new_credentials ("rsa"), priority);
      client_test_begin (f, "localhost", NULL);
      client_test_step (f);
      /* The server has nothing to answer, not even a HelloRetryRequest. */
      g_assert_cmpuint (f->to_client->len, ==, 0);
      client_test_end_connection (f);
      client_test_set_up_server (f, "rsa", TLS1_3);
    }
  set_server (f, new_credentials ("rsa"), TLS1_3 ":-GROUP-ALL:+GROUP-FFDHE4096");
  run_client (f);
  g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_COMPLETE);
}

static void
test_client_group (ServerTest *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("rsa", NULL);

  server_test_begin (f, credential, NULL, NULL);
  g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_FAILED);
}

/* A handshake message of 16 MiB, which is not complete before all of it is there. Breaks if so much
 * is kept for a peer. */
static void
test_endless_message (ClientTest *f, gconstpointer data)
{
  g_autofree guint8 *record = g_malloc0 (5 + 16384);
  gsize sent = 0;

  memcpy (record, "\x16\x03\x03\x40\x00\x02\xff\xff\xff", 9);
  gnutls_deinit (g_steal_pointer (&f->server));
  client_test_begin (f, "localhost", NULL);
  client_test_step (f);
  do
    {
      g_byte_array_append (f->to_client, record, 5 + 16384);
      memset (record + 5, 0, 4);
      sent += 5 + 16384;
      g_assert_cmpuint (sent, <, 2 * HANDOFF_MAX_HANDSHAKE_INPUT_KIB * 1024);
    }
  while (client_test_step (f) == HANDOFF_HANDSHAKE_CONTINUE);
  g_assert_cmpuint (sent, >=, HANDOFF_MAX_HANDSHAKE_INPUT_KIB * 1024);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
  g_assert_nonnull (strstr (f->progress->error->message, "KiB"));
  /* fatal, unexpected_message */
  g_assert_cmpmem (f->to_server->data + f->to_server->len - 7, 7, "\x15\x03\x03\x00\x02\x02\x0a",
                   7);
}

/* Breaks if GnuTLS may try any number of responses against all certificates of the chain. */
static void
test_many_responses (void)
{
  HandoffPeerLimits limits = { 0 };
  guint8 bytes[] = { 1, 0, 0, 3, 0x30, 1, 0 };
  const gnutls_datum_t message = { bytes, sizeof bytes };

  for (guint i = 0; i < HANDOFF_MAX_OCSP_RESPONSES + 1; i++)
    {
      g_autoptr (GError) error = NULL;
      int code = handoff_peer_limits_check (&limits, GNUTLS_TLS1_2, GNUTLS_KX_ECDHE_RSA,
                                            GNUTLS_HANDSHAKE_CERTIFICATE_STATUS, &message, &error);

      g_assert_cmpint (code, ==,
                       i < HANDOFF_MAX_OCSP_RESPONSES ? GNUTLS_E_SUCCESS
                                                      : GNUTLS_E_OCSP_RESPONSE_ERROR);
    }
}

/* A compressed certificate, which nobody offered to read (RFC 8879): GnuTLS would decompress it
 * into up to 16 MiB. Breaks if GnuTLS gets to see it. */
static void
test_compressed_certificate (void)
{
  HandoffPeerLimits limits = { 0 };
  guint8 bytes[] = { 0, 1, 0xff, 0xff, 0xff, 0, 0, 1, 0 };
  const gnutls_datum_t message = { bytes, sizeof bytes };
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (
      handoff_peer_limits_check (&limits, GNUTLS_TLS1_3, GNUTLS_KX_UNKNOWN, 25, &message, &error),
      ==, GNUTLS_E_UNEXPECTED_HANDSHAKE_PACKET);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
}

/* Breaks if bytes that are no certificate are reported as too much work, or get the alert for that.
 */
static void
test_unreadable_certificate (void)
{
  HandoffPeerLimits limits = { 0 };
  guint8 bytes[] = { 0, 0, 6, 0, 0, 3, 0x30, 1, 0 };
  const gnutls_datum_t message = { bytes, sizeof bytes };
  g_autoptr (GError) error = NULL;
  int code = handoff_peer_limits_check (&limits, GNUTLS_TLS1_2, GNUTLS_KX_ECDHE_RSA,
                                        GNUTLS_HANDSHAKE_CERTIFICATE_PKT, &message, &error);

  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
  g_assert_cmpstr (error->message, ==,
                   "What the peer sent cannot be read: certificate 1 is no X.509 certificate in "
                   "DER");
  g_assert_cmpint (handoff_handshake_error_get_alert (code), ==, GNUTLS_A_BAD_CERTIFICATE);
}

int
main (int argc, char **argv)
{
  const char *const priorities[][2] = { { "tls1.3", TLS1_3 }, { "tls1.2", TLS1_2 } };

  handoff_gnutls_wipe_freed_memory ();
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      g_autofree char *chains =
          g_strconcat ("/service/handshake-limits/server-chains/", priorities[i][0], NULL);
      g_autofree char *client =
          g_strconcat ("/service/handshake-limits/client-chain/", priorities[i][0], NULL);
      g_autofree char *responses =
          g_strconcat ("/service/handshake-limits/ocsp-responses/", priorities[i][0], NULL);

      g_test_add (chains, ClientTest, priorities[i][1], client_test_set_up, test_server_chains,
                  client_test_tear_down);
      g_test_add (client, ServerTest, priorities[i][1], server_test_set_up, test_client_chain,
                  server_test_tear_down);
      g_test_add (responses, ClientTest, priorities[i][1], client_test_set_up, test_responses,
                  client_test_tear_down);
    }
  g_test_add ("/service/handshake-limits/server-large-key", ClientTest, TLS1_3, client_test_set_up,
              test_server_large_key, client_test_tear_down);
  g_test_add ("/service/handshake-limits/prime", ClientTest, TLS1_2, client_test_set_up, test_prime,
              client_test_tear_down);
  g_test_add ("/service/handshake-limits/server-groups", ClientTest, TLS1_3, client_test_set_up,
              test_server_groups, client_test_tear_down);
  g_test_add ("/service/handshake-limits/client-group", ServerTest,
              TLS1_3 ":-GROUP-ALL:+GROUP-FFDHE8192", server_test_set_up, test_client_group,
              server_test_tear_down);
  g_test_add ("/service/handshake-limits/endless-message", ClientTest, TLS1_3, client_test_set_up,
              test_endless_message, client_test_tear_down);
  g_test_add_func ("/service/handshake-limits/many-responses", test_many_responses);
  g_test_add_func ("/service/handshake-limits/compressed-certificate", test_compressed_certificate);
  g_test_add_func ("/service/handshake-limits/unreadable-certificate", test_unreadable_certificate);
  return g_test_run ();
}
