/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/barrier.h"

struct _HandoffBarrier
{
  grefcount ref_count;
  void (*done) (gpointer user_data);
  gpointer user_data; /* (unowned) */
};

HandoffBarrier *
handoff_barrier_new (void (*done) (gpointer user_data), gpointer user_data)
{
  HandoffBarrier *self = g_new0 (HandoffBarrier, 1);

  g_ref_count_init (&self->ref_count);
  self->done = done;
  self->user_data = user_data;
  return self;
}

HandoffBarrier *
handoff_barrier_hold (HandoffBarrier *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_barrier_release (HandoffBarrier *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  self->done (self->user_data);
  g_free (self);
}
