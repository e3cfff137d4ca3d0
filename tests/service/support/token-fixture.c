/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/token-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "key/gnutls-support.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

#define TIMEOUT 20 /* seconds */

/* The tokens' folder has the module's control files, too. */
static char *directory;

char *
test_token_state_path (const TokenFixture *fixture, const char *name)
{
  return g_build_filename (fixture->state, name, NULL);
}

void
test_token_write_pins (const TokenFixture *fixture, const char *text, int mode)
{
  g_autofree char *path = test_token_state_path (fixture, "pins");

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_no_errno (g_chmod (path, mode));
}

char *
test_token_control_path (const char *name)
{
  return g_build_filename (directory, name, NULL);
}

void
test_token_set_control (const char *name, const char *text)
{
  g_autofree char *path = test_token_control_path (name);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

void
test_token_remove_control (const char *name)
{
  g_autofree char *path = test_token_control_path (name);

  g_assert_no_errno (g_unlink (path));
}

static char *
get_logins (void)
{
  g_autofree char *path = g_build_filename (directory, "logins", NULL);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_strdup ("");
  return g_strdelimit (text, "\n", ' ');
}

void
test_token_assert_logins (const char *expected)
{
  g_autofree char *logins = get_logins ();

  g_assert_cmpstr (logins, ==, expected);
}

void
test_token_start_again (TokenFixture *fixture, const char *modules)
{
  g_autofree char *pin_file = test_token_state_path (fixture, "pins");
  g_autofree char *path = test_token_state_path (fixture, "tls-handoffd.conf");
  g_autofree char *text = g_strdup_printf (
      "[Tokens]\nModules=%s\nPinFile=%s\n",
      modules != NULL ? modules : g_getenv ("HANDOFF_TEST_PKCS11_MODULE"), pin_file);
  g_autoptr (HandoffConfiguration) configuration = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  configuration = handoff_configuration_load (path, &error);
  g_assert_no_error (error);
  g_clear_pointer (&fixture->tokens, handoff_tokens_free);
  fixture->tokens = handoff_tokens_new (fixture->state);
  handoff_tokens_configure (fixture->tokens, configuration);
}

char *
test_token_make_uri (const char *token, const char *key)
{
  g_autofree char *escaped = g_uri_escape_string (token, NULL, FALSE);

  return g_strdup_printf ("pkcs11:token=%s;object=%s", escaped, key);
}

static gboolean
time_out (gpointer user_data)
{
  g_error ("It takes too long");
  return G_SOURCE_REMOVE;
}

void
test_token_wait_until (const gboolean *done)
{
  guint source = g_timeout_add_seconds (TIMEOUT, time_out, NULL);

  while (!g_atomic_int_get (done))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
}

typedef struct
{
  GAsyncResult *result;
  gboolean done;
} Waiting;

static void
take_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Waiting *waiting = user_data;

  waiting->result = g_object_ref (result);
  waiting->done = TRUE;
}

HandoffTokenKey *
test_token_find (
    TokenFixture *fixture, const char *uri, const char *pin, gboolean may_use_known, GError **error)
{
  HandoffSecretBytes secret = { NULL, 0 };
  g_autoptr (GBytes) bytes = NULL;
  Waiting waiting = { NULL, FALSE };
  HandoffTokenKey *key;

  if (pin != NULL)
    {
      handoff_secret_bytes_set (&secret, pin, strlen (pin));
      bytes = handoff_secret_bytes_take (&secret);
    }
  handoff_tokens_find_key_async (fixture->tokens, uri, NULL, bytes, may_use_known, take_result,
                                 &waiting);
  test_token_wait_until (&waiting.done);
  key = handoff_tokens_find_key_finish (waiting.result, error);
  g_object_unref (waiting.result);
  return key;
}

void
test_token_assert_not_found (TokenFixture *fixture,
                             const char *uri,
                             const char *pin,
                             gboolean may_use_known,
                             int code,
                             const char *what)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffTokenKey) key = test_token_find (fixture, uri, pin, may_use_known, &error);

  g_assert_null (key);
  g_assert_error (error, TLS_HANDOFF_ERROR, code);
  g_assert_nonnull (strstr (error->message, what));
  g_assert_nonnull (strstr (error->message, "The token “"));
}

static const gnutls_datum_t signed_data = { (unsigned char *) "data to be signed", 17 };

static int
sign (gnutls_privkey_t key, gpointer user_data)
{
  TokenSigning *signing = user_data;

  signing->n_uses++;
  return gnutls_privkey_sign_data2 (key, signing->algorithm, 0, &signed_data, &signing->signature);
}

static void
has_signed (const GError *error, gpointer user_data)
{
  TokenSigning *signing = user_data;

  signing->error = error != NULL ? g_error_copy (error) : NULL;
  g_atomic_int_set (&signing->done, TRUE);
  g_main_context_wakeup (NULL);
}

void
test_token_begin_signing (TokenSigning *signing,
                          HandoffPrivateKey *key,
                          gnutls_sign_algorithm_t algorithm)
{
  memset (signing, 0, sizeof *signing);
  signing->algorithm = algorithm;
  signing->key = handoff_private_key_ref (key);
  handoff_private_key_use (key, sign, has_signed, signing);
}

void
test_token_end_signing (TokenSigning *signing)
{
  test_token_wait_until (&signing->done);
  g_assert_no_error (signing->error);
  g_assert_cmpint (gnutls_pubkey_verify_data2 (handoff_private_key_get_public_key (signing->key),
                                               signing->algorithm, 0, &signed_data,
                                               &signing->signature),
                   >=, 0);
  gnutls_free (signing->signature.data);
  handoff_private_key_unref (signing->key);
}

