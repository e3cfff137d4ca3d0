/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link-message.h"
#include "link/link-received.h"

/* Requests that came. At the link's home only. */

/* Answers a request; the call is gone with it. If the link has ended meanwhile, nothing is sent. */
void handoff_link_call_return (HandoffLinkCall *call, GVariant *body, const int *fds, guint n_fds);
void handoff_link_call_fail (HandoffLinkCall *call, const GError *error);
/* (transfer none) */
HandoffLink *handoff_link_call_get_link (HandoffLinkCall *call);

/* For the link itself. */

HandoffLinkCall *handoff_link_call_new (HandoffLink *link, const HandoffLinkHead *head);
/* Answers a request that nobody has taken. */
void handoff_link_call_refuse (HandoffLinkCall *call);
