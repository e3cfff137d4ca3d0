/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/fronts.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <sys/socket.h>

#include "terminal/report.h"

/* The fronts of the process, one a thread, from the first client to the last.
 *
 * The first SIGINT or SIGTERM ends the listening. Who is there may stay for a while; a second
 * signal, or the end of that while, ends all. */

/* Fewer than the service allows: the user may do other things, too. */
#define MAX_HANDSHAKES 48
/* How long clients may stay after the first signal, seconds. */
#define GRACE_SECONDS 30

/* A front on a thread of its own. */
typedef struct
{
  const CliFrontSettings *settings;
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
} Worker;

/* They stay until the process ends: handshakes that are under way may still use them. */
static Worker workers[CLI_FRONT_MAX_PEERS];
static CliFrontPeers peers;

/* Of the first thread. */
typedef struct
{
  const CliFrontSettings *settings;
  GMainLoop *loop; /* (owned) */
  gboolean ok;     /* of the only client */
} Fronts;

static void
only_client_done (gboolean ok, gpointer user_data)
{
  Fronts *self = user_data;

  self->ok = ok;
  g_main_loop_quit (self->loop);
}

/* The last client has left. */
static void
all_left (gpointer user_data)
{
  g_main_loop_quit (((Fronts *) user_data)->loop);
}

static gboolean
quit (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
grace_over (gpointer user_data)
{
  Fronts *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
signalled (gpointer user_data)
{
  Fronts *self = user_data;
  const int n_clients = g_atomic_int_get (&peers.n_clients);

  if (g_atomic_int_get (&peers.ending))
    {
      g_main_loop_quit (self->loop);
      return G_SOURCE_CONTINUE;
    }
  if (n_clients > 0 && !self->settings->connection.quiet)
    cli_report (ngettext ("%d client is still here; it may stay for %d seconds more, or until the "
                          "next signal",
                          "%d clients are still here; they may stay for %d seconds more, or until "
                          "the next signal",
                          (gulong) n_clients),
                n_clients, GRACE_SECONDS);
  g_timeout_add_seconds (GRACE_SECONDS, grace_over, self);
  /* Other threads may be about to use them: so they stay open, but nobody can connect. */
  for (guint i = 0; i < self->settings->listeners->len; i++)
    shutdown (g_socket_get_fd (self->settings->listeners->pdata[i]), SHUT_RDWR);
  cli_front_peers_end (&peers);
  return G_SOURCE_CONTINUE;
}

static gpointer
work (gpointer data)
{
  Worker *self = data;

  g_main_context_push_thread_default (self->context);
  cli_front_new (self->settings, &peers, NULL, NULL);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static void
start_workers (const CliFrontSettings *settings, guint n)
{
  for (guint i = 1; i < n; i++)
    {
      Worker *worker = &workers[i];

      worker->settings = settings;
      worker->context = g_main_context_new ();
      worker->loop = g_main_loop_new (worker->context, FALSE);
      worker->thread = g_thread_new ("front", work, worker);
    }
}

static void
stop_workers (guint n)
{
  for (guint i = 1; i < n; i++)
    {
      g_autoptr (GSource) source = g_idle_source_new ();

      /* From within: its loop may not run yet. */
      g_source_set_callback (source, quit, workers[i].loop, NULL);
      g_source_attach (source, workers[i].context);
      g_thread_join (workers[i].thread);
    }
}

/**
 * cli_fronts_run:
 * @settings: all but max_handshakes, which depends on the number of threads
 *
 * Serves clients in this thread and others, until a signal ends that, or the only client has left.
 * To be called once.
 *
 * Returns: whether the only client's connection ended as it should
 */
gboolean
cli_fronts_run (CliFrontSettings *settings)
{
  const guint n = settings->once ? 1
                                 : MIN (MIN (g_get_num_processors (), CLI_FRONT_MAX_PEERS),
                                        (guint) settings->max_clients);
  Fronts self = { .settings = settings, .loop = g_main_loop_new (NULL, FALSE), .ok = TRUE };
  int n_left;

  settings->max_handshakes = MAX_HANDSHAKES / n;
  peers.left = all_left;
  peers.user_data = &self;
  g_unix_signal_add (SIGINT, signalled, &self);
  g_unix_signal_add (SIGTERM, signalled, &self);
  start_workers (settings, n);
  cli_front_new (settings, &peers, only_client_done, &self);
  g_main_loop_run (self.loop);
  stop_workers (n);
  n_left = g_atomic_int_get (&peers.n_clients);
  if (n_left > 0)
    cli_report (ngettext ("The connection of %d client was cut off",
                          "The connections of %d clients were cut off", (gulong) n_left),
                n_left);
  /* The workers that could use it have ended. */
  g_main_loop_unref (self.loop);
  return self.ok;
}
