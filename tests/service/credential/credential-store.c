/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Changes of credentials that overlap, and their tables. */

#include "config.h"

#include "credential/credential-store.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/credential-fixture.h"
#include "support/store-fixture.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

typedef struct
{
  char *directory;
  HandoffKeeper *keeper;
  HandoffCredentialStore *store;
  guint n_changed;
  guint last_owner; /* as the signal had it */
} Fixture;

/* Of damaged credentials, and of a keeper that died. */
static GLogWriterOutput
drop_warning (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  return (level & G_LOG_LEVEL_WARNING) != 0
             ? G_LOG_WRITER_HANDLED
             : g_log_writer_default (level, fields, n_fields, user_data);
}

static void
count_change (HandoffCredentialStore *store, guint owner, gpointer user_data)
{
  Fixture *f = user_data;

  f->n_changed++;
  f->last_owner = owner;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *parent = g_dir_make_tmp ("handoff-XXXXXX", NULL);

  f->directory = g_build_filename (parent, "credentials", NULL);
  f->store = test_store_new (f->directory, &f->keeper);
  g_signal_connect (f->store, "changed", G_CALLBACK (count_change), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autofree char *parent = g_path_get_dirname (f->directory);

  while (handoff_credential_store_is_busy (f->store))
    g_main_context_iteration (NULL, TRUE);
  g_signal_handlers_disconnect_by_data (f->store, f);
  g_clear_object (&f->store);
  g_clear_object (&f->keeper);
  test_store_clean (f->directory);
  g_assert_cmpint (rmdir (parent), ==, 0);
  g_free (f->directory);
}

static void
store_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  g_assert_null (*place);
  *place = g_object_ref (result);
}

static void
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
start_add (Fixture *f, const char *label, guint owner, const char *name, GAsyncResult **result)
{
  g_autoptr (HandoffCredential) credential = test_credential_new (NULL, label, owner, name);

  test_store_hold_key (f->keeper, credential->id, name);
  handoff_credential_store_add_async (f->store, credential, store_result, result);
}

/* (transfer full) */
static HandoffCredential *
add (Fixture *f, const char *label, guint owner, const char *name)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  HandoffCredential *credential;

  start_add (f, label, owner, name, &result);
  wait_for (&result);
  credential = handoff_credential_store_change_finish (f->store, result, &error);
  g_assert_no_error (error);
  return credential;
}

/* Breaks if tables and disk differ, or if one user finds another's credential. */
static void
test_tables (Fixture *f, gconstpointer data)
{
  G_GNUC_UNUSED g_autoptr (HandoffCredential) b = add (f, "b", 1000, "rsa");
  g_autoptr (HandoffCredential) a = add (f, "a", 1000, "ecdsa");
  g_autoptr (HandoffCredential) others = add (f, "a", 1001, "ed25519");
  g_autoptr (HandoffKeeper) keeper = NULL;
  g_autoptr (HandoffCredentialStore) again = test_store_new (f->directory, &keeper);
  HandoffCredentialStore *stores[] = { f->store, again };

  for (guint i = 0; i < G_N_ELEMENTS (stores); i++)
    {
      const guint owner = 1000;
      g_autoptr (GPtrArray) own =
          handoff_credentials_list (HANDOFF_CREDENTIALS (stores[i]), &owner);
      g_autoptr (GPtrArray) all = handoff_credentials_list (HANDOFF_CREDENTIALS (stores[i]), NULL);
      HandoffCredential *found =
          handoff_credentials_find (HANDOFF_CREDENTIALS (stores[i]), 1001, "a");

      g_assert_cmpuint (own->len, ==, 2);
      g_assert_cmpstr (((HandoffCredential *) own->pdata[0])->label, ==, "a");
      g_assert_cmpuint (all->len, ==, 3);
      g_assert_cmpstr (found->id, ==, others->id);
      g_assert_null (handoff_credentials_find (HANDOFF_CREDENTIALS (stores[i]), 1001, "b"));
      g_assert_nonnull (handoff_credentials_lookup (HANDOFF_CREDENTIALS (stores[i]), a->id));
      g_assert_null (handoff_credentials_lookup (HANDOFF_CREDENTIALS (stores[i]), "nothing"));
      g_assert_cmpuint (handoff_credential_store_count (stores[i], 1000), ==, 2);
    }
  g_assert_cmpuint (f->n_changed, ==, 3);
  g_assert_cmpuint (f->last_owner, ==, 1001);
}

