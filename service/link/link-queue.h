/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "keyblob/packet.h"
#include "link/link-message.h"

/* What waits to be sent on a link. */

/* How much may wait for somebody who does not read. */
#define HANDOFF_LINK_QUEUE_BYTES (16 * 1024 * 1024)
#define HANDOFF_LINK_QUEUE_MESSAGES 65536
#define HANDOFF_LINK_QUEUE_DESCRIPTORS 4096

typedef struct
{
  GQueue items; /* (element-type Item) */
  gsize n_bytes;
  guint n_fds;
  guint uid; /* whose descriptors they are, for the reaper */
} HandoffLinkQueue;

void handoff_link_queue_init (HandoffLinkQueue *self);
/* What waits is not sent any more. */
void handoff_link_queue_clear (HandoffLinkQueue *self);
gboolean handoff_link_queue_is_empty (HandoffLinkQueue *self);

/* Has descriptors closed that nobody wants: fds, (transfer full). */
void handoff_link_queue_drop (HandoffLinkQueue *self, const int *fds, guint n_fds);
/* bytes, fds: (transfer full). FALSE if too much waits: nothing was added then. */
gboolean handoff_link_queue_push (HandoffLinkQueue *self,
                                  HandoffLinkBytes *bytes,
                                  const int *fds,
                                  guint n_fds);
/* Sends what the socket takes. HANDOFF_PACKET_DONE if nothing waits any more. */
HandoffPacketStatus handoff_link_queue_flush (HandoffLinkQueue *self, int socket, GError **error);
