/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* An application that connects again and again to 127.0.0.1:PORT, driven through its standard
 * input, a line of output for each line:
 *
 *   caller ours|floor|stock PORT
 *     times NUMBER             connects so often, and prints how long each took, microseconds
 *     count THREADS DURATION   connects in so many threads for so long (milliseconds), and prints
 *                              how often, and the CPU time of the process, microseconds
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "connection.h"

typedef struct
{
  Connector *connector;
  gint64 end; /* of the monotonic clock */
  guint n;
} Worker;

static gpointer
work (gpointer data)
{
  Worker *self = data;

  self->n = 0;
  while (g_get_monotonic_time () < self->end)
    {
      connector_connect (self->connector);
      self->n++;
    }
  return NULL;
}

static gint64
get_cpu_time (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

/* workers: (element-type Worker): kept for the next time, with their tickets */
static void
count (GArray *workers, Side side, guint16 port, guint n_threads, guint milliseconds)
{
  const gint64 cpu_before = get_cpu_time ();
  const gint64 end = g_get_monotonic_time () + milliseconds * 1000;
  g_autofree GThread **threads = g_new0 (GThread *, n_threads);
  guint n = 0;

  while (workers->len < n_threads)
    {
      const Worker worker = { .connector = connector_new (side, port) };

      g_array_append_val (workers, worker);
    }
  for (guint i = 0; i < n_threads; i++)
    {
      Worker *worker = &g_array_index (workers, Worker, i);

      worker->end = end;
      if (n_threads > 1)
        threads[i] = g_thread_new ("connector", work, worker);
      else
        work (worker);
    }
  for (guint i = 0; i < n_threads; i++)
    {
      if (threads[i] != NULL)
        g_thread_join (threads[i]);
      n += g_array_index (workers, Worker, i).n;
    }
  printf ("%u %" G_GINT64_FORMAT "\n", n, get_cpu_time () - cpu_before);
}

static void
print_times (Connector *connector, guint number)
{
  for (guint i = 0; i < number; i++)
    {
      const gint64 begin = g_get_monotonic_time ();

      connector_connect (connector);
      printf ("%s%" G_GINT64_FORMAT, i > 0 ? " " : "", g_get_monotonic_time () - begin);
    }
  printf ("\n");
}

int
main (int argc, char **argv)
{
  g_autoptr (GArray) workers = g_array_new (FALSE, FALSE, sizeof (Worker));
  Connector *connector;
  char line[64];
  guint64 port;
  Side side;

  if (argc != 3 || !g_ascii_string_to_unsigned (argv[2], 10, 1, G_MAXUINT16, &port, NULL))
    {
      fprintf (stderr, "usage: caller ours|floor|stock PORT\n");
      return 2;
    }
  signal (SIGPIPE, SIG_IGN);
  side = side_parse (argv[1]);
  connector = connector_new (side, (guint16) port);
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      guint number, milliseconds;

      if (sscanf (line, "times %u", &number) == 1)
        print_times (connector, number);
      else if (sscanf (line, "count %u %u", &number, &milliseconds) == 2)
        count (workers, side, (guint16) port, number, milliseconds);
      else
        g_error ("no command: %s", line);
      fflush (stdout);
    }
  connector_free (connector);
  for (guint i = 0; i < workers->len; i++)
    connector_free (g_array_index (workers, Worker, i).connector);
  return 0;
}
