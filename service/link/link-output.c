/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/link-output.h"

/* Descriptors on their way are counted for all of the service; the kernel does not tell when some
 * have been read. */
#define RETRY_TIME (50 * G_TIME_SPAN_MILLISECOND)

static gboolean flush_again (gpointer user_data);

/* The other end's words are still read. The socket does not tell when one that has only stopped
 * reading has said its last. */
static void
stop_sending (HandoffLink *self)
{
  self->is_deaf = TRUE;
  handoff_link_queue_clear (&self->queue);
  handoff_link_object_hang_up (self);
}

void
handoff_link_output_flush (HandoffLink *self)
{
  g_autoptr (GError) error = NULL;
  const HandoffPacketStatus status = handoff_link_queue_flush (&self->queue, self->socket, &error);

  g_clear_pointer (&self->retry, handoff_home_timer_free);
  if (status == HANDOFF_PACKET_CROWDED)
    self->retry = handoff_home_timer_new (self->home, RETRY_TIME, flush_again, self);
  else if (status == HANDOFF_PACKET_CLOSED || status == HANDOFF_PACKET_RESET)
    stop_sending (self);
  else if (status == HANDOFF_PACKET_FAILED)
    handoff_link_object_end_soon (self,
                                  handoff_link_object_make_system_error (self, "reached", error));
  handoff_home_watch_set_direction (self->watch, status == HANDOFF_PACKET_WOULD_BLOCK
                                                     ? HANDOFF_WATCH_EITHER
                                                     : HANDOFF_WATCH_READABLE);
}

static gboolean
flush_again (gpointer user_data)
{
  handoff_link_output_flush (user_data);
  return G_SOURCE_REMOVE;
}

gboolean
handoff_link_output_send (HandoffLink *self,
                          const HandoffLinkHead *head,
                          GVariant *body,
                          const int *fds,
                          guint n_fds,
                          GError **error)
{
  const gboolean was_empty = handoff_link_queue_is_empty (&self->queue);
  HandoffLinkBytes bytes;

  if (!handoff_link_message_pack (self->table, head, body, &bytes, error))
    {
      handoff_link_queue_drop (&self->queue, fds, n_fds);
      return FALSE;
    }
  if (!handoff_link_queue_push (&self->queue, &bytes, fds, n_fds))
    handoff_link_object_end_soon (self, handoff_link_object_make_deaf_error (self));
  else if (was_empty)
    handoff_link_output_flush (self);
  return TRUE;
}

gboolean
handoff_link_output_is_open (HandoffLink *self)
{
  return self->error == NULL && !self->is_deaf;
}
