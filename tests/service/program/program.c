/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* How the programs that the broker starts begin: tests/service/program/locked-program.c. */

#include "config.h"

#include "program/program.h"

#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "lock-up/lock-up.h"
#include "process/child.h"
#include "process/odd-program.h"
#include "process/process.h"

typedef struct
{
  int errors[2]; /* a pipe: the program's standard error, and where it is read */
  HandoffChild *child;
  int link; /* our end */
  gboolean has_ended;
  int status;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_assert_true (g_unix_open_pipe (f->errors, FD_CLOEXEC, NULL));
  f->link = -1;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  if (f->child != NULL)
    handoff_child_kill (f->child);
  while (f->child != NULL && !f->has_ended)
    g_main_context_iteration (NULL, TRUE);
  g_clear_pointer (&f->child, handoff_child_free);
  if (f->link >= 0)
    close (f->link);
  close (f->errors[0]);
  if (f->errors[1] >= 0)
    close (f->errors[1]);
}

static void
ended (const char *how, int status, gpointer user_data)
{
  Fixture *f = user_data;

  f->has_ended = TRUE;
  f->status = status;
}

/* argument: (nullable) */
static void
start (Fixture *f, const char *deed, const char *argument)
{
  const char *const arguments[] = { "locked-program", deed, argument, NULL };
  const char *const environment[] = { "LANG=C.UTF-8", NULL };
  const int standard_error = dup (STDERR_FILENO);
  g_autoptr (GError) error = NULL;
  int sockets[2];

  g_assert_true (handoff_link_make_sockets (sockets, NULL));
  dup2 (f->errors[1], STDERR_FILENO);
  f->child = handoff_child_new (TEST_PROGRAMS "/locked-program", arguments, environment, sockets[1],
                                ended, f, &error);
  dup2 (standard_error, STDERR_FILENO);
  g_assert_no_error (error);
  close (standard_error);
  close (sockets[1]);
  close (f->errors[1]);
  f->errors[1] = -1;
  f->link = sockets[0];
}

