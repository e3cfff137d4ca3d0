/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Folders of credentials that somebody has damaged. */

#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <gnutls/x509.h>
#include <string.h>
#include <unistd.h>

#include "keeper/folder-files.h"
#include "keeper/folder-reading.h"

#define METADATA "[Credential]\nLabel=x\nOwner=5\nRoles=server\n"

typedef struct
{
  char *path;
  int directory;
  char *pem;
} Fixture;

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

static char *
get_path (Fixture *f, const char *id, const char *name)
{
  return g_build_filename (f->path, id, name, NULL);
}

static void
set_file (Fixture *f, const char *id, const char *name, const char *content)
{
  g_autofree char *path = get_path (f, id, name);

  g_assert_true (g_file_set_contents (path, content, -1, NULL));
}

static void
add (Fixture *f, const char *id, const char *metadata)
{
  g_autofree char *folder = get_path (f, id, "");

  g_assert_no_errno (g_mkdir_with_parents (folder, 0700));
  set_file (f, id, "metadata", metadata);
  set_file (f, id, "key.pem", f->pem);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  gnutls_x509_privkey_t key;
  gnutls_datum_t pem;

  f->path = g_dir_make_tmp ("handoff-XXXXXX", NULL);
  f->directory = g_open (f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  gnutls_x509_privkey_init (&key);
  gnutls_x509_privkey_generate (key, GNUTLS_PK_EDDSA_ED25519, 0, 0);
  gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem);
  gnutls_x509_privkey_deinit (key);
  f->pem = g_strndup ((const char *) pem.data, pem.size);
  gnutls_free (pem.data);
  add (f, "good", "[Credential]\nLabel=good\nOwner=5\nRoles=server\n");
  add (f, "bad", METADATA);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  handoff_folder_clean (f->directory, "good");
  handoff_folder_clean (f->directory, "bad");
  close (f->directory);
  g_assert_no_errno (g_rmdir (f->path));
  g_free (f->path);
  g_free (f->pem);
  g_clear_pointer (&last_warning, g_free);
}

/* how: what the warning says */
static void
assert_damaged (Fixture *f, const char *how)
{
  g_autoptr (HandoffFolderReading) reading = NULL;
  g_autofree char *folder = get_path (f, "bad", "");
  const HandoffKeptFolder *good;

  g_clear_pointer (&last_warning, g_free);
  reading = handoff_folder_reading_new (f->directory, f->path, NULL);
  g_assert_nonnull (last_warning);
  g_assert_nonnull (strstr (last_warning, f->path));
  g_assert_nonnull (strstr (last_warning, how));
  g_assert_cmpuint (reading->n_damaged, ==, 1);
  g_assert_cmpuint (reading->folders->len, ==, 1);
  good = g_ptr_array_index (reading->folders, 0);
  g_assert_cmpstr (good->metadata->label, ==, "good");
  /* Somebody may mend it. */
  g_assert_true (g_file_test (folder, G_FILE_TEST_IS_DIR));
}

/* Breaks if a damaged folder makes others unusable, counts as good, is not reported, or is removed.
 */
static void
test_files (Fixture *f, gconstpointer data)
{
  const char *const cases[][2] = {
    { "metadata", NULL },
    { "metadata", "" },
    { "metadata", "garbage" },
    { "metadata", "[Credential]\nLabel=x\n" },
    { "metadata", "[Credential]\nLabel=a/b\nOwner=1\nRoles=client\n" },
    { "metadata", "[Credential]\nLabel=x\nOwner=-1\nRoles=client\n" },
    { "metadata", "[Credential]\nLabel=x\nOwner=1\nRoles=king\n" },
    { "key.pem", NULL },
    { "key.pem", "garbage" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = get_path (f, "bad", cases[i][0]);

      add (f, "bad", METADATA);
      g_assert_no_errno (g_unlink (path));
      if (cases[i][1] != NULL)
        set_file (f, "bad", cases[i][0], cases[i][1]);
      assert_damaged (f, "/bad is damaged");
    }
}

/* Breaks if the keeper follows a link out of its directory. */
static void
test_links (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "metadata", "key.pem" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = get_path (f, "bad", names[i]);
      g_autofree char *elsewhere = g_strconcat (f->path, ".elsewhere", NULL);

      g_assert_no_errno (g_rename (path, elsewhere));
      g_assert_no_errno (symlink (elsewhere, path));
      assert_damaged (f, "/bad is damaged");
      g_assert_no_errno (g_rename (elsewhere, path));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (keep_warning, NULL, NULL);
  g_test_add ("/service/folder-damage/files", Fixture, NULL, set_up, test_files, tear_down);
  g_test_add ("/service/folder-damage/links", Fixture, NULL, set_up, test_links, tear_down);
  return g_test_run ();
}
