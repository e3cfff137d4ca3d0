/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verb/probe-processes.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "terminal/output.h"
#include "terminal/report.h"

/* How many probe at the same time. */
#define MAX_AT_ONCE 16
#define PREFIX "tls-handoff: "

enum
{
  OUTPUT,
  ERRORS,
  N_STREAMS
};

/* A process that probes a server. */
typedef struct
{
  const char *server;
  pid_t pid;
  int fds[N_STREAMS];        /* what it writes; negative where that has ended, or not begun */
  GString *texts[N_STREAMS]; /* (owned): what it wrote */
  CliExitStatus status;
} Job;

static void
probed_free (CliProbed *self)
{
  json_object_unref (self->found);
  g_free (self->problem);
  g_free (self);
}

/* For the other process, which brings it into the locale's encoding itself. */
static void
print_error_cb (const char *text)
{
  if (fputs (text, stderr) >= 0)
    fflush (stderr);
}

G_NORETURN static void
run_in_child (const char *server, int fds[N_STREAMS], CliProbeFunc func, gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
  if (dup2 (fds[OUTPUT], STDOUT_FILENO) < 0 || dup2 (fds[ERRORS], STDERR_FILENO) < 0)
    _exit (CLI_EXIT_FAILED);
  g_set_printerr_handler (print_error_cb);
  _exit (cli_output_finish (func (server, user_data)));
}

static gboolean
open_pipes (int readers[N_STREAMS], int writers[N_STREAMS], GError **error)
{
  int i;

  for (i = 0; i < N_STREAMS; i++)
    {
      int both[2];

      if (!g_unix_open_pipe (both, FD_CLOEXEC, error))
        {
          while (i-- > 0)
            {
              close (readers[i]);
              close (writers[i]);
            }
          return FALSE;
        }
      readers[i] = both[0];
      writers[i] = both[1];
    }
  return TRUE;
}

/* A process that cannot be started is one that failed. */
static void
start (Job *job, CliProbeFunc func, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  int readers[N_STREAMS], writers[N_STREAMS];
  int i;

  job->status = CLI_EXIT_FAILED;
  if (!open_pipes (readers, writers, &error))
    {
      g_string_append_printf (job->texts[ERRORS], PREFIX "%s\n", error->message);
      return;
    }
  job->pid = fork ();
  if (job->pid == 0)
    run_in_child (job->server, writers, func, user_data);
  if (job->pid < 0)
    g_string_append_printf (job->texts[ERRORS], PREFIX "%s\n", g_strerror (errno));
  for (i = 0; i < N_STREAMS; i++)
    {
      close (writers[i]);
      job->fds[i] = readers[i];
    }
}

static gboolean
is_running (const Job *job)
{
  return job->fds[OUTPUT] >= 0 || job->fds[ERRORS] >= 0;
}

static void
take_status (Job *job)
{
  int status;

  while (waitpid (job->pid, &status, 0) < 0)
    {
      if (errno != EINTR)
        return;
    }
  if (WIFEXITED (status))
    job->status = (CliExitStatus) WEXITSTATUS (status);
}

/* Reads what there is. */
static void
read_stream (Job *job, int stream)
{
  char buffer[16 * 1024];
  gssize n = read (job->fds[stream], buffer, sizeof buffer);

  if (n > 0)
    g_string_append_len (job->texts[stream], buffer, n);
  if (n > 0 || (n < 0 && errno == EINTR))
    return;
  close (job->fds[stream]);
  job->fds[stream] = -1;
  if (!is_running (job) && job->pid > 0)
    take_status (job);
}

