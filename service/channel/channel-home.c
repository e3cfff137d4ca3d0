/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "channel/channel-home.h"

#include "work/home.h"

HandoffChannelHome *
handoff_channel_home_new (HandoffChannel *channel, HandoffSeat *seat)
{
  const HandoffChannelSupport *support = &channel->support;
  HandoffChannelHome *self = g_new0 (HandoffChannelHome, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->channel = handoff_channel_ref (channel);
  self->sessions = handoff_session_home_new (support->context->shared, seat, channel->grants);
  self->context = *support->context;
  self->context.shared = self->sessions;
  self->context.gate.home = self->sessions->home;
  self->context.gate.memory = channel->grants;
  self->context.known_options = handoff_known_options_new ();
  handoff_session_homes_add (support->context->homes, self->sessions);
  return self;
}

HandoffChannelHome *
handoff_channel_home_ref (HandoffChannelHome *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* On the main thread. */
static gboolean
finalize (gpointer data)
{
  HandoffChannelHome *self = data;

  handoff_session_homes_remove (self->channel->support.context->homes, self->sessions);
  handoff_session_home_unref (self->sessions);
  handoff_known_options_free (self->context.known_options);
  handoff_channel_unref (self->channel);
  g_free (self);
  return G_SOURCE_REMOVE;
}

void
handoff_channel_home_unref (HandoffChannelHome *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    handoff_home_invoke (NULL, finalize, self, NULL);
}

HandoffWorker *
handoff_channel_home_get_worker (HandoffChannelHome *self)
{
  return self->sessions->home;
}

static void
unref_home (gpointer data)
{
  handoff_channel_home_unref (data);
}

static gboolean
close_here (gpointer data)
{
  HandoffChannelHome *self = data;

  handoff_session_home_close (self->sessions);
  return G_SOURCE_REMOVE;
}

void
handoff_channel_home_close (HandoffChannelHome *self)
{
  handoff_home_invoke (handoff_channel_home_get_worker (self), close_here,
                       handoff_channel_home_ref (self), unref_home);
}

/* A session that is to end. */
typedef struct
{
  HandoffChannelHome *home; /* (owned) */
  char *id;                 /* (owned) */
} Ending;

static void
ending_free (gpointer data)
{
  Ending *ending = data;

  handoff_channel_home_unref (ending->home);
  g_free (ending->id);
  g_free (ending);
}

static gboolean
end_session_here (gpointer data)
{
  Ending *ending = data;
  HandoffSessionStore *store = ending->home->sessions->sessions;
  HandoffSession *session =
      handoff_session_store_lookup (store, ending->id, ending->home->channel->caller);

  if (session != NULL)
    handoff_session_store_remove (store, session);
  return G_SOURCE_REMOVE;
}

void
handoff_channel_home_end_session (HandoffChannelHome *self, const char *id)
{
  Ending *ending = g_new (Ending, 1);

  ending->home = handoff_channel_home_ref (self);
  ending->id = g_strdup (id);
  handoff_home_invoke (handoff_channel_home_get_worker (self), end_session_here, ending,
                       ending_free);
}

static gboolean
has_worker (HandoffChannel *channel, HandoffWorker *worker)
{
  guint i;

  for (i = 0; i < channel->homes->len; i++)
    {
      if (handoff_channel_home_get_worker (g_ptr_array_index (channel->homes, i)) == worker)
        return TRUE;
    }
  return FALSE;
}

/* On the main thread, where workers are given, and where alone homes are added. */
static gboolean
grow (gpointer data)
{
  HandoffChannel *channel = data;
  g_autoptr (HandoffSeat) seat = handoff_worker_pool_take_seat (
      channel->support.context->shared->worker_pool, handoff_caller_get_uid (channel->caller));
  g_autoptr (HandoffChannelHome) home = NULL;
  gboolean is_known;

  g_mutex_lock (&channel->mutex);
  channel->is_growing = FALSE;
  is_known = channel->is_closed || has_worker (channel, handoff_seat_get_worker (seat));
  channel->is_grown = is_known;
  g_mutex_unlock (&channel->mutex);
  if (is_known)
    return G_SOURCE_REMOVE;

  home = handoff_channel_home_new (channel, g_steal_pointer (&seat));
  g_mutex_lock (&channel->mutex);
  if (!channel->is_closed)
    g_ptr_array_add (channel->homes, g_steal_pointer (&home));
  g_mutex_unlock (&channel->mutex);
  return G_SOURCE_REMOVE;
}

static void
unref_channel (gpointer data)
{
  handoff_channel_unref (data);
}

static guint
get_load (const HandoffChannelHome *self, gboolean with_sessions)
{
  return with_sessions ? self->n_stays : self->n_calls;
}

HandoffChannelHome *
handoff_channel_choose_home (HandoffChannel *channel, gboolean makes_session)
{
  HandoffChannelHome *best = NULL;
  guint i;

  for (i = 0; i < channel->homes->len; i++)
    {
      HandoffChannelHome *home = g_ptr_array_index (channel->homes, i);

      if (best == NULL || get_load (home, makes_session) < get_load (best, makes_session))
        best = home;
    }
  if (best == NULL)
    return NULL;
  if (get_load (best, makes_session) == 0)
    {
      /* Others of the user's may have left workers free meanwhile. */
      channel->is_grown = FALSE;
    }
  else if (!channel->is_growing && !channel->is_grown)
    {
      channel->is_growing = TRUE;
      handoff_home_invoke (NULL, grow, handoff_channel_ref (channel), unref_channel);
    }
  return best;
}

struct _HandoffChannelStay
{
  HandoffChannelHome *home; /* (owned) */
  char *session_id;         /* (owned) (nullable) */
};

HandoffChannelStay *
handoff_channel_stay_new (HandoffChannelHome *home)
{
  HandoffChannelStay *self = g_new0 (HandoffChannelStay, 1);

  self->home = handoff_channel_home_ref (home);
  home->n_stays++;
  return self;
}

void
handoff_channel_stay_set_session (HandoffChannelStay *self, const char *id)
{
  self->session_id = g_strdup (id);
  g_hash_table_insert (self->home->channel->sessions, self->session_id, self->home);
}

/* A home that nobody needs goes, and with it perhaps the worker: another user may want one. It
 * comes back when there is so much to do again. The lock is held. (transfer full) (nullable) */
static HandoffChannelHome *
take_superfluous_home (HandoffChannelHome *home)
{
  HandoffChannel *channel = home->channel;
  guint index;

  if (home->n_stays > 0 || !g_ptr_array_find (channel->homes, home, &index) || index == 0)
    return NULL;
  return g_ptr_array_steal_index_fast (channel->homes, index);
}

void
handoff_channel_stay_free (HandoffChannelStay *self)
{
  g_autoptr (HandoffChannelHome) home = self->home;
  HandoffChannel *channel = home->channel;
  g_autoptr (HandoffChannelHome) superfluous = NULL;

  g_mutex_lock (&channel->mutex);
  if (self->session_id != NULL)
    g_hash_table_remove (channel->sessions, self->session_id);
  home->n_stays--;
  superfluous = take_superfluous_home (home);
  g_mutex_unlock (&channel->mutex);
  if (superfluous != NULL)
    handoff_channel_home_close (superfluous);
  g_free (self->session_id);
  g_free (self);
}
