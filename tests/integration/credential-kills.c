/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The service is killed in the midst of a change of a credential, each time one step later in what
 * it does to the files, to the last one. The next service finds the credential as it was, or as it
 * should become, and whole. (tests/service/keeper/kept-folder.c is about each system
 * call; this is about all of the service.) */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-credential.h"
#include "test-system.h"

#define CREDENTIALS "/var/lib/tls-handoff/credentials"
#define OWN_RULES                                                                                  \
  "polkit.addRule(function(action, subject) {"                                                     \
  " if (action.id.match(/-own-credentials?$/)) return polkit.Result.YES; });"
#define CHANGES (IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE)
/* More than any of the changes has: then the service writes without end. */
#define MAX_STEPS 100

typedef struct
{
  GDBusConnection *alice;
  GDBusConnection *killed; /* alice's, for the call that is not answered, or is */
  GAsyncResult *result;    /* of that */
  char *path;              /* of "web", if there is one */
  GPid pid;                /* of the service that is killed */
  int inotify;
  guint n_steps; /* that were seen */
} Fixture;

/* The steps are what happens in the folder of all, and in each one's. */
static void
watch (Fixture *f, const char *name)
{
  g_autofree char *folder = g_build_filename (CREDENTIALS, name, NULL);

  if (inotify_add_watch (f->inotify, folder, CHANGES) < 0)
    g_assert_cmpint (errno, ==, ENOENT);
}

static void
count_steps (Fixture *f)
{
  char buffer[4096] __attribute__ ((aligned (__alignof__(struct inotify_event))));
  gssize size;

  while ((size = read (f->inotify, buffer, sizeof buffer)) > 0)
    {
      const char *position = buffer;

      while (position < buffer + size)
        {
          const struct inotify_event *event = (const struct inotify_event *) position;

          if (event->mask & CHANGES)
            f->n_steps++;
          if ((event->mask & IN_ISDIR) && (event->mask & IN_CREATE))
            watch (f, event->name);
          position += sizeof *event + event->len;
        }
    }
}

static gboolean
is_answered (gpointer data)
{
  Fixture *f = data;

  return f->result != NULL;
}

/* If the bus had not handed on the call yet, it has started the next service for it already. */
static gboolean
is_gone (gpointer data)
{
  Fixture *f = data;

  return kill (f->pid, 0) != 0 && test_service_get_pid () != f->pid;
}

static void
store_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;

  f->result = g_object_ref (result);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  test_credential_remove_all ();
  test_polkit_set_rules (OWN_RULES);
  f->alice = test_bus_connect ("alice");
  f->killed = test_bus_connect ("alice");
  g_free (test_credential_import (f->alice, "stays", "rsa", NULL, &error));
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_bus_vanish (f->alice);
  test_bus_vanish (f->killed);
  g_free (f->path);
  test_credential_remove_all ();
  test_polkit_set_rules (NULL);
}

/* The state before a change: the same credential, if it still exists, with what was left in its
 * folder. n_certificates: how many "web" has; -1: there is no "web" */
static void
prepare (Fixture *f, int n_certificates)
{
  g_autoptr (GError) error = NULL;

  if (n_certificates < 0 && f->path != NULL)
    {
      test_credential_remove (f->alice, f->path, &error);
      g_clear_pointer (&f->path, g_free);
    }
  else if (n_certificates > 0 && f->path == NULL)
    {
      f->path = test_credential_import (f->alice, "web", "ecdsa", NULL, &error);
    }
  else if (n_certificates > 0)
    {
      test_credential_set_certificate (f->alice, f->path, "ecdsa", &error);
    }
  g_assert_no_error (error);
}

static void
start (Fixture *f, const char *path, const char *interface, const char *method, GVariant *arguments)
{
  g_dbus_connection_call (f->killed, HANDOFF_BUS_NAME, path, interface, method, arguments, NULL,
                          G_DBUS_CALL_FLAGS_NONE, TEST_TIMEOUT_SECONDS * 1000, NULL, store_result,
                          f);
}

static void
start_import (Fixture *f)
{
  int fd = test_memfd_new_for_certificate ("ecdsa");

  test_credential_start_import (f->killed, "web", fd, store_result, f);
  close (fd);
}

static void
start_generate (Fixture *f)
{
  start (f, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "GenerateCredential",
         g_variant_new ("(ss@a{sv})", "web", "ecdsa-p256", g_variant_new ("a{sv}", NULL)));
}

static void
start_set_certificates (Fixture *f)
{
  static const char *const names[] = { "ecdsa.pem", "ca-cross.pem" };

  start (f, f->path, HANDOFF_CREDENTIAL_INTERFACE, "SetCertificates",
         test_credential_chain (names, G_N_ELEMENTS (names)));
}

static void
start_remove (Fixture *f)
{
  start (f, f->path, HANDOFF_CREDENTIAL_INTERFACE, "Remove", NULL);
}

typedef struct
{
  void (*start) (Fixture *f);
  /* Certificates of "web"; -1: there is no "web". */
  int before;
  int after;
} Change;

static GVariant *
list (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  GVariant *reply = test_call (f->alice, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
                               "ListCredentials", g_variant_new_parsed ("(@a{sv} {},)"), &error);

  g_assert_no_error (error);
  return reply;
}

