/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Credentials on disk, and what a crash at any point leaves of them: the system calls that change
 * files are replaced by ones that end the process at the n-th of them, for every n. */

#include "config.h"

#include "credential/credential-folder.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/credential-fixture.h"
#include "credential/credential-store.h"
#include "keyblob/tls-handoff-error.h"

#define CRASHED 99

/* System calls until the crash; 0: none. */
static guint calls_left;

static void
count_call (void)
{
  if (calls_left > 0 && --calls_left == 0)
    _exit (CRASHED);
}

#define REPLACE(call, parameters, ...)                                                             \
  int call parameters;                                                                             \
  int call parameters                                                                              \
  {                                                                                                \
    int result;                                                                                    \
                                                                                                   \
    count_call ();                                                                                 \
    result = (int) syscall (__VA_ARGS__);                                                          \
    count_call ();                                                                                 \
    return result;                                                                                 \
  }

REPLACE (mkdir, (const char *path, mode_t mode), SYS_mkdir, path, mode)
REPLACE (rename, (const char *from, const char *to), SYS_rename, from, to)
REPLACE (unlink, (const char *path), SYS_unlink, path)
REPLACE (rmdir, (const char *path), SYS_rmdir, path)
REPLACE (fsync, (int fd), SYS_fsync, fd)

ssize_t write (int fd, const void *data, size_t size);
/* The last byte alone, so that a crash leaves a part of it. */
ssize_t
write (int fd, const void *data, size_t size)
{
  count_call ();
  return syscall (SYS_write, fd, data, calls_left > 0 && size > 1 ? size - 1 : size);
}

/* The last warning; they are structured, so that GLib's tests cannot expect them. */
static char *last_warning;

static GLogWriterOutput
keep_warning (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  gsize i;

  if ((level & G_LOG_LEVEL_WARNING) == 0)
    return g_log_writer_default (level, fields, n_fields, user_data);
  for (i = 0; i < n_fields; i++)
    {
      if (!g_str_equal (fields[i].key, "MESSAGE"))
        continue;
      g_free (last_warning);
      last_warning = g_strdup (fields[i].value);
    }
  return G_LOG_WRITER_HANDLED;
}

typedef struct
{
  char *directory;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("handoff-XXXXXX", NULL);
  g_assert_nonnull (f->directory);
}

static void
empty (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    handoff_credential_folder_clean (directory, name);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  empty (f->directory);
  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
  g_free (f->directory);
}

/* label and certificate: NAME. (transfer full) */
static HandoffCredential *
write_credential (Fixture *f, const char *label, const char *name)
{
  g_autoptr (HandoffCredential) credential = test_credential_new (NULL, label, 1000, name);
  g_autoptr (GBytes) key_pem = test_key_pem_new (name);
  g_autoptr (GError) error = NULL;

  handoff_credential_folder_write (f->directory, credential, key_pem, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&credential);
}

static mode_t
get_mode (Fixture *f, const char *id, const char *file)
{
  g_autofree char *path = g_build_filename (f->directory, id, file, NULL);
  struct stat status;

  g_assert_cmpint (stat (path, &status), ==, 0);
  return status.st_mode & 07777;
}

/* Breaks if what is read is not what was written, or others may read it. */
static void
test_round_trip (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) written = write_credential (f, "büro", "rsa");
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffCredential) read =
      handoff_credential_folder_read (f->directory, written->id, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (read->id, ==, written->id);
  g_assert_cmpstr (read->label, ==, "büro");
  g_assert_cmpuint (read->owner, ==, 1000);
  g_assert_cmpint (read->roles, ==, HANDOFF_CREDENTIAL_ROLE_BOTH);
  g_assert_cmpuint (read->description->certificates->len, ==, 1);
  g_assert_true (g_bytes_equal (read->description->certificates->pdata[0],
                                written->description->certificates->pdata[0]));
  g_assert_null (read->description->ocsp_response);
  g_assert_cmpint (get_mode (f, read->id, ""), ==, 0700);
  g_assert_cmpint (get_mode (f, read->id, "key.pem"), ==, 0600);
}

