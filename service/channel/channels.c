/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "channel/channels.h"

#include <string.h>
#include <sys/socket.h>

#include "keyblob/channel-message.h"
#include "keyblob/tls-handoff-error.h"
#include "work/home.h"

struct _HandoffChannels
{
  HandoffChannelSupport support;
  HandoffQuota *unread;           /* (owned): of descriptors on their way */
  HandoffChannelRemains *remains; /* (owned): of channels that have ended */
  GHashTable *channels; /* (owned) (element-type HandoffChannel): a set of those that are open */
};

static void
unref_channel (gpointer data)
{
  handoff_channel_unref (data);
}

HandoffChannels *
handoff_channels_new (const HandoffCallContext *context)
{
  HandoffChannels *self = g_new0 (HandoffChannels, 1);

  self->unread = handoff_quota_new ("unread key blobs");
  self->support.context = context;
  self->support.unread = self->unread;
  self->remains = handoff_channel_remains_new ();
  self->support.remains = self->remains;
  self->channels = g_hash_table_new_full (NULL, NULL, unref_channel, NULL);
  return self;
}

void
handoff_channels_free (HandoffChannels *self)
{
  g_assert (g_hash_table_size (self->channels) == 0);
  g_hash_table_unref (self->channels);
  handoff_channel_remains_free (self->remains);
  handoff_quota_free (self->unread);
  g_free (self);
}

/* A channel that is being opened: on its way to its worker, and back. */
typedef struct
{
  HandoffChannel *channel; /* (owned) */
  guint8 recipient_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 encapsulated_key[HANDOFF_HPKE_KEY_SIZE];
  GError *error;                /* (owned) (nullable) */
  HandoffIdleTimer *idle_timer; /* (unowned): held */
} Opening;

static void
opening_free (gpointer data)
{
  Opening *opening = data;

  handoff_idle_timer_release (opening->idle_timer);
  g_clear_pointer (&opening->channel, handoff_channel_unref);
  g_clear_error (&opening->error);
  g_free (opening);
}

static gboolean
return_opened (gpointer data)
{
  g_autoptr (GTask) task = data;
  Opening *opening = g_task_get_task_data (task);

  if (opening->error != NULL)
    g_task_return_error (task, g_steal_pointer (&opening->error));
  else
    g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

/* X25519 takes its time: on the worker, which is the caller's user's own. */
static gboolean
start (gpointer data)
{
  GTask *task = data;
  Opening *opening = g_task_get_task_data (task);
  g_autoptr (HandoffBlobSealer) sealer =
      handoff_blob_sealer_new (opening->recipient_key, opening->encapsulated_key, &opening->error);

  if (sealer == NULL ||
      !handoff_channel_start (opening->channel, g_steal_pointer (&sealer), &opening->error))
    handoff_channel_close (opening->channel, HANDOFF_CHANNEL_END_PEER);
  handoff_home_invoke (NULL, return_opened, task, NULL);
  return G_SOURCE_REMOVE;
}

static void
channel_closed (HandoffChannel *channel, gpointer user_data)
{
  HandoffChannels *self = user_data;

  g_hash_table_remove (self->channels, channel);
}

/* A message has to fit; and what the application does not read should take little. */
static void
limit_buffer (int fd)
{
  /* The kernel doubles it. */
  const int half = HANDOFF_CHANNEL_MAX_MESSAGE_SIZE / 2 + 256;

  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof half);
}

void
handoff_channels_open_async (HandoffChannels *self,
                             HandoffCaller *caller,
                             HandoffPlace *place,
                             int fd,
                             const guint8 recipient_key[HANDOFF_HPKE_KEY_SIZE],
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  const HandoffSessionContext *shared = self->support.context->shared;
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  const guint uid = handoff_caller_get_uid (caller);
  HandoffSeat *seat = handoff_worker_pool_take_seat (shared->worker_pool, uid);
  Opening *opening = g_new0 (Opening, 1);

  g_task_set_source_tag (task, handoff_channels_open_async);
  limit_buffer (fd);
  opening->channel = handoff_channel_new (&self->support, caller,
                                          handoff_grants_new (self->support.context->grants, uid),
                                          place, seat, fd);
  memcpy (opening->recipient_key, recipient_key, sizeof opening->recipient_key);
  opening->idle_timer = shared->idle_timer;
  handoff_idle_timer_hold (opening->idle_timer);
  handoff_channel_set_closed_func (opening->channel, channel_closed, self);
  g_hash_table_add (self->channels, handoff_channel_ref (opening->channel));
  g_task_set_task_data (task, opening, opening_free);
  handoff_home_invoke (handoff_seat_get_worker (seat), start, g_steal_pointer (&task), NULL);
}

gboolean
handoff_channels_open_finish (HandoffChannels *self,
                              GAsyncResult *result,
                              guint8 encapsulated_key[HANDOFF_HPKE_KEY_SIZE],
                              GError **error)
{
  const Opening *opening = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  memcpy (encapsulated_key, opening->encapsulated_key, sizeof opening->encapsulated_key);
  return TRUE;
}

/* caller: (nullable): NULL: of all callers */
static void
close_some (HandoffChannels *self, HandoffCaller *caller, HandoffChannelEnd end)
{
  GHashTableIter iter;
  HandoffChannel *channel;

  g_hash_table_iter_init (&iter, self->channels);
  while (g_hash_table_iter_next (&iter, (gpointer *) &channel, NULL))
    {
      if (caller == NULL || handoff_channel_get_caller (channel) == caller)
        handoff_channel_close (channel, end);
    }
}

void
handoff_channels_close_all_of (HandoffChannels *self, HandoffCaller *caller)
{
  close_some (self, caller, HANDOFF_CHANNEL_END_CALLER);
}

void
handoff_channels_close_all (HandoffChannels *self)
{
  close_some (self, NULL, HANDOFF_CHANNEL_END_SERVICE);
}
