/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The channel bindings that cross (RFC 5929, RFC 9266): the same as the peer's. */

#include "config.h"

#include <gnutls/crypto.h>

#include "key/gnutls-support.h"
#include "keyblob/tls-handoff-error.h"
#include "resumption/server-tickets.h"
#include "support/memory-key.h"
#include "support/certificate-maker.h"
#include "support/client-handshake-fixture.h"
#include "support/server-handshake-fixture.h"

#define TLS1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3:+ECDHE-PSK"
#define WITHOUT_EXTENDED_MASTER_SECRET ":%NO_SESSION_HASH"
#define FORMAT_2 "{'blob-format': <uint32 2>}"

static void
assert_binding (const guint8 *binding,
                gsize size,
                gnutls_session_t peer,
                gnutls_channel_binding_t type)
{
  gnutls_datum_t expected = { NULL, 0 };
  int code = gnutls_session_channel_binding (peer, type, &expected);

  if (code == GNUTLS_E_CHANNEL_BINDING_NOT_AVAILABLE)
    g_assert_cmpuint (size, ==, 0);
  else
    g_assert_cmpmem (binding, size, expected.data, code == 0 ? expected.size : G_MAXUINT);
  gnutls_free (expected.data);
}

/* exporter, unique: the sizes that there must be; so that two sides that have nothing are not taken
 * for two that agree. */
static void
assert_same (const HandoffKeyState *state, gnutls_session_t peer, gsize exporter, gsize unique)
{
  g_assert_cmpuint (state->tls_exporter_size, ==, exporter);
  g_assert_cmpuint (state->tls_unique_size, ==, unique);
  assert_binding (state->tls_exporter, exporter, peer, GNUTLS_CB_TLS_EXPORTER);
  assert_binding (state->tls_unique, unique, peer, GNUTLS_CB_TLS_UNIQUE);
}

/* hash: the certificate's, as RFC 5929 has it; GNUTLS_DIG_UNKNOWN: there is no binding. */
static void
assert_end_point (const HandoffKeyState *state, GBytes *der, gnutls_digest_algorithm_t hash)
{
  guint8 expected[64];
  gsize size = hash != GNUTLS_DIG_UNKNOWN ? gnutls_hash_get_len (hash) : 0;

  if (size > 0)
    g_assert_cmpint (
        gnutls_hash_fast (hash, g_bytes_get_data (der, NULL), g_bytes_get_size (der), expected), ==,
        0);
  g_assert_cmpmem (state->tls_server_end_point, state->tls_server_end_point_size, expected, size);
}

static void
complete_client (ClientTest *f)
{
  while (client_test_step (f) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_COMPLETE);
  /* It has to hear our Finished before it has them all. */
  while (gnutls_handshake (f->server) == GNUTLS_E_AGAIN && f->to_server->len > 0)
    ;
}

/* Breaks if a client's are not its server's. data: the server's priority string */
static void
test_client (ClientTest *f, gconstpointer data)
{
  gboolean is_tls1_3 = g_str_has_prefix (data, TLS1_3);
  gboolean is_extended = !g_str_has_suffix (data, WITHOUT_EXTENDED_MASTER_SECRET);
  g_autoptr (GBytes) der = test_certificate_new ("wrong-name");
  g_autoptr (HandoffKeyState) state = NULL;

  client_test_begin (f, "other.handoff.test", FORMAT_2);
  complete_client (f);
  state = client_test_export_keys (f);
  assert_same (state, f->server, is_tls1_3 || is_extended ? 32 : 0, is_tls1_3 ? 0 : 12);
  assert_end_point (state, der, GNUTLS_DIG_SHA256);
}

/* Breaks if a caller gets more than it can read: a library of version 0.1 would refuse the blob. */
static void
test_format_1 (ClientTest *f, gconstpointer data)
{
  g_autoptr (HandoffKeyState) state = NULL;

  client_test_begin (f, "other.handoff.test", NULL);
  complete_client (f);
  state = client_test_export_keys (f);
  g_assert_cmpuint (handoff_key_state_get_format (state), ==, 1);
}

/* Breaks if a client that resumes takes the wrong Finished message for tls-unique (the server's
 * comes first, then), or does not know the certificate any more. */
