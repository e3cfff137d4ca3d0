/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/worker-pool.h"

/* Threads of all users together. */
#define MAX_WORKERS 256
/* Idle workers that stay for users who come back. */
#define MAX_IDLE 8

struct _HandoffWorkerPool
{
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

/* (nullable): NULL if there may be no more threads. */
static Member *
hire (HandoffWorkerPool *self, GPtrArray *crew, guint uid)
{
  Member *member;

  if (self->size >= MAX (MAX_WORKERS, self->per_user))
    {
      if (g_queue_is_empty (&self->idle))
        return NULL;
      dismiss (self, g_queue_pop_head (&self->idle));
    }
  member = member_new (self, uid, NULL);
  if (member != NULL)
    g_ptr_array_add (crew, member);
  return member;
}

/* (nullable): the worker with the fewest seats taken */
static Member *
find_member (GPtrArray *crew)
{
  Member *best = NULL;
  guint i;

  for (i = 0; i < crew->len; i++)
    {
      Member *member = g_ptr_array_index (crew, i);

      if (best == NULL || member->n_seats < best->n_seats)
        best = member;
    }
  return best;
}

static Member *
choose (HandoffWorkerPool *self, guint uid)
{
  GPtrArray *crew = g_hash_table_lookup (self->crews, GUINT_TO_POINTER (uid));
  Member *member, *hired;

  if (crew == NULL)
    {
      crew = g_ptr_array_new_with_free_func (member_free);
      g_hash_table_insert (self->crews, GUINT_TO_POINTER (uid), crew);
    }
  member = find_member (crew);
  if (member != NULL && (member->n_seats == 0 || crew->len >= self->per_user))
    return member;
  hired = hire (self, crew, uid);
  if (hired != NULL)
    return hired;
  if (crew->len == 0)
    g_hash_table_remove (self->crews, GUINT_TO_POINTER (uid));
  return member != NULL ? member : find_member (self->rest);
}

HandoffSeat *
handoff_worker_pool_take_seat (HandoffWorkerPool *self, guint uid)
{
  HandoffSeat *seat = g_new (HandoffSeat, 1);
  Member *member = choose (self, uid);

  seat->member = member;
  if (member->n_seats++ == 0)
    g_queue_remove (&self->idle, member);
  return seat;
}

HandoffWorker *
handoff_seat_get_worker (HandoffSeat *self)
{
  return self->member->worker;
}

void
handoff_seat_free (HandoffSeat *self)
{
  Member *member = self->member;
  HandoffWorkerPool *pool = member->pool;

  g_free (self);
  if (--member->n_seats > 0 || member->uid == G_MAXUINT)
    return;
  g_queue_push_tail (&pool->idle, member);
  if (pool->idle.length > MAX_IDLE)
    dismiss (pool, g_queue_pop_head (&pool->idle));
}
