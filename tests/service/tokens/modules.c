/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* PKCS#11 modules in processes of their own: what callers see, whatever the modules do. */

#include "config.h"

#include <glib/gstdio.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/stat.h>

#include "keyblob/tls-handoff-error.h"
#include "support/modules-signing.h"

/* Breaks if a kind of key is not found, is not proved, or comes without its certificate. */
static void
test_find (ModulesTest *f, gconstpointer data)
{
  static const char *const names[] = { "server-rsa", "server-ecdsa", "client-ecdsa",
                                       "server-ed25519", "server-bare" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (HandoffModuleKey) key = modules_test_find (f, TOKEN, names[i], PIN);
      g_autoptr (GBytes) expected = modules_test_read_public_key (f, TOKEN, names[i]);

      g_assert_no_error (f->error);
      g_assert_true (g_bytes_equal (key->public_key, expected));
      g_assert_cmpuint (key->certificates->len, ==, 1);
    }
  modules_test_assert_logins (f, "ok ");
  g_assert_true (handoff_modules_holds_pins (f->modules));
  g_assert_false (modules_test_is_locked (f, TOKEN));
}

/* Breaks if the error for what is not there has not the right code, or does not name the token. */
static void
test_find_nothing (ModulesTest *f, gconstpointer data)
{
  modules_test_assert_not_found (f, "No token", "server-rsa", PIN,
                                 TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, "“No token”");
  modules_test_assert_not_found (f, TOKEN, "no-key", PIN, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                                 "“" TOKEN "”");
  modules_test_configure (f, "[Tokens]\n");
  modules_test_assert_not_found (f, TOKEN, "server-rsa", PIN,
                                 TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, "no PKCS#11 module");
}

/* Breaks if a module gets at files that the configuration does not give it. */
static void
test_nothing_allowed (ModulesTest *f, gconstpointer data)
{
  g_autofree char *text = g_strdup_printf ("[Tokens]\nModules=%s\n", f->module);

  modules_test_configure (f, text);
  modules_test_assert_not_found (f, TOKEN, "server-rsa", PIN,
                                 TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, "“" TOKEN "”");
}

/* Breaks if a handshaker does not get the signatures that it was granted, or gets others. */
static void
test_sign (ModulesTest *f, gconstpointer data)
{
  modules_test_write_pins (f, PIN);
  modules_test_add_key (f, TOKEN, "server-ecdsa");
  modules_test_assert_signs (f, "server-ecdsa");
  modules_test_assert_signs (f, "server-ecdsa");
  modules_test_assert_logins (f, "ok ");
  g_assert_false (handoff_modules_holds_pins (f->modules));
  g_assert_cmpuint (f->n_violations, ==, 0);

  f->role = HANDOFF_SIGNATURE_CLIENT;
  modules_test_assert_cannot_sign (f, "server-ecdsa", TLS_HANDOFF_ERROR_NOT_AUTHORIZED, "refused");
  modules_test_wait_for_count (&f->n_violations, 1);
}

/* Breaks if a handshake that has begun cannot end with a credential that was removed meanwhile; or
 * if one begins with it. */
static void
test_removed (ModulesTest *f, gconstpointer data)
{
  ModulesTestSigning late = { .f = f, .key = "server-ecdsa", .removed_before_grant = TRUE };
  ModulesTestSigning under_way = { .f = f, .key = "server-ecdsa", .removed_after_grant = TRUE };

  modules_test_write_pins (f, PIN);
  modules_test_add_key (f, TOKEN, "server-ecdsa");
  modules_test_start_signing (&under_way);
  modules_test_end_signing (&under_way);
  g_assert_no_error (under_way.error);
  g_bytes_unref (under_way.signature);

  modules_test_start_signing (&late);
  modules_test_end_signing (&late);
  modules_test_assert_error (late.error, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                             "not there any more");
  g_clear_error (&late.error);
}

/* Breaks if a credential's key signs a certificate request that does not verify, or has not what
 * was asked for. */
