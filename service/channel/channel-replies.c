/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "channel/channel-replies.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "export/key-export.h"
#include "keyblob/error-reply.h"
#include "keyblob/tls-handoff-error.h"

/* What the kernel counts for the smallest message that is not read: never less. */
#define KERNEL_MESSAGE_SIZE 512

/* A reply that waits. */
typedef struct
{
  GVariant *packed; /* (owned) */
  guint32 serial;
  int fd;              /* (owned): -1: none */
  HandoffPlace *place; /* (owned) (nullable) */
} Waiting;

/* Threads: the lock covers what is below the line. The rest does not change. */
struct _HandoffChannelReplies
{
  int socket;           /* (unowned) */
  HandoffQuota *unread; /* (unowned) */
  guint uid;
  HandoffChannelSentFunc sent;
  gpointer user_data; /* (unowned) */

  GMutex mutex;
  /* ---- */
  HandoffBlobSealer *sealer; /* (owned) (nullable): NULL once nothing can be sent any more */
  HandoffChannelFlow flow;
  GQueue waiting; /* (element-type Waiting) */
  GQueue places; /* (element-type HandoffPlace): one for each descriptor that is perhaps not read */
};

HandoffChannelReplies *
handoff_channel_replies_new (int socket,
                             HandoffBlobSealer *sealer,
                             HandoffQuota *unread,
                             guint uid,
                             HandoffChannelSentFunc sent,
                             gpointer user_data)
{
  HandoffChannelReplies *self = g_new0 (HandoffChannelReplies, 1);

  self->socket = socket;
  self->sealer = sealer;
  self->unread = unread;
  self->uid = uid;
  self->sent = sent;
  self->user_data = user_data;
  g_mutex_init (&self->mutex);
  g_queue_init (&self->waiting);
  g_queue_init (&self->places);
  return self;
}

static void
waiting_free (Waiting *waiting)
{
  if (waiting->fd >= 0)
    close (waiting->fd); /* ours: a file in memory */
  g_clear_pointer (&waiting->place, handoff_place_free);
  g_variant_unref (waiting->packed);
  g_free (waiting);
}

/* The lock is held. */
static void
finish (HandoffChannelReplies *self, Waiting *waiting)
{
  const guint32 serial = waiting->serial;

  waiting_free (waiting);
  self->sent (serial, self->user_data);
}

/* The lock is held. */
static void
break_off (HandoffChannelReplies *self)
{
  Waiting *waiting;

  self->flow = HANDOFF_CHANNEL_FLOW_BROKEN;
  g_clear_pointer (&self->sealer, handoff_blob_sealer_free);
  while ((waiting = g_queue_pop_head (&self->waiting)) != NULL)
    finish (self, waiting);
}

void
handoff_channel_replies_give_up (HandoffChannelReplies *self)
{
  g_mutex_lock (&self->mutex);
  self->flow = HANDOFF_CHANNEL_FLOW_BROKEN;
  g_queue_clear_full (&self->waiting, (GDestroyNotify) waiting_free);
  g_clear_pointer (&self->sealer, handoff_blob_sealer_free);
  g_mutex_unlock (&self->mutex);
}

