/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A program that the broker starts: what it has, and how it ends. */

#include "config.h"

#include "process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "process/odd-program.h"
#include "process/program-end.h"
#include "support/test-clock.h"
#include "work/descriptor-reaper.h"

#define ENDED "The service's program odd-program has ended: call again"
#define ENDED_WELL "ended -: pid=N odd-program ended with status 0"
#define CRASHED "ended -: pid=N odd-program was killed by signal 6 (Aborted)"

typedef struct
{
  HandoffRestarts restarts;
  HandoffProcess *process;
  pid_t pid;
  GString *said;
  GError *end; /* (nullable) */
  gboolean frees_at_end;
  gboolean frees_at_word;
} Fixture;

/* What the journal got as warnings, without numbers of processes; a line each: of which kind of end
 * it is, the user, the program, and what for people. */
static GString *journal;

static const char *
find_field (const GLogField *fields, gsize n_fields, const char *key)
{
  gsize i;

  for (i = 0; i < n_fields; i++)
    {
      if (g_str_equal (fields[i].key, key))
        return fields[i].value;
    }
  return "-";
}

static GLogWriterOutput
keep_warning (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  g_autoptr (GRegex) numbers = g_regex_new ("pid=\\d+", 0, 0, NULL);
  const char *id = find_field (fields, n_fields, "MESSAGE_ID");
  const char *reason = find_field (fields, n_fields, "HANDOFF_REASON");
  const char *message = find_field (fields, n_fields, "MESSAGE");
  g_autofree char *line = NULL;

  if ((level & G_LOG_LEVEL_WARNING) == 0)
    return g_log_writer_default (level, fields, n_fields, data);
  g_assert_true (g_str_has_suffix (message, reason));
  g_assert_cmpstr (find_field (fields, n_fields, "HANDOFF_PROGRAM"), ==, "odd-program");
  line = g_regex_replace_literal (numbers, message, -1, 0, "pid=N", 0, NULL);
  g_string_append_printf (journal, "%s %s: %s\n",
                          g_str_equal (id, HANDOFF_PROGRAM_BROKE_RULES_ID) ? "broke rules"
                          : g_str_equal (id, HANDOFF_PROGRAM_ENDED_ID)     ? "ended"
                                                                           : id,
                          find_field (fields, n_fields, "HANDOFF_UID"), line);
  return G_LOG_WRITER_HANDLED;
}

/* line: (nullable): the only one that it got */
static void
assert_journal (const char *line)
{
  g_autofree char *expected = line != NULL ? g_strconcat (line, "\n", NULL) : g_strdup ("");

  g_assert_cmpstr (journal->str, ==, expected);
  g_string_truncate (journal, 0);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  test_clock_install ();
  f->said = g_string_new (NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->process, handoff_process_free);
  g_clear_error (&f->end);
  g_string_free (f->said, TRUE);
  test_clock_uninstall ();
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  Fixture *f = user_data;
  const char *text;

  g_variant_get (message->body, "(&s)", &text);
  g_string_append (f->said, text);
  if (f->frees_at_word)
    g_clear_pointer (&f->process, handoff_process_free);
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_null (f->end);
  f->end = g_error_copy (error);
  if (f->frees_at_end)
    g_clear_pointer (&f->process, handoff_process_free);
}

static const HandoffLinkFunctions functions = { received, ended };

static gboolean
start_program (Fixture *f, const char *const *arguments, gboolean keeps_environment, GError **error)
{
  const HandoffProgram program = { "odd-program", arguments, keeps_environment, &f->restarts };

  f->process = handoff_process_start (&program, &odd_table, &functions, f, error);
  if (f->process != NULL)
    f->pid = handoff_process_get_pid (f->process);
  return f->process != NULL;
}

static void
start (Fixture *f, const char *deed)
{
  const char *arguments[] = { deed, NULL };
  g_autoptr (GError) error = NULL;

  start_program (f, arguments, FALSE, &error);
  g_assert_no_error (error);
}

/* Whether somebody has waited for the process. It was a child of this one. */
static gboolean
is_gone (Fixture *f)
{
  siginfo_t info = { .si_pid = 0 };

  return waitid (P_PID, (id_t) f->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
}

static void
wait_until_gone (Fixture *f)
{
  while (!is_gone (f))
    g_main_context_iteration (NULL, TRUE);
}

static void
wait_for_end (Fixture *f)
{
  while (f->end == NULL || !is_gone (f))
    g_main_context_iteration (NULL, TRUE);
}

/* Whether the text has that line. */
static gboolean
has_line (const char *text, const char *line)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  return g_strv_contains ((const char *const *) lines, line);
}

