/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Peers that want small records, by record_size_limit (RFC 8449: GnuTLS) and max_fragment_length
 * (RFC 6066 4: OpenSSL, GnuTLS). The limit that crosses is the most data that the peer takes in a
 * record. */

#include "config.h"

#include <openssl/ssl.h>

#include "key/gnutls-support.h"
#include "support/client-handshake-fixture.h"
#include "support/server-handshake-fixture.h"

#define TLS1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

/* RFC 8449 4: at least 64; the largest is what TLS 1.3 and 1.2 have anyway. */
static const guint16 sizes[] = { 64, 65, 511, 512, 1000, 4096, 16383, 16384 };

static void
assert_limit (HandoffKeyState *state, guint16 limit)
{
  g_assert_cmpuint (state->write.max_plaintext_size, ==, limit);
  g_assert_cmpuint (state->read.max_plaintext_size, ==, 16384);
  handoff_key_state_free (state);
}

/* GnuTLS adds the content type to the limit that it tells a TLS 1.3 peer, so that the limit for
 * data is what GnuTLS was told. Breaks if the limit is ignored, or if the content type is counted
 * twice or never. data: the client's priority string */
static void
test_server (ServerTest *f, gconstpointer data)
{
  g_autofree char *priority = g_strconcat (data, ":%ALLOW_SMALL_RECORDS", NULL);
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("rsa", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_assert_cmpint (gnutls_priority_set_direct (f->client, priority, NULL), ==, 0);
      g_assert_cmpint (gnutls_record_set_max_recv_size (f->client, sizes[i]), ==, 0);
      server_test_begin (f, credential, NULL, NULL);
      g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
      assert_limit (server_test_export_keys (f), sizes[i]);
      server_test_end_connection (f);
      server_test_set_up_client (f, data, NULL);
    }
}

/* The same, as a client. data: the server's priority string */
static void
test_client (ClientTest *f, gconstpointer data)
{
  g_autofree char *priority = g_strconcat (data, ":%ALLOW_SMALL_RECORDS", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_assert_cmpint (gnutls_priority_set_direct (f->server, priority, NULL), ==, 0);
      g_assert_cmpint (gnutls_record_set_max_recv_size (f->server, sizes[i]), ==, 0);
      client_test_begin (f, "other.handoff.test", NULL);
      while (client_test_step (f) == HANDOFF_HANDSHAKE_CONTINUE)
        ;
      g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_COMPLETE);
      assert_limit (client_test_export_keys (f), sizes[i]);
      client_test_end_connection (f);
      client_test_set_up_server (f, "wrong-name", data);
    }
}

/* max_fragment_length beside GnuTLS's record_size_limit. */
static int
send_code (gnutls_session_t session, gnutls_buffer_t buffer)
{
  const guint8 code = 1; /* 512 */

  gnutls_buffer_append_data (buffer, &code, sizeof code);
  return sizeof code;
}

static int
ignore_code (gnutls_session_t session, const unsigned char *code, size_t size)
{
  return 0;
}

/* Both extensions: record_size_limit counts, whichever is smaller (RFC 8449 5). */
static void
test_both (ServerTest *f, gconstpointer data)
{
  const guint16 limits[] = { 600, 1000 };
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("rsa", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      g_assert_cmpint (gnutls_session_ext_register (
                           f->client, "max_fragment_length by hand", 1, GNUTLS_EXT_TLS, ignore_code,
                           send_code, NULL, NULL, NULL,
                           GNUTLS_EXT_FLAG_OVERRIDE_INTERNAL | GNUTLS_EXT_FLAG_CLIENT_HELLO |
                               GNUTLS_EXT_FLAG_EE | GNUTLS_EXT_FLAG_TLS12_SERVER_HELLO),
                       ==, 0);
      g_assert_cmpint (gnutls_record_set_max_recv_size (f->client, limits[i]), ==, 0);
      server_test_begin (f, credential, NULL, NULL);
      g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
      assert_limit (server_test_export_keys (f), limits[i]);
      server_test_end_connection (f);
      server_test_set_up_client (f, data, NULL);
    }
}

/* An OpenSSL client with a max_fragment_length: a code of RFC 6066 4, 0 for none. */
static SSL *
openssl_client_new (SSL_CTX *context, guint8 code)
{
  SSL *client = SSL_new (context);

  SSL_set_bio (client, BIO_new (BIO_s_mem ()), BIO_new (BIO_s_mem ()));
  SSL_set_connect_state (client);
  g_assert_cmpint (SSL_set_tlsext_max_fragment_length (client, code), ==, 1);
  return client;
}

