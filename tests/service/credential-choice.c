/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Which credential a handshake gets that asks for one in the middle: with the real store, and an
 * authority whose answers the test decides. */

#include "config.h"

#include <glib/gstdio.h>
#include <gnutls/x509.h>
#include <string.h>

#include "credential/credential-store.h"
#include "handshake/credential-question.h"
#include "session/credential-choice.h"
#include "support/memory-key.h"
#include "support/credential-fixture.h"
#include "support/store-fixture.h"
#include "support/gate-fixture.h"
#include "key-file/key-material.h"
#include "keyblob/tls-handoff-error.h"

#define USER 1000
#define MACHINE HANDOFF_CREDENTIAL_OWNER_MACHINE

typedef struct
{
  char *directory; /* (owned) */
  TestAuthority *authority;
  HandoffIdleTimer *idle_timer;
  HandoffKeeper *keeper;
  HandoffCredentialStore *store;
  HandoffSessionContext context;
  HandoffCaller *caller;
  HandoffSession *session;
  HandoffCredentialChoiceMode choice; /* the session's */
  gboolean reviews;

  gboolean answered;
  HandoffCredential *answer; /* (owned) (nullable) */
  GError *error;             /* (owned) (nullable) */
} Fixture;

static gboolean
idle (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

static void
set_up (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *credentials = NULL;

  f->directory = g_dir_make_tmp ("choice-XXXXXX", &error);
  g_assert_no_error (error);
  credentials = g_build_filename (f->directory, "credentials", NULL);
  f->authority = g_object_new (TEST_TYPE_AUTHORITY, NULL);
  f->authority->answer = ANSWER_ALLOW;
  f->idle_timer = handoff_idle_timer_new (idle, NULL);
  f->caller = handoff_caller_new (":1.1", USER, 1);
  f->context.idle_timer = f->idle_timer;
  f->context.authority = HANDOFF_AUTHORITY (f->authority);
  f->store = test_store_new (credentials, &f->keeper);
  f->context.credentials = HANDOFF_CREDENTIALS (f->store);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  g_clear_pointer (&f->session, handoff_session_unref);
  g_clear_pointer (&f->answer, handoff_credential_unref);
  g_clear_error (&f->error);
  g_object_unref (f->store);
  g_object_unref (f->keeper);
  g_object_unref (f->caller);
  handoff_idle_timer_free (f->idle_timer);
  g_object_unref (f->authority);
  gate_remove_tree (f->directory);
  g_free (f->directory);
}

static void
get_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GBytes *
read_certificate (const char *name)
{
  g_autofree char *pem_file = g_strdup_printf ("%s/%s.pem", g_getenv ("HANDOFF_TEST_CERTS"), name);
  g_autofree char *key_file = g_strdup_printf ("%s/%s.key", g_getenv ("HANDOFF_TEST_CERTS"), name);
  g_autofree char *pem = NULL;
  g_autofree char *key = NULL;
  char *both;

  g_assert_true (g_file_get_contents (pem_file, &pem, NULL, NULL));
  g_assert_true (g_file_get_contents (key_file, &key, NULL, NULL));
  both = g_strconcat (pem, key, NULL);
  return g_bytes_new_take (both, strlen (both));
}

/* A credential of the test's certificates in the store. */
static void
add (Fixture *f,
     const char *label,
     guint owner,
     HandoffCredentialRoles roles,
     const char *certificate)
{
  g_autoptr (GBytes) data = read_certificate (certificate);
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffKeyMaterial) material = handoff_key_material_parse (data, NULL, &error);
  g_autoptr (HandoffPrivateKey) key = NULL;
  g_autoptr (HandoffCredential) credential = NULL;
  g_autoptr (HandoffCredential) added = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autofree char *id = NULL;

  g_assert_no_error (error);
  id = handoff_credential_dup_new_id ();
  test_store_hold (f->keeper, id, material->key);
  key = test_memory_key_new (g_steal_pointer (&material->key), &error);
  g_assert_no_error (error);
  credential = test_credential_make (id, label, owner, roles, key, NULL, material->certificates,
                                     NULL, &error);
  g_assert_no_error (error);
  handoff_credential_store_add_async (f->store, credential, get_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  added = handoff_credential_store_change_finish (f->store, result, &error);
  g_assert_no_error (error);
}

static void
remove_credential (Fixture *f, guint owner, const char *label)
{
  HandoffCredential *credential =
      handoff_credentials_find (HANDOFF_CREDENTIALS (f->store), owner, label);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  handoff_credential_store_remove_async (f->store, credential->id, get_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  handoff_credential_store_remove_finish (f->store, result, &error);
  g_assert_no_error (error);
}

static void
answered (HandoffCredential *credential,
          HandoffSigningGrant *grant,
          const GError *error,
          gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_false (f->answered);
  f->answered = TRUE;
  if (credential != NULL)
    f->answer = handoff_credential_ref (credential);
  if (error != NULL)
    f->error = g_error_copy (error);
}

/* question: (transfer full) */
static void
start (Fixture *f, HandoffRole role, HandoffCredentialQuestion *question)
{
  g_clear_pointer (&f->session, handoff_session_unref);
  g_clear_pointer (&f->answer, handoff_credential_unref);
  g_clear_error (&f->error);
  f->answered = FALSE;
  g_ptr_array_set_size (f->authority->checks, 0);
  f->session = handoff_session_new (
      role, f->caller, role == HANDOFF_ROLE_CLIENT ? "server.example" : NULL, f->idle_timer);
  f->session->credential_choice = f->choice;
  f->session->review_certificate = f->reviews;
  handoff_credential_choice_answer (&f->context, f->session, f->caller, question);
}

static void
wait_for_answer (Fixture *f)
{
  while (!f->answered)
    g_main_context_iteration (NULL, TRUE);
}

static void
start_server (Fixture *f, const char *name)
{
  /* ecdsa_secp256r1_sha256, rsa_pss_rsae_sha256, not Ed25519 */
  const guint16 schemes[] = { 0x0403, 0x0804 };

  start (f, HANDOFF_ROLE_SERVER,
         handoff_credential_question_new_for_server (name, schemes, G_N_ELEMENTS (schemes),
                                                     answered, f));
}

/* A client that asks for name (nullable) gets the server's credential with that label; NULL: none.
 * checks: what polkit was asked, separated by commas */
static void
assert_server (Fixture *f, const char *name, const char *label, const char *checks)
{
  g_autofree char *asked = NULL;

  start_server (f, name);
  wait_for_answer (f);
  g_ptr_array_add (f->authority->checks, NULL);
  asked = g_strjoinv (",", (char **) f->authority->checks->pdata);
  g_ptr_array_set_size (f->authority->checks, (int) f->authority->checks->len - 1);
  g_assert_cmpstr (f->answer != NULL ? f->answer->label : NULL, ==, label);
  g_assert_cmpstr (asked, ==, checks);
  if (label == NULL)
    {
      g_assert_error (f->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
      g_assert_nonnull (strstr (f->error->message, name != NULL ? name : "no name"));
    }
  else
    {
      g_assert_no_error (f->error);
    }
  g_assert_cmpstr (f->session->server_identity, ==, name != NULL ? name : "");
}

#define OWN(label) "use-own-credential credential=" label " role=server server-identity=localhost"
#define ANY(label) "use-any-credential credential=" label " role=server server-identity=localhost"

/* Likewise, and it gets none, because polkit says so. */
static void
assert_server_denied (Fixture *f, const char *name)
{
  start_server (f, name);
  wait_for_answer (f);
  g_assert_null (f->answer);
  g_assert_error (f->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
}

/* Breaks if a server whose certificates for a name are denied uses one for another name, or is told
 * that there is none. */
static void
test_server_denied (Fixture *f, gconstpointer unused)
{
  add (f, "m", MACHINE, HANDOFF_CREDENTIAL_ROLE_BOTH, "ecdsa");
  add (f, "other", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "wrong-name");
  f->authority->other_check = "use-any-credential*";
  f->authority->other_answer = ANSWER_DENY;
  /* As if there were none: it is not the user's own. */
  assert_server (f, "localhost", NULL, ANY ("m"));
  assert_server (f, "nobody.handoff.test", "other",
                 "use-own-credential credential=other role=server "
                 "server-identity=nobody.handoff.test");

  add (f, "own", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "ecdsa");
  f->authority->answer = ANSWER_DENY;
  assert_server_denied (f, "localhost");
}

/* Breaks if a session that a client made without a certificate would be resumed where there is one
 * to choose now; or if what other users do ends it. */
static void
test_client_state (Fixture *f, gconstpointer unused)
{
  guint64 before[4], after[4];

  add (f, "a", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "client");
  handoff_credential_choice_get_state (f->context.credentials, USER, before);
  add (f, "x", USER + 1, HANDOFF_CREDENTIAL_ROLE_BOTH, "client");
  handoff_credential_choice_get_state (f->context.credentials, USER, after);
  g_assert_cmpmem (before, sizeof before, after, sizeof after);

  add (f, "m", MACHINE, HANDOFF_CREDENTIAL_ROLE_BOTH, "client");
  handoff_credential_choice_get_state (f->context.credentials, USER, after);
  g_assert_cmpint (memcmp (before, after, sizeof before), !=, 0);
  memcpy (before, after, sizeof before);
  remove_credential (f, USER, "a");
  handoff_credential_choice_get_state (f->context.credentials, USER, after);
  g_assert_cmpint (memcmp (before, after, sizeof before), !=, 0);
  memcpy (before, after, sizeof before);
  add (f, "a", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "client");
  handoff_credential_choice_get_state (f->context.credentials, USER, after);
  g_assert_cmpint (memcmp (before, after, sizeof before), !=, 0);
}

/* Breaks if one's own do not come first, or the order is not that of the labels, or a denied one is
 * used, or another's is asked about as one's own. */
static void
test_server_order (Fixture *f, gconstpointer unused)
{
  add (f, "m", MACHINE, HANDOFF_CREDENTIAL_ROLE_BOTH, "rsa");
  add (f, "b", USER, HANDOFF_CREDENTIAL_ROLE_SERVER, "rsa");
  add (f, "a", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "ecdsa");
  add (f, "0", USER + 1, HANDOFF_CREDENTIAL_ROLE_BOTH, "ecdsa");

  assert_server (f, "localhost", "a", OWN ("a"));
  f->authority->other_check = "*credential=a *";
  f->authority->other_answer = ANSWER_DENY;
  assert_server (f, "localhost", "b", OWN ("a") "," OWN ("b"));
  f->authority->other_check = "use-own-credential*";
  assert_server (f, "localhost", "m", OWN ("a") "," OWN ("b") "," ANY ("m"));
  f->authority->answer = ANSWER_FAIL;
  start_server (f, "localhost");
  wait_for_answer (f);
  g_assert_null (f->answer);
  g_assert_error (f->error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

/* Breaks if what cannot be used is tried: expired, for the other role, of a kind that the client
 * does not take. */
static void
test_server_unusable (Fixture *f, gconstpointer unused)
{
  add (f, "a", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "expired");
  add (f, "b", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "not-activated");
  add (f, "c", USER, HANDOFF_CREDENTIAL_ROLE_CLIENT, "ecdsa");
  add (f, "d", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "ed25519");
  assert_server (f, "localhost", NULL, "");
  add (f, "e", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "rsa");
  assert_server (f, "localhost", "e", OWN ("e"));
}

/* Breaks if a certificate for another name goes before one that fits, or is guessed among several.
 */
static void
test_server_names (Fixture *f, gconstpointer unused)
{
  add (f, "m", MACHINE, HANDOFF_CREDENTIAL_ROLE_BOTH, "ecdsa");
  assert_server (f, "other.handoff.test", NULL, "");
  assert_server (f, NULL, NULL, "");

  add (f, "other", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "wrong-name");
  assert_server (f, "localhost", "m", ANY ("m"));
  f->authority->other_check = "use-any-credential*";
  f->authority->other_answer = ANSWER_DENY;
  assert_server (f, "localhost", NULL, ANY ("m"));
  assert_server (f, "no.handoff.test", "other",
                 "use-own-credential credential=other role=server server-identity=no.handoff.test");
  assert_server (f, NULL, "other", "use-own-credential credential=other role=server");

  add (f, "rsa", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "rsa");
  assert_server (f, "no.handoff.test", NULL, "");
  assert_server (f, NULL, NULL, "");
  assert_server (f, "other.handoff.test", "other",
                 "use-own-credential credential=other role=server "
                 "server-identity=other.handoff.test");
}

/* Breaks if what was removed while polkit was asked is used. */
static void
test_removed_meanwhile (Fixture *f, gconstpointer unused)
{
  add (f, "a", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "ecdsa");
  add (f, "b", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "rsa");
  f->authority->other_check = "*credential=a *";
  f->authority->other_answer = ANSWER_LATER;
  start_server (f, "localhost");
  g_assert_nonnull (f->authority->pending);
  remove_credential (f, USER, "a");
  test_authority_answer (f->authority, TRUE);
  wait_for_answer (f);
  g_assert_nonnull (f->answer);
  g_assert_cmpstr (f->answer->label, ==, "b");
}

/* What the broker answers in place of a grant. */
static void
answer_not_found (Fixture *f, const char *why)
{
  g_autoptr (GTask) task = g_steal_pointer (&f->authority->pending);

  g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, "%s",
                           why);
}

/* Breaks if the handshake fails, when who gives grants misses what was removed while polkit was
 * asked; or if it goes on with another one, when a credential that is there has no key. */
static void
test_no_grant (Fixture *f, gconstpointer unused)
{
  add (f, "a", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "ecdsa");
  add (f, "b", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "rsa");
  f->authority->other_check = "*credential=a *";
  f->authority->other_answer = ANSWER_LATER;
  start_server (f, "localhost");
  answer_not_found (f, "There is no such token");
  wait_for_answer (f);
  g_assert_null (f->answer);
  g_assert_error (f->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
  g_assert_cmpstr (f->error->message, ==, "There is no such token");

  start_server (f, "localhost");
  remove_credential (f, USER, "a");
  answer_not_found (f, "");
  wait_for_answer (f);
  g_assert_no_error (f->error);
  g_assert_cmpstr (f->answer->label, ==, "b");
}

/* What an administrator does by hand: another value of a key in the credential's file, and a
 * reload. */
static void
edit (Fixture *f, guint owner, const char *label, const char *key, const char *value)
{
  HandoffCredential *credential =
      handoff_credentials_find (HANDOFF_CREDENTIALS (f->store), owner, label);
  g_autofree char *path =
      g_build_filename (f->directory, "credentials", credential->id, "metadata", NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &error));
  g_key_file_set_value (file, "Credential", key, value);
  g_assert_true (g_key_file_save_to_file (file, path, &error));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  handoff_credential_store_reload_async (f->store, get_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (handoff_credential_store_reload_finish (f->store, result, &error));
}

/* Breaks if an answer about a credential counts when it is somebody else's meanwhile, or has the
 * label of another one: that is what polkit's rules decided by. */
static void
test_changed_meanwhile (Fixture *f, gconstpointer unused)
{
  const char *const changes[][2] = { { "Owner", "77" }, { "Label", "c" } };

  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      add (f, "a", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "ecdsa");
      add (f, "b", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "rsa");
      f->authority->other_check = "*credential=a *";
      f->authority->other_answer = ANSWER_LATER;
      start_server (f, "localhost");
      g_assert_nonnull (f->authority->pending);
      edit (f, USER, "a", changes[i][0], changes[i][1]);
      test_authority_answer (f->authority, TRUE);
      wait_for_answer (f);
      g_assert_nonnull (f->answer);
      g_assert_cmpstr (f->answer->label, ==, "b");
      remove_credential (f, USER, "b");
    }
}

/* Breaks if the question is left without an answer, or goes on to polkit, when nobody is left to
 * use the connection. */
static void
test_caller_leaves (Fixture *f, gconstpointer unused)
{
  add (f, "a", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "ecdsa");
  add (f, "b", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "rsa");
  f->authority->answer = ANSWER_LATER;
  start_server (f, "localhost");
  g_cancellable_cancel (handoff_caller_get_cancellable (f->caller));
  test_authority_answer (f->authority, TRUE);
  wait_for_answer (f);
  g_assert_null (f->answer);
  g_assert_error (f->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
  g_assert_cmpuint (f->authority->checks->len, ==, 1);
}

/* A server that names that authority's certificate. */
static void
start_client (Fixture *f, const char *authority, gnutls_pk_algorithm_t algorithm)
{
  g_autofree char *file = g_strdup_printf ("%s/%s.pem", g_getenv ("HANDOFF_TEST_CERTS"), authority);
  g_autofree char *pem = NULL;
  gnutls_x509_crt_t certificate;
  gnutls_datum_t data, name;

  g_assert_true (g_file_get_contents (file, &pem, NULL, NULL));
  data.data = (unsigned char *) pem;
  data.size = (unsigned int) strlen (pem);
  g_assert_cmpint (gnutls_x509_crt_init (&certificate), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_import (certificate, &data, GNUTLS_X509_FMT_PEM), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_get_raw_dn (certificate, &name), ==, 0);
  start (f, HANDOFF_ROLE_CLIENT,
         handoff_credential_question_new_for_client (&name, 1, &algorithm, 1, answered, f));
  gnutls_free (name.data);
  gnutls_x509_crt_deinit (certificate);
  wait_for_answer (f);
}

/* Breaks if a client shows who it is to a server that has not asked for that, or against polkit's
 * word; or if it gives up instead of going on without. */
static void
test_client (Fixture *f, gconstpointer unused)
{
  add (f, "a", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "ecdsa"); /* of another authority */
  add (f, "b", USER, HANDOFF_CREDENTIAL_ROLE_SERVER, "client");
  add (f, "m", MACHINE, HANDOFF_CREDENTIAL_ROLE_CLIENT, "client");
  add (f, "0", USER + 1, HANDOFF_CREDENTIAL_ROLE_CLIENT, "client");

  start_client (f, "client-ca", GNUTLS_PK_ECDSA);
  g_assert_no_error (f->error);
  g_assert_nonnull (f->answer);
  g_assert_cmpstr (f->answer->label, ==, "m");
  g_assert_cmpuint (f->authority->checks->len, ==, 1);
  g_assert_cmpstr (test_authority_get_last_check (f->authority), ==,
                   "use-any-credential credential=m role=client server-identity=server.example"
                   " credential-choice=automatic");

  /* Breaks if a rule does not see that nobody named the credential, or sees less than before the
   * handshake. */
  f->choice = HANDOFF_CREDENTIAL_CHOICE_MODE_CONFIGURED;
  f->reviews = TRUE;
  start_client (f, "client-ca", GNUTLS_PK_ECDSA);
  g_assert_cmpstr (test_authority_get_last_check (f->authority), ==,
                   "use-any-credential credential=m role=client server-identity=server.example"
                   " credential-choice=configured review-certificate=true");

  start_client (f, "client-ca", GNUTLS_PK_RSA);
  g_assert_null (f->answer);
  start_client (f, "other-ca", GNUTLS_PK_ECDSA);
  g_assert_null (f->answer);
  g_assert_cmpuint (f->authority->checks->len, ==, 0);

  f->authority->answer = ANSWER_DENY;
  start_client (f, "client-ca", GNUTLS_PK_ECDSA);
  g_assert_null (f->answer);
  g_assert_cmpuint (f->authority->checks->len, ==, 1);
  g_assert_no_error (f->error);
}

/* Breaks if a client goes on without its certificate, as somebody else, because nobody could say
 * whether it may be used. */
static void
test_client_unknown (Fixture *f, gconstpointer unused)
{
  add (f, "m", MACHINE, HANDOFF_CREDENTIAL_ROLE_CLIENT, "client");
  f->authority->answer = ANSWER_FAIL;
  start_client (f, "client-ca", GNUTLS_PK_ECDSA);
  g_assert_null (f->answer);
  g_assert_error (f->error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

/* At home, which is a worker. The session has ended, and is gone, before the main thread hears the
 * question. */
static gboolean
ask_and_forget (gpointer data)
{
  Fixture *f = data;

  start_server (f, "localhost");
  g_assert_cmpstr (f->session->server_identity, ==, "localhost");
  g_assert_cmpuint (f->authority->checks->len, ==, 0);
  g_clear_pointer (&f->session, handoff_session_unref);
  return G_SOURCE_REMOVE;
}

/* Breaks if the main thread looks into a session that lives elsewhere. */
static void
test_other_home (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  HandoffWorker *worker = handoff_worker_new (&error);

  g_assert_no_error (error);
  add (f, "a", USER, HANDOFF_CREDENTIAL_ROLE_BOTH, "ecdsa");
  f->context.home = worker;
  handoff_worker_invoke (worker, ask_and_forget, f, NULL);
  /* Waits for the worker: what it has asked is all that is left. */
  handoff_worker_free (worker);
  g_assert_null (f->session);
  g_assert_false (f->answered);
  g_assert_true (handoff_idle_timer_is_held (f->idle_timer));
  wait_for_answer (f);
  g_assert_no_error (f->error);
  g_assert_cmpstr (f->answer->label, ==, "a");
  g_assert_cmpstr (test_authority_get_last_check (f->authority), ==, OWN ("a"));
  g_assert_false (handoff_idle_timer_is_held (f->idle_timer));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/service/credential-choice/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("server/order", test_server_order);
  ADD ("server/denied", test_server_denied);
  ADD ("server/unusable", test_server_unusable);
  ADD ("server/names", test_server_names);
  ADD ("removed-meanwhile", test_removed_meanwhile);
  ADD ("no-grant", test_no_grant);
  ADD ("changed-meanwhile", test_changed_meanwhile);
  ADD ("caller-leaves", test_caller_leaves);
  ADD ("client", test_client);
  ADD ("client/unknown", test_client_unknown);
  ADD ("client/state", test_client_state);
  ADD ("other-home", test_other_home);
  return g_test_run ();
}
