/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Credentials on disk, and what a crash at any point leaves of them: the system calls that change
 * files are replaced by ones that end the process at the n-th of them, for every n. */

#include "config.h"

#include "keeper/kept-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "description/description.h"
#include "keeper/folder-files.h"
#include "keeper/folder-reading.h"
#include "keyblob/tls-handoff-error.h"

#define CRASHED 99
#define ID "abc"

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

REPLACE (mkdirat, (int fd, const char *path, mode_t mode), SYS_mkdirat, fd, path, mode)
REPLACE (renameat,
         (int from_fd, const char *from, int to_fd, const char *to),
         SYS_renameat,
         from_fd,
         from,
         to_fd,
         to)
REPLACE (unlinkat, (int fd, const char *path, int flags), SYS_unlinkat, fd, path, flags)
REPLACE (fsync, (int fd), SYS_fsync, fd)

ssize_t write (int fd, const void *data, size_t size);
/* The last byte alone, so that a crash leaves a part of it. */
ssize_t
write (int fd, const void *data, size_t size)
{
  count_call ();
  return syscall (SYS_write, fd, data, calls_left > 0 && size > 1 ? size - 1 : size);
}

/* The disk is broken. */
static gboolean reads_fail;

ssize_t read (int fd, void *data, size_t size);
ssize_t
read (int fd, void *data, size_t size)
{
  if (!reads_fail)
    return syscall (SYS_read, fd, data, size);
  errno = EIO;
  return -1;
}

typedef struct
{
  char *path;
  int directory;
  HandoffKeptKey *key;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  gnutls_x509_privkey_t key;

  f->path = g_dir_make_tmp ("handoff-XXXXXX", NULL);
  f->directory = g_open (f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  gnutls_x509_privkey_init (&key);
  gnutls_x509_privkey_generate (key, GNUTLS_PK_EDDSA_ED25519, 0, 0);
  f->key = handoff_kept_key_new (key, NULL);
}

static guint
count_entries (Fixture *f)
{
  g_auto (GStrv) names = handoff_folder_list (f->directory, NULL);

  return g_strv_length (names);
}

static void
empty (Fixture *f)
{
  g_auto (GStrv) names = handoff_folder_list (f->directory, NULL);
  guint i;

  for (i = 0; names[i] != NULL; i++)
    handoff_folder_clean (f->directory, names[i]);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  empty (f);
  close (f->directory);
  g_assert_cmpint (g_rmdir (f->path), ==, 0);
  g_free (f->path);
  handoff_kept_key_unref (f->key);
}

/* certificate: (nullable). response: "" for none. (transfer full) */
static GVariant *
describe_stapled (Fixture *f, const char *certificate, const char *response)
{
  GBytes *key = handoff_kept_key_get_public_key (f->key);
  gsize size;
  gconstpointer data = g_bytes_get_data (key, &size);
  GVariantBuilder chain;

  g_variant_builder_init (&chain, G_VARIANT_TYPE ("aay"));
  if (certificate != NULL)
    g_variant_builder_add_value (&chain, g_variant_new_bytestring (certificate));
  return g_variant_ref_sink (g_variant_new (
      "(@aysaayxx@ayxs)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1), "ed25519",
      &chain, (gint64) 0, (gint64) 0,
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, response, strlen (response), 1), (gint64) 0,
      ""));
}

static GVariant *
describe (Fixture *f, const char *certificate)
{
  return describe_stapled (f, certificate, "");
}

static gboolean
write_folder (Fixture *f, const char *certificate)
{
  g_autoptr (HandoffFolderMetadata) metadata = handoff_folder_metadata_new ("büro", 1000, 2, NULL);
  g_autoptr (GVariant) description = describe (f, certificate);

  return handoff_kept_folder_write (f->directory, ID, metadata, f->key, description, NULL);
}

static gboolean
write_first (Fixture *f)
{
  return write_folder (f, "first");
}

static gboolean
certify (Fixture *f)
{
  g_autoptr (GVariant) description = describe (f, "second");

  return handoff_kept_folder_certify (f->directory, ID, description, NULL);
}

static gboolean
staple_to (Fixture *f, const char *certificate, const char *response, GError **error)
{
  g_autoptr (GVariant) description = describe_stapled (f, certificate, response);

  return handoff_kept_folder_staple (f->directory, ID, description, error);
}

