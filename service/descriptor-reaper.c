/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "descriptor-reaper.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"

/* After that long a close is stuck. */
#define STUCK (1 * G_TIME_SPAN_SECOND)
/* After that long the administrator should know. */
#define REPORTED (3 * G_TIME_SPAN_SECOND)
/* A thread without work ends after that long. */
#define IDLE (5 * G_TIME_SPAN_SECOND)
/* Interrupts a socket that lingers. Has no other use in this process. */
#define WAKE_SIGNAL SIGUSR2

/* One user's descriptors. Gone when there are none. */
typedef struct
{
  guint uid;
  GQueue waiting; /* (element-type int) */
  guint n_closing;
  gint64 progress; /* monotonic time: when the last one was closed, or the first one came */
  gboolean reported;
  GList turn;        /* its link in the turns */
  gboolean has_turn; /* whether it is there */
} Line;

/* A thread. */
typedef struct
{
  pthread_t thread;
  gint64 since;  /* monotonic time: when close() was called; 0 while it was not */
  int is_socket; /* atomic: found out without the mutex */
} Closer;

/* Everything under the mutex. The threads are detached, and the process ends without them. */
static struct
{
  GMutex mutex;
  GCond pushed;
  GHashTable *lines; /* (owned) (element-type uid Line) (nullable): NULL until it is needed */
  GQueue turns;      /* (element-type Line): those of which one may be closed; the head is next */
  GQueue closers;    /* (element-type Closer) */
  guint n_idle;
  gboolean watched; /* whether the main loop looks after the threads */
} reaper;

static void
update_turn (Line *line)
{
  const gboolean wants_turn =
      line->n_closing < HANDOFF_REAPER_CLOSING_PER_USER && !g_queue_is_empty (&line->waiting);

  if (wants_turn && !line->has_turn)
    g_queue_push_tail_link (&reaper.turns, &line->turn);
  else if (!wants_turn && line->has_turn)
    g_queue_unlink (&reaper.turns, &line->turn);
  line->has_turn = wants_turn;
}

static Line *
ensure_line (guint uid)
{
  Line *line;

  if (reaper.lines == NULL)
    reaper.lines = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  line = g_hash_table_lookup (reaper.lines, GUINT_TO_POINTER (uid));
  if (line == NULL)
    {
      line = g_new0 (Line, 1);
      line->uid = uid;
      line->progress = g_get_monotonic_time ();
      line->turn.data = line;
      g_hash_table_insert (reaper.lines, GUINT_TO_POINTER (uid), line);
    }
  return line;
}

static guint
count (const Line *line)
{
  return line->waiting.length + line->n_closing;
}

/* For that long nothing of it was closed. Microseconds */
static gint64
get_standstill (const Line *line)
{
  return g_get_monotonic_time () - line->progress;
}

/* Without the mutex. Switches SO_LINGER off, which is not enough where somebody else has the socket
 * too, and can switch it on again. */
static void
prepare (Closer *self, int fd)
{
  const struct linger off = { 0, 0 };
  int type;
  socklen_t size = sizeof type;
  gboolean is_socket;

  is_socket = getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
  g_atomic_int_set (&self->is_socket, is_socket);
  if (is_socket)
    setsockopt (fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
}

static gpointer run (gpointer data);

/* Each line that has a turn gets a thread, as far as there may be so many. */
static void
ensure_thread (void)
{
  g_autoptr (GThread) thread = NULL;
  Closer *closer;

  if (reaper.turns.length <= reaper.n_idle || reaper.closers.length >= HANDOFF_REAPER_CLOSING)
    return;
  closer = g_new0 (Closer, 1);
  thread = g_thread_try_new ("reaper", run, closer, NULL);
  if (thread == NULL)
    {
      g_free (closer);
      return;
    }
  g_queue_push_tail (&reaper.closers, closer);
  reaper.n_idle++;
}

/* With the mutex, but for the time that close() takes. */
static void
close_next (Closer *self)
{
  Line *line = g_queue_pop_head_link (&reaper.turns)->data;
  const int fd = GPOINTER_TO_INT (g_queue_pop_head (&line->waiting));

  line->has_turn = FALSE;
  line->n_closing++;
  update_turn (line);
  ensure_thread ();
  self->since = g_get_monotonic_time ();
  g_mutex_unlock (&reaper.mutex);
  prepare (self, fd);
  close (fd);
  g_mutex_lock (&reaper.mutex);
  self->since = 0;
  line->n_closing--;
  line->progress = g_get_monotonic_time ();
  line->reported = FALSE;
  update_turn (line);
  if (count (line) == 0)
    g_hash_table_remove (reaper.lines, GUINT_TO_POINTER (line->uid));
}

/* FALSE if nothing comes for a while. */
static gboolean
wait_for_turn (void)
{
  const gint64 end = g_get_monotonic_time () + IDLE;

  while (g_queue_is_empty (&reaper.turns))
    {
      if (!g_cond_wait_until (&reaper.pushed, &reaper.mutex, end))
        return !g_queue_is_empty (&reaper.turns);
    }
  return TRUE;
}

static gpointer
run (gpointer data)
{
  Closer *self = data;

  g_mutex_lock (&reaper.mutex);
  self->thread = pthread_self ();
  while (wait_for_turn ())
    {
      reaper.n_idle--;
      close_next (self);
      reaper.n_idle++;
    }
  reaper.n_idle--;
  g_queue_remove (&reaper.closers, self);
  g_mutex_unlock (&reaper.mutex);
  g_free (self);
  return NULL;
}

static void
do_nothing (int signal_number)
{
}

/* A socket that lingers is let go at a signal; a file system is asked to hurry at the most, and
 * thinks of worse. */
static void
wake_stuck_sockets (void)
{
  const gint64 now = g_get_monotonic_time ();
  GList *l;

  for (l = reaper.closers.head; l != NULL; l = l->next)
    {
      const Closer *closer = l->data;

      if (closer->since != 0 && now - closer->since > STUCK &&
          g_atomic_int_get (&closer->is_socket))
        pthread_kill (closer->thread, WAKE_SIGNAL);
    }
}

/* (transfer full): a line for the log for each user whose descriptors cannot be closed, once */
static GPtrArray *
report_stuck (void)
{
  GPtrArray *reports = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, reaper.lines);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Line *line = value;

      if (line->reported || get_standstill (line) < REPORTED)
        continue;
      line->reported = TRUE;
      g_ptr_array_add (reports, line->uid == HANDOFF_UID_UNKNOWN
                                    ? g_strdup ("somebody who has left the bus")
                                    : g_strdup_printf ("user %u", line->uid));
    }
  return reports;
}

