/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Tokens of SoftHSM, through the module that injects faults. A module, and whether a token is open,
 * belong to a process: each case has one of its own. */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "gnutls-support.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "tokens.h"

#define TOKEN "Handoff test"
#define OTHER_TOKEN "Other token"
#define PIN "4321"
#define TIMEOUT 20 /* seconds */

/* The tokens' folder has the module's control files, too. */
static char *directory;

typedef struct
{
  char *state; /* folder of the case: configuration, PIN file, what the service writes */
  HandoffTokens *tokens;
} Fixture;

static char *
state_path (const Fixture *fixture, const char *name)
{
  return g_build_filename (fixture->state, name, NULL);
}

static void
write_file (const char *folder, const char *name, const char *text, int mode)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_no_errno (g_chmod (path, mode));
}

static void
remove_control (const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  g_assert_no_errno (g_unlink (path));
}

/* "ok wrong ": what became of each login. */
static char *
get_logins (void)
{
  g_autofree char *path = g_build_filename (directory, "logins", NULL);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_strdup ("");
  return g_strdelimit (text, "\n", ' ');
}

static void
assert_logins (const char *expected)
{
  g_autofree char *logins = get_logins ();

  g_assert_cmpstr (logins, ==, expected);
}

static void
configure (Fixture *fixture, const char *modules)
{
  g_autofree char *pin_file = state_path (fixture, "pins");
  g_autofree char *path = state_path (fixture, "tls-handoffd.conf");
  g_autofree char *text = g_strdup_printf ("[Tokens]\nModules=%s\nPinFile=%s\n", modules, pin_file);
  g_autoptr (HandoffConfiguration) configuration = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  configuration = handoff_configuration_load (path, &error);
  g_assert_no_error (error);
  g_clear_pointer (&fixture->tokens, handoff_tokens_free);
  fixture->tokens = handoff_tokens_new (fixture->state);
  handoff_tokens_configure (fixture->tokens, configuration);
}

/* As a service that was started again. */
static void
start_again (Fixture *fixture)
{
  configure (fixture, g_getenv ("HANDOFF_TEST_PKCS11_MODULE"));
}

static char *
make_uri (const char *token, const char *key)
{
  g_autofree char *escaped = g_uri_escape_string (token, NULL, FALSE);

  return g_strdup_printf ("pkcs11:token=%s;object=%s", escaped, key);
}

/* --- waiting --- */

static gboolean
time_out (gpointer user_data)
{
  g_error ("It takes too long");
  return G_SOURCE_REMOVE;
}

static void
wait_until (const gboolean *done)
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

static HandoffTokenKey *
find (Fixture *fixture, const char *uri, const char *pin, gboolean may_use_known, GError **error)
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
  handoff_tokens_find_key_async (fixture->tokens, uri, bytes, may_use_known, take_result, &waiting);
  wait_until (&waiting.done);
  key = handoff_tokens_find_key_finish (waiting.result, error);
  g_object_unref (waiting.result);
  return key;
}

/* It has to fail, and to say so of the token. */
static void
assert_not_found (Fixture *fixture,
                  const char *uri,
                  const char *pin,
                  gboolean may_use_known,
                  int code,
                  const char *what)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffTokenKey) key = find (fixture, uri, pin, may_use_known, &error);

  g_assert_null (key);
  g_assert_error (error, TLS_HANDOFF_ERROR, code);
  g_assert_nonnull (strstr (error->message, what));
  g_assert_nonnull (strstr (error->message, "The token “"));
}

/* A signature, made in the token's thread. */
typedef struct
{
  HandoffPrivateKey *key; /* (owned) */
  gnutls_sign_algorithm_t algorithm;
  GMainContext *context;
  gnutls_datum_t signature;
  guint n_uses;
  GError *error;
  gboolean done;
} Signing;

static const gnutls_datum_t signed_data = { (unsigned char *) "data to be signed", 17 };

static int
sign (gnutls_privkey_t key, gpointer user_data)
{
  Signing *signing = user_data;

  signing->n_uses++;
  return gnutls_privkey_sign_data2 (key, signing->algorithm, 0, &signed_data, &signing->signature);
}

static void
has_signed (const GError *error, gpointer user_data)
{
  Signing *signing = user_data;

  signing->error = error != NULL ? g_error_copy (error) : NULL;
  g_atomic_int_set (&signing->done, TRUE);
  g_main_context_wakeup (NULL);
}

