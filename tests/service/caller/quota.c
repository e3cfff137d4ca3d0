/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Places that workers take and free, while the main thread waits for one. */

#include "config.h"

#include "caller/quota.h"

#include "caller/statistics.h"
#include "keyblob/tls-handoff-error.h"

#define N_THREADS 4
#define N_ROUNDS 5000
#define PER_USER 2
#define TOTAL 3

typedef struct
{
  HandoffQuota *quota;
  HandoffStatistics *statistics;
  guint uid;
  guint n_taken;
  guint n_refused;
} User;

static gpointer
use (gpointer data)
{
  User *user = data;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HandoffPlace) place =
          handoff_quota_take (user->quota, user->uid, PER_USER, TOTAL, &error);

      g_assert_cmpuint (handoff_quota_get_total (user->quota), <=, TOTAL);
      g_assert_cmpuint (handoff_quota_get_count (user->quota, user->uid), <=, PER_USER);
      if (place == NULL)
        g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
      handoff_statistics_count (
          user->statistics, place != NULL ? HANDOFF_STATISTIC_COMPLETED : HANDOFF_STATISTIC_DENIED,
          user->uid);
      user->n_taken += place != NULL;
      user->n_refused += place == NULL;
    }
  return NULL;
}

/* Breaks if threads together take more than there is, lose a place, or lose count. */
static void
test_threads (void)
{
  g_autoptr (HandoffQuota) quota = handoff_quota_new ("things");
  g_autoptr (HandoffStatistics) statistics = handoff_statistics_new ();
  User users[N_THREADS];
  GThread *threads[N_THREADS];
  guint64 totals[HANDOFF_N_STATISTICS];
  guint n_taken = 0, n_refused = 0;

  for (guint i = 0; i < N_THREADS; i++)
    {
      users[i] = (User){ quota, statistics, 1000 + i % 2, 0, 0 };
      threads[i] = g_thread_new ("user", use, &users[i]);
    }
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_thread_join (threads[i]);
      n_taken += users[i].n_taken;
      n_refused += users[i].n_refused;
    }
  g_assert_cmpuint (handoff_quota_get_total (quota), ==, 0);
  g_assert_cmpuint (handoff_quota_get_count (quota, 1000), ==, 0);
  g_assert_cmpuint (n_taken + n_refused, ==, N_THREADS * N_ROUNDS);
  handoff_statistics_get_totals (statistics, totals);
  g_assert_cmpuint (totals[HANDOFF_STATISTIC_COMPLETED], ==, n_taken);
  g_assert_cmpuint (totals[HANDOFF_STATISTIC_DENIED], ==, n_refused);
}

/* Who waits in line for places. */
typedef struct
{
  HandoffQuota *quota;
  GThread *thread; /* the main thread */
  guint n_calls;
  GPtrArray *places; /* (owned) (element-type HandoffPlace) */
  guint n_wanted;
} Line;

/* As many as there are: a thread that frees several says so once. */
static void
freed (gpointer user_data)
{
  Line *line = user_data;
  HandoffPlace *place;

  g_assert_true (g_thread_self () == line->thread);
  line->n_calls++;
  while (line->places->len < line->n_wanted &&
         (place = handoff_quota_take (line->quota, 0, TOTAL, TOTAL, NULL)) != NULL)
    g_ptr_array_add (line->places, place);
}

static gpointer
free_places (gpointer data)
{
  HandoffPlace **places = data;

  for (guint i = 0; i < TOTAL; i++)
    handoff_place_free (places[i]);
  return NULL;
}

