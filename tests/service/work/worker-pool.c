/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/worker-pool.h"

#define PER_USER 3

static HandoffWorkerPool *
pool_new (void)
{
  g_autoptr (GError) error = NULL;
  HandoffWorkerPool *pool = handoff_worker_pool_new (PER_USER, &error);

  g_assert_no_error (error);
  return pool;
}

/* Breaks if two users share a worker, if a user gets more workers than the limit, or not the one
 * with the least to do. */
static void
test_users (void)
{
  g_autoptr (HandoffWorkerPool) pool = pool_new ();
  g_autoptr (GHashTable) of_one = g_hash_table_new (NULL, NULL);
  HandoffSeat *seats[2 * PER_USER];
  HandoffSeat *other;

  for (guint i = 0; i < G_N_ELEMENTS (seats); i++)
    {
      seats[i] = handoff_worker_pool_take_seat (pool, 1);
      g_hash_table_add (of_one, handoff_seat_get_worker (seats[i]));
      g_assert_cmpuint (g_hash_table_size (of_one), ==, MIN (i + 1, PER_USER));
    }
  other = handoff_worker_pool_take_seat (pool, 2);
  g_assert_false (g_hash_table_contains (of_one, handoff_seat_get_worker (other)));
  handoff_seat_unref (other);
  for (guint i = 0; i < G_N_ELEMENTS (seats); i++)
    handoff_seat_unref (seats[i]);
}

/* Breaks if each of several handshakes in a row starts a worker, or if a worker ends when its user
 * has nothing to do for a moment. */
static void
test_again (void)
{
  g_autoptr (HandoffWorkerPool) pool = pool_new ();
  HandoffSeat *seat = handoff_worker_pool_take_seat (pool, 1);
  HandoffWorker *worker = handoff_seat_get_worker (seat);
  guint size = handoff_worker_pool_get_size (pool);

  handoff_seat_unref (seat);
  seat = handoff_worker_pool_take_seat (pool, 1);
  g_assert_true (handoff_seat_get_worker (seat) == worker);
  g_assert_cmpuint (handoff_worker_pool_get_size (pool), ==, size);
  handoff_seat_unref (seat);
}

/* Breaks if many users make more threads than the process may have, or leave theirs behind. */
static void
test_many_users (void)
{
  g_autoptr (HandoffWorkerPool) pool = pool_new ();
  HandoffSeat *seats[400];

  for (guint i = 0; i < G_N_ELEMENTS (seats); i++)
    {
      seats[i] = handoff_worker_pool_take_seat (pool, i);
      g_assert_nonnull (handoff_seat_get_worker (seats[i]));
      g_assert_cmpuint (handoff_worker_pool_get_size (pool), <=, 256);
    }
  g_assert_cmpuint (handoff_worker_pool_get_size (pool), ==, 256);
  for (guint i = 0; i < G_N_ELEMENTS (seats); i++)
    handoff_seat_unref (seats[i]);
  g_assert_cmpuint (handoff_worker_pool_get_size (pool), <=, 16);
}

/* Breaks if users who keep several workers each leave none for others. */
static void
test_reserve (void)
{
  g_autoptr (HandoffWorkerPool) pool = pool_new ();
  g_autoptr (GHashTable) of_others = g_hash_table_new (NULL, NULL);
  HandoffSeat *seats[100][PER_USER];

  for (guint uid = 0; uid < G_N_ELEMENTS (seats); uid++)
    {
      for (guint i = 0; i < PER_USER; i++)
        {
          seats[uid][i] = handoff_worker_pool_take_seat (pool, uid);
          g_assert_false (
              g_hash_table_contains (of_others, handoff_seat_get_worker (seats[uid][i])));
        }
      for (guint i = 0; i < PER_USER; i++)
        g_hash_table_add (of_others, handoff_seat_get_worker (seats[uid][i]));
    }
  g_assert_cmpuint (handoff_worker_pool_get_size (pool), <, 256);
  for (guint uid = 0; uid < G_N_ELEMENTS (seats); uid++)
    {
      for (guint i = 0; i < PER_USER; i++)
        handoff_seat_unref (seats[uid][i]);
    }
}

static GAsyncQueue *given_up; /* (owned) (element-type HandoffSeat): no longer usable */

static gboolean
give_up (gpointer data)
{
  handoff_seat_unref (data);
  g_async_queue_push (given_up, data);
  return G_SOURCE_REMOVE;
}

/* Breaks if a seat that is given up on its own worker, as the last thing that this does, is lost,
 * or if the workers that are idle then stay for ever. */
static void
test_given_up_elsewhere (void)
{
  g_autoptr (HandoffWorkerPool) pool = pool_new ();
  HandoffSeat *seats[40];
  HandoffSeat *seat;

  given_up = g_async_queue_new ();
  for (guint i = 0; i < G_N_ELEMENTS (seats); i++)
    {
      seats[i] = handoff_worker_pool_take_seat (pool, i);
      handoff_seat_ref (seats[i]);
      handoff_worker_invoke (handoff_seat_get_worker (seats[i]), give_up, seats[i], NULL);
    }
  for (guint i = 0; i < G_N_ELEMENTS (seats); i++)
    handoff_worker_invoke (handoff_seat_get_worker (seats[i]), give_up, seats[i], NULL);
  /* Whoever has a seat when the pool ends is left to himself. */
  for (guint i = 0; i < 2 * G_N_ELEMENTS (seats); i++)
    g_async_queue_pop (given_up);
  g_clear_pointer (&given_up, g_async_queue_unref);
  seat = handoff_worker_pool_take_seat (pool, G_MAXUINT - 1);
  handoff_seat_unref (seat);
  g_assert_cmpuint (handoff_worker_pool_get_size (pool), <=, 16);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/worker-pool/users", test_users);
  g_test_add_func ("/service/worker-pool/again", test_again);
  g_test_add_func ("/service/worker-pool/many-users", test_many_users);
  g_test_add_func ("/service/worker-pool/reserve", test_reserve);
  g_test_add_func ("/service/worker-pool/given-up-elsewhere", test_given_up_elsewhere);
  return g_test_run ();
}
