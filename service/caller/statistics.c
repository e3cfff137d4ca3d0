/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "caller/statistics.h"

#include <string.h>

typedef struct
{
  guint uid;
  guint64 counts[HANDOFF_N_STATISTICS];
  GList link; /* in the queue of all users */
} User;

/* Threads: the lock covers everything. No other lock is taken under it. */
struct _HandoffStatistics
{
  GMutex mutex;
  guint64 totals[HANDOFF_N_STATISTICS];
  GHashTable *users; /* (owned) (element-type uid User) */
  GQueue order;      /* (element-type User): the tail is the user of whom something was counted
                      * last */
};

static const char *const names[HANDOFF_N_STATISTICS] = {
  [HANDOFF_STATISTIC_COMPLETED] = "handshakes-completed",
  [HANDOFF_STATISTIC_FAILED] = "handshakes-failed",
  [HANDOFF_STATISTIC_DENIED] = "handshakes-denied",
  [HANDOFF_STATISTIC_RESUMED] = "handshakes-resumed",
};

HandoffStatistics *
handoff_statistics_new (void)
{
  HandoffStatistics *self = g_new0 (HandoffStatistics, 1);

  g_mutex_init (&self->mutex);
  self->users = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_queue_init (&self->order);
  return self;
}

void
handoff_statistics_free (HandoffStatistics *self)
{
  g_hash_table_unref (self->users);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static User *
add_user (HandoffStatistics *self, guint uid)
{
  User *user = g_new0 (User, 1);

  if (g_queue_get_length (&self->order) >= HANDOFF_STATISTICS_MAX_USERS)
    {
      User *oldest = g_queue_peek_head (&self->order);

      g_queue_unlink (&self->order, &oldest->link);
      g_hash_table_remove (self->users, GUINT_TO_POINTER (oldest->uid));
    }
  user->uid = uid;
  user->link.data = user;
  g_queue_push_tail_link (&self->order, &user->link);
  g_hash_table_insert (self->users, GUINT_TO_POINTER (uid), user);
  return user;
}

void
handoff_statistics_count_many (HandoffStatistics *self,
                               HandoffStatistic statistic,
                               guint uid,
                               guint64 number)
{
  User *user;

  if (number == 0)
    return;
  g_mutex_lock (&self->mutex);
  user = g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid));
  if (user == NULL)
    user = add_user (self, uid);
  g_queue_unlink (&self->order, &user->link);
  g_queue_push_tail_link (&self->order, &user->link);
  user->counts[statistic] += number;
  self->totals[statistic] += number;
  g_mutex_unlock (&self->mutex);
}

void
handoff_statistics_count (HandoffStatistics *self, HandoffStatistic statistic, guint uid)
{
  handoff_statistics_count_many (self, statistic, uid, 1);
}

void
handoff_statistics_get_totals (HandoffStatistics *self, guint64 totals[HANDOFF_N_STATISTICS])
{
  g_mutex_lock (&self->mutex);
  memcpy (totals, self->totals, sizeof self->totals);
  g_mutex_unlock (&self->mutex);
}

static void
add_counts (const guint64 *counts, guint in_flight, GVariantDict *dict)
{
  guint i;

  for (i = 0; i < HANDOFF_N_STATISTICS; i++)
    g_variant_dict_insert (dict, names[i], "t", counts[i]);
  g_variant_dict_insert (dict, "handshakes-in-flight", "u", in_flight);
}

/* What is counted meanwhile does not wait until all is told. totals: (out). (transfer full)
 * (element-type User): their links mean nothing */
static GArray *
copy (HandoffStatistics *self, guint64 totals[HANDOFF_N_STATISTICS])
{
  GArray *users = g_array_new (FALSE, FALSE, sizeof (User));
  GList *link;

  g_mutex_lock (&self->mutex);
  memcpy (totals, self->totals, sizeof self->totals);
  for (link = self->order.head; link != NULL; link = link->next)
    g_array_append_vals (users, link->data, 1);
  g_mutex_unlock (&self->mutex);
  return users;
}

void
handoff_statistics_add (HandoffStatistics *self,
                        guint in_flight,
                        guint (*get_in_flight) (guint uid, gpointer user_data),
                        gpointer user_data,
                        GVariantDict *dict)
{
  guint64 totals[HANDOFF_N_STATISTICS];
  g_autoptr (GArray) users = copy (self, totals);
  GVariantBuilder builder;
  guint i;

  add_counts (totals, in_flight, dict);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ua{sv}}"));
  for (i = 0; i < users->len; i++)
    {
      const User *user = &g_array_index (users, User, i);
      g_auto (GVariantDict) counts = G_VARIANT_DICT_INIT (NULL);

      add_counts (user->counts, get_in_flight (user->uid, user_data), &counts);
      g_variant_builder_add (&builder, "{u@a{sv}}", user->uid, g_variant_dict_end (&counts));
    }
  g_variant_dict_insert_value (dict, "users", g_variant_builder_end (&builder));
}