static void
begin_signing (Signing *signing, HandoffPrivateKey *key, gnutls_sign_algorithm_t algorithm)
{
  memset (signing, 0, sizeof *signing);
  signing->algorithm = algorithm;
  signing->key = handoff_private_key_ref (key);
  handoff_private_key_use (key, sign, has_signed, signing);
}

/* Verifies what was signed. */
static void
end_signing (Signing *signing)
{
  wait_until (&signing->done);
  g_assert_no_error (signing->error);
  g_assert_cmpint (gnutls_pubkey_verify_data2 (handoff_private_key_get_public_key (signing->key),
                                               signing->algorithm, 0, &signed_data,
                                               &signing->signature),
                   >=, 0);
  gnutls_free (signing->signature.data);
  handoff_private_key_unref (signing->key);
}

static void
assert_signs (HandoffPrivateKey *key, gnutls_sign_algorithm_t algorithm)
{
  Signing signing;

  begin_signing (&signing, key, algorithm);
  end_signing (&signing);
}

static void
assert_cannot_sign (HandoffPrivateKey *key, int code, const char *what)
{
  Signing signing;

  begin_signing (&signing, key, GNUTLS_SIGN_ECDSA_SHA256);
  wait_until (&signing.done);
  g_assert_error (signing.error, TLS_HANDOFF_ERROR, code);
  g_assert_nonnull (strstr (signing.error->message, what));
  g_assert_nonnull (strstr (signing.error->message, TOKEN));
  g_error_free (signing.error);
  handoff_private_key_unref (signing.key);
}