void
handoff_channel_replies_free (HandoffChannelReplies *self)
{
  handoff_channel_replies_give_up (self);
  g_queue_clear_full (&self->places, (GDestroyNotify) handoff_place_free);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* Of the messages that were sent no more can be unread than fit into what the kernel still has. */
static void
drop_places (HandoffChannelReplies *self)
{
  int bytes = 0;

  if (g_queue_is_empty (&self->places) || ioctl (self->socket, SIOCOUTQ, &bytes) < 0)
    return;
  while (self->places.length > (guint) bytes / KERNEL_MESSAGE_SIZE)
    handoff_place_free (g_queue_pop_head (&self->places));
}

/* A place for one more descriptor on its way. */
static gboolean
take_place (HandoffChannelReplies *self)
{
  HandoffPlace *place;

  drop_places (self);
  place = handoff_quota_take (self->unread, self->uid, HANDOFF_CHANNEL_UNREAD_PER_USER,
                              HANDOFF_CHANNEL_UNREAD, NULL);
  if (place == NULL)
    return FALSE;
  g_queue_push_tail (&self->places, place);
  return TRUE;
}

static void
give_place_back (HandoffChannelReplies *self)
{
  handoff_place_free (g_queue_pop_tail (&self->places));
}

static HandoffChannelFlow
send_one (HandoffChannelReplies *self, const Waiting *waiting)
{
  const guint n_fds = waiting->fd >= 0 ? 1 : 0;
  g_autoptr (GError) error = NULL;
  HandoffPacketStatus status;

  if (n_fds > 0 && !take_place (self))
    return HANDOFF_CHANNEL_FLOW_HELD;
  status =
      handoff_channel_message_send (self->socket, waiting->packed, &waiting->fd, n_fds, &error);
  if (status == HANDOFF_PACKET_DONE)
    return HANDOFF_CHANNEL_FLOW_FREE;

  if (n_fds > 0)
    give_place_back (self);
  if (status == HANDOFF_PACKET_WOULD_BLOCK)
    return HANDOFF_CHANNEL_FLOW_STUCK;
  if (status == HANDOFF_PACKET_CROWDED)
    return HANDOFF_CHANNEL_FLOW_HELD;
  if (error != NULL)
    g_info ("A reply cannot be sent on a channel: %s", error->message);
  return HANDOFF_CHANNEL_FLOW_BROKEN;
}

/* The lock is held. */
static void
flush (HandoffChannelReplies *self)
{
  Waiting *waiting;

  if (self->flow == HANDOFF_CHANNEL_FLOW_BROKEN)
    return;
  self->flow = HANDOFF_CHANNEL_FLOW_FREE;
  while (self->flow == HANDOFF_CHANNEL_FLOW_FREE &&
         (waiting = g_queue_peek_head (&self->waiting)) != NULL)
    {
      self->flow = send_one (self, waiting);
      if (self->flow == HANDOFF_CHANNEL_FLOW_FREE)
        finish (self, g_queue_pop_head (&self->waiting));
    }
  if (self->flow == HANDOFF_CHANNEL_FLOW_BROKEN)
    break_off (self);
}

/* (transfer full): packed */
static GVariant *
pack_error (guint32 serial, const GError *error)
{
  return handoff_channel_message_pack (HANDOFF_CHANNEL_ERROR, serial,
                                       handoff_error_to_variant (error, FALSE));
}

/* Seals the keys, and packs. The lock is held. (transfer full) (nullable): NULL: nothing more can
 * be sent */
static GVariant *
pack (HandoffChannelReplies *self, HandoffChannelReply *reply)
{
  g_autoptr (GVariant) packed =
      handoff_channel_message_pack (reply->kind, reply->serial, reply->body);
  g_autoptr (GError) error = NULL;

  if (!handoff_channel_message_fits (packed, 1))
    {
      /* Not LIMIT_REACHED, after which libraries try again: the socket has seen a handshake. */
      g_set_error (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "The reply would have %" G_GSIZE_FORMAT " bytes, and a message on a channel has "
                   "at most %d; make such calls on the bus",
                   g_variant_get_size (packed), HANDOFF_CHANNEL_MAX_MESSAGE_SIZE);
      if (reply->fd >= 0)
        close (g_steal_fd (&reply->fd));
      return pack_error (reply->serial, error);
    }
  if (reply->keys == NULL)
    return g_steal_pointer (&packed);
  reply->fd = handoff_key_export_seal (self->sealer, reply->keys, &error);
  if (reply->fd >= 0)
    return g_steal_pointer (&packed);
  /* It may have been sealed, and the application cannot open a later one without it. */
  g_warning ("A channel ends, since a key blob cannot be sent: %s", error->message);
  return NULL;
}

void
handoff_channel_reply_clear (HandoffChannelReply *reply)
{
  if (reply->fd >= 0)
    close (g_steal_fd (&reply->fd));
  g_clear_pointer (&reply->keys, handoff_key_state_free);
  g_clear_pointer (&reply->body, g_variant_unref);
  g_clear_pointer (&reply->place, handoff_place_free);
}

/* The lock is held. */
static void
enqueue (HandoffChannelReplies *self, HandoffChannelReply *reply)
{
  GVariant *packed = self->flow != HANDOFF_CHANNEL_FLOW_BROKEN ? pack (self, reply) : NULL;
  Waiting *waiting;

  if (packed == NULL)
    {
      break_off (self);
      self->sent (reply->serial, self->user_data);
      return;
    }
  waiting = g_new0 (Waiting, 1);
  waiting->packed = packed;
  waiting->serial = reply->serial;
  waiting->fd = g_steal_fd (&reply->fd);
  waiting->place = g_steal_pointer (&reply->place);
  g_queue_push_tail (&self->waiting, waiting);
}

HandoffChannelFlow
handoff_channel_replies_send (HandoffChannelReplies *self, HandoffChannelReply *reply)
{
  HandoffChannelFlow flow;

  g_mutex_lock (&self->mutex);
  enqueue (self, reply);
  /* Before anything is sent: whoever has the reply finds no keys any more. */
  handoff_channel_reply_clear (reply);
  /* What waits goes first; the worker's watch sends it. */
  if (self->flow == HANDOFF_CHANNEL_FLOW_FREE)
    flush (self);
  flow = self->flow;
  g_mutex_unlock (&self->mutex);
  return flow;
}

HandoffChannelFlow
handoff_channel_replies_flush (HandoffChannelReplies *self)
{
  HandoffChannelFlow flow;

  g_mutex_lock (&self->mutex);
  flush (self);
  flow = self->flow;
  g_mutex_unlock (&self->mutex);
  return flow;
}

HandoffChannelFlow
handoff_channel_replies_get_flow (HandoffChannelReplies *self)
{
  HandoffChannelFlow flow;

  g_mutex_lock (&self->mutex);
  flow = self->flow;
  g_mutex_unlock (&self->mutex);
  return flow;
}

guint
handoff_channel_replies_count_unread (HandoffChannelReplies *self)
{
  guint n;

  g_mutex_lock (&self->mutex);
  drop_places (self);
  n = self->places.length;
  g_mutex_unlock (&self->mutex);
  return n;
}
