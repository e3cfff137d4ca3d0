/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Handshakes whose key is in another process, and signs by a grant. The signer is the test's main
 * thread, and looks at what it signs as a real one does. */

#include "config.h"

#include "keyblob/tls-handoff-error.h"
#include "key/gnutls-support.h"
#include "support/client-handshake-fixture.h"
#include "support/server-handshake-fixture.h"
#include "support/test-signer.h"

#define TLS1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define TLS1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"

/* data: the client's priority string */
static void
test_server (ServerTest *f, gconstpointer data)
{
  const char *const names[] = { "rsa", "ecdsa", "ed25519" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      TestSigner signer;

      test_signer_init (&signer, names[i]);
      f->grant = test_signer_grant (&signer, HANDOFF_ROLE_SERVER, 1);
      if (i > 0)
        server_test_set_up_client (f, data, NULL);
      server_test_begin (f, signer.credential, NULL, NULL);
      g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
      g_assert_cmpint (server_test_run_client (f), ==, 0);
      g_assert_cmpuint (signer.n_signatures, ==, 1);
      if (i + 1 < G_N_ELEMENTS (names))
        server_test_end_connection (f);
      test_signer_clear (&signer);
    }
}

/* Runs until it fails: what is wrong. */
static void
assert_fails (ServerTest *f, int code, const char *words)
{
  g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, code);
  if (strstr (f->progress->error->message, words) == NULL)
    g_error ("“%s” does not say “%s”", f->progress->error->message, words);
}

/* Breaks if what the signer says is not what the caller hears. */
static void
test_refused (ServerTest *f, gconstpointer data)
{
  TestSigner signer;

  test_signer_init (&signer, "ecdsa");
  signer.refusal = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                                        "The token “x” is locked");
  f->grant = test_signer_grant (&signer, HANDOFF_ROLE_SERVER, 1);
  server_test_begin (f, signer.credential, NULL, NULL);
  assert_fails (f, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "The token “x” is locked");
  test_signer_clear (&signer);
}

/* Breaks if a handshake asks the signer with a grant that is used up, or without one: that would
 * end the whole process. */
static void
test_not_granted (ServerTest *f, gconstpointer data)
{
  TestSigner signer;
  g_autoptr (HandoffSigningGrant) grant = NULL;

  test_signer_init (&signer, "ecdsa");
  grant = test_signer_grant (&signer, HANDOFF_ROLE_SERVER, 1);
  f->grant = handoff_signing_grant_ref (grant);
  server_test_begin (f, signer.credential, NULL, NULL);
  g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
  server_test_end_connection (f);

  server_test_set_up_client (f, TLS1_3, NULL);
  f->grant = handoff_signing_grant_ref (grant);
  server_test_begin (f, signer.credential, NULL, NULL);
  assert_fails (f, TLS_HANDOFF_ERROR_NOT_AUTHORIZED, "was used before");
  server_test_end_connection (f);

  server_test_set_up_client (f, TLS1_3, NULL);
  server_test_begin (f, signer.credential, NULL, NULL);
  assert_fails (f, TLS_HANDOFF_ERROR_FAILED, "no permission");
  g_assert_cmpuint (signer.n_signatures, ==, 1);
  g_clear_pointer (&grant, handoff_signing_grant_unref);
  test_signer_clear (&signer);
}

static void
wait_for_request (ServerTest *f, TestSigner *signer)
{
  signer->is_slow = TRUE;
  f->grant = test_signer_grant (signer, HANDOFF_ROLE_SERVER, 1);
  server_test_begin (f, signer->credential, NULL, NULL);
  server_test_run_client (f);
  server_test_start_step (f);
  while (signer->kept == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (f->progress);
}

/* Breaks if a handshake waits for ever for a signer that died. */
static void
test_signer_dies (ServerTest *f, gconstpointer data)
{
  TestSigner signer;

  test_signer_init (&signer, "ecdsa");
  wait_for_request (f, &signer);
  test_signer_end (&signer);
  g_assert_cmpint (server_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_nonnull (strstr (f->progress->error->message, "tls-handoff-keeper has ended"));
  test_signer_clear (&signer);
}

/* Breaks if a handshake that ends while it waits for its signature leaks or crashes, or the answer
 * does when it comes. */
static void
test_cancelled (ServerTest *f, gconstpointer data)
{
  TestSigner signer;

  test_signer_init (&signer, "ecdsa");
  wait_for_request (f, &signer);
  handoff_handshake_cancel (f->handshake);
  g_assert_cmpint (server_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
  handoff_link_call_return (g_steal_pointer (&signer.kept),
                            g_variant_new ("(@ay)", g_variant_new_bytestring ("late")), NULL, 0);
  server_test_wait_for_end (f);
  test_signer_clear (&signer);
}

/* data: the server's priority string. Breaks if what a client signs with TLS 1.2 is not all
 * messages of its handshake, or is not found. */
static void
test_client (ClientTest *f, gconstpointer data)
{
  const char *const names[] = { "rsa", "ecdsa", "ed25519" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      TestSigner signer;

      test_signer_init (&signer, names[i]);
      if (i > 0)
        client_test_set_up_server (f, "wrong-name", data);
      gnutls_certificate_server_set_request (f->server, GNUTLS_CERT_REQUIRE);
      f->grant = test_signer_grant (&signer, HANDOFF_ROLE_CLIENT, 1);
      f->credential = signer.credential;
      client_test_begin (f, "other.handoff.test", NULL);
      while (client_test_step (f) == HANDOFF_HANDSHAKE_CONTINUE)
        client_test_forget_progress (f);
      g_assert_no_error (f->progress->error);
      g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_COMPLETE);
      g_assert_cmpuint (signer.n_signatures, ==, 1);
      /* In TLS 1.2 the server's chain is in it. */
      if (g_str_equal (data, TLS1_2))
        g_assert_cmpuint (signer.size, >, 1000);
      if (i + 1 < G_N_ELEMENTS (names))
        client_test_end_connection (f);
      f->credential = NULL;
      test_signer_clear (&signer);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  handoff_gnutls_wipe_freed_memory ();
#define ADD_SERVER(name, priority, function)                                                       \
  g_test_add ("/service/handshake-grant/" name, ServerTest, priority, server_test_set_up,          \
              function, server_test_tear_down)
  ADD_SERVER ("server/tls1.3", TLS1_3, test_server);
  ADD_SERVER ("server/tls1.2", TLS1_2, test_server);
  ADD_SERVER ("refused", TLS1_3, test_refused);
  ADD_SERVER ("not-granted", TLS1_3, test_not_granted);
  ADD_SERVER ("signer-dies", TLS1_3, test_signer_dies);
  ADD_SERVER ("cancelled", TLS1_3, test_cancelled);
#undef ADD_SERVER
  g_test_add ("/service/handshake-grant/client/tls1.3", ClientTest, TLS1_3, client_test_set_up,
              test_client, client_test_tear_down);
  g_test_add ("/service/handshake-grant/client/tls1.2", ClientTest, TLS1_2, client_test_set_up,
              test_client, client_test_tear_down);
  return g_test_run ();
}