/* A key of a credential, without asking the token: its public key is in the certificate. */
static HandoffPrivateKey *
get_key (Fixture *fixture, const char *token, const char *name)
{
  g_autofree char *uri = make_uri (token, name);
  g_autofree char *file = g_strconcat (directory, "/", token, "/", name, ".pem", NULL);
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

/* --- cases --- */

/* Breaks if a kind of key is not found, is not proved, or comes without the certificate of its id.
 */
static void
test_find (Fixture *fixture)
{
  static const struct
  {
    const char *name;
    gnutls_pk_algorithm_t algorithm;
  } rows[] = {
    { "server-rsa", GNUTLS_PK_RSA },     { "server-ecdsa", GNUTLS_PK_ECDSA },
    { "client-ecdsa", GNUTLS_PK_ECDSA }, { "server-ed25519", GNUTLS_PK_EDDSA_ED25519 },
    { "server-bare", GNUTLS_PK_ECDSA }, /* its public key is in the certificate only */
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *uri = make_uri (TOKEN, rows[i].name);
      g_autoptr (GError) error = NULL;
      g_autoptr (HandoffTokenKey) key = find (fixture, uri, PIN, FALSE, &error);
      g_autoptr (HandoffPrivateKey) same = NULL;
      guint8 ids[2][64];
      size_t sizes[2] = { sizeof ids[0], sizeof ids[1] };

      g_assert_no_error (error);
      g_assert_cmpint (gnutls_pubkey_get_pk_algorithm (key->public_key, NULL), ==,
                       rows[i].algorithm);
      g_assert_cmpuint (key->certificates->len, ==, 1);
      same = get_key (fixture, TOKEN, rows[i].name);
      gnutls_pubkey_get_key_id (key->public_key, 0, ids[0], &sizes[0]);
      gnutls_pubkey_get_key_id (handoff_private_key_get_public_key (same), 0, ids[1], &sizes[1]);
      g_assert_cmpmem (ids[0], sizes[0], ids[1], sizes[1]);
    }
  g_assert_true (handoff_tokens_holds_pins (fixture->tokens));
}

/* Breaks if what is not there is anything but CREDENTIAL_NOT_FOUND that names the token. */
static void
test_find_nothing (Fixture *fixture)
{
  g_autofree char *no_token = make_uri ("No token", "server-rsa");
  g_autofree char *no_key = make_uri (TOKEN, "no-key");

  assert_not_found (fixture, no_token, PIN, FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                    "No token");
  assert_not_found (fixture, no_key, PIN, FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, TOKEN);
}

/* Breaks if a token is looked for in modules that GnuTLS loads by itself, or that is a crash. */
static void
test_no_module (Fixture *fixture)
{
  g_autofree char *uri = make_uri (TOKEN, "server-rsa");

  assert_not_found (fixture, uri, PIN, FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                    "no PKCS#11 module is loaded");
}

/* Breaks if an algorithm does not work in the token, or it is opened more often than once. */
static void
test_sign (Fixture *fixture)
{
  g_autoptr (HandoffPrivateKey) rsa = get_key (fixture, TOKEN, "server-rsa");
  g_autoptr (HandoffPrivateKey) ecdsa = get_key (fixture, TOKEN, "server-ecdsa");
  g_autoptr (HandoffPrivateKey) ed25519 = get_key (fixture, TOKEN, "server-ed25519");

  write_file (fixture->state, "pins", "# PINs\n[Other]\nPin=1\n\n[" TOKEN "]\nPin = " PIN "\n",
              0600);
  g_assert_false (handoff_tokens_is_locked (fixture->tokens, "pkcs11:token=Handoff%20test;id=%01"));
  assert_signs (rsa, GNUTLS_SIGN_RSA_SHA256);
  assert_signs (rsa, GNUTLS_SIGN_RSA_PSS_RSAE_SHA256);
  assert_signs (ecdsa, GNUTLS_SIGN_ECDSA_SHA256);
  assert_signs (ed25519, GNUTLS_SIGN_EDDSA_ED25519);
  assert_logins ("ok ");
  /* A later process has it as well. */
  g_assert_false (handoff_tokens_holds_pins (fixture->tokens));
}

/* Breaks if a token is told a wrong PIN twice. */
static void
test_wrong_pin (Fixture *fixture)
{
  g_autofree char *uri = make_uri (TOKEN, "server-rsa");
  g_autoptr (HandoffTokenKey) key = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (handoff_tokens_is_locked (fixture->tokens, uri));
  assert_not_found (fixture, uri, "0000", FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                    "refused the PIN");
  assert_not_found (fixture, uri, "0000", FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                    "refused the PIN before");
  assert_logins ("wrong ");
  g_assert_true (handoff_tokens_is_locked (fixture->tokens, uri));
  g_assert_false (handoff_tokens_holds_pins (fixture->tokens));

  key = find (fixture, uri, PIN, FALSE, &error);
  g_assert_no_error (error);
  assert_logins ("wrong ok ");
  g_assert_false (handoff_tokens_is_locked (fixture->tokens, uri));
}

/* Breaks if a PIN file that was refused is tried again: by the same service, by one that was
 * started again, or if a better one is not. */
static void
test_refused_file (Fixture *fixture)
{
  g_autofree char *uri = make_uri (TOKEN, "server-ecdsa");
  HandoffPrivateKey *key = get_key (fixture, TOKEN, "server-ecdsa");
  guint i;

  write_file (fixture->state, "pins", "[" TOKEN "]\nPin=0000\n", 0600);
  g_assert_false (handoff_tokens_is_locked (fixture->tokens, uri));
  for (i = 0; i < 2; i++)
    {
      assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                          "refused the PIN of the PIN file");
      assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "not tried again");
      g_assert_true (handoff_tokens_is_locked (fixture->tokens, uri));
      assert_logins ("wrong ");
      handoff_private_key_unref (key);
      start_again (fixture);
      key = get_key (fixture, TOKEN, "server-ecdsa");
    }

  write_file (fixture->state, "pins", "[" TOKEN "]\nPin=" PIN "\n", 0600);
  g_assert_false (handoff_tokens_is_locked (fixture->tokens, uri));
  assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
  assert_logins ("wrong ok ");
  handoff_private_key_unref (key);
}

static guint n_warnings;

static GLogWriterOutput
count_warnings (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  gsize i;

  if ((level & G_LOG_LEVEL_WARNING) == 0)
    return g_log_writer_default (level, fields, n_fields, user_data);
  n_warnings++;
  for (i = 0; i < n_fields; i++)
    {
      if (g_str_equal (fields[i].key, "MESSAGE"))
        g_assert_nonnull (strstr (fields[i].value, "PinFile"));
    }
  return G_LOG_WRITER_HANDLED;
}

/* Breaks if a PIN file is used that others can read, or that is no file; or if that is not said in
 * the journal, or said each time. */
static void
test_bad_file (Fixture *fixture)
{
  g_autofree char *pipe = state_path (fixture, "pins");
  g_autoptr (HandoffPrivateKey) key = get_key (fixture, TOKEN, "server-ecdsa");

  g_log_set_writer_func (count_warnings, NULL, NULL);
  write_file (fixture->state, "pins", "[" TOKEN "]\nPin=" PIN "\n", 0640);
  assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "must not be used");
  assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "must not be used");
  g_assert_cmpuint (n_warnings, ==, 1);

  g_assert_no_errno (g_unlink (pipe));
  g_assert_no_errno (mkfifo (pipe, 0600));
  assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "must not be used");
  assert_logins ("");
}