static gboolean
staple (Fixture *f)
{
  return staple_to (f, "first", "x", NULL);
}

static gboolean
write_stapled (Fixture *f)
{
  return write_first (f) && staple (f);
}

static gboolean
staple_another (Fixture *f)
{
  return staple_to (f, "first", "y", NULL);
}

static gboolean
unstaple (Fixture *f)
{
  return staple_to (f, "first", "", NULL);
}

static gboolean
remove_it (Fixture *f)
{
  return handoff_kept_folder_remove (f->directory, ID, NULL);
}

static gboolean
describe_again (Fixture *f)
{
  g_autoptr (HandoffKeptFolder) folder = handoff_kept_folder_read (f->directory, ID, NULL);
  g_autoptr (GVariant) description = describe (f, "third");

  return handoff_kept_folder_describe (f->directory, ID, folder->digest, description, NULL);
}

/* Breaks if a response lies in the folder that the description does not have, or the other way
 * round. */
static void
expect_described_response (const HandoffKeptFolder *folder)
{
  g_autoptr (GVariant) child = g_variant_get_child_value (folder->description, 5);
  gsize described_size, size = 0;
  gconstpointer described = g_variant_get_fixed_array (child, &described_size, 1);
  gconstpointer data =
      folder->ocsp_response != NULL ? g_bytes_get_data (folder->ocsp_response, &size) : NULL;

  g_assert_cmpmem (described, described_size, data, size);
}

/* What is there: "", the certificate; "+" and the response; "?" if there is no description.
 * (transfer full) */
static char *
get_state (Fixture *f)
{
  g_autoptr (HandoffFolderReading) reading =
      handoff_folder_reading_new (f->directory, f->path, NULL);
  const HandoffKeptFolder *folder;
  const char *name = "none";
  g_autofree char *response = NULL;
  gsize i;

  g_assert_cmpuint (reading->n_damaged, ==, 0);
  g_assert_cmpuint (count_entries (f), ==, reading->folders->len);
  if (reading->folders->len == 0)
    return g_strdup ("");
  folder = g_ptr_array_index (reading->folders, 0);
  g_assert_cmpstr (folder->metadata->label, ==, "büro");
  g_assert_cmpuint (folder->metadata->owner, ==, 1000);
  g_assert_cmpuint (folder->metadata->roles, ==, 2);
  g_assert_true (g_bytes_equal (folder->public_key, handoff_kept_key_get_public_key (f->key)));
  for (i = 0; folder->certificates != NULL && i < 2; i++)
    {
      const char *const names[] = { "first", "second" };
      /* As much of it as does not depend on its end. */
      g_autofree char *base64 = g_base64_encode ((const guchar *) names[i], 3);

      if (g_strstr_len (g_bytes_get_data (folder->certificates, NULL),
                        (gssize) g_bytes_get_size (folder->certificates), base64) != NULL)
        name = names[i];
    }
  if (folder->ocsp_response != NULL)
    response = g_strdup_printf ("+%.*s", (int) g_bytes_get_size (folder->ocsp_response),
                                (const char *) g_bytes_get_data (folder->ocsp_response, NULL));
  if (folder->description != NULL)
    expect_described_response (folder);
  return g_strconcat (name, response != NULL ? response : "",
                      folder->description == NULL ? "?" : "", NULL);
}

static mode_t
get_mode (Fixture *f, const char *file)
{
  g_autofree char *path = g_build_filename (f->path, ID, file, NULL);
  struct stat status;

  g_assert_cmpint (stat (path, &status), ==, 0);
  return status.st_mode & 07777;
}

static void
test_round_trip (Fixture *f, gconstpointer data)
{
  g_autofree char *state = NULL;

  g_assert_true (write_folder (f, NULL));
  state = get_state (f);
  g_assert_cmpstr (state, ==, "none");
  g_assert_cmpint (get_mode (f, ""), ==, 0700);
  g_assert_cmpint (get_mode (f, "key.pem"), ==, 0600);
  g_assert_false (write_first (f));
}