/* Breaks if a staple stays when its certificate is replaced: clients would refuse it. */
static void
test_ocsp (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) credential = write_credential (f, "x", "ecdsa");
  g_autofree char *path = g_build_filename (f->directory, credential->id, "ocsp.der", NULL);
  g_autoptr (GBytes) response = test_file_new ("ecdsa.ocsp");
  g_autoptr (HandoffCredential) before = NULL;
  g_autoptr (HandoffCredential) after = NULL;
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, g_bytes_get_data (response, NULL),
                       (gssize) g_bytes_get_size (response), &error);
  g_assert_no_error (error);
  before = handoff_credential_folder_read (f->directory, credential->id, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (before->description->ocsp_response, response));
  handoff_credential_folder_replace_certificates (f->directory, credential, &error);
  g_assert_no_error (error);
  after = handoff_credential_folder_read (f->directory, credential->id, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (after->description->ocsp_response);
}

static void
set_file (const char *folder, const char *name, const char *content)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_unlink (path);
  if (content == NULL)
    return;
  g_file_set_contents (path, content, -1, &error);
  g_assert_no_error (error);
}

/* Breaks if a damaged folder makes others unusable, counts as good, or is not reported. */
static void
test_damaged (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) other_key = test_file_new ("ed25519.key");
  const char *const cases[][2] = {
    { "metadata", NULL },
    { "metadata", "" },
    { "metadata", "garbage" },
    { "metadata", "[Credential]\nLabel=x\n" },
    { "metadata", "[Credential]\nLabel=a/b\nOwner=1\nRoles=client\n" },
    { "metadata", "[Credential]\nLabel=x\nOwner=-1\nRoles=client\n" },
    { "metadata", "[Credential]\nLabel=x\nOwner=1\nRoles=king\n" },
    { "metadata", "[Credential]\nLabel=good\nOwner=1000\nRoles=client\n" }, /* not the only one */
    { "key.pem", NULL },
    { "key.pem", "garbage" },
    { "key.pem", g_bytes_get_data (other_key, NULL) },
    { "certificates.pem", "garbage" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HandoffCredential) bad = write_credential (f, "bad", "ecdsa");
      g_autofree char *folder = g_build_filename (f->directory, bad->id, NULL);
      g_autoptr (HandoffCredentialStore) store = NULL;

      handoff_credential_unref (write_credential (f, "good", "rsa"));
      set_file (folder, cases[i][0], cases[i][1]);
      g_clear_pointer (&last_warning, g_free);
      store = handoff_credential_store_new (f->directory, NULL);
      g_assert_nonnull (last_warning);
      g_assert_nonnull (strstr (last_warning, f->directory));
      /* Of two with one label, either may be read first. */
      g_assert_nonnull (strstr (last_warning, i == 7 ? "the same label" : bad->id));
      g_assert_cmpuint (handoff_credential_store_get_size (store), ==, 1);
      g_assert_cmpuint (handoff_credential_store_get_n_damaged (store), ==, 1);
      g_assert_nonnull (handoff_credential_store_find (store, 1000, "good"));
      /* The folder stays: somebody may mend it. */
      g_assert_true (g_file_test (folder, G_FILE_TEST_IS_DIR));
      empty (f->directory);
    }
}

