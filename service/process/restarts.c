/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "process/restarts.h"

#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"

#define N_AT_ONCE 3
#define FIRST_WAIT (1 * G_TIME_SPAN_SECOND)
#define LONGEST_WAIT (30 * G_TIME_SPAN_SECOND)

gboolean
handoff_restarts_allow (const HandoffRestarts *self, const char *name, GError **error)
{
  if (handoff_clock_get_monotonic_time () >= self->next)
    return TRUE;
  g_set_error (
      error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
      "The service's program %s has ended %u times in a row as soon as it was started; the "
      "service's log may say why",
      name, self->n_mute);
  return FALSE;
}

/* After the n-th mute end. */
static gint64
get_wait (guint n)
{
  gint64 wait = FIRST_WAIT;

  if (n < N_AT_ONCE)
    return 0;
  for (n -= N_AT_ONCE; n > 0 && wait < LONGEST_WAIT; n--)
    wait *= 2;
  return MIN (wait, LONGEST_WAIT);
}

void
handoff_restarts_note_end (HandoffRestarts *self, gboolean has_spoken)
{
  self->n_mute = has_spoken ? 0 : self->n_mute + 1;
  self->next = has_spoken ? 0 : handoff_clock_get_monotonic_time () + get_wait (self->n_mute);
}
