/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/worker-pool.h"

#include "work/home.h"

/* Threads of all users together. */
#define MAX_WORKERS 256
/* Above that, a user who has one gets no more: a channel keeps its worker as long as it is open,
 * and a few users with many cores would leave none for the others. */
#define MAX_BEYOND_FIRST (MAX_WORKERS / 2)
/* Idle workers that stay for users who come back. */
#define MAX_IDLE 8

/* Threads: the lock covers the queue of the idle and the numbers of taken seats, since a seat may
 * be given up anywhere. The rest is the main thread's. No other lock is taken under it, and no
 * worker is made or waited for. */
struct _HandoffWorkerPool
{
  GMutex mutex;
  guint per_user;
  guint size;
  GHashTable *crews; /* (owned) (element-type uid GPtrArray): of the Member of each user */
  GQueue idle;       /* (element-type Member): workers without a seat taken; the longest idle first
                      */
  GPtrArray *rest;   /* (owned) (element-type Member): one worker, for users who get none of their
                      * own */
};

/* A worker, and how many seats are taken on it. */
typedef struct
{
  HandoffWorkerPool *pool; /* (unowned) */
  HandoffWorker *worker;   /* (owned) */
  guint uid;
  guint n_seats;
} Member;

struct _HandoffSeat
{
  gatomicrefcount ref_count;
  Member *member; /* (unowned): lives as long as a seat is taken */
};

/* A worker with a taken seat is stuck in a socket: only the end of the process frees it. */
static void
member_free (gpointer data)
{
  Member *self = data;

  if (self->n_seats == 0)
    handoff_worker_free (self->worker);
  g_free (self);
}

static Member *
member_new (HandoffWorkerPool *pool, guint uid, GError **error)
{
  HandoffWorker *worker = handoff_worker_new (error);
  Member *self;

  if (worker == NULL)
    return NULL;
  self = g_new0 (Member, 1);
  self->pool = pool;
  self->worker = worker;
  self->uid = uid;
  pool->size++;
  return self;
}

HandoffWorkerPool *
handoff_worker_pool_new (guint per_user, GError **error)
{
  g_autoptr (HandoffWorkerPool) self = g_new0 (HandoffWorkerPool, 1);
  Member *member;

  g_mutex_init (&self->mutex);
  self->per_user = per_user > 0 ? per_user : g_get_num_processors ();
  self->crews = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  self->rest = g_ptr_array_new_with_free_func (member_free);
  member = member_new (self, G_MAXUINT, error);
  if (member == NULL)
    return NULL;
  g_ptr_array_add (self->rest, member);
  return g_steal_pointer (&self);
}

void
handoff_worker_pool_free (HandoffWorkerPool *self)
{
  g_queue_clear (&self->idle);
  g_hash_table_unref (self->crews);
  g_ptr_array_unref (self->rest);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

guint
handoff_worker_pool_get_size (HandoffWorkerPool *self)
{
  return self->size;
}

static void
dismiss (HandoffWorkerPool *self, Member *member)
{
  const gpointer uid = GUINT_TO_POINTER (member->uid);
  GPtrArray *crew = g_hash_table_lookup (self->crews, uid);

  self->size--;
  g_ptr_array_remove_fast (crew, member);
  if (crew->len == 0)
    g_hash_table_remove (self->crews, uid);
}

/* The worker that has been idle for the longest time goes, if more than maximum are idle. except: a
 * user whose workers stay; G_MAXUINT for none. FALSE if none went. */
static gboolean
dismiss_idle (HandoffWorkerPool *self, guint maximum, guint except)
{
  Member *member = NULL;
  GList *link;

  g_mutex_lock (&self->mutex);
  link = self->idle.length > maximum ? self->idle.head : NULL;
  while (link != NULL && ((Member *) link->data)->uid == except)
    link = link->next;
  if (link != NULL)
    {
      member = link->data;
      g_queue_delete_link (&self->idle, link);
    }
  g_mutex_unlock (&self->mutex);
  if (member != NULL)
    dismiss (self, member);
  return member != NULL;
}

/* (nullable): NULL if there may be no more threads. */
static Member *
hire (HandoffWorkerPool *self, GPtrArray *crew, guint uid)
{
  const guint limit = crew->len == 0 ? MAX_WORKERS : MAX_BEYOND_FIRST;
  Member *member;

  if (self->size >= MAX (limit, self->per_user) && !dismiss_idle (self, 0, uid))
    return NULL;
  member = member_new (self, uid, NULL);
  if (member != NULL)
    g_ptr_array_add (crew, member);
  return member;
}

/* n_seats: (out): of the worker with the fewest seats taken, which is returned. (nullable) */
static Member *
find_member (HandoffWorkerPool *self, GPtrArray *crew, guint *n_seats)
{
  Member *best = NULL;
  guint i;

  g_mutex_lock (&self->mutex);
  for (i = 0; i < crew->len; i++)
    {
      Member *member = g_ptr_array_index (crew, i);

      if (best == NULL || member->n_seats < best->n_seats)
        best = member;
    }
  *n_seats = best != NULL ? best->n_seats : 0;
  g_mutex_unlock (&self->mutex);
  return best;
}

static Member *
choose (HandoffWorkerPool *self, guint uid)
{
  GPtrArray *crew = g_hash_table_lookup (self->crews, GUINT_TO_POINTER (uid));
  Member *member, *hired;
  guint n_seats;

  if (crew == NULL)
    {
      crew = g_ptr_array_new_with_free_func (member_free);
      g_hash_table_insert (self->crews, GUINT_TO_POINTER (uid), crew);
    }
  member = find_member (self, crew, &n_seats);
  if (member != NULL && (n_seats == 0 || crew->len >= self->per_user))
    return member;
  hired = hire (self, crew, uid);
  if (hired != NULL)
    return hired;
  if (crew->len == 0)
    g_hash_table_remove (self->crews, GUINT_TO_POINTER (uid));
  return member != NULL ? member : find_member (self, self->rest, &n_seats);
}

HandoffSeat *
handoff_worker_pool_take_seat (HandoffWorkerPool *self, guint uid)
{
  HandoffSeat *seat = g_new (HandoffSeat, 1);
  Member *member = choose (self, uid);

  g_atomic_ref_count_init (&seat->ref_count);
  seat->member = member;
  g_mutex_lock (&self->mutex);
  if (member->n_seats++ == 0)
    g_queue_remove (&self->idle, member);
  g_mutex_unlock (&self->mutex);
  while (dismiss_idle (self, MAX_IDLE, G_MAXUINT))
    ;
  return seat;
}

HandoffSeat *
handoff_seat_ref (HandoffSeat *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

HandoffWorker *
handoff_seat_get_worker (HandoffSeat *self)
{
  return self->member->worker;
}

void
handoff_seat_unref (HandoffSeat *self)
{
  Member *member = self->member;
  HandoffWorkerPool *pool = member->pool;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self);
  g_mutex_lock (&pool->mutex);
  if (--member->n_seats == 0 && member->uid != G_MAXUINT)
    g_queue_push_tail (&pool->idle, member);
  g_mutex_unlock (&pool->mutex);
  /* Elsewhere nobody may wait for a worker, which may be this one. The next seat makes up for it.
   */
  while (handoff_home_is_here (NULL) && dismiss_idle (pool, MAX_IDLE, G_MAXUINT))
    ;
}