static HandoffHandshakeState
step_openssl (ServerTest *f, SSL *client)
{
  guint8 bytes[4096];
  int n;

  if (f->to_client->len > 0)
    BIO_write (SSL_get_rbio (client), f->to_client->data, (int) f->to_client->len);
  g_byte_array_set_size (f->to_client, 0);
  SSL_do_handshake (client);
  while ((n = BIO_read (SSL_get_wbio (client), bytes, sizeof bytes)) > 0)
    g_byte_array_append (f->to_server, bytes, (guint) n);
  server_test_start_step (f);
  return server_test_finish_operation (f);
}

static void
run_openssl (ServerTest *f, SSL *client)
{
  HandoffHandshakeState state;
  guint n_steps = 0;

  while ((state = step_openssl (f, client)) == HANDOFF_HANDSHAKE_CONTINUE)
    g_assert_cmpuint (++n_steps, <, 20);
  g_assert_cmpint (state, ==, HANDOFF_HANDSHAKE_COMPLETE);
}

/* Breaks if max_fragment_length is ignored, or read as something else. data: TLS1_2, or TLS1_3
 */
static void
test_openssl (ServerTest *f, gconstpointer data)
{
  const guint16 limits[] = { 16384, 512, 1024, 2048, 4096 };
  const int version = g_str_equal (data, TLS1_2) ? TLS1_2_VERSION : TLS1_3_VERSION;
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("rsa", NULL);
  SSL_CTX *context = SSL_CTX_new (TLS_client_method ());

  SSL_CTX_set_min_proto_version (context, version);
  SSL_CTX_set_max_proto_version (context, version);
  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      SSL *client = openssl_client_new (context, (guint8) i);

      server_test_begin (f, credential, NULL, NULL);
      run_openssl (f, client);
      assert_limit (server_test_export_keys (f), limits[i]);
      SSL_free (client);
      server_test_end_connection (f);
      server_test_set_up_client (f, TLS1_3, NULL);
    }
  SSL_CTX_free (context);
}

/* Breaks if the limit of the first ClientHello is kept where the second, after a HelloRetryRequest,
 * has another one, or none. The first has a key share of a group that the service does not take. */
static void
test_retry (ServerTest *f, gconstpointer data)
{
  const guint8 codes[][2] = { { 1, 3 }, { 3, 1 }, { 2, 0 } };
  const guint16 limits[] = { 2048, 512, 16384 };
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("rsa", NULL);
  SSL_CTX *context = SSL_CTX_new (TLS_client_method ());

  g_assert_cmpint (SSL_CTX_set1_groups_list (context, "ffdhe8192:X25519"), ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      SSL *client = openssl_client_new (context, codes[i][0]);

      server_test_begin (f, credential, NULL, NULL);
      g_assert_cmpint (step_openssl (f, client), ==, HANDOFF_HANDSHAKE_CONTINUE);
      g_assert_cmpint (SSL_get_state (client), ==, TLS_ST_CW_CLNT_HELLO);
      g_assert_cmpint (SSL_set_tlsext_max_fragment_length (client, codes[i][1]), ==, 1);
      run_openssl (f, client);
      assert_limit (server_test_export_keys (f), limits[i]);
      SSL_free (client);
      server_test_end_connection (f);
      server_test_set_up_client (f, TLS1_3, NULL);
    }
  SSL_CTX_free (context);
}

int
main (int argc, char **argv)
{
  handoff_gnutls_wipe_freed_memory ();
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/service/record-size-limits/server/tls1.2", ServerTest, TLS1_2, server_test_set_up,
              test_server, server_test_tear_down);
  g_test_add ("/service/record-size-limits/server/tls1.3", ServerTest, TLS1_3, server_test_set_up,
              test_server, server_test_tear_down);
  g_test_add ("/service/record-size-limits/client/tls1.2", ClientTest, TLS1_2, client_test_set_up,
              test_client, client_test_tear_down);
  g_test_add ("/service/record-size-limits/client/tls1.3", ClientTest, TLS1_3, client_test_set_up,
              test_client, client_test_tear_down);
  g_test_add ("/service/record-size-limits/both/tls1.2", ServerTest, TLS1_2, server_test_set_up,
              test_both, server_test_tear_down);
  g_test_add ("/service/record-size-limits/both/tls1.3", ServerTest, TLS1_3, server_test_set_up,
              test_both, server_test_tear_down);
  g_test_add ("/service/record-size-limits/retry", ServerTest, TLS1_3, server_test_set_up,
              test_retry, server_test_tear_down);
  g_test_add ("/service/record-size-limits/openssl/tls1.2", ServerTest, TLS1_2, server_test_set_up,
              test_openssl, server_test_tear_down);
  g_test_add ("/service/record-size-limits/openssl/tls1.3", ServerTest, TLS1_3, server_test_set_up,
              test_openssl, server_test_tear_down);
  return g_test_run ();
}