static void
test_request (ModulesTest *f, gconstpointer data)
{
  g_autoptr (GBytes) der = NULL;
  char name[64];
  size_t size = sizeof name;
  gnutls_datum_t datum;
  gnutls_x509_crq_t request;

  modules_test_write_pins (f, PIN);
  modules_test_add_key (f, TOKEN, "server-rsa");
  der = modules_test_request_certificate (f, "server-rsa", "here", "www.handoff.test");
  g_assert_no_error (f->error);
  datum.data = (unsigned char *) g_bytes_get_data (der, &size);
  datum.size = (unsigned int) size;
  gnutls_x509_crq_init (&request);
  g_assert_cmpint (gnutls_x509_crq_import (request, &datum, GNUTLS_X509_FMT_DER), >=, 0);
  g_assert_cmpint (gnutls_x509_crq_verify (request, 0), >=, 0);
  size = sizeof name;
  g_assert_cmpint (gnutls_x509_crq_get_dn (request, name, &size), >=, 0);
  g_assert_cmpstr (name, ==, "CN=here");
  size = sizeof name;
  g_assert_cmpint (gnutls_x509_crq_get_subject_alt_name (request, 0, name, &size, NULL, NULL), ==,
                   GNUTLS_SAN_DNSNAME);
  g_assert_cmpmem (name, size, "www.handoff.test", strlen ("www.handoff.test"));
  gnutls_x509_crq_deinit (request);
}

/* Breaks if a token is told a wrong PIN twice, by whomever; or if a corrected file is not tried. */
static void
test_wrong_pin (ModulesTest *f, gconstpointer data)
{
  modules_test_assert_not_found (f, TOKEN, "server-rsa", "0000",
                                 TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "refused the PIN");
  modules_test_assert_not_found (f, TOKEN, "server-rsa", "0000",
                                 TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "refused the PIN before");
  modules_test_write_pins (f, "1111");
  modules_test_add_key (f, TOKEN, "server-ecdsa");
  g_assert_false (modules_test_is_locked (f, TOKEN));
  modules_test_assert_cannot_sign (f, "server-ecdsa", TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                                   "PIN file");
  g_assert_true (modules_test_is_locked (f, TOKEN));

  modules_test_start_again (f);
  modules_test_add_key (f, TOKEN, "server-ecdsa");
  modules_test_assert_cannot_sign (f, "server-ecdsa", TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                                   "PIN file");
  modules_test_assert_logins (f, "wrong wrong ");
  modules_test_write_pins (f, PIN);
  modules_test_assert_signs (f, "server-ecdsa");
  modules_test_assert_logins (f, "wrong wrong ok ");
}

/* Breaks if who waits for a module that crashes, or writes over its memory, is not told at once, or
 * the next one cannot use it again; or if the PIN that somebody gave counts as known then. */
static void
test_crash (ModulesTest *f, gconstpointer control)
{
  G_GNUC_UNUSED g_autoptr (HandoffModuleKey) key =
      modules_test_find (f, TOKEN, "server-ecdsa", PIN);
  g_autoptr (HandoffModuleKey) again = NULL;

  modules_test_add_key (f, TOKEN, "server-ecdsa");
  modules_test_assert_signs (f, "server-ecdsa");
  g_assert_true (handoff_modules_holds_pins (f->modules));
  modules_test_set_control (f, control, "");
  modules_test_assert_cannot_sign (f, "server-ecdsa", TLS_HANDOFF_ERROR_FAILED,
                                   "tls-handoff-token");
  modules_test_wait_for_count (&f->n_ended, 1);
  g_assert_false (handoff_modules_holds_pins (f->modules));
  g_assert_true (modules_test_is_locked (f, TOKEN));

  modules_test_assert_cannot_sign (f, "server-ecdsa", TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                                   "wants its PIN");
  again = modules_test_find (f, TOKEN, "server-ecdsa", PIN);
  g_assert_no_error (f->error);
  modules_test_assert_signs (f, "server-ecdsa");
  g_assert_cmpuint (f->n_started, ==, 2);
}

