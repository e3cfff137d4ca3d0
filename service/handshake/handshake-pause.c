/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-pause.h"

/* States of a function: it is not there (no fiber); it runs; it pauses (a fiber, and the worker
 * does something else).
 *
 * Threads: what is below a line belongs to the thread that it names. The rest does not change. */
struct _HandoffHandshakePause
{
  gatomicrefcount ref_count;
  HandoffWorker *worker; /* (unowned) */
  HandoffWorker *home;   /* (unowned) (nullable) */
  HandoffHandshakeWakeFunc wake;
  gpointer user_data; /* (unowned): for it */

  /* ---- the worker's */
  HandoffFiber *fiber; /* (owned) (nullable) */
  gboolean is_finishing;

  /* ---- its home's */
  gboolean has_ended;
};

HandoffHandshakePause *
handoff_handshake_pause_new (HandoffWorker *worker,
                             HandoffWorker *home,
                             HandoffHandshakeWakeFunc wake,
                             gpointer user_data)
{
  HandoffHandshakePause *self = g_new0 (HandoffHandshakePause, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->worker = worker;
  self->home = home;
  self->wake = wake;
  self->user_data = user_data;
  return self;
}

HandoffHandshakePause *
handoff_handshake_pause_ref (HandoffHandshakePause *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_handshake_pause_unref (HandoffHandshakePause *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->fiber == NULL);
  g_free (self);
}

gboolean
handoff_handshake_pause_run (HandoffHandshakePause *self,
                             HandoffFiberFunc function,
                             gpointer data,
                             int *result)
{
  if (self->fiber == NULL)
    self->fiber = handoff_fiber_new (function, data);
  if (!handoff_fiber_run (self->fiber, result))
    return FALSE;
  g_clear_pointer (&self->fiber, handoff_fiber_free);
  return TRUE;
}

gboolean
handoff_handshake_pause_is_under_way (HandoffHandshakePause *self)
{
  return self->fiber != NULL;
}

void
handoff_handshake_pause_finish (HandoffHandshakePause *self)
{
  int result;

  self->is_finishing = TRUE;
  while (self->fiber != NULL)
    {
      if (handoff_fiber_run (self->fiber, &result))
        g_clear_pointer (&self->fiber, handoff_fiber_free);
    }
}

gboolean
handoff_handshake_pause_sleep (HandoffHandshakePause *self)
{
  if (!self->is_finishing)
    handoff_fiber_pause (self->fiber);
  return !self->is_finishing;
}

void
handoff_handshake_pause_wake (HandoffHandshakePause *self)
{
  if (self->fiber != NULL)
    self->wake (self->user_data);
}

HandoffWorker *
handoff_handshake_pause_get_worker (HandoffHandshakePause *self)
{
  return self->worker;
}

HandoffWorker *
handoff_handshake_pause_get_home (HandoffHandshakePause *self)
{
  return self->home;
}

void
handoff_handshake_pause_set_ended (HandoffHandshakePause *self)
{
  self->has_ended = TRUE;
}

gboolean
handoff_handshake_pause_has_ended (HandoffHandshakePause *self)
{
  return self->has_ended;
}
