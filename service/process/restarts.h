/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* How soon a program may be started again that ends without ever having said a word: it would take
 * the processor for itself, and fill the journal. After the third time in a row, a second passes,
 * then two, and so on, up to half a minute. One that has said something starts again at once,
 * however it ended: who makes it end pays with what was under way in it.
 *
 * Threads: the main thread. */
typedef struct
{
  guint n_mute; /* ends in a row */
  gint64 next;  /* monotonic time: not before that */
} HandoffRestarts;

#define HANDOFF_RESTARTS_INIT                                                                      \
  {                                                                                                \
    0, 0                                                                                           \
  }

/* Whether name may be started now; TLS_HANDOFF_ERROR_FAILED otherwise. */
gboolean handoff_restarts_allow (const HandoffRestarts *self, const char *name, GError **error);
/* One has ended. */
void handoff_restarts_note_end (HandoffRestarts *self, gboolean has_spoken);
