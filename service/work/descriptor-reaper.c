/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/descriptor-reaper.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "work/wake-signal.h"
#include "work/clock.h"

/* A close() that takes longer than this is stuck. */
#define STUCK (1 * G_TIME_SPAN_SECOND)
/* The administrator hears of a user of whom nothing was closed for this long. */
#define REPORTED (3 * G_TIME_SPAN_SECOND)
/* A thread ends when it has had no work for this long. */
#define IDLE (5 * G_TIME_SPAN_SECOND)

typedef struct _Pool Pool;

/* The descriptors of one user and one kind. Freed when there are none. */
typedef struct
{
  Pool *pool; /* (unowned) */
  guint uid;
  GQueue waiting; /* (element-type int) */
  guint n_closing;
  gint64 progress; /* monotonic time: when the last descriptor was closed, or the first one came */
  gboolean reported;
  GList turn;        /* the link of this line in the turns */
  gboolean has_turn; /* whether that link is in the turns */
} Line;

/* A thread. */
typedef struct
{
  Pool *pool; /* (unowned) */
  pthread_t thread;
  gint64 since; /* monotonic time: when close() was called; 0 while it was not */
} Closer;

/* Threads that close one kind of thing. */
struct _Pool
{
  gboolean wakes; /* whether a signal ends a close() that sleeps */
  GCond pushed;
  GHashTable *lines; /* (owned) (element-type uid Line) (nullable): NULL until it is needed */
  GQueue turns;      /* (element-type Line): lines of which a descriptor may be closed; the head is
                      * next */
  GQueue closers;    /* (element-type Closer) */
  guint n_idle;
};

/* The mutex protects everything; no other lock is taken under it. Threads: any thread hands
 * descriptors in, the detached threads of the pools close them, and the main thread looks after
 * these. The process ends without waiting for them. */
static struct
{
  GMutex mutex;
  Pool interruptible; /* sockets, and files in memory */
  Pool others;        /* whatever may have a file system behind it that never answers */
  int n_open;         /* in both pools; may be read without the mutex */
  gboolean watched;   /* whether the main loop looks after the threads */
} reaper = { .interruptible.wakes = TRUE };

static Pool *const pools[] = { &reaper.interruptible, &reaper.others };

static void
update_turn (Line *line)
{
  const gboolean wants_turn =
      line->n_closing < HANDOFF_REAPER_CLOSING_PER_USER && !g_queue_is_empty (&line->waiting);

  if (wants_turn && !line->has_turn)
    g_queue_push_tail_link (&line->pool->turns, &line->turn);
  else if (!wants_turn && line->has_turn)
    g_queue_unlink (&line->pool->turns, &line->turn);
  line->has_turn = wants_turn;
}

static guint
count (const Line *line)
{
  return line->waiting.length + line->n_closing;
}

/* (nullable) */
static Line *
find_line (const Pool *pool, guint uid)
{
  return pool->lines != NULL ? g_hash_table_lookup (pool->lines, GUINT_TO_POINTER (uid)) : NULL;
}

static Line *
ensure_line (Pool *pool, guint uid)
{
  Line *line = find_line (pool, uid);

  if (pool->lines == NULL)
    pool->lines = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  if (line == NULL)
    {
      line = g_new0 (Line, 1);
      line->pool = pool;
      line->uid = uid;
      line->progress = handoff_clock_get_monotonic_time ();
      line->turn.data = line;
      g_hash_table_insert (pool->lines, GUINT_TO_POINTER (uid), line);
    }
  return line;
}

/* How many descriptors of a user are open. */
static guint
count_open (guint uid)
{
  guint n = 0;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (pools); i++)
    {
      const Line *line = find_line (pools[i], uid);

      if (line != NULL)
        n += count (line);
    }
  return n;
}

/* How long nothing of that line was closed. Microseconds */
static gint64
get_standstill (const Line *line)
{
  return handoff_clock_get_monotonic_time () - line->progress;
}

/* Asks nothing for which the kernel takes a lock that somebody can hold while he sleeps. A socket
 * that lingers is not told to stop lingering: that would take the socket's lock, and the caller
 * may still have the socket. */
static Pool *
choose_pool (int fd)
{
  int type;
  socklen_t size = sizeof type;

  if (getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 || fcntl (fd, F_GET_SEALS) >= 0)
    return &reaper.interruptible;
  return &reaper.others;
}

