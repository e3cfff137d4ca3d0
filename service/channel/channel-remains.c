/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "channel/channel-remains.h"

#include <sys/socket.h>

#include "work/descriptor-reaper.h"
#include "work/home.h"

/* The kernel does not tell when a message has been read. */
#define LOOK_TIME (250 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  int fd;                         /* (owned) */
  HandoffChannelReplies *replies; /* (owned) */
  HandoffPlace *place;            /* (owned) */
  guint uid;
} Remains;

struct _HandoffChannelRemains
{
  GPtrArray *all;          /* (owned) (element-type Remains) */
  HandoffHomeTimer *timer; /* (owned) (nullable): set while there are any */
};

static void
remains_free (gpointer data)
{
  Remains *remains = data;

  handoff_channel_replies_free (remains->replies);
  /* What nobody received on it are strangers' descriptors. */
  handoff_descriptor_reap (remains->fd, remains->uid);
  handoff_place_free (remains->place);
  g_free (remains);
}

HandoffChannelRemains *
handoff_channel_remains_new (void)
{
  HandoffChannelRemains *self = g_new0 (HandoffChannelRemains, 1);

  self->all = g_ptr_array_new_with_free_func (remains_free);
  return self;
}

void
handoff_channel_remains_free (HandoffChannelRemains *self)
{
  g_clear_pointer (&self->timer, handoff_home_timer_free);
  g_ptr_array_unref (self->all);
  g_free (self);
}

static gboolean look (gpointer data);

static void
look_later (HandoffChannelRemains *self)
{
  if (self->timer == NULL && self->all->len > 0)
    self->timer = handoff_home_timer_new (NULL, LOOK_TIME, look, self);
}

static gboolean
look (gpointer data)
{
  HandoffChannelRemains *self = data;
  guint i;

  g_clear_pointer (&self->timer, handoff_home_timer_free);
  for (i = self->all->len; i > 0; i--)
    {
      Remains *remains = g_ptr_array_index (self->all, i - 1);

      if (handoff_channel_replies_count_unread (remains->replies) == 0)
        g_ptr_array_remove_index_fast (self->all, i - 1);
    }
  look_later (self);
  return G_SOURCE_REMOVE;
}

void
handoff_channel_remains_add (HandoffChannelRemains *self,
                             int fd,
                             HandoffChannelReplies *replies,
                             HandoffPlace *place,
                             guint uid)
{
  Remains *remains = g_new (Remains, 1);

  remains->fd = fd;
  remains->replies = replies;
  remains->place = place;
  remains->uid = uid;
  handoff_channel_replies_give_up (replies);
  if (handoff_channel_replies_count_unread (replies) == 0)
    {
      remains_free (remains);
      return;
    }
  /* To the application it is closed. */
  shutdown (fd, SHUT_RDWR);
  g_ptr_array_add (self->all, remains);
  look_later (self);
}