static void
test_resuming_client (ClientTest *f, gconstpointer data)
{
  g_autoptr (GBytes) der = test_certificate_new ("wrong-name");
  g_autoptr (HandoffKeyState) first = NULL;
  g_autoptr (HandoffKeyState) second = NULL;
  gnutls_datum_t ticket_key;
  guint8 *session_data;

  gnutls_session_ticket_key_generate (&ticket_key);
  gnutls_session_ticket_enable_server (f->server, &ticket_key);
  client_test_begin (f, "other.handoff.test", FORMAT_2);
  complete_client (f);
  first = client_test_export_keys (f);
  session_data = g_steal_pointer (&f->progress->session_data);
  g_assert_nonnull (session_data);
  client_test_end_connection (f);

  client_test_set_up_server (f, "wrong-name", data);
  gnutls_session_ticket_enable_server (f->server, &ticket_key);
  client_test_begin_with (f, "other.handoff.test", FORMAT_2, session_data);
  complete_client (f);
  g_assert_true (gnutls_session_is_resumed (f->server));
  second = client_test_export_keys (f);
  assert_same (second, f->server, 32, 12);
  assert_end_point (second, der, GNUTLS_DIG_SHA256);
  g_assert_false (handoff_key_state_equal (first, second));
  gnutls_free (ticket_key.data);
}

/* (transfer full): what the client can resume by */
static gnutls_datum_t
take_session (ServerTest *f)
{
  gnutls_datum_t session = { NULL, 0 };
  char byte;

  while (gnutls_record_recv (f->client, &byte, 1) == GNUTLS_E_INTERRUPTED || f->to_client->len > 0)
    ;
  g_assert_cmpint (gnutls_session_get_data2 (f->client, &session), ==, 0);
  return session;
}

/* Breaks if a server's are not its client's; if the one that resumed has none of its certificate,
 * which it did not send, or another tls-unique, or one where it proves nothing. data: the client's
 * priority string */
static void
test_server (ServerTest *f, gconstpointer data)
{
  gboolean is_tls1_3 = g_str_has_prefix (data, TLS1_3);
  gboolean is_extended = !g_str_has_suffix (data, WITHOUT_EXTENDED_MASTER_SECRET);
  g_autoptr (HandoffServerTickets) tickets = handoff_server_tickets_new ();
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("ecdsa", NULL);
  gnutls_datum_t session = { NULL, 0 };

  handoff_server_tickets_set_lifetime (tickets, 3600);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (HandoffKeyState) state = NULL;

      if (i == 1)
        {
          server_test_end_connection (f);
          server_test_set_up_client (f, data, NULL);
          gnutls_session_set_data (f->client, session.data, session.size);
          gnutls_free (session.data);
        }
      server_test_begin (
          f, credential, FORMAT_2,
          handoff_server_tickets_derive_secret (tickets, g_variant_new_string ("alice")));
      g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
      g_assert_cmpint (f->progress->outcome->resumed, ==, i == 1);
      server_test_run_client (f);
      state = server_test_export_keys (f);
      if (i == 0 || is_extended)
        assert_same (state, f->client, is_tls1_3 || is_extended ? 32 : 0, is_tls1_3 ? 0 : 12);
      else
        g_assert_cmpuint (state->tls_exporter_size + state->tls_unique_size, ==, 0);
      assert_end_point (state, credential->description->certificates->pdata[0], GNUTLS_DIG_SHA256);
      if (i == 0)
        session = take_session (f);
    }
}

/* (transfer full): for localhost, signed by a key of that algorithm with that hash */
static HandoffCredential *
new_credential (gnutls_pk_algorithm_t algorithm, gnutls_digest_algorithm_t digest)
{
  const TestCertificateSpec authority = { .algorithm = algorithm,
                                          .is_authority = TRUE,
                                          .digest = digest };
  const TestCertificateSpec leaf = { .digest = digest };
  g_autoptr (TestCertificate) issuer = test_certificate_make ("issuer", NULL, &authority);
  g_autoptr (TestCertificate) certificate = test_certificate_make ("leaf", issuer, &leaf);
  g_autoptr (GPtrArray) certificates =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (HandoffPrivateKey) key = NULL;
  g_autoptr (GError) error = NULL;
  HandoffCredential *credential;

  key = test_memory_key_new (g_steal_pointer (&certificate->key), &error);
  g_assert_no_error (error);
  g_ptr_array_add (certificates, test_certificate_to_der (certificate));
  credential = test_credential_make (NULL, "leaf", 0, HANDOFF_CREDENTIAL_ROLE_BOTH, key, NULL,
                                     certificates, NULL, &error);
  g_assert_no_error (error);
  return credential;
}