static gpointer run (gpointer data);

/* Starts a thread if a line has a turn and no thread is idle, up to the limit. */
static void
ensure_thread (Pool *pool)
{
  g_autoptr (GThread) thread = NULL;
  Closer *closer;

  if (pool->turns.length <= pool->n_idle || pool->closers.length >= HANDOFF_REAPER_CLOSING)
    return;
  closer = g_new0 (Closer, 1);
  closer->pool = pool;
  thread = g_thread_try_new ("reaper", run, closer, NULL);
  if (thread == NULL)
    {
      g_free (closer);
      return;
    }
  g_queue_push_tail (&pool->closers, closer);
  pool->n_idle++;
}

/* Call with the mutex held; it is released while close() runs. */
static void
close_next (Closer *self)
{
  Pool *pool = self->pool;
  Line *line = g_queue_pop_head_link (&pool->turns)->data;
  const int fd = GPOINTER_TO_INT (g_queue_pop_head (&line->waiting));

  line->has_turn = FALSE;
  line->n_closing++;
  update_turn (line);
  ensure_thread (pool);
  self->since = handoff_clock_get_monotonic_time ();
  g_mutex_unlock (&reaper.mutex);
  close (fd);
  g_mutex_lock (&reaper.mutex);
  self->since = 0;
  g_atomic_int_add (&reaper.n_open, -1);
  line->n_closing--;
  line->progress = handoff_clock_get_monotonic_time ();
  line->reported = FALSE;
  update_turn (line);
  if (count (line) == 0)
    g_hash_table_remove (pool->lines, GUINT_TO_POINTER (line->uid));
}

/* FALSE if nothing came for a while. */
static gboolean
wait_for_turn (Pool *pool)
{
  const gint64 end = handoff_clock_get_monotonic_time () + IDLE;

  while (g_queue_is_empty (&pool->turns))
    {
      if (!handoff_clock_wait (&pool->pushed, &reaper.mutex,
                               end - handoff_clock_get_monotonic_time ()))
        return !g_queue_is_empty (&pool->turns);
    }
  return TRUE;
}

static gpointer
run (gpointer data)
{
  Closer *self = data;
  Pool *pool = self->pool;

  g_mutex_lock (&reaper.mutex);
  self->thread = pthread_self ();
  while (wait_for_turn (pool))
    {
      pool->n_idle--;
      close_next (self);
      pool->n_idle++;
    }
  pool->n_idle--;
  g_queue_remove (&pool->closers, self);
  g_mutex_unlock (&reaper.mutex);
  g_free (self);
  return NULL;
}

/* A signal ends the wait for a socket that lingers. A file system may at best be asked to hurry. */
static void
wake_stuck (const Pool *pool)
{
  const gint64 now = handoff_clock_get_monotonic_time ();
  GList *l;

  for (l = pool->closers.head; l != NULL; l = l->next)
    {
      const Closer *closer = l->data;

      if (closer->since != 0 && now - closer->since > STUCK)
        pthread_kill (closer->thread, HANDOFF_WAKE_SIGNAL);
    }
}

/* reports: (element-type utf8): gets one line for each user whose descriptors cannot be closed */
static void
report_stuck (Pool *pool, GPtrArray *reports)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, pool->lines);
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
}

static gboolean
look_after (gpointer user_data)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func (g_free);
  gboolean watched;
  guint i;

  g_mutex_lock (&reaper.mutex);
  for (i = 0; i < G_N_ELEMENTS (pools); i++)
    {
      if (pools[i]->lines == NULL)
        continue;
      if (pools[i]->wakes)
        wake_stuck (pools[i]);
      ensure_thread (pools[i]);
      report_stuck (pools[i], reports);
    }
  watched = reaper.watched = reaper.n_open > 0;
  g_mutex_unlock (&reaper.mutex);

  for (i = 0; i < reports->len; i++)
    g_warning (
        "Files or sockets of %s cannot be closed: the file system, or the program that serves it, "
        "does not answer. Other users do not wait for it",
        (const char *) reports->pdata[i]);
  return watched;
}

