/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/link-received.h"

int
handoff_link_message_steal_fd (HandoffLinkMessage *message, guint index)
{
  return index < message->n_fds ? g_steal_fd (&message->fds[index]) : -1;
}
