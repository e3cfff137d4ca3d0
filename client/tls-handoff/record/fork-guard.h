/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Sees to it that of a process and its forked children one at the most goes on with something of
 * which there must be one only: the numbers of records under a key.
 *
 * How often it was claimed is counted twice: in memory that all of them share, and in memory that
 * each has a copy of. Who finds that the two differ is late: another process claimed since the
 * fork.
 *
 * Not thread-safe within a process. */

typedef struct
{
  guint64 *shared; /* (owned) (nullable): a page; atomic */
  guint64 mine;
} HandoffForkGuard;

gboolean handoff_fork_guard_init (HandoffForkGuard *self, GError **error);
/* Safe to call twice, or on zeros. */
void handoff_fork_guard_clear (HandoffForkGuard *self);

/* FALSE, now and for good, if another process has claimed since the fork. */
gboolean handoff_fork_guard_claim (HandoffForkGuard *self);