static void
take_all (HandoffQuota *quota, HandoffPlace *places[TOTAL])
{
  for (guint i = 0; i < TOTAL; i++)
    {
      places[i] = handoff_quota_take (quota, 1000, TOTAL, TOTAL, NULL);
      g_assert_nonnull (places[i]);
    }
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Breaks if the main thread does not hear of places that a worker has freed, hears of them there,
 * or hears of each although nobody wants one: then every handshake would wake it. */
static void
test_freed (void)
{
  HandoffQuota *quota = handoff_quota_new ("things");
  Line line = { quota, g_thread_self (), 0, NULL, 0 };
  HandoffPlace *places[TOTAL];

  line.places = g_ptr_array_new_with_free_func ((GDestroyNotify) handoff_place_free);
  handoff_quota_set_freed_func (quota, freed, &line);
  take_all (quota, places);
  g_thread_join (g_thread_new ("free", free_places, places));
  settle ();
  g_assert_cmpuint (line.n_calls, ==, 0);

  take_all (quota, places);
  line.n_wanted = 2;
  g_assert_null (handoff_quota_take (quota, 0, TOTAL, TOTAL, NULL));
  g_thread_join (g_thread_new ("free", free_places, places));
  g_assert_cmpuint (line.n_calls, ==, 0);
  settle ();
  g_assert_cmpuint (line.n_calls, ==, 1);
  g_assert_cmpuint (line.places->len, ==, 2);

  /* The main thread itself hears at once. */
  line.n_wanted = 4;
  freed (&line);
  g_assert_cmpuint (line.places->len, ==, 3);
  g_ptr_array_remove_index (line.places, 0);
  g_assert_cmpuint (line.places->len, ==, 3);

  /* Word that was on its way when the line ended. */
  line.n_wanted = 0;
  g_ptr_array_set_size (line.places, 0);
  take_all (quota, places);
  g_assert_null (handoff_quota_take (quota, 0, TOTAL, TOTAL, NULL));
  g_thread_join (g_thread_new ("free", free_places, places));
  handoff_quota_set_freed_func (quota, NULL, NULL);
  handoff_quota_free (quota);
  settle ();
  g_ptr_array_unref (line.places);
}

/* What a reserve gave, and what it has. */
typedef struct
{
  guint free;
  guint n_asked;
} Reserve;

static guint
lend (guint n, gpointer user_data)
{
  Reserve *reserve = user_data;
  const guint given = MIN (n, reserve->free);

  reserve->n_asked++;
  reserve->free -= given;
  return given;
}

static void
take_back (guint n, gpointer user_data)
{
  Reserve *reserve = user_data;

  reserve->free += n;
}

static const HandoffReserveFuncs reserve_funcs = { lend, take_back };

static GPtrArray *
take_many (HandoffQuota *quota, guint n)
{
  GPtrArray *places = g_ptr_array_new_with_free_func ((GDestroyNotify) handoff_place_free);

  while (n-- > 0)
    {
      HandoffPlace *place = handoff_quota_take (quota, 1000, 1000, 0, NULL);

      g_assert_nonnull (place);
      g_ptr_array_add (places, place);
    }
  return places;
}

/* Breaks if the reserve is asked for each place, or if a quota keeps more than a block and a part
 * of one. */
static void
test_reserve (void)
{
  const guint block = HANDOFF_RESERVE_BLOCK;
  Reserve reserve = { 100 * block, 0 };
  g_autoptr (HandoffQuota) quota = handoff_quota_new ("places");
  g_autoptr (GPtrArray) places = NULL;
  guint i;

  handoff_quota_set_reserve (quota, &reserve_funcs, &reserve);
  for (i = 0; i < 10; i++)
    {
      g_autoptr (HandoffPlace) place = handoff_quota_take (quota, 1000, 1000, 0, NULL);

      g_assert_nonnull (place);
    }
  g_assert_cmpuint (reserve.n_asked, ==, 1);
  places = take_many (quota, 3 * block);
  g_assert_cmpuint (reserve.n_asked, ==, 3);
  g_assert_cmpuint (reserve.free, ==, 97 * block);
  g_ptr_array_set_size (places, 0);
  g_assert_cmpuint (reserve.free, ==, 99 * block);
}

static void
count_freed (gpointer user_data)
{
  (*(guint *) user_data)++;
}

/* Breaks if a quota keeps for itself what others wait for, or gets more than there is. */
static void
test_scarce (void)
{
  Reserve reserve = { 2, 0 };
  g_autoptr (HandoffQuota) quota = handoff_quota_new ("places");
  g_autoptr (GPtrArray) places = NULL;
  g_autoptr (HandoffPlace) place = NULL;
  g_autoptr (GError) error = NULL;
  guint n_freed = 0;

  handoff_quota_set_reserve (quota, &reserve_funcs, &reserve);
  handoff_quota_set_freed_func (quota, count_freed, &n_freed);
  places = take_many (quota, 2);
  place = handoff_quota_take (quota, 1000, 1000, 0, &error);
  g_assert_null (place);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
  g_assert_cmpuint (n_freed, ==, 0);
  handoff_quota_note_reserve (quota);
  g_assert_cmpuint (n_freed, ==, 1);
  /* Nobody has wanted one since. */
  handoff_quota_note_reserve (quota);
  g_assert_cmpuint (n_freed, ==, 1);
  g_ptr_array_set_size (places, 1);
  g_assert_cmpuint (reserve.free, ==, 1);
  g_ptr_array_set_size (places, 0);
  g_assert_cmpuint (reserve.free, ==, 2);
}

static void
note_freed (gpointer data)
{
  *(gboolean *) data = TRUE;
}

/* Breaks if who counts a place does not hear that it is free. */
static void
test_counted_elsewhere (void)
{
  gboolean is_freed = FALSE;
  HandoffPlace *place = handoff_place_new (note_freed, &is_freed);

  g_assert_false (is_freed);
  handoff_place_free (place);
  g_assert_true (is_freed);
}

/* Breaks if the error does not say which limit was reached, or one place is said to be several. */
static void
test_words (void)
{
  g_autoptr (HandoffQuota) quota = handoff_quota_new ("places");
  g_autoptr (HandoffPlace) place = handoff_quota_take (quota, 1000, 1, 1, NULL);
  g_autoptr (GError) user_error = NULL;
  g_autoptr (GError) total_error = NULL;

  g_assert_nonnull (place);
  g_assert_null (handoff_quota_take (quota, 1000, 1, 2, &user_error));
  g_assert_cmpstr (user_error->message, ==,
                   "This user has reached the limit of places (1); try again when some have ended");
  g_assert_null (handoff_quota_take (quota, 1001, 1, 1, &total_error));
  g_assert_cmpstr (total_error->message, ==,
                   "The service has reached the limit of places in all (1); try again when some "
                   "have ended");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/quota/threads", test_threads);
  g_test_add_func ("/service/quota/freed", test_freed);
  g_test_add_func ("/service/quota/reserve", test_reserve);
  g_test_add_func ("/service/quota/scarce", test_scarce);
  g_test_add_func ("/service/quota/counted-elsewhere", test_counted_elsewhere);
  g_test_add_func ("/service/quota/words", test_words);
  return g_test_run ();
}
