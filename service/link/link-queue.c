/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/link-queue.h"

#include "work/descriptor-reaper.h"

typedef struct
{
  HandoffLinkBytes bytes; /* (owned) */
  guint n_fds;
  int fds[HANDOFF_PACKET_MAX_DESCRIPTORS]; /* (owned) */
} Item;

void
handoff_link_queue_init (HandoffLinkQueue *self)
{
  *self = (HandoffLinkQueue){ .items = G_QUEUE_INIT, .uid = HANDOFF_UID_UNKNOWN };
}

/* Of those that were sent, too: the other end may have closed its own already, and then these are
 * the last. */
void
handoff_link_queue_drop (HandoffLinkQueue *self, const int *fds, guint n_fds)
{
  guint i;

  for (i = 0; i < n_fds; i++)
    handoff_descriptor_reap (fds[i], self->uid);
}

static void
drop_first (HandoffLinkQueue *self)
{
  Item *item = g_queue_pop_head (&self->items);

  self->n_bytes -= item->bytes.size;
  self->n_fds -= item->n_fds;
  handoff_link_queue_drop (self, item->fds, item->n_fds);
  handoff_link_bytes_clear (&item->bytes);
  g_free (item);
}

void
handoff_link_queue_clear (HandoffLinkQueue *self)
{
  while (!handoff_link_queue_is_empty (self))
    drop_first (self);
}

gboolean
handoff_link_queue_is_empty (HandoffLinkQueue *self)
{
  return g_queue_is_empty (&self->items);
}

gboolean
handoff_link_queue_push (HandoffLinkQueue *self,
                         HandoffLinkBytes *bytes,
                         const int *fds,
                         guint n_fds)
{
  Item *item;
  guint i;

  if (self->items.length >= HANDOFF_LINK_QUEUE_MESSAGES ||
      self->n_bytes + bytes->size > HANDOFF_LINK_QUEUE_BYTES ||
      self->n_fds + n_fds > HANDOFF_LINK_QUEUE_DESCRIPTORS)
    {
      handoff_link_queue_drop (self, fds, n_fds);
      handoff_link_bytes_clear (bytes);
      return FALSE;
    }
  item = g_new0 (Item, 1);
  item->bytes = *bytes;
  item->n_fds = n_fds;
  for (i = 0; i < n_fds; i++)
    item->fds[i] = fds[i];
  self->n_bytes += bytes->size;
  self->n_fds += n_fds;
  g_queue_push_tail (&self->items, item);
  return TRUE;
}

HandoffPacketStatus
handoff_link_queue_flush (HandoffLinkQueue *self, int socket, GError **error)
{
  HandoffPacketStatus status = HANDOFF_PACKET_DONE;
  const Item *item;

  while (status == HANDOFF_PACKET_DONE && (item = g_queue_peek_head (&self->items)) != NULL)
    {
      status = handoff_packet_send (socket, item->bytes.data, item->bytes.size, item->fds,
                                    item->n_fds, error);
      if (status == HANDOFF_PACKET_DONE)
        drop_first (self);
    }
  return status;
}
