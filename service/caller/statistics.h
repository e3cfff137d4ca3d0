/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Handshakes by outcome since the service started, in total and for each user. Any
 * thread. */
typedef struct _HandoffStatistics HandoffStatistics;

typedef enum
{
  HANDOFF_STATISTIC_COMPLETED,
  HANDOFF_STATISTIC_FAILED,
  HANDOFF_STATISTIC_DENIED,  /* by polkit or a quota */
  HANDOFF_STATISTIC_RESUMED, /* those of the completed ones */
  HANDOFF_N_STATISTICS,
} HandoffStatistic;

/* How many users are remembered. The user of whom nothing was counted for the longest time is
 * forgotten first. */
#define HANDOFF_STATISTICS_MAX_USERS 4096

HandoffStatistics *handoff_statistics_new (void);
void handoff_statistics_free (HandoffStatistics *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffStatistics, handoff_statistics_free)

void handoff_statistics_count (HandoffStatistics *self, HandoffStatistic statistic, guint uid);
/* Likewise so many at once. */
void handoff_statistics_count_many (HandoffStatistics *self,
                                    HandoffStatistic statistic,
                                    guint uid,
                                    guint64 number);
/* Of all users. */
void handoff_statistics_get_totals (HandoffStatistics *self, guint64 totals[HANDOFF_N_STATISTICS]);
/* As GetStatistics() has them, including those of users. in_flight: how many handshakes run now;
 * get_in_flight: of a user. */
void handoff_statistics_add (HandoffStatistics *self,
                             guint in_flight,
                             guint (*get_in_flight) (guint uid, gpointer user_data),
                             gpointer user_data,
                             GVariantDict *dict);