/* A program has a descriptor, a variable or a signal's mask of the broker's, lacks one that it
 * needs, or gets other arguments. */
static void
test_inheritance (Fixture *f, gconstpointer data)
{
  static const char *const lines[] = {
    "odd-program", "report",   "an argument",  "LANG=xx",          "0 /dev/null",   "1 /dev/null",
    "2 ",          "3 socket", "SIGUSR1 free", "SIGPIPE as usual", "group its own",
  };
  const char *arguments[] = { "report", "an argument", NULL };
  g_autoptr (GError) error = NULL;
  /* Not close-on-exec, like what a library may open. */
  const int ours = dup (STDIN_FILENO);
  sigset_t usr1, before;
  gsize i;

  g_setenv ("LANG", "xx", TRUE);
  g_setenv ("SSLKEYLOGFILE", "/tmp/keys", TRUE);
  g_setenv ("NOTIFY_SOCKET", "/run/somewhere", TRUE);
  sigemptyset (&usr1);
  sigaddset (&usr1, SIGUSR1);
  sigprocmask (SIG_BLOCK, &usr1, &before);
  signal (SIGPIPE, SIG_IGN);
  start_program (f, arguments, FALSE, &error);
  g_assert_no_error (error);
  sigprocmask (SIG_SETMASK, &before, NULL);
  signal (SIGPIPE, SIG_DFL);
  close (ours);
  wait_for_end (f);
  assert_journal (ENDED_WELL);

  for (i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      if (!has_line (f->said->str, lines[i]))
        g_error ("“%s” is not in:\n%s", lines[i], f->said->str);
    }
  g_assert_null (strstr (f->said->str, "SSLKEYLOGFILE"));
  g_assert_null (strstr (f->said->str, "NOTIFY_SOCKET"));
  g_assert_null (strstr (f->said->str, "PATH="));
  for (i = 4; i < 256; i++)
    {
      g_autofree char *descriptor = g_strdup_printf ("\n%u ", (guint) i);

      g_assert_null (strstr (f->said->str, descriptor));
    }
  g_assert_null (strstr (f->said->str, "close-on-exec"));
}

static void
test_whole_environment (Fixture *f, gconstpointer data)
{
  const char *arguments[] = { "report", NULL };
  g_autoptr (GError) error = NULL;

  g_setenv ("HANDOFF_TEST_OF_PROCESSES", "1", TRUE);
  start_program (f, arguments, TRUE, &error);
  g_assert_no_error (error);
  wait_for_end (f);
  assert_journal (ENDED_WELL);
  g_assert_true (has_line (f->said->str, "HANDOFF_TEST_OF_PROCESSES=1"));
}