/* Breaks if the service follows a link out of its directory. */
static void
test_link (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) credential = write_credential (f, "x", "rsa");
  g_autofree char *key = g_build_filename (f->directory, credential->id, "key.pem", NULL);
  g_autofree char *elsewhere = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), "rsa.key", NULL);
  g_autoptr (GError) error = NULL;

  g_unlink (key);
  g_assert_cmpint (symlink (elsewhere, key), ==, 0);
  g_assert_null (handoff_credential_folder_read (f->directory, credential->id, NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
}

typedef enum
{
  CHANGE_ADD,
  CHANGE_CERTIFICATES,
  CHANGE_REMOVE,
} ChangeKind;

static gboolean
make_change (Fixture *f, ChangeKind kind, HandoffCredential *credential)
{
  g_autoptr (GBytes) key_pem = NULL;

  switch (kind)
    {
    case CHANGE_ADD:
      key_pem = test_key_pem_new ("ecdsa");
      return handoff_credential_folder_write (f->directory, credential, key_pem, NULL);
    case CHANGE_CERTIFICATES:
      return handoff_credential_folder_replace_certificates (f->directory, credential, NULL);
    case CHANGE_REMOVE:
    default:
      return handoff_credential_folder_remove (f->directory, credential->id, NULL);
    }
}

/* FALSE: it crashed at the n-th system call. */
static gboolean
change_in_child (Fixture *f, ChangeKind kind, HandoffCredential *credential, guint n)
{
  pid_t child = fork ();
  int status;

  if (child == 0)
    {
      calls_left = n;
      _exit (make_change (f, kind, credential) ? 0 : 1);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), !=, 1);
  return WEXITSTATUS (status) == 0;
}

/* A key with either of two chains: the second one is longer. */
static HandoffCredential *
with_chain (const char *id)
{
  g_autoptr (HandoffPrivateKey) key = test_private_key_new ("ecdsa");
  g_autoptr (GPtrArray) certificates = test_certificates_new ("ecdsa", "ca", NULL);

  return test_credential_make (id, "changed", 1000, HANDOFF_CREDENTIAL_ROLE_BOTH, key, NULL,
                               certificates, NULL, NULL);
}

/* Breaks if a crash leaves half a change or harms another credential, or if its remains stay for
 * ever. */
static void
test_crash (Fixture *f, gconstpointer data)
{
  ChangeKind kind = GPOINTER_TO_INT (data);
  gboolean complete = FALSE;
  guint n, n_old = 0, n_new = 0;

  for (n = 1; !complete; n++)
    {
      g_autoptr (HandoffCredential) old =
          kind == CHANGE_ADD ? NULL : write_credential (f, "changed", "ecdsa");
      g_autoptr (HandoffCredential) changed = with_chain (old != NULL ? old->id : NULL);
      g_autoptr (HandoffCredentialStore) store = NULL;
      g_autoptr (GDir) dir = NULL;
      HandoffCredential *found;
      gboolean is_new;
      const char *name;

      g_assert_cmpuint (n, <, 200);
      handoff_credential_unref (write_credential (f, "bystander", "rsa"));
      complete = change_in_child (f, kind, changed, n);
      store = handoff_credential_store_new (f->directory, NULL);
      g_assert_cmpuint (handoff_credential_store_get_n_damaged (store), ==, 0);
      g_assert_nonnull (handoff_credential_store_find (store, 1000, "bystander"));
      found = handoff_credential_store_find (store, 1000, "changed");
      if (kind == CHANGE_CERTIFICATES)
        is_new = found->description->certificates->len == 2;
      else
        is_new = (found != NULL) == (kind == CHANGE_ADD);
      g_assert_true (is_new || !complete);
      n_new += is_new;
      n_old += !is_new;

      dir = g_dir_open (f->directory, 0, NULL);
      while ((name = g_dir_read_name (dir)) != NULL)
        g_assert_cmpint (*name, !=, '.');
      empty (f->directory);
    }
  g_test_message ("%u crashes: %u times the old state, %u times the new", n - 2, n_old, n_new);
  g_assert_cmpuint (n_old, >, 0);
  g_assert_cmpuint (n_new, >, 1); /* not only the one that did not crash */
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (keep_warning, NULL, NULL);
#define ADD(name, data, function)                                                                  \
  g_test_add ("/service/credential-folder/" name, Fixture, GINT_TO_POINTER (data), set_up,         \
              function, tear_down)
  ADD ("round-trip", 0, test_round_trip);
  ADD ("ocsp", 0, test_ocsp);
  ADD ("damaged", 0, test_damaged);
  ADD ("link", 0, test_link);
  ADD ("crash/add", CHANGE_ADD, test_crash);
  ADD ("crash/certificates", CHANGE_CERTIFICATES, test_crash);
  ADD ("crash/remove", CHANGE_REMOVE, test_crash);
  status = g_test_run ();
  g_free (last_warning);
  return status;
}
