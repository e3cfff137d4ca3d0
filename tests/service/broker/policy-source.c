/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Which configuration is in force after several reloads at once. */

#include "config.h"

#include "broker/policy-source.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "link/handshaker-messages.h"
#include "support/broker-fixture.h"

typedef struct
{
  HandshakerFixture base; /* the first */
  HandoffPolicySource *source;
  char *folder; /* (owned) */
  char *path;   /* (owned): of the configuration file */
  guint n_changes;
} Fixture;

/* A configuration with that number of workers; without certificates. */
static char *
new_text (const char *workers)
{
  return g_strdup_printf ("[TLS]\nTrustFile=/dev/null\n[Limits]\nWorkers=%s\n", workers);
}

/* In the place of what is there. */
static void
write_file (Fixture *f, const char *workers)
{
  g_autofree char *text = new_text (workers);

  g_assert_true (g_file_set_contents (f->path, text, -1, NULL));
}

static void
changed (HandoffPolicySource *source, gpointer user_data)
{
  Fixture *f = user_data;

  f->n_changes++;
}

static void
reloaded (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;
  g_autoptr (GError) error = NULL;

  if (handoff_policy_source_reload_finish (f->source, result, &error))
    handshaker_note (
        f->base.events, "%u",
        handoff_policy_source_get_configuration (HANDOFF_POLICY_SOURCE (object))->workers);
  else
    handshaker_note (f->base.events, "%s", error->message);
}

static void
reload (Fixture *f)
{
  handoff_policy_source_reload_async (f->source, f->base.handshakers, reloaded, f);
}

static void
set_up (Fixture *f, gconstpointer unused)
{
  handshaker_set_up (&f->base, NULL);
  f->folder = g_dir_make_tmp ("policy-source-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "test.conf", NULL);
  write_file (f, "1");
  f->source = handoff_policy_source_new (f->path);
  g_assert_no_error (handoff_policy_source_get_error (f->source));
  g_signal_connect (f->source, "changed", G_CALLBACK (changed), f);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  handshaker_tear_down (&f->base, NULL);
  g_object_unref (f->source);
  g_remove (f->path);
  g_rmdir (f->folder);
  g_free (f->path);
  g_free (f->folder);
}

static void
begin (Fixture *f)
{
  handoff_policy_source_begin_async (f->source, f->base.handshakers, reloaded, f);
  handshaker_settle ();
  handshaker_expect (f->base.events, "1");
}

/* The next load stands still until the test writes what it reads. Returns: where */
static int
begin_slow_reload (Fixture *f)
{
  int fd;

  g_assert_cmpint (g_remove (f->path), ==, 0);
  g_assert_cmpint (mkfifo (f->path, 0600), ==, 0);
  reload (f);
  /* Waits for the reader. */
  fd = open (f->path, O_WRONLY | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static void
end_slow_reload (int fd, const char *workers)
{
  g_autofree char *text = new_text (workers);

  g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize) strlen (text));
  close (fd);
}

static void
read_in_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  g_bytes_unref (handoff_configuration_read (task_data, NULL));
  g_task_return_boolean (task, TRUE);
}

