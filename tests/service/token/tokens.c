/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "keyblob/tls-handoff-error.h"
#include "support/test-clock.h"
#include "support/token-fixture.h"

/* Breaks if a kind of key is not found, is not proved, or comes without the certificate of its id.
 */
static void
test_find (TokenFixture *fixture)
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
      g_autofree char *uri = test_token_make_uri (TOKEN, rows[i].name);
      g_autoptr (GError) error = NULL;
      g_autoptr (HandoffTokenKey) key = test_token_find (fixture, uri, PIN, FALSE, &error);
      g_autoptr (HandoffPrivateKey) same = NULL;
      guint8 ids[2][64];
      size_t sizes[2] = { sizeof ids[0], sizeof ids[1] };

      g_assert_no_error (error);
      g_assert_cmpint (gnutls_pubkey_get_pk_algorithm (key->public_key, NULL), ==,
                       rows[i].algorithm);
      g_assert_cmpuint (key->certificates->len, ==, 1);
      same = test_token_get_key (fixture, TOKEN, rows[i].name);
      gnutls_pubkey_get_key_id (key->public_key, 0, ids[0], &sizes[0]);
      gnutls_pubkey_get_key_id (handoff_private_key_get_public_key (same), 0, ids[1], &sizes[1]);
      g_assert_cmpmem (ids[0], sizes[0], ids[1], sizes[1]);
    }
  g_assert_true (handoff_tokens_holds_pins (fixture->tokens));
}

/* Breaks if the error for a missing key or token is not CREDENTIAL_NOT_FOUND with the token's name.
 */
static void
test_find_nothing (TokenFixture *fixture)
{
  g_autofree char *no_token = test_token_make_uri ("No token", "server-rsa");
  g_autofree char *no_key = test_token_make_uri (TOKEN, "no-key");

  test_token_assert_not_found (fixture, no_token, PIN, FALSE,
                               TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, "No token");
  test_token_assert_not_found (fixture, no_key, PIN, FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                               TOKEN);
}

/* Breaks if, without configured modules, GnuTLS loads some by itself, or the search crashes. */
static void
test_no_module (TokenFixture *fixture)
{
  g_autofree char *uri = test_token_make_uri (TOKEN, "server-rsa");

  test_token_assert_not_found (fixture, uri, PIN, FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                               "no PKCS#11 module is loaded");
}

/* Breaks if an algorithm does not work in the token, or it is opened more often than once. */
static void
test_sign (TokenFixture *fixture)
{
  g_autoptr (HandoffPrivateKey) rsa = test_token_get_key (fixture, TOKEN, "server-rsa");
  g_autoptr (HandoffPrivateKey) ecdsa = test_token_get_key (fixture, TOKEN, "server-ecdsa");
  g_autoptr (HandoffPrivateKey) ed25519 = test_token_get_key (fixture, TOKEN, "server-ed25519");

  test_token_write_pins (fixture, "# PINs\n[Other]\nPin=1\n\n[" TOKEN "]\nPin = " PIN "\n", 0600);
  g_assert_false (handoff_tokens_is_locked (fixture->tokens, "pkcs11:token=Handoff%20test;id=%01"));
  test_token_assert_signs (rsa, GNUTLS_SIGN_RSA_SHA256);
  test_token_assert_signs (rsa, GNUTLS_SIGN_RSA_PSS_RSAE_SHA256);
  test_token_assert_signs (ecdsa, GNUTLS_SIGN_ECDSA_SHA256);
  test_token_assert_signs (ed25519, GNUTLS_SIGN_EDDSA_ED25519);
  test_token_assert_logins ("ok ");
  /* A later process knows the PIN too. */
  g_assert_false (handoff_tokens_holds_pins (fixture->tokens));
}

/* Breaks if a token is told a wrong PIN twice. */
static void
test_wrong_pin (TokenFixture *fixture)
{
  g_autofree char *uri = test_token_make_uri (TOKEN, "server-rsa");
  g_autoptr (HandoffTokenKey) key = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (handoff_tokens_is_locked (fixture->tokens, uri));
  test_token_assert_not_found (fixture, uri, "0000", FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                               "refused the PIN");
  test_token_assert_not_found (fixture, uri, "0000", FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                               "refused the PIN before");
  test_token_assert_logins ("wrong ");
  g_assert_true (handoff_tokens_is_locked (fixture->tokens, uri));
  g_assert_false (handoff_tokens_holds_pins (fixture->tokens));

  key = test_token_find (fixture, uri, PIN, FALSE, &error);
  g_assert_no_error (error);
  test_token_assert_logins ("wrong ok ");
  g_assert_false (handoff_tokens_is_locked (fixture->tokens, uri));
}