/* Breaks if the certificate is not hashed with the hash of its signature, or weak ones are taken
 * for it (RFC 5929 4.1). Ed25519 has SHA-512 inside, and GnuTLS and what is built on it take that;
 * Ed448 has none that anybody agreed on. */
static void
test_certificate_hash (ServerTest *f, gconstpointer data)
{
  static const struct
  {
    gnutls_pk_algorithm_t algorithm;
    gnutls_digest_algorithm_t digest;
    gnutls_digest_algorithm_t expected;
  } cases[] = {
    { GNUTLS_PK_ECDSA, GNUTLS_DIG_SHA384, GNUTLS_DIG_SHA384 },
    { GNUTLS_PK_ECDSA, GNUTLS_DIG_SHA1, GNUTLS_DIG_SHA256 },
    { GNUTLS_PK_RSA, GNUTLS_DIG_SHA512, GNUTLS_DIG_SHA512 },
    { GNUTLS_PK_RSA, GNUTLS_DIG_MD5, GNUTLS_DIG_SHA256 },
    { GNUTLS_PK_RSA_PSS, GNUTLS_DIG_SHA384, GNUTLS_DIG_SHA384 },
    { GNUTLS_PK_RSA_PSS, GNUTLS_DIG_SHA512, GNUTLS_DIG_SHA512 },
    { GNUTLS_PK_EDDSA_ED25519, GNUTLS_DIG_SHA512, GNUTLS_DIG_SHA512 },
    { GNUTLS_PK_EDDSA_ED448, GNUTLS_DIG_SHAKE_256, GNUTLS_DIG_UNKNOWN },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HandoffCredential) credential =
          new_credential (cases[i].algorithm, cases[i].digest);
      g_autoptr (HandoffKeyState) state = NULL;

      g_test_message ("%s, %s", gnutls_pk_get_name (cases[i].algorithm),
                      gnutls_digest_get_name (cases[i].digest));
      server_test_begin (f, credential, FORMAT_2, NULL);
      g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
      server_test_run_client (f);
      state = server_test_export_keys (f);
      assert_end_point (state, credential->description->certificates->pdata[0], cases[i].expected);
      if (cases[i].expected != GNUTLS_DIG_UNKNOWN)
        assert_binding (state->tls_server_end_point, state->tls_server_end_point_size, f->client,
                        GNUTLS_CB_TLS_SERVER_END_POINT);
      server_test_end_connection (f);
      server_test_set_up_client (f, data, NULL);
    }
}

int
main (int argc, char **argv)
{
  static const char *const priorities[][2] = {
    { "tls1.3", TLS1_3 },
    { "tls1.2", TLS1_2 },
    { "without-extended-master-secret", TLS1_2 WITHOUT_EXTENDED_MASTER_SECRET },
  };

  handoff_gnutls_wipe_freed_memory ();
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      g_autofree char *client =
          g_strconcat ("/service/channel-bindings/client/", priorities[i][0], NULL);
      g_autofree char *server =
          g_strconcat ("/service/channel-bindings/server/", priorities[i][0], NULL);

      g_test_add (client, ClientTest, priorities[i][1], client_test_set_up, test_client,
                  client_test_tear_down);
      g_test_add (server, ServerTest, priorities[i][1], server_test_set_up, test_server,
                  server_test_tear_down);
    }
  g_test_add ("/service/channel-bindings/format-1", ClientTest, TLS1_3, client_test_set_up,
              test_format_1, client_test_tear_down);
  g_test_add ("/service/channel-bindings/resuming-client", ClientTest, TLS1_2, client_test_set_up,
              test_resuming_client, client_test_tear_down);
  g_test_add ("/service/channel-bindings/certificate-hash", ServerTest, TLS1_3, server_test_set_up,
              test_certificate_hash, server_test_tear_down);
  return g_test_run ();
}