/* Breaks if a PIN is tried again that the token had been told when its module crashed. */
static void
test_crash_login (ModulesTest *f, gconstpointer data)
{
  modules_test_set_control (f, "crash-login", "");
  modules_test_assert_not_found (f, TOKEN, "server-rsa", "0000", TLS_HANDOFF_ERROR_FAILED,
                                 "tls-handoff-token");
  modules_test_assert_not_found (f, TOKEN, "server-rsa", "0000",
                                 TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "not tried again");

  modules_test_write_pins (f, "1111");
  modules_test_add_key (f, TOKEN, "server-ecdsa");
  modules_test_set_control (f, "crash-login", "");
  modules_test_assert_cannot_sign (f, "server-ecdsa", TLS_HANDOFF_ERROR_FAILED,
                                   "tls-handoff-token");
  modules_test_start_again (f);
  modules_test_add_key (f, TOKEN, "server-ecdsa");
  modules_test_assert_cannot_sign (f, "server-ecdsa", TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                                   "not tried again");
  modules_test_assert_logins (f, "wrong wrong ");
}

/* Breaks if a module that hangs, and one that crashes, are felt by another one; or if the service
 * waits for one when it ends. */
static void
test_two (ModulesTest *f, gconstpointer data)
{
  g_autoptr (HandoffModuleKey) first = NULL;
  g_autoptr (HandoffModuleKey) second = NULL;
  ModulesTestSigning hanging;

  modules_test_configure_both (f);
  first = modules_test_find (f, TOKEN, "server-ecdsa", PIN);
  g_assert_no_error (f->error);
  second = modules_test_find (f, OTHER_TOKEN, "server-ecdsa", PIN);
  g_assert_no_error (f->error);
  modules_test_add_key (f, TOKEN, "server-ecdsa");
  modules_test_add_key (f, OTHER_TOKEN, "server-rsa");
  g_assert_cmpuint (f->n_started, ==, 2);

  modules_test_set_control (f, "crash", "");
  modules_test_assert_cannot_sign (f, "server-ecdsa", TLS_HANDOFF_ERROR_FAILED,
                                   "tls-handoff-token");
  modules_test_assert_signs (f, "server-rsa");
  modules_test_wait_for_count (&f->n_ended, 1);
  g_assert_true (modules_test_is_locked (f, TOKEN));
  g_assert_false (modules_test_is_locked (f, OTHER_TOKEN));

  modules_test_write_pins (f, PIN);
  modules_test_set_control (f, "block", "");
  modules_test_begin_signing (f, "server-ecdsa", &hanging);
  modules_test_wait_for_control (f, "blocked");
  modules_test_assert_signs (f, "server-rsa");
  modules_test_assert_not_found (f, OTHER_TOKEN, "no-key", PIN,
                                 TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, "“" OTHER_TOKEN "”");
  g_assert_false (hanging.done);
  g_clear_pointer (&f->modules, handoff_modules_free);
  modules_test_end_signing (&hanging);
  g_assert_error (hanging.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_clear_error (&hanging.error);
  modules_test_remove_control (f, "block");
}

/* Breaks if a module that the configuration does not name any more stays, one whose needs change
 * goes on as it was, or one that nobody touched is started again. */
static void
test_configured_again (ModulesTest *f, gconstpointer data)
{
  g_autoptr (HandoffModuleKey) key = NULL;
  g_autofree char *text = NULL;

  modules_test_configure_both (f);
  key = modules_test_find (f, OTHER_TOKEN, "server-ecdsa", PIN);
  g_assert_no_error (f->error);
  g_assert_cmpuint (f->n_started, ==, 2);
  modules_test_configure_both (f);
  g_assert_cmpuint (f->n_ended, ==, 0);
  modules_test_configure_default (f);
  g_assert_cmpuint (f->n_ended, ==, 1);
  modules_test_assert_not_found (f, OTHER_TOKEN, "server-ecdsa", PIN,
                                 TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, "“" OTHER_TOKEN "”");
  g_assert_true (modules_test_is_locked (f, OTHER_TOKEN));
  text = g_strdup_printf ("[Tokens]\nModules=%s\n[Module %s]\nUnixSockets=true\n", f->module,
                          f->module);
  modules_test_configure (f, text);
  g_assert_cmpuint (f->n_ended, ==, 2);
}

/* Breaks if what cannot be loaded is not told, or is started again and again. */
static void
test_no_module (ModulesTest *f, gconstpointer data)
{
  guint i;

  modules_test_configure (f, "[Tokens]\nModules=/nonexistent/module.so\n");
  for (i = 0; i < 5; i++)
    modules_test_assert_not_found (f, TOKEN, "server-rsa", PIN, TLS_HANDOFF_ERROR_FAILED,
                                   "tls-handoff-token");
  g_assert_cmpuint (f->n_started, <=, 4);
}

/* Breaks if the service locks a token for good by itself, or keeps somebody from his last try. */
static void
test_final_try (ModulesTest *f, gconstpointer data)
{
  g_autoptr (HandoffModuleKey) key = NULL;

  modules_test_write_pins (f, PIN);
  modules_test_set_control (f, "final-try", "");
  modules_test_add_key (f, TOKEN, "server-ecdsa");
  modules_test_assert_cannot_sign (f, "server-ecdsa", TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                                   "lock it for good");
  modules_test_assert_logins (f, "");
  key = modules_test_find (f, TOKEN, "server-ecdsa", PIN);
  g_assert_no_error (f->error);
  modules_test_assert_signs (f, "server-ecdsa");
  modules_test_assert_logins (f, "ok ");
}

/* Breaks if the error for a pulled token is not CREDENTIAL_NOT_FOUND, or if the token cannot be
 * used when it is back. */
static void
test_pulled (ModulesTest *f, gconstpointer data)
{
  modules_test_write_pins (f, PIN);
  modules_test_add_key (f, TOKEN, "server-ecdsa");
  modules_test_assert_signs (f, "server-ecdsa");
  modules_test_set_control (f, "absent", "");
  modules_test_assert_cannot_sign (f, "server-ecdsa", TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                                   "is not there");
  modules_test_remove_control (f, "absent");
  modules_test_assert_signs (f, "server-ecdsa");
  modules_test_assert_logins (f, "ok ok ");
}

/* Breaks if the service does not open the token again, once, after an error; or if other keys keep
 * their old sessions, so that it stays open. */
static void
test_fail_once (ModulesTest *f, gconstpointer data)
{
  modules_test_write_pins (f, PIN);
  modules_test_add_key (f, TOKEN, "server-ecdsa");
  modules_test_add_key (f, TOKEN, "client-ecdsa");
  modules_test_assert_signs (f, "server-ecdsa");
  modules_test_assert_signs (f, "client-ecdsa");
  modules_test_set_control (f, "fail-once", "");
  modules_test_assert_signs (f, "server-ecdsa");
  modules_test_assert_signs (f, "client-ecdsa");
  modules_test_assert_logins (f, "ok ok ");
}

/* Breaks if a module that could not begin when it was needed first, because a daemon or a device
 * was not there yet, is not tried again by who only signs. */
static void
test_late (ModulesTest *f, gconstpointer data)
{
  modules_test_write_pins (f, PIN);
  modules_test_set_control (f, "fail-initialize", "");
  modules_test_add_key (f, TOKEN, "server-ecdsa");
  modules_test_assert_cannot_sign (f, "server-ecdsa", TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                                   "cannot be used");
  modules_test_assert_signs (f, "server-ecdsa");
  g_assert_cmpuint (f->n_started, ==, 1);
}

/* Breaks if a key counts as usable though its signature does not verify. */
static void
test_wrong_signature (ModulesTest *f, gconstpointer data)
{
  modules_test_set_control (f, "wrong-signature", "");
  modules_test_assert_not_found (f, TOKEN, "server-rsa", PIN, TLS_HANDOFF_ERROR_FAILED,
                                 "cannot use the key");
}

/* Breaks if another key than the credential's signs because it has the same name, whether it is
 * open already or not, or if the PIN of the token that has it is remembered. */
static void
test_other_key (ModulesTest *f, gconstpointer data)
{
  g_autoptr (HandoffModuleKey) key = NULL;

  modules_test_write_pins (f, PIN);
  modules_test_add_key_as (f, "other", TOKEN, "server-ecdsa", "client-ecdsa");
  modules_test_assert_cannot_sign (f, "other", TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                                   "another key");
  /* The public key of this one is only in its certificate. */
  modules_test_add_key_as (f, "bare", TOKEN, "server-bare", "client-ecdsa");
  modules_test_assert_cannot_sign (f, "bare", TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                                   "another key");
  modules_test_write_pins (f, "");
  g_assert_true (modules_test_is_locked (f, TOKEN));

  key = modules_test_find (f, TOKEN, "server-ecdsa", PIN);
  g_assert_no_error (f->error);
  modules_test_assert_cannot_sign (f, "other", TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                                   "another key");
  modules_test_add_key (f, TOKEN, "server-ecdsa");
  modules_test_assert_signs (f, "server-ecdsa");
  modules_test_assert_cannot_sign (f, "other", TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                                   "another key");
}

/* Breaks if somebody may use an open token without its PIN, or may guess as often as he likes. */
static void
test_open (ModulesTest *f, gconstpointer data)
{
  g_autoptr (HandoffModuleKey) key = NULL;
  guint i;

  modules_test_write_pins (f, PIN);
  modules_test_assert_not_found (f, TOKEN, "server-rsa", NULL, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                                 "wants its PIN");
  modules_test_add_key (f, TOKEN, "server-ecdsa");
  modules_test_assert_signs (f, "server-ecdsa");
  modules_test_assert_not_found (f, TOKEN, "server-rsa", NULL, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                                 "wants its PIN");
  key = modules_test_find (f, TOKEN, "server-rsa", PIN);
  g_assert_no_error (f->error);
  for (i = 0; i < 3; i++)
    modules_test_assert_not_found (f, TOKEN, "server-rsa", "0000",
                                   TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "another PIN");
  modules_test_assert_not_found (f, TOKEN, "server-rsa", PIN, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                                 "too many wrong PINs");
  modules_test_assert_logins (f, "ok ");
}

/* Breaks if a PIN file is used that others can read, or that is no file. */
static void
test_bad_file (ModulesTest *f, gconstpointer data)
{
  g_autofree char *pins = g_build_filename (f->state, "pins", NULL);

  modules_test_write_pins (f, PIN);
  g_assert_no_errno (g_chmod (pins, 0640));
  modules_test_add_key (f, TOKEN, "server-ecdsa");
  modules_test_assert_cannot_sign (f, "server-ecdsa", TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                                   "must not be used");
  g_assert_no_errno (g_unlink (pins));
  g_assert_no_errno (mkfifo (pins, 0600));
  modules_test_assert_cannot_sign (f, "server-ecdsa", TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                                   "must not be used");
  modules_test_assert_logins (f, "");
}

static void
add (const char *path, gconstpointer data, void (*test) (ModulesTest *, gconstpointer))
{
  g_test_add (path, ModulesTest, data, modules_test_set_up, test, modules_test_tear_down);
}

int
main (int argc, char *argv[])
{
  modules_test_init (&argc, &argv);
  add ("/service/modules/find", NULL, test_find);
  add ("/service/modules/find-nothing", NULL, test_find_nothing);
  add ("/service/modules/nothing-allowed", NULL, test_nothing_allowed);
  add ("/service/modules/sign", NULL, test_sign);
  add ("/service/modules/removed", NULL, test_removed);
  add ("/service/modules/request", NULL, test_request);
  add ("/service/modules/wrong-pin", NULL, test_wrong_pin);
  add ("/service/modules/crash", "crash", test_crash);
  add ("/service/modules/scribble", "scribble", test_crash);
  add ("/service/modules/crash-login", NULL, test_crash_login);
  add ("/service/modules/two", NULL, test_two);
  add ("/service/modules/configured-again", NULL, test_configured_again);
  add ("/service/modules/no-module", NULL, test_no_module);
  add ("/service/modules/final-try", NULL, test_final_try);
  add ("/service/modules/pulled", NULL, test_pulled);
  add ("/service/modules/fail-once", NULL, test_fail_once);
  add ("/service/modules/late", NULL, test_late);
  add ("/service/modules/wrong-signature", NULL, test_wrong_signature);
  add ("/service/modules/other-key", NULL, test_other_key);
  add ("/service/modules/open", NULL, test_open);
  add ("/service/modules/bad-file", NULL, test_bad_file);
  return modules_test_run ();
}
