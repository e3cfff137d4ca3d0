/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The server asks for a certificate, and the caller chooses it. */

#include "config.h"

#include <gnutls/x509.h>
#include <string.h>

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "support/memory-key.h"
#include "support/certificate-maker.h"
#include "support/client-handshake-fixture.h"
#include "support/credential-fixture.h"

#define IDENTITY "other.handoff.test"
#define ASK "{'ask-for-credential': <true>}"

/* The server asks. authorities: whether it names those that it takes. */
static void
let_server_ask (ClientTest *f, gnutls_certificate_request_t request, gboolean authorities)
{
  g_autofree char *file = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), "client-ca.pem", NULL);

  gnutls_certificate_server_set_request (f->server, request);
  if (authorities)
    g_assert_cmpint (
        gnutls_certificate_set_x509_trust_file (f->credentials, file, GNUTLS_X509_FMT_PEM), ==, 1);
}

static HandoffHandshakeState
step_on (ClientTest *f)
{
  HandoffHandshakeState state;

  while ((state = client_test_step (f)) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  return state;
}

/* To the end of the operation that was begun, and of those that follow. */
static HandoffHandshakeState
go_on (ClientTest *f)
{
  const HandoffHandshakeState state = client_test_finish_operation (f);

  if (state != HANDOFF_HANDSHAKE_CONTINUE)
    return state;
  gnutls_handshake (f->server);
  return step_on (f);
}

static HandoffHandshakeState
provide (ClientTest *f, HandoffCredential *credential, gboolean automatic)
{
  client_test_forget_progress (f);
  handoff_handshake_provide (f->handshake, credential, NULL, automatic, client_test_progressed, f);
  return go_on (f);
}

static gboolean
is_tls1_3 (gconstpointer priority)
{
  return strstr (priority, "VERS-TLS1.3") != NULL;
}

/* The server has the certificate of client.pem, or none. */
static void
assert_server_sees (ClientTest *f, gboolean certificate)
{
  g_autoptr (GBytes) expected = test_certificate_new ("client");
  unsigned int n = 0;
  const gnutls_datum_t *seen;
  int code;

  /* It may be complete already, and wait for more. */
  code = gnutls_handshake (f->server);
  g_assert_true (code == GNUTLS_E_SUCCESS || code == GNUTLS_E_AGAIN);
  seen = gnutls_certificate_get_peers (f->server, &n);
  g_assert_cmpuint (n, ==, certificate ? 1 : 0);
  if (certificate)
    g_assert_cmpmem (seen[0].data, seen[0].size, g_bytes_get_data (expected, NULL),
                     g_bytes_get_size (expected));
}

/* The name of client-ca.pem, DER. */
static GBytes *
authority_name_new (void)
{
  g_autoptr (GBytes) der = test_certificate_new ("client-ca");
  const gnutls_datum_t datum = { (unsigned char *) g_bytes_get_data (der, NULL),
                                 (unsigned int) g_bytes_get_size (der) };
  gnutls_x509_crt_t certificate;
  gnutls_datum_t name;
  GBytes *bytes;

  g_assert_cmpint (gnutls_x509_crt_init (&certificate), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_import (certificate, &datum, GNUTLS_X509_FMT_DER), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_get_raw_dn (certificate, &name), ==, 0);
  bytes = g_bytes_new (name.data, name.size);
  gnutls_free (name.data);
  gnutls_x509_crt_deinit (certificate);
  return bytes;
}

/* Breaks if the caller does not get what it needs for its choice, or if its choice is not what the
 * server gets. In TLS 1.2 the server's certificate is known then; in TLS 1.3 it comes later. */
static void
test_credential (ClientTest *f, gconstpointer priority)
{
  g_autoptr (HandoffCredential) credential = test_credential_new (NULL, "mine", 0, "client");
  g_autoptr (GBytes) expected = authority_name_new ();
  g_autoptr (GVariant) name = NULL;
  const HandoffHandshakeOutcome *outcome;

  let_server_ask (f, GNUTLS_CERT_REQUIRE, TRUE);
  client_test_begin (f, IDENTITY, ASK);
  g_assert_cmpint (step_on (f), ==, HANDOFF_HANDSHAKE_REQUEST);
  outcome = f->progress->outcome;
  g_assert_true (outcome->certificate_requested);
  g_assert_cmpstr (outcome->protocol, ==,
                   is_tls1_3 (priority) ? HANDOFF_PROTOCOL_TLS1_3 : HANDOFF_PROTOCOL_TLS1_2);
  g_assert_nonnull (outcome->cipher_suite);
  g_assert_cmpuint (g_variant_n_children (outcome->peer_certificates), ==,
                    is_tls1_3 (priority) ? 0 : 1);
  g_assert_cmpint (outcome->verified_path != NULL, ==, !is_tls1_3 (priority));
  g_assert_cmpstr (outcome->ocsp_status, ==, is_tls1_3 (priority) ? NULL : HANDOFF_OCSP_NONE);
  g_assert_cmpuint (g_variant_n_children (outcome->certificate_authorities), ==, 1);
  name = g_variant_get_child_value (outcome->certificate_authorities, 0);
  g_assert_cmpmem (g_variant_get_data (name), g_variant_get_size (name),
                   g_bytes_get_data (expected, NULL), g_bytes_get_size (expected));

  g_assert_cmpint (provide (f, credential, FALSE), ==, HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_cmpstr (f->progress->outcome->credential, ==, "mine");
  g_assert_cmpuint (g_variant_n_children (f->progress->outcome->certificate_authorities), ==, 1);
  g_assert_cmpuint (g_variant_n_children (f->progress->outcome->peer_certificates), ==, 1);
  assert_server_sees (f, TRUE);
  handoff_key_state_free (client_test_export_keys (f));
  /* Later handshakes would resume it without the question whether the credential may be used. */
  g_assert_null (f->progress->window);
  g_assert_null (f->progress->session_data);
}

/* Breaks if "none" is no answer; or if such a session is resumed, where the caller would not be
 * asked any more. */
static void
test_none (ClientTest *f, gconstpointer priority)
{
  let_server_ask (f, GNUTLS_CERT_REQUEST, FALSE);
  client_test_begin (f, IDENTITY, ASK);
  g_assert_cmpint (step_on (f), ==, HANDOFF_HANDSHAKE_REQUEST);
  g_assert_cmpuint (g_variant_n_children (f->progress->outcome->certificate_authorities), ==, 0);
  g_assert_cmpint (provide (f, NULL, FALSE), ==, HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_null (f->progress->outcome->credential);
  assert_server_sees (f, FALSE);
  handoff_key_state_free (client_test_export_keys (f));
  g_assert_null (f->progress->window);
  g_assert_null (f->progress->session_data);
}

/* Breaks if the caller is bothered by a server that asks for nothing, or if that session is not
 * kept. */
static void
test_not_asked (ClientTest *f, gconstpointer priority)
{
  client_test_begin (f, IDENTITY, ASK);
  g_assert_cmpint (step_on (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_false (f->progress->outcome->certificate_requested);
  if (is_tls1_3 (priority))
    {
      handoff_key_state_free (client_test_export_keys (f));
      g_assert_nonnull (f->progress->window);
    }
}

/* Breaks if a caller that did not say so is asked. */
static void
test_not_wanted (ClientTest *f, gconstpointer priority)
{
  let_server_ask (f, GNUTLS_CERT_REQUEST, TRUE);
  client_test_begin (f, IDENTITY, NULL);
  g_assert_cmpint (step_on (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_true (f->progress->outcome->certificate_requested);
  assert_server_sees (f, FALSE);
}

/* The main thread finds one. */
static void
answer_question (HandoffCredentialQuestion *question, gpointer user_data)
{
  g_autoptr (HandoffCredential) credential = test_credential_new (NULL, "found", 0, "client");

  g_assert_true (handoff_credential_question_accepts (question, credential));
  handoff_credential_question_answer (question, credential, NULL, NULL);
}

/* Breaks if the caller cannot leave the choice to the service. */
static void
test_automatic (ClientTest *f, gconstpointer priority)
{
  let_server_ask (f, GNUTLS_CERT_REQUIRE, TRUE);
  f->ask = answer_question;
  client_test_begin (f, IDENTITY, ASK);
  g_assert_cmpint (step_on (f), ==, HANDOFF_HANDSHAKE_REQUEST);
  g_assert_cmpint (provide (f, NULL, TRUE), ==, HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_cmpstr (f->progress->outcome->credential, ==, "found");
  assert_server_sees (f, TRUE);
}

static void
refuse_question (HandoffCredentialQuestion *question, gpointer user_data)
{
  g_assert_not_reached ();
}

/* Breaks if the service looks for a credential although the caller has none; or although the
 * request may not, as with credential-choice=configured. */
static void
test_no_automatic (ClientTest *f, gconstpointer priority)
{
  for (int may_ask = FALSE; may_ask <= TRUE; may_ask++)
    {
      let_server_ask (f, GNUTLS_CERT_REQUEST, TRUE);
      f->ask = refuse_question;
      f->may_not_ask = !may_ask;
      client_test_begin (f, IDENTITY, ASK);
      g_assert_cmpint (step_on (f), ==, HANDOFF_HANDSHAKE_REQUEST);
      g_assert_cmpint (provide (f, NULL, !may_ask), ==, HANDOFF_HANDSHAKE_COMPLETE);
      assert_server_sees (f, FALSE);
      client_test_end_connection (f);
      client_test_set_up_server (f, "wrong-name", priority);
    }
}

/* Breaks if one of the two questions comes twice, or in place of the other. In TLS 1.3 the server
 * asks before it shows its certificate, in TLS 1.2 afterwards. */
static void
test_with_review (ClientTest *f, gconstpointer priority)
{
  g_autoptr (HandoffCredential) credential = test_credential_new (NULL, "mine", 0, "client");
  const gboolean asks_first = is_tls1_3 (priority);

  let_server_ask (f, GNUTLS_CERT_REQUIRE, TRUE);
  client_test_begin (f, "localhost",
                     "{'ask-for-credential': <true>, 'review-certificate': <true>}");
  g_assert_cmpint (step_on (f), ==,
                   asks_first ? HANDOFF_HANDSHAKE_REQUEST : HANDOFF_HANDSHAKE_REVIEW);
  if (asks_first)
    g_assert_cmpint (provide (f, credential, FALSE), ==, HANDOFF_HANDSHAKE_REVIEW);
  g_assert_cmpstr (f->progress->outcome->verification_errors[0], ==, "wrong-name");
  g_assert_cmpint (gnutls_handshake (f->server), ==, GNUTLS_E_AGAIN);
  client_test_forget_progress (f);
  handoff_handshake_review (f->handshake, TRUE, client_test_progressed, f);
  if (asks_first)
    {
      g_assert_cmpint (go_on (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
    }
  else
    {
      g_assert_cmpint (go_on (f), ==, HANDOFF_HANDSHAKE_REQUEST);
      g_assert_cmpstr (f->progress->outcome->verification_errors[0], ==, "wrong-name");
      g_assert_cmpint (provide (f, credential, FALSE), ==, HANDOFF_HANDSHAKE_COMPLETE);
    }
  assert_server_sees (f, TRUE);
}

/* Breaks if the certificate goes to a server that is not the right one; or if the caller does not
 * get that server's certificate, with what is wrong with it. */
static void
test_untrusted (ClientTest *f, gconstpointer priority)
{
  g_autoptr (HandoffCredential) credential = test_credential_new (NULL, "mine", 0, "client");
  g_autoptr (GVariant) certificates = NULL;
  g_autoptr (GVariant) problems = NULL;
  HandoffHandshakeState state;
  unsigned int n = 0;

  let_server_ask (f, GNUTLS_CERT_REQUEST, TRUE);
  client_test_begin (f, "localhost", ASK);
  state = step_on (f);
  if (is_tls1_3 (priority))
    {
      g_assert_cmpint (state, ==, HANDOFF_HANDSHAKE_REQUEST);
      state = provide (f, credential, FALSE);
    }
  g_assert_cmpint (state, ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED);
  certificates = g_variant_lookup_value (tls_handoff_error_get_details (f->progress->error),
                                         HANDOFF_DETAIL_PEER_CERTIFICATES, NULL);
  g_assert_cmpuint (g_variant_n_children (certificates), ==, 1);
  problems = g_variant_lookup_value (tls_handoff_error_get_details (f->progress->error),
                                     HANDOFF_DETAIL_VERIFICATION_ERRORS, NULL);
  g_assert_cmpuint (g_variant_n_children (problems), ==, 1);
  g_assert_cmpint (gnutls_handshake (f->server), <, 0);
  g_assert_cmpint (gnutls_alert_get (f->server), ==, GNUTLS_A_BAD_CERTIFICATE);
  g_assert_null (gnutls_certificate_get_peers (f->server, &n));
}

/* Breaks if a handshake that waits for its caller cannot be ended, or if an answer that comes
 * afterwards is taken. */
static void
test_cancelled (ClientTest *f, gconstpointer priority)
{
  g_autoptr (HandoffCredential) credential = test_credential_new (NULL, "mine", 0, "client");

  let_server_ask (f, GNUTLS_CERT_REQUIRE, TRUE);
  client_test_begin (f, IDENTITY, ASK);
  g_assert_cmpint (step_on (f), ==, HANDOFF_HANDSHAKE_REQUEST);
  handoff_handshake_cancel (f->handshake);
  client_test_wait_for_end (f);
  g_assert_cmpint (provide (f, credential, FALSE), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
}

/* Breaks if the bytes that came after the request are lost, or counted as used. */
static void
test_left_over (ClientTest *f, gconstpointer priority)
{
  guint n_steps = 0;
  HandoffHandshakeState state;

  let_server_ask (f, GNUTLS_CERT_REQUEST, TRUE);
  client_test_begin (f, IDENTITY, ASK);
  g_assert_cmpint (step_on (f), ==, HANDOFF_HANDSHAKE_REQUEST);
  /* A byte at a time, what is left and what comes. */
  client_test_forget_progress (f);
  handoff_handshake_provide (f->handshake, NULL, NULL, FALSE, client_test_progressed, f);
  state = client_test_finish_operation (f);
  while (state == HANDOFF_HANDSHAKE_CONTINUE)
    {
      g_autoptr (GBytes) input = NULL;

      gnutls_handshake (f->server);
      g_assert_cmpuint (f->to_client->len, >, 0);
      input = g_bytes_new (f->to_client->data, 1);
      client_test_forget_progress (f);
      handoff_handshake_step (f->handshake, input, client_test_progressed, f);
      state = client_test_finish_operation (f);
      g_byte_array_remove_range (f->to_client, 0, (guint) f->progress->consumed);
      n_steps++;
    }
  g_assert_cmpint (state, ==, HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_cmpuint (n_steps, >, 10);
  assert_server_sees (f, FALSE);
}

/* Breaks if the server takes a key that it did not ask for, or the service sends none in its place.
 * Whose error it is depends: in TLS 1.3 the client is complete before the server has seen the key.
 */
static void
test_unfit (ClientTest *f, gconstpointer priority)
{
  g_autoptr (HandoffCredential) credential = test_credential_new (NULL, "mine", 0, "ed25519");
  g_autofree char *ecdsa_only =
      g_strconcat (priority, ":-SIGN-ALL:+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SECP256R1-SHA256", NULL);

  g_assert_cmpint (gnutls_priority_set_direct (f->server, ecdsa_only, NULL), ==, 0);
  let_server_ask (f, GNUTLS_CERT_REQUIRE, TRUE);
  client_test_begin (f, IDENTITY, ASK);
  g_assert_cmpint (step_on (f), ==, HANDOFF_HANDSHAKE_REQUEST);
  if (provide (f, credential, FALSE) != HANDOFF_HANDSHAKE_COMPLETE)
    g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
  g_assert_true (gnutls_error_is_fatal (gnutls_handshake (f->server)));
}

static void
find_nothing (HandoffCredentialQuestion *question, gpointer user_data)
{
  handoff_credential_question_answer (question, NULL, NULL, NULL);
}

/* Lets a server that requires a certificate end the handshake. */
static void
let_server_refuse (ClientTest *f)
{
  HandoffHandshakeState state;
  gboolean is_told = FALSE;

  while ((state = client_test_step (f)) != HANDOFF_HANDSHAKE_FAILED)
    {
      const int code = gnutls_handshake (f->server);

      g_assert_cmpint (state, !=, HANDOFF_HANDSHAKE_COMPLETE);
      if (state == HANDOFF_HANDSHAKE_REQUEST)
        {
          client_test_forget_progress (f);
          handoff_handshake_provide (f->handshake, NULL, NULL, FALSE, client_test_progressed, f);
          client_test_finish_operation (f);
        }
      if (code != GNUTLS_E_AGAIN && !is_told)
        is_told = gnutls_alert_send (f->server, GNUTLS_AL_FATAL, GNUTLS_A_HANDSHAKE_FAILURE) == 0;
    }
}

/* Breaks if the error says that none of the user's credentials is for the server, where nobody
 * looked. */
static void
test_refused (ClientTest *f, gconstpointer priority)
{
  static const struct
  {
    const char *options;
    gboolean authorities;
    HandoffCredentialAskFunc ask;
    gboolean is_looked_for;
  } cases[] = {
    { ASK, TRUE, refuse_question, FALSE },
    { NULL, TRUE, NULL, FALSE },
    { NULL, FALSE, refuse_question, FALSE },
    { NULL, TRUE, find_nothing, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      let_server_ask (f, GNUTLS_CERT_REQUIRE, cases[i].authorities);
      f->ask = cases[i].ask;
      client_test_begin (f, IDENTITY, cases[i].options);
      let_server_refuse (f);
      g_assert_error (f->progress->error, TLS_HANDOFF_ERROR,
                      TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
      g_assert_nonnull (strstr (f->progress->error->message,
                                cases[i].is_looked_for ? "no credential that its authorities issued"
                                                       : "no credential was named"));
      client_test_end_connection (f);
      client_test_set_up_server (f, "wrong-name", priority);
    }
}

/* A certificate of an RSA key that may decrypt, and not sign. */
static HandoffCredential *
new_unable (const char *label)
{
  const TestCertificateSpec spec = { .algorithm = GNUTLS_PK_RSA,
                                     .key_usage = GNUTLS_KEY_KEY_ENCIPHERMENT };
  g_autoptr (TestCertificate) certificate = test_certificate_make ("client", NULL, &spec);
  g_autoptr (GPtrArray) certificates =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (HandoffPrivateKey) key = NULL;
  g_autoptr (GError) error = NULL;
  gnutls_x509_privkey_t copy;
  HandoffCredential *credential;

  g_assert_cmpint (gnutls_x509_privkey_init (&copy), ==, 0);
  g_assert_cmpint (gnutls_x509_privkey_cpy (copy, certificate->key), ==, 0);
  key = test_memory_key_new (copy, &error);
  g_assert_no_error (error);
  g_ptr_array_add (certificates, test_certificate_to_der (certificate));
  credential = test_credential_make (NULL, label, 0, HANDOFF_CREDENTIAL_ROLE_BOTH, key, NULL,
                                     certificates, NULL, &error);
  g_assert_no_error (error);
  return credential;
}

/* Breaks if the peer is blamed for a certificate of our own: GnuTLS has one code for both. */
static void
test_own_key_usage (ClientTest *f, gconstpointer priority)
{
  static const char *const labels[] = { "mine", "" };
  static const char *const begins[] = { "The certificate of the credential “mine” is not meant",
                                        "The certificate of the credential is not meant" };

  for (gsize i = 0; i < G_N_ELEMENTS (labels); i++)
    {
      g_autoptr (HandoffCredential) credential = new_unable (labels[i]);

      let_server_ask (f, GNUTLS_CERT_REQUEST, FALSE);
      client_test_begin (f, IDENTITY, ASK);
      g_assert_cmpint (step_on (f), ==, HANDOFF_HANDSHAKE_REQUEST);
      g_assert_cmpint (provide (f, credential, FALSE), ==, HANDOFF_HANDSHAKE_FAILED);
      g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
      g_assert_true (g_str_has_prefix (f->progress->error->message, begins[i]));
      g_assert_cmpint (gnutls_handshake (f->server), <, 0);
      g_assert_cmpint (gnutls_alert_get (f->server), ==, GNUTLS_A_INTERNAL_ERROR);
      client_test_end_connection (f);
      client_test_set_up_server (f, "wrong-name", priority);
    }
}

/* A server's CertificateRequest (RFC 5246 7.4.4), with what is to be its list of authorities. */
static void
ask_by_hand (ClientTest *f, const guint8 *authorities, gsize size)
{
  static const guint8 begin[] = { 1, 64, 0, 2, 4, 3 }; /* ecdsa_sign, ecdsa_secp256r1_sha256 */
  g_autoptr (GByteArray) body = g_byte_array_new ();

  let_server_ask (f, GNUTLS_CERT_REQUEST, TRUE);
  client_test_begin (f, IDENTITY, ASK);
  g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
  g_byte_array_append (body, begin, sizeof begin);
  g_byte_array_append (body, authorities, (guint) size);
  client_test_replace_message (f, GNUTLS_HANDSHAKE_CERTIFICATE_REQUEST, body->data, body->len);
  client_test_step (f);
}

/* Breaks if a server's list that is as long as a record can be is lost, or in another order; or if
 * one that is no list gets to the caller. The names themselves are for the caller to read: they
 * need not be names. Also breaks if each name takes more memory than the server sent for it: failed
 * sessions have the names, too, and a user may have many. */
static void
test_authorities (ClientTest *f, gconstpointer priority)
{
  static const struct
  {
    guint8 bytes[12];
    gsize size;
  } bad[] = {
    { { 0 }, 1 },                     /* half a length */
    { { 0, 1, 0 }, 3 },               /* half a name's length */
    { { 0, 4, 0, 3, 1, 2 }, 6 },      /* a name that is longer than the list */
    { { 0, 5, 0, 1, 7, 0, 9 }, 7 },   /* the second one is */
    { { 0, 3, 0, 1, 7, 0, 1 }, 7 },   /* something behind the list */
    { { 0xff, 0xff, 0, 1, 7 }, 5 },   /* a list that is longer than the message */
    { { 0, 6, 0, 0, 0, 0, 0, 0 }, 8 } /* names of nothing: GnuTLS may take them */
  };
  const guint n_names = 5000;
  g_autoptr (GByteArray) many = g_byte_array_new ();
  g_autoptr (GVariant) names = NULL;
  const guint8 *first = NULL;
  const guint8 length[] = { (guint8) (n_names * 3 >> 8), (guint8) (n_names * 3) };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      ask_by_hand (f, bad[i].bytes, bad[i].size);
      if (i < G_N_ELEMENTS (bad) - 1)
        g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_FAILED);
      client_test_end_connection (f);
      client_test_set_up_server (f, "wrong-name", priority);
    }

  g_byte_array_append (many, length, sizeof length);
  for (guint i = 0; i < n_names; i++)
    g_byte_array_append (many, (const guint8[]){ 0, 1, (guint8) i }, 3);
  ask_by_hand (f, many->data, many->len);
  g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_REQUEST);
  names = g_variant_ref (f->progress->outcome->certificate_authorities);
  g_assert_cmpuint (g_variant_n_children (names), ==, n_names);
  for (guint i = 0; i < n_names; i++)
    {
      g_autoptr (GVariant) name = g_variant_get_child_value (names, i);
      const guint8 *data = g_variant_get_data (name);

      if (i == 0)
        first = data;
      g_assert_cmpuint (g_variant_get_size (name), ==, 1);
      g_assert_cmpuint (*data, ==, (guint8) i);
      g_assert_true (data == first + i);
    }
}

int
main (int argc, char **argv)
{
  const char *const priorities[][2] = {
    { "tls1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.3" },
    { "tls1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.2" },
  };
  const struct
  {
    const char *name;
    void (*function) (ClientTest *f, gconstpointer data);
  } cases[] = {
    { "credential", test_credential },
    { "none", test_none },
    { "not-asked", test_not_asked },
    { "not-wanted", test_not_wanted },
    { "automatic", test_automatic },
    { "no-automatic", test_no_automatic },
    { "with-review", test_with_review },
    { "untrusted", test_untrusted },
    { "cancelled", test_cancelled },
    { "left-over", test_left_over },
    { "unfit", test_unfit },
  };

  g_test_init (&argc, &argv, NULL);
  /* In TLS 1.3 the request is encrypted: only a real server can make one. */
  g_test_add ("/service/handshake-request/authorities", ClientTest, priorities[1][1],
              client_test_set_up, test_authorities, client_test_tear_down);
  /* In TLS 1.3 the client is complete before the server has seen that there is none. */
  g_test_add ("/service/handshake-request/refused", ClientTest, priorities[1][1],
              client_test_set_up, test_refused, client_test_tear_down);
  /* In TLS 1.3 GnuTLS leaves it to the server. */
  g_test_add ("/service/handshake-request/own-key-usage", ClientTest, priorities[1][1],
              client_test_set_up, test_own_key_usage, client_test_tear_down);
  for (gsize i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      for (gsize j = 0; j < G_N_ELEMENTS (cases); j++)
        {
          g_autofree char *path =
              g_strdup_printf ("/service/handshake-request/%s/%s", cases[j].name, priorities[i][0]);

          g_test_add (path, ClientTest, priorities[i][1], client_test_set_up, cases[j].function,
                      client_test_tear_down);
        }
    }
  return g_test_run ();
}