static void
was_read (GObject *object, GAsyncResult *result, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

/* As long as it takes to read the file that is there now, some times: a load of it that is under
 * way would end. */
static void
give_time (Fixture *f)
{
  guint i;

  for (i = 0; i < 20; i++)
    {
      gboolean is_read = FALSE;
      g_autoptr (GTask) task = g_task_new (NULL, NULL, was_read, &is_read);

      g_task_set_task_data (task, f->path, NULL);
      g_task_run_in_thread (task, read_in_thread);
      while (!is_read)
        g_main_context_iteration (NULL, TRUE);
      handshaker_settle ();
    }
}

static void
wait_for_events (Fixture *f, const char *expected)
{
  while (strlen (f->base.events->str) < strlen (expected))
    g_main_context_iteration (NULL, TRUE);
  handshaker_settle ();
  handshaker_expect (f->base.events, expected);
}

/* Breaks if an older load that ends last wins. */
static void
test_slow (Fixture *f, gconstpointer unused)
{
  int fd;

  begin (f);
  fd = begin_slow_reload (f);
  write_file (f, "3");
  reload (f);
  reload (f);
  give_time (f);
  handshaker_expect (f->base.events, "");
  end_slow_reload (fd, "2");
  wait_for_events (f, "2, 3, 3");
  /* Those that came meanwhile shared one. */
  g_assert_cmpuint (f->n_changes, ==, 2);
  write_file (f, "4");
  reload (f);
  wait_for_events (f, "4");
}

/* What is wrong in one of them is the fault of those alone that asked for it. */
static void
test_bad (Fixture *f, gconstpointer unused)
{
  int fd;

  begin (f);
  fd = begin_slow_reload (f);
  write_file (f, "3 # bad");
  reload (f);
  end_slow_reload (fd, "2");
  while (f->n_changes == 0 || strchr (f->base.events->str, ',') == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_str_has_prefix (f->base.events->str, "2, "));
  g_assert_nonnull (strstr (f->base.events->str, "Workers"));
  g_string_truncate (f->base.events, 0);

  fd = begin_slow_reload (f);
  write_file (f, "3");
  reload (f);
  end_slow_reload (fd, "2\n# bad");
  wait_for_events (f, "it is bad, 3");
  g_assert_cmpuint (f->n_changes, ==, 2);
}

/* A reload that comes before the first verdict waits for it. */
static void
test_first (Fixture *f, gconstpointer unused)
{
  handoff_policy_source_begin_async (f->source, f->base.handshakers, reloaded, f);
  write_file (f, "2");
  reload (f);
  wait_for_events (f, "1, 2");
  g_assert_cmpuint (f->n_changes, ==, 1);
}

/* Breaks if a source that began with a wrong file is not asked again, if it has no defaults until
 * then, or if it takes what a handshaker finds wrong for right. */
static void
test_mended (Fixture *f, gconstpointer unused)
{
  g_object_unref (f->source);
  write_file (f, "many");
  f->source = handoff_policy_source_new (f->path);
  g_signal_connect (f->source, "changed", G_CALLBACK (changed), f);
  handoff_policy_source_begin_async (f->source, f->base.handshakers, reloaded, f);
  handshaker_settle ();
  g_assert_nonnull (strstr (f->base.events->str, "Workers"));
  g_string_truncate (f->base.events, 0);
  g_assert_cmpuint (handoff_policy_source_get_configuration (f->source)->workers, ==, 0);
  g_assert_null (handoff_policy_source_get_suites (f->source));

  write_file (f, "3 # bad");
  reload (f);
  while (f->base.events->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_string_truncate (f->base.events, 0);
  g_assert_nonnull (handoff_policy_source_get_error (f->source));
  g_assert_cmpuint (f->n_changes, ==, 0);

  write_file (f, "3");
  reload (f);
  wait_for_events (f, "3");
  g_assert_no_error (handoff_policy_source_get_error (f->source));
  g_assert_nonnull (handoff_policy_source_get_suites (f->source));
  g_assert_cmpuint (f->n_changes, ==, 1);
}

/* text: of the configuration file. what: of the error */
static void
expect_refused (Fixture *f, const char *text, const char *what)
{
  g_autoptr (HandoffPolicySource) source = NULL;
  const GError *error;

  g_assert_true (g_file_set_contents (f->path, text, -1, NULL));
  source = handoff_policy_source_new (f->path);
  error = handoff_policy_source_get_error (source);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, f->path));
  g_assert_nonnull (strstr (error->message, what));
}

/* Breaks if a file that is larger than handshakers take is theirs to refuse, in words that name no
 * file. */
static void
test_large (Fixture *f, gconstpointer unused)
{
  g_autofree char *comment = g_strnfill (HANDOFF_POLICY_MAX_CONFIGURATION_SIZE + 1, '#');
  g_autofree char *bundle = g_build_filename (f->folder, "large.pem", NULL);
  g_autofree char *text = g_strdup_printf ("[TLS]\nTrustFile=%s\n", bundle);
  g_autofree char *refusal = g_strconcat (bundle, ": it has more than 16 MiB", NULL);

  expect_refused (f, comment, "it has more than 1 MiB");
  g_assert_true (g_file_set_contents (bundle, "", 0, NULL));
  g_assert_cmpint (truncate (bundle, HANDOFF_POLICY_MAX_TRUST_SIZE + 1), ==, 0);
  expect_refused (f, text, refusal);
  g_remove (bundle);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/policy-source/slow", Fixture, NULL, set_up, test_slow, tear_down);
  g_test_add ("/policy-source/bad", Fixture, NULL, set_up, test_bad, tear_down);
  g_test_add ("/policy-source/first", Fixture, NULL, set_up, test_first, tear_down);
  g_test_add ("/policy-source/mended", Fixture, NULL, set_up, test_mended, tear_down);
  g_test_add ("/policy-source/large", Fixture, NULL, set_up, test_large, tear_down);

  return g_test_run ();
}