/* What the program wrote until all who could write were gone. (transfer full) */
static char *
read_errors (Fixture *f)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[1024];
  gssize n;

  while ((n = read (f->errors[0], buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, n);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
wait_for_word (Fixture *f)
{
  guint8 byte;

  while (recv (f->link, &byte, 1, 0) != 1 && !f->has_ended)
    g_main_context_iteration (NULL, FALSE);
}

static void
wait_for_end (Fixture *f)
{
  while (!f->has_ended)
    g_main_context_iteration (NULL, TRUE);
}

/* The field's value in /proc/PID/status. (transfer full) */
static char *
get_status (Fixture *f, const char *field)
{
  g_autofree char *path =
      g_strdup_printf ("/proc/%d/status", (int) handoff_child_get_pid (f->child));
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint i;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (i = 0; lines[i] != NULL; i++)
    {
      if (g_str_has_prefix (lines[i], field) && lines[i][strlen (field)] == ':')
        return g_strdup (g_strstrip (lines[i] + strlen (field) + 1));
    }
  g_error ("There is no field %s", field);
}

static void
assert_status (Fixture *f, const char *field, const char *value)
{
  g_autofree char *is = get_status (f, field);

  g_assert_cmpstr (is, ==, value);
}

/* A program runs that is not locked up, or reacts to a signal that the broker has to react to. */
static void
test_locked_up (Fixture *f, gconstpointer data)
{
  g_autofree char *ignored = NULL;
  g_autofree char *limits_path = NULL;
  g_autofree char *limits = NULL;
  guint64 mask;

  start (f, "wait", "here");
  wait_for_word (f);
  assert_status (f, "NoNewPrivs", "1");
  if (handoff_lock_up_is_used ())
    assert_status (f, "Seccomp", "2");
  ignored = get_status (f, "SigIgn");
  mask = g_ascii_strtoull (ignored, NULL, 16);
  g_assert_cmphex (mask & 0x4003, ==, 0x4003); /* SIGHUP, SIGINT, SIGTERM */
  limits_path = g_strdup_printf ("/proc/%d/limits", (int) handoff_child_get_pid (f->child));
  g_assert_true (g_file_get_contents (limits_path, &limits, NULL, NULL));
  g_assert_true (g_regex_match_simple ("Max core file size +0 +0 ", limits, 0, 0));
  g_assert_true (g_regex_match_simple ("Max open files +(\\d+) +\\1 ", limits, 0, 0));

  /* It ends by itself, when its link does. */
  kill (handoff_child_get_pid (f->child), SIGTERM);
  close (f->link);
  f->link = -1;
  wait_for_end (f);
  g_assert_cmpint (f->status, ==, 7);
}

static void
test_forbidden (Fixture *f, gconstpointer data)
{
  if (!handoff_lock_up_is_used ())
    {
      g_test_skip ("A build with a sanitizer is not locked up");
      return;
    }
  start (f, "forbidden", NULL);
  wait_for_end (f);
  g_assert_cmpint (f->status, ==, -SIGSYS);
}

/* What a program says it needs it does not get. */
static void
test_needs (Fixture *f, gconstpointer data)
{
  start (f, "files", "here");
  wait_for_word (f);
  close (f->link);
  f->link = -1;
  wait_for_end (f);
  g_assert_cmpint (f->status, ==, 7);
}

/* A program that cannot prepare goes on, or does not say why. */
static void
test_refuses (Fixture *f, gconstpointer data)
{
  g_autofree char *errors = NULL;

  start (f, "refuse", NULL);
  wait_for_end (f);
  g_assert_cmpint (f->status, ==, 1);
  errors = read_errors (f);
  g_assert_cmpstr (errors, ==, "locked-program: It cannot\n");
}

/* A locked-up program cannot log, logs what nobody asked for, or makes two messages of one. */
static void
test_log (Fixture *f, gconstpointer data)
{
  g_autofree char *errors = NULL;
  g_auto (GStrv) lines = NULL;

  start (f, "log", "here");
  wait_for_word (f);
  close (f->link);
  f->link = -1;
  errors = read_errors (f);
  wait_for_end (f);
  lines = g_strsplit (errors, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 3);
  g_assert_true (g_str_has_suffix (lines[0], ": One line, and no more."));
  g_assert_nonnull (strstr (lines[1], "locked-program"));
  g_assert_nonnull (strstr (lines[1], "CRITICAL **"));
  g_assert_true (g_str_has_suffix (lines[1], ": Ouch."));
  g_assert_cmpstr (lines[2], ==, "");
}

/* A program stays, though it hears nothing, when the broker was killed. */
static void
test_dies_with_broker (Fixture *f, gconstpointer data)
{
  g_autofree char *errors = NULL;
  int ready[2];
  pid_t broker;
  char byte;

  g_assert_true (g_unix_open_pipe (ready, FD_CLOEXEC, NULL));
  broker = fork ();
  if (broker == 0)
    {
      start (f, "stay", "here");
      wait_for_word (f);
      if (write (ready[1], "x", 1) != 1)
        _exit (1);
      for (;;)
        poll (NULL, 0, -1);
    }
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  /* The program's standard error has no writer but these two and this process. */
  close (f->errors[1]);
  f->errors[1] = -1;
  kill (broker, SIGKILL);
  waitpid (broker, NULL, 0);
  errors = read_errors (f);
  g_assert_cmpstr (errors, ==, "");
  close (ready[0]);
  close (ready[1]);
}

/* Somebody starts it by hand. */
static void
test_by_hand (void)
{
  g_autofree char *command = g_strdup (TEST_PROGRAMS "/locked-program stay");
  g_autofree char *errors = NULL;
  int status;

  g_assert_true (g_spawn_command_line_sync (command, NULL, &errors, &status, NULL));
  g_assert_cmpint (status, ==, W_EXITCODE (2, 0));
  g_assert_cmpstr (errors, ==, "locked-program: is started by tls-handoffd\n");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/program/by-hand", test_by_hand);
  g_test_add ("/service/program/dies-with-broker", Fixture, NULL, set_up, test_dies_with_broker,
              tear_down);
  g_test_add ("/service/program/locked-up", Fixture, NULL, set_up, test_locked_up, tear_down);
  g_test_add ("/service/program/forbidden", Fixture, NULL, set_up, test_forbidden, tear_down);
  g_test_add ("/service/program/needs", Fixture, NULL, set_up, test_needs, tear_down);
  g_test_add ("/service/program/refuses", Fixture, NULL, set_up, test_refuses, tear_down);
  g_test_add ("/service/program/log", Fixture, NULL, set_up, test_log, tear_down);
  return g_test_run ();
}