/* Breaks if a label means the machine's credential where the user has one of that name, or another
 * user's. */
static void
test_names (Fixture *f, gconstpointer data)
{
  HandoffCredentials *all = HANDOFF_CREDENTIALS (f->store);
  G_GNUC_UNUSED g_autoptr (HandoffCredential) machines = add (f, "both", 0, "ecdsa");
  G_GNUC_UNUSED g_autoptr (HandoffCredential) own = add (f, "both", 1000, "ecdsa");
  G_GNUC_UNUSED g_autoptr (HandoffCredential) machine = add (f, "machine", 0, "ecdsa");
  g_autoptr (HandoffCredential) other = add (f, "other", 1001, "ecdsa");
  g_autofree char *path = g_strconcat (HANDOFF_CREDENTIALS_PATH "/", other->id, NULL);

  g_assert_cmpuint (handoff_credentials_find_by_name (all, 1000, "both")->owner, ==, 1000);
  g_assert_cmpuint (handoff_credentials_find_by_name (all, 1001, "both")->owner, ==, 0);
  g_assert_cmpuint (handoff_credentials_find_by_name (all, 1000, "machine")->owner, ==, 0);
  g_assert_null (handoff_credentials_find_by_name (all, 1000, "other"));
  g_assert_null (handoff_credentials_find_by_name (all, 1000, "none"));
  g_assert_cmpstr (handoff_credentials_find_by_name (all, 1001, "other")->id, ==, other->id);
  g_assert_cmpstr (handoff_credentials_find_by_name (all, 1000, path)->id, ==, other->id);
  g_assert_null (handoff_credentials_find_by_name (all, 1000, HANDOFF_CREDENTIALS_PATH "/00"));
}

/* Breaks if two credentials that are added at once get the same label, or if the limit does not
 * count them. */
static void
test_same_label (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  g_autoptr (GAsyncResult) others = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffCredential) made = NULL;
  g_autoptr (HandoffCredential) made_by_other = NULL;
  HandoffCredential *refused;

  start_add (f, "x", 1000, "rsa", &first);
  start_add (f, "x", 1000, "ecdsa", &second);
  start_add (f, "x", 1001, "ecdsa", &others);
  g_assert_cmpuint (handoff_credential_store_count (f->store, 1000), ==, 1);
  wait_for (&first);
  wait_for (&second);
  wait_for (&others);
  made = handoff_credential_store_change_finish (f->store, first, &error);
  g_assert_no_error (error);
  made_by_other = handoff_credential_store_change_finish (f->store, others, &error);
  g_assert_no_error (error);
  refused = handoff_credential_store_change_finish (f->store, second, &error);
  g_assert_null (refused);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (handoff_credential_store_count (f->store, 1000), ==, 1);
}