/* Waits until a process of jobs has written something or ended. */
static void
wait_for_jobs (Job *jobs, guint n_jobs)
{
  /* Those that are open alone: the system polls no more than the process may have open. */
  struct pollfd polled[MAX_AT_ONCE * N_STREAMS];
  guint streams[MAX_AT_ONCE * N_STREAMS];
  guint n_polled = 0;
  guint i;

  for (i = 0; i < n_jobs * N_STREAMS; i++)
    {
      const int fd = jobs[i / N_STREAMS].fds[i % N_STREAMS];

      if (fd < 0)
        continue;
      polled[n_polled] = (struct pollfd){ fd, POLLIN, 0 };
      streams[n_polled++] = i;
    }
  if (poll (polled, n_polled, -1) < 0)
    return;
  for (i = 0; i < n_polled; i++)
    {
      if (polled[i].revents != 0)
        read_stream (&jobs[streams[i] / N_STREAMS], (int) (streams[i] % N_STREAMS));
    }
}

static void
show_progress (guint n_done, guint n_jobs)
{
  static const char erase_line[] = "\r\033[K";

  if (!isatty (STDERR_FILENO))
    return;
  g_printerr ("%s", erase_line);
  if (n_done < n_jobs)
    g_printerr (_ ("%u of %u servers probed"), n_done, n_jobs);
}

static guint
count_done (const Job *jobs, guint n_started)
{
  guint n_done = 0;
  guint i;

  for (i = 0; i < n_started; i++)
    n_done += !is_running (&jobs[i]);
  return n_done;
}

static void
run_jobs (Job *jobs, guint n_jobs, CliProbeFunc func, gpointer user_data)
{
  guint n_started = 0;
  guint n_done = 0;
  guint shown = G_MAXUINT;

  while (n_done < n_jobs)
    {
      while (n_started < n_jobs && n_started - n_done < MAX_AT_ONCE)
        start (&jobs[n_started++], func, user_data);
      n_done = count_done (jobs, n_started);
      if (n_done != shown)
        show_progress (n_done, n_jobs);
      shown = n_done;
      /* Unless none of them could be started. */
      if (n_done < n_started)
        wait_for_jobs (jobs, n_started);
      n_done = count_done (jobs, n_started);
    }
  show_progress (n_done, n_jobs);
}

/* (transfer full): empty, if it printed none */
static JsonObject *
parse_found (const Job *job)
{
  g_autoptr (JsonNode) node = json_from_string (job->texts[OUTPUT]->str, NULL);

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return json_object_new ();
  return json_node_dup_object (node);
}

/* The first of its messages, which says what is wrong. (transfer full) (nullable) */
static char *
find_problem (const Job *job)
{
  const char *text = job->texts[ERRORS]->str;
  g_autofree char *line = g_strndup (text, strcspn (text, "\n"));

  if (job->status == CLI_EXIT_OK)
    return NULL;
  if (g_str_has_prefix (line, PREFIX))
    return g_strdup (line + strlen (PREFIX));
  return *line != '\0' ? g_steal_pointer (&line) : g_strdup (_ ("the probe broke off"));
}

static CliProbed *
take_probed (Job *job)
{
  CliProbed *probed = g_new0 (CliProbed, 1);
  int i;

  probed->server = job->server;
  probed->status = job->status;
  probed->found = parse_found (job);
  probed->problem = find_problem (job);
  for (i = 0; i < N_STREAMS; i++)
    g_string_free (job->texts[i], TRUE);
  return probed;
}

/**
 * cli_probe_processes_run:
 * @servers: as the user gave them
 * @func: probes one, in a process of its own
 *
 * To be called by a process with one thread, which has not used the bus.
 *
 * Returns: (transfer full) (element-type CliProbed): what came of each, in the order of @servers
 */
GPtrArray *
cli_probe_processes_run (char **servers, CliProbeFunc func, gpointer user_data)
{
  GPtrArray *probed = g_ptr_array_new_with_free_func ((GDestroyNotify) probed_free);
  guint n_jobs = g_strv_length (servers);
  g_autofree Job *jobs = g_new0 (Job, n_jobs);
  guint i;

  for (i = 0; i < n_jobs; i++)
    jobs[i] = (Job){ .server = servers[i],
                     .fds = { -1, -1 },
                     .texts = { g_string_new (NULL), g_string_new (NULL) } };
  run_jobs (jobs, n_jobs, func, user_data);
  for (i = 0; i < n_jobs; i++)
    g_ptr_array_add (probed, take_probed (&jobs[i]));
  return probed;
}