/* Breaks if the same service, or a restarted one, tries a refused PIN file again; or if a corrected
 * file is not tried. */
static void
test_refused_file (TokenFixture *fixture)
{
  g_autofree char *uri = test_token_make_uri (TOKEN, "server-ecdsa");
  HandoffPrivateKey *key = test_token_get_key (fixture, TOKEN, "server-ecdsa");
  guint i;

  test_token_write_pins (fixture, PIN_FILE_GROUP (TOKEN, "0000"), 0600);
  g_assert_false (handoff_tokens_is_locked (fixture->tokens, uri));
  for (i = 0; i < 2; i++)
    {
      test_token_assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                                     "refused the PIN of the PIN file");
      test_token_assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "not tried again");
      g_assert_true (handoff_tokens_is_locked (fixture->tokens, uri));
      test_token_assert_logins ("wrong ");
      handoff_private_key_unref (key);
      test_token_start_again (fixture, NULL);
      key = test_token_get_key (fixture, TOKEN, "server-ecdsa");
    }

  test_token_write_pins (fixture, PIN_FILE_GROUP (TOKEN, PIN), 0600);
  g_assert_false (handoff_tokens_is_locked (fixture->tokens, uri));
  test_token_assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
  test_token_assert_logins ("wrong ok ");
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

/* Breaks if a PIN file is used that others can read, or that is no file; or if the journal does not
 * say so exactly once. */
static void
test_bad_file (TokenFixture *fixture)
{
  g_autofree char *pipe = test_token_state_path (fixture, "pins");
  g_autoptr (HandoffPrivateKey) key = test_token_get_key (fixture, TOKEN, "server-ecdsa");

  g_log_set_writer_func (count_warnings, NULL, NULL);
  test_token_write_pins (fixture, PIN_FILE_GROUP (TOKEN, PIN), 0640);
  test_token_assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "must not be used");
  test_token_assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "must not be used");
  g_assert_cmpuint (n_warnings, ==, 1);

  g_assert_no_errno (g_unlink (pipe));
  g_assert_no_errno (mkfifo (pipe, 0600));
  test_token_assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "must not be used");
  test_token_assert_logins ("");
}

/* Breaks if the service locks a token for good by itself, or keeps somebody from his last try. */
static void
test_final_try (TokenFixture *fixture)
{
  g_autofree char *uri = test_token_make_uri (TOKEN, "server-ecdsa");
  g_autoptr (HandoffPrivateKey) key = test_token_get_key (fixture, TOKEN, "server-ecdsa");
  g_autoptr (HandoffTokenKey) found = NULL;
  g_autoptr (GError) error = NULL;

  test_token_write_pins (fixture, PIN_FILE_GROUP (TOKEN, PIN), 0600);
  test_token_set_control ("final-try", "");
  test_token_assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "lock it for good");
  test_token_assert_logins ("");
  found = test_token_find (fixture, uri, PIN, FALSE, &error);
  g_assert_no_error (error);
  test_token_assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
  test_token_assert_logins ("ok ");
}

/* Breaks if the error for a pulled token is not CREDENTIAL_NOT_FOUND, or if the token cannot be
 * used when it is back. */
static void
test_pulled (TokenFixture *fixture)
{
  g_autofree char *uri = test_token_make_uri (TOKEN, "no-key");
  g_autoptr (HandoffPrivateKey) key = test_token_get_key (fixture, TOKEN, "server-ecdsa");
  g_autoptr (HandoffPrivateKey) rsa = test_token_get_key (fixture, TOKEN, "server-rsa");

  test_token_write_pins (fixture, PIN_FILE_GROUP (TOKEN, PIN), 0600);
  test_token_assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
  test_token_assert_signs (rsa, GNUTLS_SIGN_RSA_SHA256);

  test_token_set_control ("absent", "");
  test_token_assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, "is not there");
  test_token_remove_control ("absent");
  test_token_assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
  test_token_assert_signs (rsa, GNUTLS_SIGN_RSA_SHA256);
  test_token_assert_logins ("ok ok ");

  /* It is back before anybody has used it; the key is still held from before. */
  test_token_set_control ("absent", "");
  test_token_assert_not_found (fixture, uri, NULL, TRUE, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                               TOKEN);
  test_token_remove_control ("absent");
  test_token_assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
  test_token_assert_logins ("ok ok ok ");
}

