/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "channel/channel.h"

#include "channel/channel-call.h"
#include "channel/channel-reader.h"
#include "work/home.h"

static void
unref_home (gpointer data)
{
  handoff_channel_home_unref (data);
}

static void
unref_channel (gpointer data)
{
  handoff_channel_unref (data);
}

static gboolean
tell_closed (gpointer data)
{
  HandoffChannel *self = data;

  self->closed (self, self->closed_data);
  return G_SOURCE_REMOVE;
}

/* Nothing begins any more. (transfer full) (nullable): its homes; NULL if it was closed before */
static GPtrArray *
take_homes (HandoffChannel *self)
{
  GPtrArray *homes = NULL;

  g_mutex_lock (&self->mutex);
  if (!self->is_closed)
    {
      homes = self->homes;
      self->homes = g_ptr_array_new_with_free_func (unref_home);
    }
  self->is_closed = TRUE;
  g_mutex_unlock (&self->mutex);
  return homes;
}

/* On the worker that reads. */
static void
end_channel (HandoffChannel *self, HandoffChannelEnd end)
{
  g_autoptr (GPtrArray) homes = NULL;
  guint i;

  handoff_channel_reader_end (self, end);
  homes = take_homes (self);
  if (homes == NULL)
    return;
  /* From now on the service waits until all of it is gone. */
  handoff_idle_timer_hold (self->support.context->shared->idle_timer);
  /* In this order: what begins at a home after that sees that it is cancelled, and what began
   * before is ended there. */
  handoff_channel_call_cancel_all (self);
  for (i = 0; i < homes->len; i++)
    handoff_channel_home_close (g_ptr_array_index (homes, i));
  handoff_home_invoke (NULL, tell_closed, handoff_channel_ref (self), unref_channel);
}

HandoffChannel *
handoff_channel_new (const HandoffChannelSupport *support,
                     HandoffCaller *caller,
                     HandoffGrants *grants,
                     HandoffPlace *place,
                     HandoffSeat *seat,
                     int fd)
{
  HandoffChannel *self = g_new0 (HandoffChannel, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->support = *support;
  self->caller = g_object_ref (caller);
  self->grants = grants;
  self->place = place;
  self->seat = seat;
  self->fd = fd;
  self->go_on = handoff_channel_reader_go_on;
  self->end = end_channel;
  g_mutex_init (&self->mutex);
  self->calls = g_hash_table_new (NULL, NULL);
  self->serials = g_hash_table_new (NULL, NULL);
  self->sessions = g_hash_table_new (g_str_hash, g_str_equal);
  self->homes = g_ptr_array_new_with_free_func (unref_home);
  g_ptr_array_add (self->homes, handoff_channel_home_new (self, handoff_seat_ref (seat)));
  return self;
}

void
handoff_channel_set_closed_func (HandoffChannel *self,
                                 HandoffChannelFunc closed,
                                 gpointer user_data)
{
  self->closed = closed;
  self->closed_data = user_data;
}

HandoffCaller *
handoff_channel_get_caller (HandoffChannel *self)
{
  return self->caller;
}

gboolean
handoff_channel_start (HandoffChannel *self, HandoffBlobSealer *sealer, GError **error)
{
  self->replies = handoff_channel_replies_new (self->fd, sealer, self->support.unread,
                                               handoff_caller_get_uid (self->caller),
                                               handoff_channel_call_sent, self);
  return handoff_channel_reader_start (self, error);
}