/* Breaks if the service locks a token for good by itself, or keeps somebody from his last try. */
static void
test_final_try (Fixture *fixture)
{
  g_autofree char *uri = make_uri (TOKEN, "server-ecdsa");
  g_autoptr (HandoffPrivateKey) key = get_key (fixture, TOKEN, "server-ecdsa");
  g_autoptr (HandoffTokenKey) found = NULL;
  g_autoptr (GError) error = NULL;

  write_file (fixture->state, "pins", "[" TOKEN "]\nPin=" PIN "\n", 0600);
  write_file (directory, "final-try", "", 0600);
  assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "lock it for good");
  assert_logins ("");
  found = find (fixture, uri, PIN, FALSE, &error);
  g_assert_no_error (error);
  assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
  assert_logins ("ok ");
}

/* Breaks if a token that was pulled is something else than CREDENTIAL_NOT_FOUND, or if it cannot be
 * used when it is back. */
static void
test_pulled (Fixture *fixture)
{
  g_autofree char *uri = make_uri (TOKEN, "no-key");
  g_autoptr (HandoffPrivateKey) key = get_key (fixture, TOKEN, "server-ecdsa");
  g_autoptr (HandoffPrivateKey) rsa = get_key (fixture, TOKEN, "server-rsa");

  write_file (fixture->state, "pins", "[" TOKEN "]\nPin=" PIN "\n", 0600);
  assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
  assert_signs (rsa, GNUTLS_SIGN_RSA_SHA256);

  write_file (directory, "absent", "", 0600);
  assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, "is not there");
  remove_control ("absent");
  assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
  assert_signs (rsa, GNUTLS_SIGN_RSA_SHA256);
  assert_logins ("ok ok ");

  /* It is back before anybody has used it; the key is still held from before. */
  write_file (directory, "absent", "", 0600);
  assert_not_found (fixture, uri, NULL, TRUE, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, TOKEN);
  remove_control ("absent");
  assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
  assert_logins ("ok ok ok ");
}

/* Breaks if an error of the token is not met by opening it anew, once; or if other keys keep
 * sessions of before. */
static void
test_fail_once (Fixture *fixture)
{
  g_autoptr (HandoffPrivateKey) key = get_key (fixture, TOKEN, "server-ecdsa");
  g_autoptr (HandoffPrivateKey) rsa = get_key (fixture, TOKEN, "server-rsa");
  Signing signing;

  write_file (fixture->state, "pins", "[" TOKEN "]\nPin=" PIN "\n", 0600);
  assert_signs (rsa, GNUTLS_SIGN_RSA_SHA256);
  assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
  write_file (directory, "fail-once", "", 0600);
  begin_signing (&signing, key, GNUTLS_SIGN_ECDSA_SHA256);
  end_signing (&signing);
  g_assert_cmpuint (signing.n_uses, ==, 2);
  assert_logins ("ok ok ");
}

/* Breaks if a key is taken for usable that signs something else. */
static void
test_wrong_signature (Fixture *fixture)
{
  g_autofree char *uri = make_uri (TOKEN, "server-rsa");

  write_file (directory, "wrong-signature", "", 0600);
  assert_not_found (fixture, uri, PIN, FALSE, TLS_HANDOFF_ERROR_FAILED, "cannot use the key");
}

