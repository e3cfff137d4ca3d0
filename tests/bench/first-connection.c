/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The first TLS connection of a process (TCP connect, handshake, a byte each way, close) to a
 * loopback TLS 1.3 server, as an unprivileged user with the system's trust store: through the
 * service with TlsHandoffClientConnection, against the stock GTlsClientConnection of
 * glib-networking. Each is a new process, in turn, from before its fork() to after its close().
 *
 *   tests/lib/system-run BUILD BUILD/tests/bench/first-connection [--quick] [--number N]
 */

#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

typedef enum
{
  HANDOFF,
  STOCK,
  PLAIN, /* no TLS */
  N_SIDES
} Side;

static const char *const client_programs[N_SIDES] = { "connect-client-handoff",
                                                      "connect-client-stock",
                                                      "connect-client-stock" };

typedef struct
{
  char *path; /* where alice may run it */
  GArray *times;
  GArray *peaks;
  GArray *memory;
} Results;

typedef struct
{
  GSubprocess *process;
  GDataInputStream *out;
} Client;

typedef struct
{
  gint64 begin;
  gint64 end;
  guint64 peak;
  guint64 memory;
} Report;

/* The build directory may be closed to other users. */
static char *
copy_program (const char *directory, const char *name)
{
  g_autofree char *from = g_build_filename (directory, name, NULL);
  g_autoptr (GFile) source = g_file_new_for_path (from);
  g_autoptr (GFile) copy = NULL;
  g_autoptr (GError) error = NULL;
  char *to = g_build_filename (g_getenv ("TMPDIR"), name, NULL);

  copy = g_file_new_for_path (to);
  g_file_copy (source, copy, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (chmod (to, 0755), ==, 0);
  return to;
}

static void
become_alice (gpointer data)
{
  const struct passwd *alice = data;

  if (setgid (alice->pw_gid) != 0 || setuid (alice->pw_uid) != 0)
    _exit (1);
}

static Client *
client_new (const char *path, Side side, guint16 port)
{
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autofree char *number = g_strdup_printf ("%u", port);
  g_autoptr (GError) error = NULL;
  Client *self = g_new0 (Client, 1);

  launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_subprocess_launcher_set_child_setup (launcher, become_alice, getpwnam ("alice"), NULL);
  /* Debugging aids of the test suite are not for measuring. */
  g_subprocess_launcher_unsetenv (launcher, "G_DEBUG");
  g_subprocess_launcher_unsetenv (launcher, "MALLOC_PERTURB_");
  self->process = g_subprocess_launcher_spawn (launcher, &error, path, number,
                                               side == PLAIN ? "plain" : NULL, NULL);
  g_assert_no_error (error);
  self->out = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  return self;
}

static Report
client_connect (Client *self)
{
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;
  Report report;

  g_output_stream_write_all (g_subprocess_get_stdin_pipe (self->process), "\n", 1, NULL, NULL,
                             &error);
  g_assert_no_error (error);
  line = g_data_input_stream_read_line (self->out, NULL, NULL, &error);
  g_assert_no_error (error);
  if (line == NULL ||
      sscanf (line,
              "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
              &report.begin, &report.end, &report.peak, &report.memory) != 4)
    g_error ("the client did not connect");
  return report;
}

static void
client_free (Client *self)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_close (g_subprocess_get_stdin_pipe (self->process), NULL, &error);
  g_assert_no_error (error);
  g_subprocess_wait_check (self->process, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (self->out);
  g_object_unref (self->process);
  g_free (self);
}

static void
add (GArray *values, double value)
{
  g_array_append_val (values, value);
}

static void
measure (Results *results, guint16 port, int n)
{
  double time[N_SIDES], peak[N_SIDES], memory[N_SIDES];
  guint side;
  int i;

  for (i = 0; i < n; i++)
    for (side = 0; side < N_SIDES; side++)
      {
        gint64 begin = g_get_monotonic_time ();
        Client *client = client_new (results[side].path, side, port);
        Report report = client_connect (client);

        client_free (client);
        add (results[side].times, (double) (report.end - begin) / 1000);
        add (results[side].peaks, (double) report.peak / 1024);
        add (results[side].memory, (double) report.memory / 1024);
      }
  for (side = 0; side < N_SIDES; side++)
    {
      time[side] = bench_median (results[side].times);
      peak[side] = bench_median (results[side].peaks);
      memory[side] = bench_median (results[side].memory);
    }

  g_print (
      "first connection of a process: TLS Handoff %.1f ms, glib-networking %.1f ms: %.2f times "
      "as fast (medians of %d; %.1f ms of each are the process and TCP)\n",
      time[HANDOFF], time[STOCK], time[STOCK] / time[HANDOFF], n, time[PLAIN]);
  g_print (
      "its peak memory: TLS Handoff %.1f MiB, glib-networking %.1f MiB: ratio %.2f; beyond the "
      "%.1f MiB of a process with TCP alone: ratio %.2f\n",
      peak[HANDOFF], peak[STOCK], peak[HANDOFF] / peak[STOCK], peak[PLAIN],
      (peak[HANDOFF] - peak[PLAIN]) / (peak[STOCK] - peak[PLAIN]));
  g_print (
      "its memory after it (Pss): TLS Handoff %.1f MiB, glib-networking %.1f MiB: ratio %.2f\n",
      memory[HANDOFF], memory[STOCK], memory[HANDOFF] / memory[STOCK]);
}

static void
warm_up (Results *results, guint16 port)
{
  guint side;

  for (side = HANDOFF; side <= STOCK; side++)
    {
      Client *client = client_new (results[side].path, side, port);

      client_connect (client);
      client_free (client);
    }
}

int
main (int argc, char *argv[])
{
  int number = 30;
  const BenchOption options[] = { { "--number", &number, "N" }, { NULL } };
  gboolean quick = FALSE;
  g_autofree char *directory = g_path_get_dirname (argv[0]);
  Results results[N_SIDES] = { 0 };
  BenchServer *server;
  guint side, n_certificates;

  bench_init (argc, argv, &quick, options);
  if (quick)
    number = 2;
  n_certificates = bench_trust_store_add_ca ();
  server = bench_server_new (4);
  for (side = 0; side < N_SIDES; side++)
    {
      results[side].path = copy_program (directory, client_programs[side]);
      results[side].times = g_array_new (FALSE, FALSE, sizeof (double));
      results[side].peaks = g_array_new (FALSE, FALSE, sizeof (double));
      results[side].memory = g_array_new (FALSE, FALSE, sizeof (double));
    }

  /* Both start from a service and a polkitd that run. */
  warm_up (results, bench_server_get_port (server));

  g_print (
      "TLS 1.3 server on the loopback interface, no session tickets, %u trusted certificates\n",
      n_certificates);
  measure (results, bench_server_get_port (server), number);

  /* Both sides' bytes did come back; and of ours the service knows. */
  g_assert_cmpuint (bench_server_get_served (server), ==, 2 * (number + 1));
  g_assert_cmpuint (test_statistic ("handshakes-completed"), ==, number + 1);
  for (side = 0; side < N_SIDES; side++)
    {
      g_free (results[side].path);
      g_array_unref (results[side].times);
      g_array_unref (results[side].peaks);
      g_array_unref (results[side].memory);
    }
  return 0;
}