/* Finds "web". All credentials must have their keys, and there must be no other file. */
static int
examine (Fixture *f)
{
  g_autoptr (GVariant) reply = list (f);
  g_autoptr (GVariant) credentials = g_variant_get_child_value (reply, 0);
  g_autoptr (GDir) dir = NULL;
  g_autoptr (GError) error = NULL;
  GVariantIter iter;
  GVariant *properties;
  const char *path;
  gsize n_folders = 0;
  int n_certificates = -1;

  g_clear_pointer (&f->path, g_free);
  g_variant_iter_init (&iter, credentials);
  while (g_variant_iter_loop (&iter, "(&o@a{sv})", &path, &properties))
    {
      g_autoptr (GVariant) certificates =
          g_variant_lookup_value (properties, "Certificates", G_VARIANT_TYPE ("aay"));
      g_autoptr (GBytes) request =
          test_credential_request (f->alice, path, "{'subject': <'CN=x'>}", &error);
      const char *label;

      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (request), >, 0);
      g_assert_true (g_variant_lookup (properties, "Label", "&s", &label));
      if (!g_str_equal (label, "web"))
        continue;
      f->path = g_strdup (path);
      n_certificates = (int) g_variant_n_children (certificates);
    }
  g_assert_cmpuint (g_variant_n_children (credentials), ==, f->path != NULL ? 2 : 1);

  dir = g_dir_open (CREDENTIALS, 0, &error);
  g_assert_no_error (error);
  while (g_dir_read_name (dir) != NULL)
    n_folders++;
  g_assert_cmpuint (n_folders, ==, g_variant_n_children (credentials));
  g_assert_cmpuint (test_statistic ("credentials-damaged"), ==, 0);
  return n_certificates;
}

/* Kills the service at that step, or when it has answered; FALSE if there are not so many steps.
 * *n_certificates: as examine() says */
static gboolean
kill_at (Fixture *f, const Change *change, guint step, int *n_certificates)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  gboolean was_there;

  f->pid = test_service_get_pid ();
  g_assert_cmpint (f->pid, >, 0);
  f->n_steps = 0;
  f->inotify = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  g_assert_cmpint (f->inotify, >=, 0);
  watch (f, "");
  if (f->path != NULL)
    watch (f, strrchr (f->path, '/') + 1);

  change->start (f);
  do
    {
      g_main_context_iteration (NULL, FALSE);
      count_steps (f);
    }
  while (f->result == NULL && f->n_steps < step);
  was_there = f->n_steps >= step;
  g_assert_cmpint (kill (f->pid, SIGKILL), ==, 0);
  close (f->inotify);
  test_wait_until (is_gone, f, "the service is gone");
  test_wait_until (is_answered, f, "the bus, or the next service, answers");

  reply = g_dbus_connection_call_finish (f->killed, f->result, &error);
  g_clear_object (&f->result);
  *n_certificates = examine (f);
  /* What it said it had done is done. */
  if (reply != NULL)
    g_assert_cmpint (*n_certificates, ==, change->after);
  else
    g_assert_true (*n_certificates == change->before || *n_certificates == change->after);
  return was_there;
}

static guint
count_files (Fixture *f)
{
  g_autofree char *folder = g_build_filename (CREDENTIALS, strrchr (f->path, '/') + 1, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* Breaks if a killed service leaves half a change or files that add up, or loses a change that it
 * had confirmed; or if the next service does not work with what is left. */
static void
test_killed (Fixture *f, gconstpointer data)
{
  const Change *change = data;
  guint step, n_old = 0, n_new = 0;
  gboolean was_there = TRUE;

  for (step = 0; was_there; step++)
    {
      int n_certificates;

      g_assert_cmpuint (step, <, MAX_STEPS);
      prepare (f, change->before);
      was_there = kill_at (f, change, step, &n_certificates);
      if (n_certificates == change->before)
        n_old++;
      else
        n_new++;
    }
  g_test_message ("%u steps: %u times the old state, %u times the new one", step, n_old, n_new);

  /* Without a kill: the change works, and what the kills left is gone. */
  prepare (f, change->before);
  change->start (f);
  test_wait_until (is_answered, f, "the call is answered");
  {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) reply = g_dbus_connection_call_finish (f->killed, f->result, &error);

    g_assert_no_error (error);
    g_assert_nonnull (reply);
  }
  g_clear_object (&f->result);
  g_assert_cmpint (examine (f), ==, change->after);
  /* Key, metadata, description, and certificates, if there are any. */
  if (f->path != NULL)
    g_assert_cmpuint (count_files (f), ==, change->after > 0 ? 4 : 3);
}

int
main (int argc, char **argv)
{
  static const Change import = { start_import, -1, 1 };
  static const Change generate = { start_generate, -1, 0 };
  static const Change set_certificates = { start_set_certificates, 1, 2 };
  static const Change removal = { start_remove, 1, -1 };

  test_system_init (&argc, &argv);
#define ADD(name, data)                                                                            \
  g_test_add ("/credential-kills/" name, Fixture, data, set_up, test_killed, tear_down)
  ADD ("import", &import);
  ADD ("generate", &generate);
  ADD ("set-certificates", &set_certificates);
  ADD ("remove", &removal);
  return g_test_run ();
}