/* Breaks if what cannot be read counts as what is not there, or as damage that somebody made. */
static void
test_broken_disk (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) description = describe (f, "second");
  g_autofree char *long_name = g_strnfill (NAME_MAX + 1, 'a');
  g_autoptr (GError) read_error = NULL;
  g_autoptr (GError) open_error = NULL;
  g_autoptr (GError) none_error = NULL;

  g_assert_true (write_first (f));
  reads_fail = TRUE;
  g_assert_null (handoff_kept_folder_read (f->directory, ID, &read_error));
  reads_fail = FALSE;
  g_assert_error (read_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_nonnull (strstr (read_error->message, g_strerror (EIO)));

  g_assert_false (handoff_kept_folder_certify (f->directory, long_name, description, &open_error));
  g_assert_error (open_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_false (handoff_kept_folder_certify (f->directory, "xyz", description, &none_error));
  g_assert_error (none_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
}

static void
set_file (Fixture *f, const char *name, const char *content)
{
  g_autofree char *path = g_build_filename (f->path, ID, name, NULL);

  g_assert_true (g_file_set_contents (path, content, -1, NULL));
}

/* Breaks if a response comes to lie beside certificates that it is not about, or if an
 * administrator's file is overwritten with it. */
static void
test_staple (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *stapled = NULL;
  g_autofree char *changed = NULL;
  g_autofree char *by_hand = NULL;

  g_assert_false (staple_to (f, "first", "x", &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (write_stapled (f));
  stapled = get_state (f);
  g_assert_cmpstr (stapled, ==, "first+x");

  g_assert_true (certify (f));
  g_assert_false (staple_to (f, "first", "late", &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  changed = get_state (f);
  g_assert_cmpstr (changed, ==, "second");

  set_file (f, "certificates.pem", "by hand");
  g_assert_true (staple_to (f, "second", "x", NULL));
  by_hand = get_state (f);
  g_assert_cmpstr (by_hand, ==, "none+x?");
}

/* Ends a child at the n-th call of deed, and returns what it left; NULL when n is more than there
 * are. (transfer full) */
static char *
crash (Fixture *f, gboolean (*deed) (Fixture *f), guint n)
{
  pid_t child = fork ();
  int status;

  if (child == 0)
    {
      calls_left = n;
      deed (f);
      _exit (0);
    }
  waitpid (child, &status, 0);
  g_assert_true (WIFEXITED (status));
  return WEXITSTATUS (status) == CRASHED ? get_state (f) : NULL;
}

typedef struct
{
  gboolean (*before) (Fixture *f);
  gboolean (*deed) (Fixture *f);
  const char *allowed; /* states that may be left, with "|" around each */
  const char *last;    /* without a crash */
} Case;

static const Case cases[] = {
  { NULL, write_first, "||first|", "first" },
  /* In between its certificates have to be described again. */
  { write_first, certify, "|first|first?|second?|second|", "second" },
  { write_first, remove_it, "|first||", "" },
  { write_first, describe_again, "|first|", "first" },
  /* In between it has to be described again. */
  { write_first, staple, "|first|first+x?|first+x|", "first+x" },
  { write_stapled, staple_another, "|first+x|first+y?|first+y|", "first+y" },
  { write_stapled, unstaple, "|first+x|first?|first|", "first" },
};

static void
test_crash (Fixture *f, gconstpointer data)
{
  const Case *c = data;
  g_autofree char *last = NULL;
  guint n;

  for (n = 1;; n++)
    {
      g_autofree char *state = NULL;
      g_autofree char *quoted = NULL;

      empty (f);
      if (c->before != NULL)
        g_assert_true (c->before (f));
      state = crash (f, c->deed, n);
      if (state == NULL)
        break;
      quoted = g_strdup_printf ("|%s|", state);
      g_assert_nonnull (strstr (c->allowed, quoted));
    }
  g_assert_cmpuint (n, >, 4);
  last = get_state (f);
  g_assert_cmpstr (last, ==, c->last);
}

#define ADD(name, data, function)                                                                  \
  g_test_add ("/service/kept-folder/" name, Fixture, data, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("round-trip", NULL, test_round_trip);
  ADD ("broken-disk", NULL, test_broken_disk);
  ADD ("staple", NULL, test_staple);
  ADD ("crash/write", &cases[0], test_crash);
  ADD ("crash/certify", &cases[1], test_crash);
  ADD ("crash/remove", &cases[2], test_crash);
  ADD ("crash/describe", &cases[3], test_crash);
  ADD ("crash/staple", &cases[4], test_crash);
  ADD ("crash/staple-another", &cases[5], test_crash);
  ADD ("crash/unstaple", &cases[6], test_crash);
  return g_test_run ();
}
