/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Makes sure that at most one of a process and its forked children goes on with what must not be
 * used twice: the sequence numbers of a key.
 *
 * Claims are counted twice: in memory that all these processes share, and in memory of which each
 * process has a copy. A process that finds the two counts different is late: another process has
 * claimed since the fork.
 *
 * A guard is not thread-safe within a process; different guards may be used on different threads.
 */

typedef struct _HandoffForkGuardPage HandoffForkGuardPage;

typedef struct
{
  guint64 *shared;            /* (nullable): on the page; atomic */
  HandoffForkGuardPage *page; /* (owned) (nullable): a place on it */
  guint64 mine;
} HandoffForkGuard;

gboolean handoff_fork_guard_init (HandoffForkGuard *self, GError **error);
/* Safe to call twice, or on zeros. */
void handoff_fork_guard_clear (HandoffForkGuard *self);

/* FALSE, now and for good, if another process has claimed since the fork. Here, since it is done
 * for each record. */
static inline gboolean
handoff_fork_guard_claim (HandoffForkGuard *self)
{
  guint64 expected = self->mine;

  if (!__atomic_compare_exchange_n (self->shared, &expected, self->mine + 1, FALSE,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
    return FALSE;

  self->mine++;
  return TRUE;
}