/* Breaks if the service does not open the token again, once, after an error; or if other keys keep
 * their old sessions. */
static void
test_fail_once (TokenFixture *fixture)
{
  g_autoptr (HandoffPrivateKey) key = test_token_get_key (fixture, TOKEN, "server-ecdsa");
  g_autoptr (HandoffPrivateKey) rsa = test_token_get_key (fixture, TOKEN, "server-rsa");
  TokenSigning signing;

  test_token_write_pins (fixture, PIN_FILE_GROUP (TOKEN, PIN), 0600);
  test_token_assert_signs (rsa, GNUTLS_SIGN_RSA_SHA256);
  test_token_assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
  test_token_set_control ("fail-once", "");
  test_token_begin_signing (&signing, key, GNUTLS_SIGN_ECDSA_SHA256);
  test_token_end_signing (&signing);
  g_assert_cmpuint (signing.n_uses, ==, 2);
  test_token_assert_logins ("ok ok ");
}

/* Breaks if a key counts as usable though its signature does not verify. */
static void
test_wrong_signature (TokenFixture *fixture)
{
  g_autofree char *uri = test_token_make_uri (TOKEN, "server-rsa");

  test_token_set_control ("wrong-signature", "");
  test_token_assert_not_found (fixture, uri, PIN, FALSE, TLS_HANDOFF_ERROR_FAILED,
                               "cannot use the key");
}

/* Breaks if another key than the credential's signs because it has the same name, or if the PIN of
 * the token that has it is remembered. */
static void
test_other_key (TokenFixture *fixture)
{
  /* The second key's public key is only in its certificate. */
  static const char *const names[] = { "server-ecdsa", "server-bare" };
  g_autofree char *uri = test_token_make_uri (TOKEN, "server-ecdsa");
  gsize i;

  test_token_write_pins (fixture, PIN_FILE_GROUP (TOKEN, PIN), 0600);
  for (i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (HandoffPrivateKey) key =
          test_token_get_key_as (fixture, TOKEN, names[i], "client-ecdsa");

      test_token_assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, "another key");
      test_token_assert_cannot_sign (key, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, "another key");
    }
  test_token_write_pins (fixture, "", 0600);
  g_assert_true (handoff_tokens_is_locked (fixture->tokens, uri));
}

/* Breaks if the key is checked only when it is opened, and not when it is open already because
 * another credential of the same name uses it, or is just being linked. */
static void
test_other_key_open (TokenFixture *fixture)
{
  g_autofree char *uri = test_token_make_uri (TOKEN, "server-ecdsa");
  g_autoptr (HandoffPrivateKey) key = test_token_get_key (fixture, TOKEN, "server-ecdsa");
  g_autoptr (HandoffPrivateKey) other =
      test_token_get_key_as (fixture, TOKEN, "server-ecdsa", "client-ecdsa");
  g_autoptr (HandoffTokenKey) found = NULL;
  g_autoptr (GError) error = NULL;

  found = test_token_find (fixture, uri, PIN, FALSE, &error);
  g_assert_no_error (error);
  test_token_assert_cannot_sign (other, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, "another key");
  test_token_assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
  test_token_assert_cannot_sign (other, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, "another key");
  test_token_assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
}

