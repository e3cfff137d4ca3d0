/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The importer as a process, locked up: what it parses, all kinds of files, needs no system call
 * that it does not have; and it is gone when its work is done. */

#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "importers/importer-process.h"
#include "importers/importers.h"
#include "keyblob/tls-handoff-error.h"
#include "process/process.h"
#include "support/credential-fixture.h"
#include "support/key-file-fixture.h"
#include "support/key-taker.h"

#define ALICE 60101
#define ALICE_PREFIX "uid=60101 pid="

typedef struct
{
  HandoffImporters *importers; /* (owned) */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->importers = handoff_importers_new (&handoff_importer_process, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_cmpuint (handoff_importers_get_n_running (f->importers), ==, 0);
  handoff_importers_free (f->importers);
}

static char *warning; /* (owned) (nullable): the last one */

static GLogWriterOutput
keep_warning (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  gsize i;

  if (level != G_LOG_LEVEL_WARNING)
    return g_log_writer_default (level, fields, n_fields, user_data);
  for (i = 0; i < n_fields && !g_str_equal (fields[i].key, "MESSAGE"); i++)
    continue;
  g_free (warning);
  warning = g_strdup (fields[i].value);
  return G_LOG_WRITER_HANDLED;
}

static void
get_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static int
file_with (GBytes *bytes)
{
  int fd = memfd_create ("test", MFD_CLOEXEC);
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  g_assert_cmpint (write (fd, data, size), ==, (gssize) size);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  return fd;
}

static HandoffDescription *
wait_for (GAsyncResult **result, GError **error)
{
  g_autoptr (GAsyncResult) waited = NULL;

  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  waited = g_steal_pointer (result);
  return handoff_importers_finish (waited, NULL, error);
}

/* Breaks if a file that the service read has become one that kills the importer. */
static void
test_files (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *command;
    const char *passphrase;
  } files[] = {
    { "cat rsa.key rsa.pem", NULL },
    { "openssl pkcs12 -export -inkey rsa.key -in rsa.pem -passout pass:secret", "secret" },
    { "openssl pkcs12 -export -inkey rsa.key -in rsa.pem -passout pass:sécret", "sécret" },
    { "openssl pkcs12 -export -legacy -inkey rsa.key -in rsa.pem -passout pass:secret", "secret" },
    { "openssl pkcs8 -topk8 -in rsa.key -passout pass:secret; cat rsa.pem", "secret" },
    { "openssl rsa -traditional -aes256 -in rsa.key -passout pass:secret; cat rsa.pem", "secret" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr (GBytes) content = key_file_make (files[i].command);
      g_autoptr (GBytes) passphrase =
          files[i].passphrase != NULL
              ? g_bytes_new (files[i].passphrase, strlen (files[i].passphrase))
              : NULL;
      g_autoptr (HandoffDescription) description = NULL;
      g_autoptr (GError) error = NULL;
      GAsyncResult *result = NULL;
      KeyTaker keeper;
      int socket = key_taker_init (&keeper);

      handoff_importers_import_async (f->importers, ALICE, file_with (content),
                                      passphrase != NULL ? file_with (passphrase) : -1, socket,
                                      NULL, get_result, &result);
      description = wait_for (&result, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (description->certificates->len, ==, 1);
      key_taker_expect (&keeper, "rsa");
    }
}

/* The importer: the last child of this process, since others may not be quite gone yet. */
static pid_t
find_child (void)
{
  g_autoptr (GDir) threads = g_dir_open ("/proc/self/task", 0, NULL);
  const char *thread;

  while ((thread = g_dir_read_name (threads)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", thread, "children", NULL);
      g_autofree char *children = NULL;
      const char *last;

      if (!g_file_get_contents (path, &children, NULL, NULL) || *g_strchomp (children) == '\0')
        continue;
      last = strrchr (children, ' ');
      return (pid_t) g_ascii_strtoll (last != NULL ? last : children, NULL, 10);
    }
  g_assert_not_reached ();
}

/* Breaks if one that is killed in the middle leaves its callers waiting, or the next import without
 * an importer. */
static void
test_killed (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) content = key_file_make ("cat rsa.key rsa.pem");
  g_autoptr (HandoffDescription) description = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;
  KeyTaker keeper;
  int fds[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  handoff_importers_import_async (f->importers, ALICE, fds[0], -1, key_taker_init (&keeper), NULL,
                                  get_result, &result);
  g_assert_cmpint (find_child (), >, 0);
  kill (find_child (), SIGKILL);
  g_assert_null (wait_for (&result, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "tls-handoff-importer has ended"));
  while (warning == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_str_has_prefix (warning, ALICE_PREFIX));
  g_assert_true (
      g_str_has_suffix (warning, " tls-handoff-importer was killed by signal 9 (Killed)"));
  g_clear_pointer (&warning, g_free);
  key_taker_expect (&keeper, NULL);
  close (fds[1]);
  g_clear_error (&error);

  handoff_importers_import_async (f->importers, ALICE, file_with (content), -1,
                                  key_taker_init (&keeper), NULL, get_result, &result);
  description = wait_for (&result, &error);
  g_assert_no_error (error);
  key_taker_expect (&keeper, "rsa");
}

/* Breaks if the importer stays when a caller leaves in the middle of deriving keys, which cannot be
 * interrupted. */
static void
test_left (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) content = key_file_make (
      "openssl pkcs8 -topk8 -iter 5900000 -in rsa.key -passout pass:secret; cat rsa.pem");
  g_autoptr (GBytes) passphrase = g_bytes_new ("secret", 6);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;
  KeyTaker keeper;
  pid_t pid;

  handoff_importers_import_async (f->importers, ALICE, file_with (content), file_with (passphrase),
                                  key_taker_init (&keeper), cancellable, get_result, &result);
  pid = find_child ();
  g_assert_cmpint (pid, >, 0);
  g_cancellable_cancel (cancellable);
  g_assert_null (wait_for (&result, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
  key_taker_expect (&keeper, NULL);
  /* It is reaped by the main loop. */
  while (kill (pid, 0) == 0)
    g_main_context_iteration (NULL, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  handoff_process_set_folder (SERVICE_PROGRAMS);
  g_log_set_writer_func (keep_warning, NULL, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/service/importer-process/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("files", test_files);
  ADD ("killed", test_killed);
  ADD ("left", test_left);
  return g_test_run ();
}