/* What a program has said last is lost, or the journal does not learn how it ended. */
static void
test_ends (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *deed;
    const char *how;
  } ends[] = {
    /* Nobody had asked for it. */
    { "end", ENDED_WELL },
    { "fail", "ended -: pid=N odd-program ended with status 3" },
    { "crash", CRASHED },
    { "forbidden", "broke rules -: pid=N odd-program was killed by signal 31 (Bad system call): it "
                   "did what its lock-up forbids" },
    /* One that has let go of its link cannot be reached, and must not stay. */
    { "let-go", "ended -: pid=N odd-program was killed by signal 9 (Killed)" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      start (f, ends[i].deed);
      wait_for_end (f);
      assert_journal (ends[i].how);
      g_assert_cmpstr (f->said->str, ==, "here");
      g_assert_error (f->end, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
      g_assert_cmpstr (f->end->message, ==, ENDED);
      g_clear_error (&f->end);
      g_string_truncate (f->said, 0);
      g_clear_pointer (&f->process, handoff_process_free);
    }
}

/* A program that nobody wants any more stays, or its end is news. */
static void
test_free (Fixture *f, gconstpointer data)
{
  start (f, "stay");
  f->frees_at_word = TRUE;
  wait_until_gone (f);
  g_assert_null (f->process);
  g_assert_null (f->end);
  assert_journal (NULL);
}

/* The owner has freed it as soon as the link has ended. */
static void
test_free_at_end (Fixture *f, gconstpointer data)
{
  f->frees_at_end = TRUE;
  start (f, "crash");
  wait_for_end (f);
  assert_journal (CRASHED);
  g_assert_null (f->process);
}

/* The journal does not say whose program was ended since it hung, or why, or which of several. */
static void
test_blame (Fixture *f, gconstpointer data)
{
  const char *arguments[] = { "stay", NULL };
  const HandoffProgram program = { .name = "odd-program",
                                   .arguments = arguments,
                                   .task = "/lib/odd.so" };

  f->process = handoff_process_start (&program, &odd_table, &functions, f, NULL);
  g_assert_nonnull (f->process);
  f->pid = handoff_process_get_pid (f->process);
  while (f->said->len == 0)
    g_main_context_iteration (NULL, TRUE);
  handoff_link_set_user (handoff_process_get_link (f->process), 1000);
  handoff_link_blame (handoff_process_get_link (f->process), "did not answer");
  g_clear_pointer (&f->process, handoff_process_free);
  wait_until_gone (f);
  g_assert_null (f->end);
  assert_journal ("ended 1000: uid=1000 pid=N odd-program (/lib/odd.so) did not answer");
}

/* A program that breaks a rule stays, or the journal does not say which, or has it among those that
 * are no matter of security. */
static void
test_breach (Fixture *f, gconstpointer data)
{
  guint i;

  for (i = 0; i < 2; i++)
    {
      f->frees_at_end = i == 1;
      start (f, "stay");
      while (f->said->len == 0)
        g_main_context_iteration (NULL, TRUE);
      handoff_link_set_user (handoff_process_get_link (f->process), 1000);
      handoff_link_breach (handoff_process_get_link (f->process), "a word too %s", "many");
      wait_for_end (f);
      assert_journal ("broke rules 1000: uid=1000 pid=N odd-program broke the rules of its link, "
                      "and was ended: a word too many");
      g_assert_error (f->end, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
      g_clear_error (&f->end);
      g_string_truncate (f->said, 0);
      g_clear_pointer (&f->process, handoff_process_free);
    }
}

static void
test_not_there (Fixture *f, gconstpointer data)
{
  const HandoffProgram program = { "no-such-program", NULL, FALSE, NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (handoff_process_start (&program, &odd_table, &functions, f, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_true (g_str_has_prefix (error->message, "Cannot start /"));
  g_assert_true (g_str_has_suffix (error->message, "/no-such-program: No such file or directory"));
}

static void
run_to_end (Fixture *f, const char *deed)
{
  start (f, deed);
  wait_for_end (f);
  assert_journal (ENDED_WELL);
  g_clear_error (&f->end);
  g_clear_pointer (&f->process, handoff_process_free);
}

static gboolean
has_children (void)
{
  siginfo_t info;

  return waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* Breaks if a program runs on that nobody can watch, since the broker has no descriptor left; if
 * the broker waits until that has ended; or if what is left of it stays. */
static void
test_no_descriptors (Fixture *f, gconstpointer data)
{
  const char *arguments[] = { "stay", NULL };
  struct rlimit before, two;
  g_autoptr (GError) error = NULL;
  int ours[16], surplus;
  siginfo_t info;
  gsize i;

  /* The thread that starts processes has its own. */
  run_to_end (f, "end");
  while (has_children ())
    g_main_context_iteration (NULL, TRUE);
  while (handoff_descriptor_reaper_is_busy ())
    g_thread_yield ();
  for (i = 0; i < G_N_ELEMENTS (ours); i++)
    ours[i] = dup (STDERR_FILENO);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  two = before;
  two.rlim_cur = (rlim_t) ours[G_N_ELEMENTS (ours) - 1] + 1;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &two), ==, 0);
  surplus = dup (STDERR_FILENO);
  /* For the link. */
  close (ours[0]);
  close (ours[1]);
  start_program (f, arguments, FALSE, &error);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  for (i = 2; i < G_N_ELEMENTS (ours); i++)
    close (ours[i]);
  if (surplus >= 0)
    {
      /* As under valgrind, which has a limit of its own. */
      close (surplus);
      g_test_skip ("The limit of descriptors does not hold");
      return;
    }
  g_assert_null (f->process);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_true (g_str_has_prefix (error->message, "Cannot watch /"));
  g_assert_true (g_str_has_suffix (error->message, "/odd-program: Too many open files"));
  /* It would stay. Nobody has waited for its end, which is found out when the next one starts. */
  g_assert_cmpint (waitid (P_ALL, 0, &info, WEXITED | WNOWAIT), ==, 0);
  g_assert_cmpint (info.si_code, ==, CLD_KILLED);
  run_to_end (f, "end");
  while (has_children ())
    g_main_context_iteration (NULL, TRUE);
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_assert_no_error (error);
}

/* To its end, after the answer to a question, and nothing else. */
static void
run_to_answer (Fixture *f)
{
  start (f, "answer");
  handoff_link_request (handoff_process_get_link (f->process), ODD_ASK, g_variant_new ("()"), NULL,
                        0, answered, f);
  wait_for_end (f);
  assert_journal (ENDED_WELL);
  g_clear_error (&f->end);
  g_clear_pointer (&f->process, handoff_process_free);
}

static void
assert_too_soon (Fixture *f)
{
  const char *arguments[] = { "end", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_false (start_program (f, arguments, FALSE, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
}

/* A program that ends at once is started all the time; one that did something has to wait. */
static void
test_restarts (Fixture *f, gconstpointer data)
{
  static const guint waits[] = { 1, 2, 4, 8, 16, 30, 30 };
  gsize i;

  for (i = 0; i < 2; i++)
    run_to_end (f, "mute");
  for (i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      run_to_end (f, "mute");
      assert_too_soon (f);
      test_clock_pass (waits[i] * TEST_SECOND - 1);
      assert_too_soon (f);
      test_clock_pass (1);
    }
  for (i = 0; i < 5; i++)
    run_to_end (f, "end");
  for (i = 0; i < 5; i++)
    run_to_answer (f);
  for (i = 0; i < 2; i++)
    run_to_end (f, "mute");
  run_to_end (f, "end");
}

/* ---- What a process begins with. ---- */

/* The thread that starts processes. (transfer full) */
static char *
find_starter (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", name, NULL);
      g_autofree char *file = g_build_filename (path, "comm", NULL);
      g_autofree char *command = NULL;

      if (g_file_get_contents (file, &command, NULL, NULL) && g_str_equal (command, "starter\n"))
        return g_steal_pointer (&path);
    }
  g_assert_not_reached ();
}

/* Whether a thread has nothing open but one socket, beside the standard ones. */
static gboolean
has_one_socket (const char *folder)
{
  g_autoptr (GDir) descriptors = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n_sockets = 0;

  while ((name = g_dir_read_name (descriptors)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target == NULL || g_ascii_strtoll (name, NULL, 10) <= STDERR_FILENO)
        continue;
      if (!g_str_has_prefix (target, "socket:"))
        return FALSE;
      n_sockets++;
    }
  return n_sockets == 1;
}

/* Breaks if a new process begins with descriptors that the broker has: it would close them, and be
 * there only when a stranger's file system likes. */
static void
test_descriptors (Fixture *f, gconstpointer unused)
{
  g_autofree char *thread = NULL;
  g_autofree char *folder = NULL;
  const int ours = open ("/proc/self/status", O_RDONLY | O_CLOEXEC);

  start (f, "nothing");
  thread = find_starter ();
  folder = g_build_filename (thread, "fd", NULL);
  /* The thread closes what it had of the process when it has given it away. */
  while (!has_one_socket (folder))
    g_thread_yield ();
  close (ours);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  journal = g_string_new (NULL);
  g_log_set_writer_func (keep_warning, NULL, NULL);
  handoff_process_set_folder (TEST_PROGRAMS);
  g_test_add ("/service/process/inheritance", Fixture, NULL, set_up, test_inheritance, tear_down);
  g_test_add ("/service/process/descriptors", Fixture, NULL, set_up, test_descriptors, tear_down);
  g_test_add ("/service/process/whole-environment", Fixture, NULL, set_up, test_whole_environment,
              tear_down);
  g_test_add ("/service/process/ends", Fixture, NULL, set_up, test_ends, tear_down);
  g_test_add ("/service/process/free", Fixture, NULL, set_up, test_free, tear_down);
  g_test_add ("/service/process/free-at-end", Fixture, NULL, set_up, test_free_at_end, tear_down);
  g_test_add ("/service/process/blame", Fixture, NULL, set_up, test_blame, tear_down);
  g_test_add ("/service/process/breach", Fixture, NULL, set_up, test_breach, tear_down);
  g_test_add ("/service/process/not-there", Fixture, NULL, set_up, test_not_there, tear_down);
  g_test_add ("/service/process/no-descriptors", Fixture, NULL, set_up, test_no_descriptors,
              tear_down);
  g_test_add ("/service/process/restarts", Fixture, NULL, set_up, test_restarts, tear_down);
  return g_test_run ();
}