/* Two changes of one credential, one of them its removal. Breaks if the result is neither. */
static void
test_overlap (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) credential = add (f, "x", 1000, "rsa");
  g_autoptr (GPtrArray) chain = test_certificates_new ("rsa", "ca", NULL);
  g_autoptr (HandoffCredential) certified =
      test_credential_make (credential->id, "x", 1000, HANDOFF_CREDENTIAL_ROLE_BOTH,
                            credential->key, NULL, chain, NULL, NULL);
  g_autoptr (GAsyncResult) set = NULL;
  g_autoptr (GAsyncResult) removed = NULL;
  g_autoptr (GAsyncResult) removed_late = NULL;
  g_autoptr (GAsyncResult) set_late = NULL;
  g_autoptr (GAsyncResult) reloaded = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffCredential) changed = NULL;
  HandoffCredential *late;

  handoff_credential_store_set_certificates_async (f->store, certified, store_result, &set);
  handoff_credential_store_remove_async (f->store, credential->id, store_result, &removed);
  handoff_credential_store_remove_async (f->store, credential->id, store_result, &removed_late);
  handoff_credential_store_set_certificates_async (f->store, certified, store_result, &set_late);
  handoff_credential_store_reload_async (f->store, store_result, &reloaded);
  wait_for (&set);
  wait_for (&removed);
  wait_for (&removed_late);
  wait_for (&set_late);
  wait_for (&reloaded);

  changed = handoff_credential_store_change_finish (f->store, set, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (changed->description->certificates->len, ==, 2);
  g_assert_cmpuint (changed->serial, !=, credential->serial);
  g_assert_true (handoff_credential_store_remove_finish (f->store, removed, &error));
  g_assert_no_error (error);
  g_assert_false (handoff_credential_store_remove_finish (f->store, removed_late, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
  g_clear_error (&error);
  late = handoff_credential_store_change_finish (f->store, set_late, &error);
  g_assert_null (late);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (handoff_credential_store_reload_finish (f->store, reloaded, &error));
  g_assert_cmpuint (handoff_credential_store_get_size (f->store), ==, 0);
  g_assert_cmpuint (f->last_owner, ==, HANDOFF_CREDENTIAL_OWNER_MACHINE);
  /* A user of the credential can go on with it. */
  g_assert_true (handoff_credential_is_usable (credential));
}

/* (transfer full) */
static HandoffCredential *
set_response (Fixture *f, HandoffCredential *credential, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  handoff_credential_store_set_ocsp_response_async (f->store, credential, store_result, &result);
  wait_for (&result);
  return handoff_credential_store_change_finish (f->store, result, error);
}

/* Breaks if a response is lost with the process, if nobody hears of it, or if it brings
 * certificates back that it is about and others have replaced. */
static void
test_response (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) credential = add (f, "x", 1000, "ecdsa");
  g_autoptr (GPtrArray) old_chain = test_certificates_new ("ecdsa", NULL);
  g_autoptr (GPtrArray) new_chain = test_certificates_new ("ecdsa", "ca", NULL);
  g_autoptr (GBytes) response = test_file_new ("ecdsa.ocsp");
  g_autoptr (HandoffCredential) stapled =
      test_credential_make (credential->id, "x", 1000, HANDOFF_CREDENTIAL_ROLE_BOTH,
                            credential->key, NULL, old_chain, response, NULL);
  g_autoptr (HandoffCredential) certified =
      test_credential_make (credential->id, "x", 1000, HANDOFF_CREDENTIAL_ROLE_BOTH,
                            credential->key, NULL, new_chain, NULL, NULL);
  g_autoptr (HandoffCredential) set = NULL;
  g_autoptr (HandoffCredential) late = NULL;
  g_autoptr (HandoffKeeper) keeper = NULL;
  g_autoptr (HandoffCredentialStore) again = NULL;
  g_autoptr (GAsyncResult) certified_result = NULL;
  g_autoptr (GAsyncResult) late_result = NULL;
  g_autoptr (GError) error = NULL;
  const guint n_changed = f->n_changed;
  HandoffCredential *found;

  set = set_response (f, stapled, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (f->n_changed, ==, n_changed + 1);
  g_assert_cmpuint (f->last_owner, ==, 1000);
  again = test_store_new (f->directory, &keeper);
  found = handoff_credentials_find (HANDOFF_CREDENTIALS (again), 1000, "x");
  g_assert_true (g_bytes_equal (found->description->ocsp_response, response));

  handoff_credential_store_set_certificates_async (f->store, certified, store_result,
                                                   &certified_result);
  handoff_credential_store_set_ocsp_response_async (f->store, stapled, store_result, &late_result);
  wait_for (&certified_result);
  wait_for (&late_result);
  late = handoff_credential_store_change_finish (f->store, late_result, &error);
  g_assert_null (late);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  found = handoff_credentials_find (HANDOFF_CREDENTIALS (f->store), 1000, "x");
  g_assert_cmpuint (found->description->certificates->len, ==, 2);
  g_assert_null (found->description->ocsp_response);
}

/* Breaks if a credential whose folder an administrator took away stays for ever. */
static void
test_remove_without_folder (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) credential = add (f, "x", 1000, "rsa");
  g_autoptr (GAsyncResult) removed = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_build_filename (f->directory, credential->id, NULL);

  test_store_clean (folder);
  handoff_credential_store_remove_async (f->store, credential->id, store_result, &removed);
  wait_for (&removed);
  g_assert_true (handoff_credential_store_remove_finish (f->store, removed, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (handoff_credential_store_get_size (f->store), ==, 0);
  g_assert_cmpuint (f->n_changed, ==, 2);
  g_assert_cmpuint (f->last_owner, ==, 1000);
}

/* Breaks if a credential that is added during a re-read is lost, or appears twice. */
static void
test_reload (Fixture *f, gconstpointer data)
{
  GAsyncResult *added[10] = { NULL };
  GAsyncResult *reloaded[10] = { NULL };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (added); i++)
    {
      g_autofree char *label = g_strdup_printf ("%u", i);

      start_add (f, label, 1000, "ecdsa", &added[i]);
      handoff_credential_store_reload_async (f->store, store_result, &reloaded[i]);
    }
  for (i = 0; i < G_N_ELEMENTS (added); i++)
    {
      g_autoptr (HandoffCredential) credential = NULL;

      wait_for (&added[i]);
      wait_for (&reloaded[i]);
      credential = handoff_credential_store_change_finish (f->store, added[i], NULL);
      g_assert_nonnull (credential);
      g_assert_nonnull (
          handoff_credentials_lookup (HANDOFF_CREDENTIALS (f->store), credential->id));
      g_assert_true (handoff_credential_store_reload_finish (f->store, reloaded[i], NULL));
      g_object_unref (added[i]);
      g_object_unref (reloaded[i]);
    }
  g_assert_cmpuint (handoff_credential_store_get_size (f->store), ==, G_N_ELEMENTS (added));
}

/* Breaks if a credential that cannot be written is in the table, or if the error does not say why.
 */
static void
test_cannot_write (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (rmdir (f->directory), ==, 0);
  start_add (f, "x", 1000, "rsa", &result);
  wait_for (&result);
  g_assert_null (handoff_credential_store_change_finish (f->store, result, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "No such file or directory"));
  g_assert_cmpuint (handoff_credential_store_get_size (f->store), ==, 0);
  g_assert_cmpuint (handoff_credential_store_count (f->store, 1000), ==, 0);
}

/* The keeper dies in the middle of changes: they fail, and say so; what is on the disk is whole,
 * and is there again with the next one. */
static void
test_keeper_dies (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) first = add (f, "first", 1000, "rsa");
  const pid_t old = handoff_keeper_get_pid (f->keeper);
  g_autoptr (GAsyncResult) removed = NULL;
  g_autoptr (HandoffCredential) second = NULL;
  g_autoptr (GError) error = NULL;

  kill (old, SIGSTOP);
  handoff_credential_store_remove_async (f->store, first->id, store_result, &removed);
  kill (old, SIGKILL);
  wait_for (&removed);
  g_assert_false (handoff_credential_store_remove_finish (f->store, removed, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "tls-handoff-keeper"));
  g_assert_nonnull (handoff_credentials_lookup (HANDOFF_CREDENTIALS (f->store), first->id));

  second = add (f, "second", 1000, "ecdsa");
  g_assert_cmpint (handoff_keeper_get_pid (f->keeper), !=, old);
  g_assert_nonnull (handoff_credentials_lookup (HANDOFF_CREDENTIALS (f->store), first->id));
  g_assert_cmpuint (handoff_credential_store_get_size (f->store), ==, 2);
}

/* Waits until the keeper has answered, takes the answer away before the store can see it, and has
 * the keeper die: as if it had died after its work. */
static void
lose_answer (Fixture *f)
{
  gboolean lost = FALSE;

  while (!lost)
    {
      for (int fd = 3; fd < 100 && !lost; fd++)
        {
          static guint8 answer[128 * 1024];
          int type = 0;
          socklen_t size = sizeof type;

          lost = getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
                 type == SOCK_SEQPACKET && recv (fd, answer, sizeof answer, MSG_DONTWAIT) > 0;
        }
      g_thread_yield ();
    }
  g_assert_cmpint (kill (handoff_keeper_get_pid (f->keeper), SIGKILL), ==, 0);
}

/* Breaks if a caller hears that a change failed which the keeper made before it died: the
 * credential would be there, or gone, all the same. */
static void
test_answer_lost (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) added = NULL;
  g_autoptr (GAsyncResult) certified = NULL;
  g_autoptr (GAsyncResult) removed = NULL;
  g_autoptr (HandoffCredential) credential = NULL;
  g_autoptr (HandoffCredential) again = NULL;
  g_autoptr (GError) error = NULL;

  start_add (f, "a", 1000, "ecdsa", &added);
  lose_answer (f);
  wait_for (&added);
  credential = handoff_credential_store_change_finish (f->store, added, &error);
  g_assert_no_error (error);
  g_assert_true (handoff_credentials_find (HANDOFF_CREDENTIALS (f->store), 1000, "a") ==
                 credential);
  g_assert_cmpuint (handoff_credential_store_count (f->store, 1000), ==, 1);

  handoff_credential_store_set_certificates_async (f->store, credential, store_result, &certified);
  lose_answer (f);
  wait_for (&certified);
  again = handoff_credential_store_change_finish (f->store, certified, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again->id, ==, credential->id);

  handoff_credential_store_remove_async (f->store, credential->id, store_result, &removed);
  lose_answer (f);
  wait_for (&removed);
  g_assert_true (handoff_credential_store_remove_finish (f->store, removed, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (handoff_credential_store_get_size (f->store), ==, 0);
}

/* Breaks if a change is said to be made that a keeper did not begin before it died. */
static void
test_never_asked (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) there = add (f, "a", 1000, "ecdsa");
  g_autoptr (GAsyncResult) added = NULL;
  g_autoptr (GAsyncResult) removed = NULL;
  g_autoptr (HandoffCredential) credential = test_credential_new (NULL, "b", 1000, "rsa");
  g_autoptr (GError) error = NULL;
  const pid_t pid = handoff_keeper_get_pid (f->keeper);

  test_store_hold_key (f->keeper, credential->id, "rsa");
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  handoff_credential_store_add_async (f->store, credential, store_result, &added);
  handoff_credential_store_remove_async (f->store, there->id, store_result, &removed);
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  wait_for (&added);
  g_assert_null (handoff_credential_store_change_finish (f->store, added, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "tls-handoff-keeper has ended"));
  g_clear_error (&error);
  wait_for (&removed);
  g_assert_false (handoff_credential_store_remove_finish (f->store, removed, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_nonnull (handoff_credentials_lookup (HANDOFF_CREDENTIALS (f->store), there->id));
  g_assert_cmpuint (handoff_credential_store_get_size (f->store), ==, 1);
}

/* A folder of 0.1 has no description: it is described once. */
static void
test_undescribed (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) credential = add (f, "x", 1000, "rsa");
  g_autofree char *path = g_build_filename (f->directory, credential->id, "description", NULL);
  g_autoptr (GAsyncResult) reloaded = NULL;
  const HandoffCredential *again;

  g_assert_cmpint (unlink (path), ==, 0);
  handoff_credential_store_reload_async (f->store, store_result, &reloaded);
  wait_for (&reloaded);
  again = handoff_credentials_lookup (HANDOFF_CREDENTIALS (f->store), credential->id);
  g_assert_true (g_variant_equal (again->description->variant, credential->description->variant));
  while (!g_file_test (path, G_FILE_TEST_EXISTS))
    g_main_context_iteration (NULL, TRUE);
}

/* What cannot be described is damaged. */
static void
test_undescribable (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) credential = add (f, "x", 1000, "rsa");
  g_autofree char *path = g_build_filename (f->directory, credential->id, "certificates.pem", NULL);
  g_autoptr (GAsyncResult) reloaded = NULL;

  g_assert_true (g_file_set_contents (path, "garbage", -1, NULL));
  handoff_credential_store_reload_async (f->store, store_result, &reloaded);
  wait_for (&reloaded);
  g_assert_null (handoff_credentials_lookup (HANDOFF_CREDENTIALS (f->store), credential->id));
  g_assert_cmpuint (handoff_credential_store_get_n_damaged (f->store), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (drop_warning, NULL, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/service/credential-store/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("tables", test_tables);
  ADD ("names", test_names);
  ADD ("same-label", test_same_label);
  ADD ("remove-without-folder", test_remove_without_folder);
  ADD ("overlap", test_overlap);
  ADD ("response", test_response);
  ADD ("reload", test_reload);
  ADD ("cannot-write", test_cannot_write);
  ADD ("keeper-dies", test_keeper_dies);
  ADD ("answer-lost", test_answer_lost);
  ADD ("never-asked", test_never_asked);
  ADD ("undescribed", test_undescribed);
  ADD ("undescribable", test_undescribable);
  return g_test_run ();
}