static void
ensure_watched (void)
{
  if (reaper.watched)
    return;
  reaper.watched = TRUE;
  handoff_wake_signal_prepare ();
  handoff_clock_add_timeout (G_TIME_SPAN_SECOND, look_after, NULL);
}

void
handoff_descriptor_reap (int fd, guint uid)
{
  Pool *pool;
  Line *line;
  gboolean is_awaited;

  if (fd < 0)
    return;
  pool = choose_pool (fd);
  g_mutex_lock (&reaper.mutex);
  g_atomic_int_inc (&reaper.n_open);
  line = ensure_line (pool, uid);
  g_queue_push_tail (&line->waiting, GINT_TO_POINTER (fd));
  update_turn (line);
  ensure_thread (pool);
  ensure_watched ();
  is_awaited = pool->n_idle > 0;
  g_mutex_unlock (&reaper.mutex);
  /* Not before: who wakes up would wait for the mutex at once. */
  if (is_awaited)
    g_cond_signal (&pool->pushed);
}

static gboolean
has_option (int fd, int option, int value)
{
  int actual;
  socklen_t size = sizeof actual;

  return getsockopt (fd, SOL_SOCKET, option, &actual, &size) == 0 && actual == value;
}

/* These questions take no lock. */
static gboolean
closes_at_once (int fd)
{
  struct linger linger;
  socklen_t size = sizeof linger;

  return has_option (fd, SO_PROTOCOL, IPPROTO_TCP) &&
         (has_option (fd, SO_DOMAIN, AF_INET) || has_option (fd, SO_DOMAIN, AF_INET6)) &&
         getsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 && !linger.l_onoff;
}

void
handoff_descriptor_close (int fd, guint uid)
{
  if (fd >= 0 && closes_at_once (fd))
    close (fd);
  else
    handoff_descriptor_reap (fd, uid);
}

/* Of all users. */
static guint
get_maximum (void)
{
  static gsize maximum = 0;

  if (g_once_init_enter (&maximum))
    {
      struct rlimit limit;
      gsize value = HANDOFF_REAPER_OPEN;

      if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
        value = MIN (value, MAX (limit.rlim_cur / 4, 1));
      g_once_init_leave (&maximum, value);
    }
  return (guint) maximum;
}

gboolean
handoff_descriptor_reaper_is_strained (void)
{
  const guint n_open = (guint) g_atomic_int_get (&reaper.n_open);

  return n_open > 0 && n_open >= MIN (HANDOFF_REAPER_WAITING_PER_USER, get_maximum () / 4);
}

static gboolean
stands_still (const Line *line)
{
  return line != NULL && line->waiting.length >= HANDOFF_REAPER_WAITING_PER_USER &&
         get_standstill (line) > STUCK;
}

/* Call with the mutex held. n_own: how many of all open descriptors are uid's. */
static gboolean
has_share (guint n_own)
{
  const guint n_open = (guint) reaper.n_open;
  const guint n_others = n_open - n_own;
  const guint shared = get_maximum () / 2;
  const guint n_free = shared > n_others ? shared - n_others : 0;

  return n_open < get_maximum () && n_own < MAX (n_free / 2, HANDOFF_REAPER_OPEN_RESERVED_PER_USER);
}

gboolean
handoff_descriptor_reaper_accepts (guint uid, GError **error)
{
  gboolean accepts;
  guint n_own;

  if (!handoff_descriptor_reaper_is_strained ())
    return TRUE;
  g_mutex_lock (&reaper.mutex);
  n_own = count_open (uid);
  accepts = !stands_still (find_line (&reaper.interruptible, uid)) &&
            !stands_still (find_line (&reaper.others, uid)) && has_share (n_own);
  g_mutex_unlock (&reaper.mutex);
  if (!accepts)
    g_set_error (
        error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
        "Too many file descriptors wait to be closed by the service, %u of them of this "
        "user: a file system does not answer, or sockets linger. It takes no more now; try "
        "again later",
        n_own);
  return accepts;
}

guint
handoff_descriptor_reaper_count (guint uid)
{
  guint n;

  g_mutex_lock (&reaper.mutex);
  n = count_open (uid);
  g_mutex_unlock (&reaper.mutex);
  return n;
}

gboolean
handoff_descriptor_reaper_is_busy (void)
{
  return g_atomic_int_get (&reaper.n_open) > 0;
}
