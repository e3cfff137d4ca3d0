/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/authority.h"
#include "handshaker/grant-desk.h"

/* HandoffAuthority: asks the broker, who asks polkit, and writes the answer into the audit log. A
 * yes for a credential brings a grant. */
#define HANDOFF_TYPE_LINK_AUTHORITY (handoff_link_authority_get_type ())
G_DECLARE_FINAL_TYPE (
    HandoffLinkAuthority, handoff_link_authority, HANDOFF, LINK_AUTHORITY, GObject)

/* link, desk: (unowned): outlive it */
HandoffLinkAuthority *handoff_link_authority_new (HandoffLink *link, HandoffGrantDesk *desk);
/* A number for something that the broker is asked, which no other one has. */
guint64 handoff_link_authority_next_question (HandoffLinkAuthority *self);
