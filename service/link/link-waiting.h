/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link-received.h"
#include "link/link-table.h"

/* The requests that an end of a link has made, and that wait for their answers. */
typedef struct _HandoffLinkWaiting HandoffLinkWaiting;

HandoffLinkWaiting *handoff_link_waiting_new (const HandoffLinkTable *table);
/* All of them were answered. */
void handoff_link_waiting_free (HandoffLinkWaiting *self);

/* number: of the request's row. Returns: its serial number, never 0 */
guint32 handoff_link_waiting_add (HandoffLinkWaiting *self,
                                  guint number,
                                  HandoffLinkReplyFunc function,
                                  gpointer user_data);
/* How many requests of that row wait. */
guint handoff_link_waiting_count (HandoffLinkWaiting *self, guint number);
/* Whether a request of that row has that serial number. */
gboolean handoff_link_waiting_has (HandoffLinkWaiting *self, guint32 serial, guint number);
/* Answers a request that waits. */
void handoff_link_waiting_answer (HandoffLinkWaiting *self,
                                  guint32 serial,
                                  HandoffLinkMessage *reply,
                                  const GError *error);
/* Answers all, in the order in which they were made. */
void handoff_link_waiting_fail_all (HandoffLinkWaiting *self, const GError *error);