void
test_token_assert_signs (HandoffPrivateKey *key, gnutls_sign_algorithm_t algorithm)
{
  TokenSigning signing;

  test_token_begin_signing (&signing, key, algorithm);
  test_token_end_signing (&signing);
}

void
test_token_assert_cannot_sign (HandoffPrivateKey *key, int code, const char *what)
{
  TokenSigning signing;

  test_token_begin_signing (&signing, key, GNUTLS_SIGN_ECDSA_SHA256);
  test_token_wait_until (&signing.done);
  g_assert_error (signing.error, TLS_HANDOFF_ERROR, code);
  g_assert_nonnull (strstr (signing.error->message, what));
  g_assert_nonnull (strstr (signing.error->message, TOKEN));
  g_error_free (signing.error);
  handoff_private_key_unref (signing.key);
}

HandoffPrivateKey *
test_token_get_key (TokenFixture *fixture, const char *token, const char *name)
{
  return test_token_get_key_as (fixture, token, name, name);
}

HandoffPrivateKey *
test_token_get_key_as (TokenFixture *fixture,
                       const char *token,
                       const char *name,
                       const char *certificate_name)
{
  g_autofree char *uri = test_token_make_uri (token, name);
  g_autofree char *file = g_strconcat (directory, "/", token, "/", certificate_name, ".pem", NULL);
  g_autofree char *pem = NULL;
  gnutls_x509_crt_t certificate;
  gnutls_pubkey_t public_key;
  gnutls_datum_t datum;
  gsize size;

  g_assert_true (g_file_get_contents (file, &pem, &size, NULL));
  datum.data = (unsigned char *) pem;
  datum.size = (unsigned int) size;
  gnutls_x509_crt_init (&certificate);
  gnutls_pubkey_init (&public_key);
  g_assert_cmpint (gnutls_x509_crt_import (certificate, &datum, GNUTLS_X509_FMT_PEM), >=, 0);
  g_assert_cmpint (gnutls_pubkey_import_x509 (public_key, certificate, 0), >=, 0);
  gnutls_x509_crt_deinit (certificate);
  return handoff_tokens_get_key (fixture->tokens, uri, public_key);
}

static gboolean
check_idle (gpointer user_data)
{
  *(gboolean *) user_data = !handoff_tokens_are_busy ();
  return G_SOURCE_CONTINUE;
}

/* Sessions are closed in the tokens' threads. */
static void
wait_until_idle (void)
{
  gboolean idle = FALSE;
  guint source = g_timeout_add (1, check_idle, &idle);

  test_token_wait_until (&idle);
  g_source_remove (source);
}

typedef struct
{
  void (*test) (TokenFixture *);
  const char *modules; /* (nullable) */
} Case;

static void
remove_folder (const char *path)
{
  const char *const argv[] = { "rm", "-r", path, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
}

static void
run_in_process (gconstpointer data)
{
  const Case *this_case = data;
  TokenFixture fixture = { g_dir_make_tmp ("handoff-tokens-XXXXXX", NULL), NULL };
  static const char *const controls[] = { "logins",  "final-try", "absent",         "block",
                                          "blocked", "fail-once", "wrong-signature" };
  gsize i;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      g_rmdir (fixture.state);
      g_free (fixture.state);
      return;
    }
  for (i = 0; i < G_N_ELEMENTS (controls); i++)
    {
      g_autofree char *path = test_token_control_path (controls[i]);

      g_unlink (path);
    }
  handoff_gnutls_wipe_freed_memory ();
  test_token_start_again (&fixture, this_case->modules);
  this_case->test (&fixture);
  g_clear_pointer (&fixture.tokens, handoff_tokens_free);
  wait_until_idle ();
  remove_folder (fixture.state);
  g_free (fixture.state);
}

static void
make_token (const char *label)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "lib", "make-token", NULL);
  const char *const argv[] = { script, directory, g_getenv ("HANDOFF_TEST_CERTS"), label, NULL };
  g_autoptr (GError) error = NULL;
  int status = -1;

  g_spawn_sync (NULL, (char **) argv, NULL, 0, NULL, NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
}

void
test_token_add (const char *path, const char *modules, void (*test) (TokenFixture *))
{
  /* Not GLib's to free: it forgets the cases that it does not run. */
  static Case cases[32];
  static gsize n_cases;
  Case *this_case = &cases[n_cases++];

  g_assert_cmpuint (n_cases, <=, G_N_ELEMENTS (cases));
  this_case->test = test;
  this_case->modules = modules;
  g_test_add_data_func (path, this_case, run_in_process);
}

void
test_token_init (int *argc, char ***argv)
{
  g_autofree char *conf = NULL;

  g_test_init (argc, argv, NULL);
  if (g_test_subprocess ())
    {
      directory = g_strdup (g_getenv ("HANDOFF_TEST_PKCS11"));
      return;
    }
  directory = g_dir_make_tmp ("handoff-token-XXXXXX", NULL);
  make_token (TOKEN);
  make_token (OTHER_TOKEN);
  conf = g_build_filename (directory, "softhsm2.conf", NULL);
  g_setenv ("SOFTHSM2_CONF", conf, TRUE);
  g_setenv ("HANDOFF_TEST_PKCS11", directory, TRUE);
}

int
test_token_run (void)
{
  int status = g_test_run ();

  if (!g_test_subprocess ())
    remove_folder (directory);
  g_free (directory);
  return status;
}
