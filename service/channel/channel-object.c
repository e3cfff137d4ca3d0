/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "channel/channel-object.h"

#include "work/descriptor-reaper.h"
#include "work/home.h"

HandoffChannel *
handoff_channel_ref (HandoffChannel *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
close_socket (HandoffChannel *self)
{
  const guint uid = handoff_caller_get_uid (self->caller);

  if (self->replies != NULL)
    {
      handoff_channel_remains_add (self->support.remains, self->fd, self->replies, self->place,
                                   uid);
      return;
    }
  handoff_descriptor_reap (self->fd, uid);
  handoff_place_free (self->place);
}

/* On the main thread. */
static gboolean
finalize (gpointer data)
{
  HandoffChannel *self = data;

  g_assert (self->watch == NULL && self->homes->len == 0);
  close_socket (self);
  handoff_grants_close (self->grants);
  handoff_seat_unref (self->seat);
  handoff_idle_timer_release (self->support.context->shared->idle_timer);
  g_hash_table_unref (self->calls);
  g_hash_table_unref (self->serials);
  g_hash_table_unref (self->sessions);
  g_ptr_array_unref (self->homes);
  g_mutex_clear (&self->mutex);
  g_object_unref (self->caller);
  g_free (self);
  return G_SOURCE_REMOVE;
}

void
handoff_channel_unref (HandoffChannel *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    handoff_home_invoke (NULL, finalize, self, NULL);
}

static void
unref_channel (gpointer data)
{
  handoff_channel_unref (data);
}

HandoffWorker *
handoff_channel_get_worker (HandoffChannel *self)
{
  return handoff_seat_get_worker (self->seat);
}

static gboolean
woken (gpointer data)
{
  HandoffChannel *self = data;

  self->go_on (self);
  return G_SOURCE_REMOVE;
}

void
handoff_channel_wake (HandoffChannel *self)
{
  handoff_home_invoke (handoff_channel_get_worker (self), woken, handoff_channel_ref (self),
                       unref_channel);
}

/* Word to a channel that it is to end. */
typedef struct
{
  HandoffChannel *channel;      /* (owned) */
  HandoffIdleTimer *idle_timer; /* (unowned): held */
  HandoffChannelEnd end;
} Word;

static void
word_free (gpointer data)
{
  Word *word = data;

  handoff_idle_timer_release (word->idle_timer);
  handoff_channel_unref (word->channel);
  g_free (word);
}

static gboolean
end_here (gpointer data)
{
  Word *word = data;

  word->channel->end (word->channel, word->end);
  return G_SOURCE_REMOVE;
}

void
handoff_channel_close (HandoffChannel *self, HandoffChannelEnd end)
{
  Word *word = g_new (Word, 1);

  word->channel = handoff_channel_ref (self);
  word->idle_timer = self->support.context->shared->idle_timer;
  word->end = end;
  /* The service waits until all of it is gone. */
  handoff_idle_timer_hold (word->idle_timer);
  handoff_home_invoke (handoff_channel_get_worker (self), end_here, word, word_free);
}

void
handoff_channel_message_reap (HandoffChannelMessage *message, guint uid)
{
  guint i;

  for (i = 0; i < message->n_fds; i++)
    handoff_descriptor_reap (message->fds[i], uid);
  for (i = 0; i < message->n_surplus; i++)
    handoff_descriptor_reap (message->surplus[i], uid);
  g_clear_pointer (&message->surplus, g_free);
  message->n_fds = message->n_surplus = 0;
}