static gboolean
wait_for_file (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Breaks if a token that takes its time delays another one, the main loop, or the service's end. */
static void
test_blocked (Fixture *fixture)
{
  g_autofree char *uri = make_uri (TOKEN, "server-ecdsa");
  g_autofree char *blocked = g_build_filename (directory, "blocked", NULL);
  g_autoptr (HandoffPrivateKey) key = get_key (fixture, TOKEN, "server-ecdsa");
  g_autoptr (HandoffPrivateKey) other = get_key (fixture, OTHER_TOKEN, "server-ecdsa");
  guint source = g_timeout_add (5, wait_for_file, NULL);
  Signing first, second;

  write_file (fixture->state, "pins", "[" TOKEN "]\nPin=" PIN "\n[" OTHER_TOKEN "]\nPin=" PIN "\n",
              0600);
  write_file (directory, "block", TOKEN, 0600);
  begin_signing (&first, key, GNUTLS_SIGN_ECDSA_SHA256);
  begin_signing (&second, key, GNUTLS_SIGN_ECDSA_SHA256);
  while (!g_file_test (blocked, G_FILE_TEST_EXISTS))
    g_main_context_iteration (NULL, TRUE);

  assert_signs (other, GNUTLS_SIGN_ECDSA_SHA256);
  g_assert_false (handoff_tokens_is_locked (fixture->tokens, uri));
  g_clear_pointer (&fixture->tokens, handoff_tokens_free);
  g_assert_false (g_atomic_int_get (&first.done));
  /* The second waits for its turn. */
  g_assert_cmpuint (second.n_uses, ==, 0);

  remove_control ("block");
  end_signing (&first);
  end_signing (&second);
  g_source_remove (source);
}

/* Breaks if somebody may use an open token without its PIN, or may guess as often as he likes. */
static void
test_open (Fixture *fixture)
{
  g_autofree char *uri = make_uri (TOKEN, "server-rsa");
  g_autoptr (HandoffPrivateKey) key = get_key (fixture, TOKEN, "server-ecdsa");
  g_autoptr (HandoffTokenKey) known = NULL;
  g_autoptr (HandoffTokenKey) given = NULL;
  g_autoptr (GError) error = NULL;

  write_file (fixture->state, "pins", "[" TOKEN "]\nPin=" PIN "\n", 0600);
  assert_not_found (fixture, uri, NULL, FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                    "wants its PIN");
  assert_logins ("");
  assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);

  assert_not_found (fixture, uri, NULL, FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                    "wants its PIN");
  known = find (fixture, uri, NULL, TRUE, &error);
  g_assert_no_error (error);
  assert_not_found (fixture, uri, "432", FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "another PIN");
  given = find (fixture, uri, PIN, FALSE, &error);
  g_assert_no_error (error);

  assert_not_found (fixture, uri, "1", FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "another PIN");
  assert_not_found (fixture, uri, "2", FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "another PIN");
  assert_not_found (fixture, uri, "3", FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "another PIN");
  assert_not_found (fixture, uri, PIN, FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "later");
  /* Credentials that are there go on. */
  assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
  assert_logins ("ok ");
}

/* --- the frame --- */

static void
run_in_process (gconstpointer data)
{
  void (*const test) (Fixture *) = data;
  Fixture fixture = { g_dir_make_tmp ("handoff-tokens-XXXXXX", NULL), NULL };
  static const char *const controls[] = { "logins",  "final-try", "absent",         "block",
                                          "blocked", "fail-once", "wrong-signature" };
  g_autofree char *remove = NULL;
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
      g_autofree char *path = g_build_filename (directory, controls[i], NULL);

      g_unlink (path);
    }
  handoff_gnutls_wipe_freed_memory ();
  configure (&fixture, test == test_no_module ? "" : g_getenv ("HANDOFF_TEST_PKCS11_MODULE"));
  test (&fixture);
  g_clear_pointer (&fixture.tokens, handoff_tokens_free);
  remove = g_strconcat ("rm -r ", fixture.state, NULL);
  g_assert_true (g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL));
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

static void
add (const char *path, void (*test) (Fixture *))
{
  g_test_add_data_func (path, test, run_in_process);
}

int
main (int argc, char *argv[])
{
  g_autofree char *conf = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  if (g_test_subprocess ())
    {
      directory = g_strdup (g_getenv ("HANDOFF_TEST_PKCS11"));
    }
  else
    {
      directory = g_dir_make_tmp ("handoff-token-XXXXXX", NULL);
      make_token (TOKEN);
      make_token (OTHER_TOKEN);
      conf = g_build_filename (directory, "softhsm2.conf", NULL);
      g_setenv ("SOFTHSM2_CONF", conf, TRUE);
      g_setenv ("HANDOFF_TEST_PKCS11", directory, TRUE);
    }

  add ("/tokens/find", test_find);
  add ("/tokens/find-nothing", test_find_nothing);
  add ("/tokens/no-module", test_no_module);
  add ("/tokens/sign", test_sign);
  add ("/tokens/wrong-pin", test_wrong_pin);
  add ("/tokens/refused-file", test_refused_file);
  add ("/tokens/bad-file", test_bad_file);
  add ("/tokens/final-try", test_final_try);
  add ("/tokens/pulled", test_pulled);
  add ("/tokens/fail-once", test_fail_once);
  add ("/tokens/wrong-signature", test_wrong_signature);
  add ("/tokens/blocked", test_blocked);
  add ("/tokens/open", test_open);
  status = g_test_run ();

  if (!g_test_subprocess ())
    {
      g_autofree char *remove = g_strconcat ("rm -r ", directory, NULL);

      g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL);
    }
  g_free (directory);
  return status;
}