static gboolean
wake_up (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Breaks if a token that takes its time delays another one, the main loop, or the service's end. */
static void
test_blocked (TokenFixture *fixture)
{
  g_autofree char *uri = test_token_make_uri (TOKEN, "server-ecdsa");
  g_autofree char *blocked = test_token_control_path ("blocked");
  g_autoptr (HandoffPrivateKey) key = test_token_get_key (fixture, TOKEN, "server-ecdsa");
  g_autoptr (HandoffPrivateKey) other = test_token_get_key (fixture, OTHER_TOKEN, "server-ecdsa");
  guint source = g_timeout_add (5, wake_up, NULL);
  TokenSigning first, second;

  test_token_write_pins (fixture, PIN_FILE_GROUP (TOKEN, PIN) PIN_FILE_GROUP (OTHER_TOKEN, PIN),
                         0600);
  test_token_set_control ("block", TOKEN);
  test_token_begin_signing (&first, key, GNUTLS_SIGN_ECDSA_SHA256);
  test_token_begin_signing (&second, key, GNUTLS_SIGN_ECDSA_SHA256);
  while (!g_file_test (blocked, G_FILE_TEST_EXISTS))
    g_main_context_iteration (NULL, TRUE);

  test_token_assert_signs (other, GNUTLS_SIGN_ECDSA_SHA256);
  g_assert_false (handoff_tokens_is_locked (fixture->tokens, uri));
  g_clear_pointer (&fixture->tokens, handoff_tokens_free);
  g_assert_false (g_atomic_int_get (&first.done));
  /* The second waits for its turn. */
  g_assert_cmpuint (second.n_uses, ==, 0);

  test_token_remove_control ("block");
  test_token_end_signing (&first);
  test_token_end_signing (&second);
  g_source_remove (source);
}

/* Breaks if somebody may use an open token without its PIN, or may guess as often as he likes. */
static void
test_open (TokenFixture *fixture)
{
  g_autofree char *uri = test_token_make_uri (TOKEN, "server-rsa");
  g_autoptr (HandoffPrivateKey) key = test_token_get_key (fixture, TOKEN, "server-ecdsa");
  g_autoptr (HandoffTokenKey) known = NULL;
  g_autoptr (HandoffTokenKey) given = NULL;
  g_autoptr (GError) error = NULL;

  test_clock_install ();
  test_token_write_pins (fixture, PIN_FILE_GROUP (TOKEN, PIN), 0600);
  test_token_assert_not_found (fixture, uri, NULL, FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                               "wants its PIN");
  test_token_assert_logins ("");
  test_token_assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);

  test_token_assert_not_found (fixture, uri, NULL, FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                               "wants its PIN");
  known = test_token_find (fixture, uri, NULL, TRUE, &error);
  g_assert_no_error (error);
  test_token_assert_not_found (fixture, uri, "432", FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                               "another PIN");
  given = test_token_find (fixture, uri, PIN, FALSE, &error);
  g_assert_no_error (error);

  test_token_assert_not_found (fixture, uri, "1", FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                               "another PIN");
  test_token_assert_not_found (fixture, uri, "2", FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                               "another PIN");
  test_token_assert_not_found (fixture, uri, "3", FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                               "another PIN");
  test_token_assert_not_found (fixture, uri, PIN, FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                               "later");
  /* Setting the wall clock does not shorten the wait. */
  test_clock_set_wall (TEST_YEAR);
  test_clock_pass (60 * TEST_SECOND - 1);
  test_token_assert_not_found (fixture, uri, PIN, FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                               "later");
  test_clock_pass (1);
  test_token_assert_not_found (fixture, uri, "4", FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                               "another PIN");
  /* Twice as long, from one wrong PIN to the next. */
  test_clock_pass (120 * TEST_SECOND - 1);
  test_token_assert_not_found (fixture, uri, PIN, FALSE, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                               "later");
  test_clock_pass (1);
  g_clear_pointer (&given, handoff_token_key_free);
  given = test_token_find (fixture, uri, PIN, FALSE, &error);
  g_assert_no_error (error);
  /* Existing credentials still work. */
  test_token_assert_signs (key, GNUTLS_SIGN_ECDSA_SHA256);
  test_token_assert_logins ("ok ");
}

int
main (int argc, char *argv[])
{
  test_token_init (&argc, &argv);
  test_token_add ("/tokens/find", NULL, test_find);
  test_token_add ("/tokens/find-nothing", NULL, test_find_nothing);
  test_token_add ("/tokens/no-module", "", test_no_module);
  test_token_add ("/tokens/sign", NULL, test_sign);
  test_token_add ("/tokens/wrong-pin", NULL, test_wrong_pin);
  test_token_add ("/tokens/refused-file", NULL, test_refused_file);
  test_token_add ("/tokens/bad-file", NULL, test_bad_file);
  test_token_add ("/tokens/final-try", NULL, test_final_try);
  test_token_add ("/tokens/pulled", NULL, test_pulled);
  test_token_add ("/tokens/fail-once", NULL, test_fail_once);
  test_token_add ("/tokens/wrong-signature", NULL, test_wrong_signature);
  test_token_add ("/tokens/other-key", NULL, test_other_key);
  test_token_add ("/tokens/other-key-open", NULL, test_other_key_open);
  test_token_add ("/tokens/blocked", NULL, test_blocked);
  test_token_add ("/tokens/open", NULL, test_open);
  return test_token_run ();
}
