/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-wait.h"

/* States: somebody was asked; then that one is done, or the handshake has stopped to wait, or both.
 *
 * Threads: see the fields. The lock guards pause alone: the one who was asked needs the worker,
 * which is there as long as the handshake waits. Within it handoff_worker_invoke() is called, which
 * takes the lock of the worker's main context. */
struct _HandoffHandshakeWait
{
  gatomicrefcount ref_count;
  gpointer result; /* (owned) (nullable): the other side's until it is done, then the handshake's */
  GDestroyNotify free_result;
  GThread *thread; /* the worker's */
  /* ---- the worker's thread only */
  gboolean is_done;
  gboolean is_waited_for; /* the handshake pauses */

  GMutex mutex;
  HandoffHandshakePause *pause; /* (owned) (nullable), under mutex: NULL once nobody waits */
};

HandoffHandshakeWait *
handoff_handshake_wait_new (HandoffHandshakePause *pause,
                            gpointer result,
                            GDestroyNotify free_result)
{
  HandoffHandshakeWait *self = g_new0 (HandoffHandshakeWait, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->pause = handoff_handshake_pause_ref (pause);
  self->thread = g_thread_self ();
  self->result = result;
  self->free_result = free_result;
  return self;
}

HandoffHandshakeWait *
handoff_handshake_wait_ref (HandoffHandshakeWait *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_handshake_wait_unref (HandoffHandshakeWait *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->pause == NULL);
  g_mutex_clear (&self->mutex);
  if (self->result != NULL)
    self->free_result (self->result);
  g_free (self);
}

gpointer
handoff_handshake_wait_get_result (HandoffHandshakeWait *self)
{
  return self->result;
}

static gboolean
wake (gpointer data)
{
  HandoffHandshakeWait *self = data;

  self->is_done = TRUE;
  /* Only this thread clears it. */
  if (self->pause != NULL)
    handoff_handshake_pause_wake (self->pause);
  return G_SOURCE_REMOVE;
}

void
handoff_handshake_wait_done (HandoffHandshakeWait *self)
{
  /* This is within the call that the handshake made: nobody waits yet; or the worker itself has the
   * answer, and goes on with the handshake. */
  if (g_thread_self () == self->thread)
    {
      self->is_done = TRUE;
      return;
    }

  g_mutex_lock (&self->mutex);
  if (self->pause != NULL)
    handoff_worker_invoke (handoff_handshake_pause_get_worker (self->pause), wake,
                           handoff_handshake_wait_ref (self),
                           (GDestroyNotify) handoff_handshake_wait_unref);
  g_mutex_unlock (&self->mutex);
}

void
handoff_handshake_wait_go_on (HandoffHandshakeWait *self)
{
  self->is_done = TRUE;
  if (self->is_waited_for)
    handoff_handshake_pause_wake (self->pause);
}

gboolean
handoff_handshake_wait_for (HandoffHandshakeWait *self)
{
  g_autoptr (HandoffHandshakePause) pause = NULL;

  self->is_waited_for = TRUE;
  while (!self->is_done && handoff_handshake_pause_sleep (self->pause))
    ;
  self->is_waited_for = FALSE;

  g_mutex_lock (&self->mutex);
  pause = g_steal_pointer (&self->pause);
  g_mutex_unlock (&self->mutex);
  return self->is_done;
}