static gboolean
look_after (gpointer user_data)
{
  g_autoptr (GPtrArray) reports = NULL;
  gboolean watched;
  guint i;

  g_mutex_lock (&reaper.mutex);
  wake_stuck_sockets ();
  ensure_thread ();
  reports = report_stuck ();
  watched = reaper.watched = g_hash_table_size (reaper.lines) > 0;
  g_mutex_unlock (&reaper.mutex);

  for (i = 0; i < reports->len; i++)
    g_warning (
        "Files or sockets of %s cannot be closed: the file system, or who serves it, does not "
        "answer; others do not wait for that",
        (const char *) reports->pdata[i]);
  return watched;
}

static void
ensure_watched (void)
{
  const struct sigaction action = { .sa_handler = do_nothing };

  if (reaper.watched)
    return;
  reaper.watched = TRUE;
  sigaction (WAKE_SIGNAL, &action, NULL);
  g_timeout_add_seconds (1, look_after, NULL);
}

void
handoff_descriptor_reap (int fd, guint uid)
{
  Line *line;

  if (fd < 0)
    return;
  g_mutex_lock (&reaper.mutex);
  line = ensure_line (uid);
  g_queue_push_tail (&line->waiting, GINT_TO_POINTER (fd));
  update_turn (line);
  ensure_thread ();
  ensure_watched ();
  g_cond_signal (&reaper.pushed);
  g_mutex_unlock (&reaper.mutex);
}

gboolean
handoff_descriptor_reaper_accepts (guint uid, GError **error)
{
  guint n_waiting = 0;
  Line *line;

  g_mutex_lock (&reaper.mutex);
  line = reaper.lines != NULL ? g_hash_table_lookup (reaper.lines, GUINT_TO_POINTER (uid)) : NULL;
  if (line != NULL && line->waiting.length >= HANDOFF_REAPER_WAITING_PER_USER &&
      get_standstill (line) > STUCK)
    n_waiting = line->waiting.length;
  g_mutex_unlock (&reaper.mutex);
  if (n_waiting == 0)
    return TRUE;
  g_set_error (
      error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
      "%u file descriptors of this user wait to be closed by the service, because the file "
      "system of one does not answer; try again when it does",
      n_waiting);
  return FALSE;
}

guint
handoff_descriptor_reaper_count (guint uid)
{
  guint n = 0;
  Line *line;

  g_mutex_lock (&reaper.mutex);
  line = reaper.lines != NULL ? g_hash_table_lookup (reaper.lines, GUINT_TO_POINTER (uid)) : NULL;
  if (line != NULL)
    n = count (line);
  g_mutex_unlock (&reaper.mutex);
  return n;
}

gboolean
handoff_descriptor_reaper_is_busy (void)
{
  gboolean busy;

  g_mutex_lock (&reaper.mutex);
  busy = reaper.lines != NULL && g_hash_table_size (reaper.lines) > 0;
  g_mutex_unlock (&reaper.mutex);
  return busy;
}
