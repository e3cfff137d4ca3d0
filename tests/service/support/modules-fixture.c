/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/modules-fixture.h"

#include <glib/gstdio.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>

#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "link/link.h"
#include "link/token-messages.h"
#include "process/process.h"
#include "support/policy-fixture.h"
#include "support/request-fixture.h"

#define TIMEOUT 60 /* seconds */

/* The modules' folders: of tokens, and of control files. */
static char *directory;
static char *other_directory;

static char *
control_path (const char *name)
{
  return g_build_filename (directory, name, NULL);
}

void
modules_test_set_control (ModulesTest *f, const char *name, const char *text)
{
  g_autofree char *path = control_path (name);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

void
modules_test_remove_control (ModulesTest *f, const char *name)
{
  g_autofree char *path = control_path (name);

  g_assert_no_errno (g_unlink (path));
}

static gboolean
time_out (gpointer user_data)
{
  g_error ("It takes too long");
  return G_SOURCE_REMOVE;
}

static gboolean
look_again (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

void
modules_test_wait_for_control (ModulesTest *f, const char *name)
{
  g_autofree char *path = control_path (name);
  const guint limit = g_timeout_add_seconds (TIMEOUT, time_out, NULL);
  const guint source = g_timeout_add (5, look_again, NULL);

  while (!g_file_test (path, G_FILE_TEST_EXISTS))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
  g_source_remove (limit);
}

void
modules_test_wait_until (const gboolean *done)
{
  const guint limit = g_timeout_add_seconds (TIMEOUT, time_out, NULL);

  while (!*done)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (limit);
}

void
modules_test_wait_for_count (const guint *n, guint count)
{
  const guint limit = g_timeout_add_seconds (TIMEOUT, time_out, NULL);

  while (*n < count)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (limit);
  g_assert_cmpuint (*n, ==, count);
}

void
modules_test_assert_logins (ModulesTest *f, const char *expected)
{
  g_autofree char *path = control_path ("logins");
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    text = g_strdup ("");
  g_assert_cmpstr (g_strdelimit (text, "\n", ' '), ==, expected);
}

/* A process that starts learns of the one handshaker that there is. */
static void
started (guint64 number, HandoffLink *link, gpointer user_data)
{
  ModulesTest *f = user_data;

  f->n_started++;
  g_hash_table_insert (f->links, GUINT_TO_POINTER ((guint) number), link);
  handoff_link_send (link, HANDOFF_TOKEN_HOLDER,
                     g_variant_new ("(tu)", (guint64) MODULES_TEST_HOLDER, 1000), NULL, 0, NULL);
}

static void
ended (guint64 number, gpointer user_data)
{
  ModulesTest *f = user_data;

  f->n_ended++;
  g_hash_table_remove (f->links, GUINT_TO_POINTER ((guint) number));
}

static void
violated (guint64 number, guint64 holder, const char *why, gpointer user_data)
{
  ModulesTest *f = user_data;

  g_assert_nonnull (g_hash_table_lookup (f->links, GUINT_TO_POINTER ((guint) number)));
  g_assert_cmpuint (holder, ==, MODULES_TEST_HOLDER);
  f->n_violations++;
}

static void
pins_changed (gpointer user_data)
{
}

static const HandoffModulesFunctions functions = { started, ended, violated, pins_changed };

void
modules_test_configure (ModulesTest *f, const char *text)
{
  g_autofree char *pins = g_build_filename (f->state, "pins", NULL);
  g_autofree char *replacement = g_strdup_printf ("[Tokens]\nPinFile=%s\n", pins);
  g_autoptr (GString) whole = g_string_new (text);
  g_autoptr (HandoffConfiguration) configuration = NULL;

  g_string_replace (whole, "[Tokens]\n", replacement, 1);
  configuration = test_configuration_new (whole->str);
  handoff_modules_configure (f->modules, configuration);
}

/* What SoftHSM needs. */
static char *
describe_needs (const char *module, const char *folder)
{
  return g_strdup_printf ("[Module %s]\nWriteFiles=%s\n", module, folder);
}

void
modules_test_configure_default (ModulesTest *f)
{
  g_autofree char *needs = describe_needs (f->module, directory);
  g_autofree char *text = g_strdup_printf ("[Tokens]\nModules=%s\n%s", f->module, needs);

  modules_test_configure (f, text);
}

void
modules_test_configure_both (ModulesTest *f)
{
  g_autofree char *needs = describe_needs (f->module, directory);
  g_autofree char *other_needs = describe_needs (f->other_module, other_directory);
  g_autofree char *text = g_strdup_printf ("[Tokens]\nModules=%s;%s\n%s%s", f->module,
                                           f->other_module, needs, other_needs);

  modules_test_configure (f, text);
}

void
modules_test_start_again (ModulesTest *f)
{
  g_clear_pointer (&f->modules, handoff_modules_free);
  f->modules = handoff_modules_new (f->state, &functions, f);
  modules_test_configure_default (f);
}

void
modules_test_write_pins (ModulesTest *f, const char *pin)
{
  g_autofree char *path = g_build_filename (f->state, "pins", NULL);
  g_autofree char *text =
      g_strdup_printf ("[" TOKEN "]\nPin=%s\n[" OTHER_TOKEN "]\nPin=%s\n", pin, pin);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_no_errno (g_chmod (path, 0600));
}

static void
run_command (const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  int status = -1;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status,
                &error);
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
}

void
modules_test_set_up (ModulesTest *f, gconstpointer data)
{
  static const char *const controls[] = { "logins",          "block",          "blocked",
                                          "crash",           "scribble",       "crash-login",
                                          "final-try",       "absent",         "fail-once",
                                          "wrong-signature", "fail-initialize" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (controls); i++)
    {
      g_autofree char *path = control_path (controls[i]);

      g_unlink (path);
    }
  f->state = g_dir_make_tmp ("handoff-modules-XXXXXX", NULL);
  f->module = g_strdup (g_getenv ("HANDOFF_TEST_PKCS11_MODULE"));
  f->other_module = g_build_filename (other_directory, "other.so", NULL);
  f->links = g_hash_table_new (NULL, NULL);
  f->role = HANDOFF_SIGNATURE_SERVER;
  modules_test_start_again (f);
}

void
modules_test_tear_down (ModulesTest *f, gconstpointer data)
{
  const char *const argv[] = { "rm", "-r", f->state, NULL };

  g_clear_pointer (&f->modules, handoff_modules_free);
  run_command (argv);
  g_clear_error (&f->error);
  g_hash_table_unref (f->links);
  g_free (f->state);
  g_free (f->module);
  g_free (f->other_module);
}

GBytes *
modules_test_read_public_key (ModulesTest *f, const char *token, const char *key)
{
  g_autofree char *file = g_strdup_printf (
      "%s/%s/%s.pem", g_str_equal (token, TOKEN) ? directory : other_directory, token, key);
  g_autofree char *pem = NULL;
  gnutls_pubkey_t public_key;
  gnutls_x509_crt_t certificate;
  gnutls_datum_t datum;
  GBytes *bytes;
  gsize size;

  g_assert_true (g_file_get_contents (file, &pem, &size, NULL));
  datum = (gnutls_datum_t){ (unsigned char *) pem, (unsigned int) size };
  gnutls_x509_crt_init (&certificate);
  gnutls_pubkey_init (&public_key);
  g_assert_cmpint (gnutls_x509_crt_import (certificate, &datum, GNUTLS_X509_FMT_PEM), >=, 0);
  g_assert_cmpint (gnutls_pubkey_import_x509 (public_key, certificate, 0), >=, 0);
  g_assert_cmpint (gnutls_pubkey_export2 (public_key, GNUTLS_X509_FMT_DER, &datum), >=, 0);
  gnutls_pubkey_deinit (public_key);
  gnutls_x509_crt_deinit (certificate);
  bytes = g_bytes_new (datum.data, datum.size);
  gnutls_free (datum.data);
  return bytes;
}

static char *
make_uri (const char *token, const char *key)
{
  g_autofree char *escaped = g_uri_escape_string (token, NULL, FALSE);

  return g_strdup_printf ("pkcs11:token=%s;object=%s;type=private", escaped, key);
}

gboolean
modules_test_is_locked (ModulesTest *f, const char *token)
{
  g_autofree char *uri = make_uri (token, "any");

  return handoff_modules_is_locked (f->modules, uri);
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

HandoffModuleKey *
modules_test_find (ModulesTest *f, const char *token, const char *key, const char *pin)
{
  g_autofree char *uri = make_uri (token, key);
  HandoffSecretBytes secret = { NULL, 0 };
  g_autoptr (GBytes) bytes = NULL;
  Waiting waiting = { NULL, FALSE };
  HandoffModuleKey *found;

  g_clear_error (&f->error);
  if (pin != NULL)
    {
      handoff_secret_bytes_set (&secret, pin, strlen (pin));
      bytes = handoff_secret_bytes_take (&secret);
    }
  handoff_key_search_async (handoff_modules_get_places (f->modules), uri, NULL, bytes, FALSE,
                            take_result, &waiting);
  modules_test_wait_until (&waiting.done);
  found = handoff_key_search_finish (waiting.result, &f->error);
  g_object_unref (waiting.result);
  return found;
}

void
modules_test_assert_error (const GError *error, int code, const char *what)
{
  g_assert_error (error, TLS_HANDOFF_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, what));
}

void
modules_test_assert_not_found (
    ModulesTest *f, const char *token, const char *key, const char *pin, int code, const char *what)
{
  g_assert_null (modules_test_find (f, token, key, pin));
  modules_test_assert_error (f->error, code, what);
}

void
modules_test_add_key_as (
    ModulesTest *f, const char *id, const char *token, const char *key, const char *public_key_of)
{
  g_autofree char *uri = make_uri (token, key);
  g_autoptr (GBytes) public_key = modules_test_read_public_key (f, token, public_key_of);

  handoff_module_keys_add (handoff_modules_get_keys (f->modules), id, uri, public_key);
}

void
modules_test_add_key (ModulesTest *f, const char *token, const char *key)
{
  modules_test_add_key_as (f, key, token, key, key);
}

GBytes *
modules_test_request_certificate (ModulesTest *f,
                                  const char *key,
                                  const char *common_name,
                                  const char *dns_name)
{
  Waiting waiting = { NULL, FALSE };
  GBytes *der;

  g_clear_error (&f->error);
  handoff_module_keys_request_certificate_async (handoff_modules_get_keys (f->modules),
                                                 test_request_new (key, common_name, dns_name),
                                                 take_result, &waiting);
  modules_test_wait_until (&waiting.done);
  der = handoff_module_keys_request_certificate_finish (waiting.result, &f->error);
  g_object_unref (waiting.result);
  return der;
}

/* How a process ended is in the journal. */
static GLogWriterOutput
expect_warnings (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  const char *message = "";
  gsize i;

  for (i = 0; i < n_fields; i++)
    {
      if (g_str_equal (fields[i].key, "MESSAGE"))
        message = fields[i].value;
    }
  if ((level & G_LOG_LEVEL_WARNING) == 0 ||
      (strstr (message, "tls-handoff-token") == NULL && strstr (message, "told") == NULL &&
       strstr (message, "PinFile") == NULL))
    return g_log_writer_default (level, fields, n_fields, user_data);
  g_test_message ("warning: %s", message);
  return G_LOG_WRITER_HANDLED;
}

static char *
make_tokens (const char *label)
{
  char *folder = g_dir_make_tmp ("handoff-token-XXXXXX", NULL);
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "lib", "make-token", NULL);
  const char *const argv[] = { script, folder, g_getenv ("HANDOFF_TEST_CERTS"), label, NULL };

  run_command (argv);
  return folder;
}

void
modules_test_init (int *argc, char ***argv)
{
  g_autofree char *conf = NULL;

  g_test_init (argc, argv, NULL);
  g_log_set_writer_func (expect_warnings, NULL, NULL);
  handoff_process_set_folder (g_getenv ("HANDOFF_TEST_PROGRAMS"));
  directory = make_tokens (TOKEN);
  other_directory = make_tokens (OTHER_TOKEN);
  conf = g_build_filename (directory, "softhsm2.conf", NULL);
  g_setenv ("SOFTHSM2_CONF", conf, TRUE);
  g_setenv ("HANDOFF_TEST_PKCS11", directory, TRUE);
  g_setenv ("HANDOFF_TEST_PKCS11_OTHER", other_directory, TRUE);
  {
    g_autofree char *copy = g_build_filename (other_directory, "other.so", NULL);
    const char *const copying[] = { "cp", g_getenv ("HANDOFF_TEST_PKCS11_MODULE"), copy, NULL };

    run_command (copying);
  }
}

int
modules_test_run (void)
{
  const char *const argv[] = { "rm", "-r", directory, other_directory, NULL };
  const int status = g_test_run ();

  run_command (argv);
  g_free (directory);
  g_free (other_directory);
  return status;
}
