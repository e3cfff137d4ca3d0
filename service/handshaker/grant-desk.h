/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "keyblob/key-state.h"
#include "link/link.h"
#include "signature/signing-grant.h"

/* The grants that the broker gives with polkit's yes, and the programs that sign for them. Main
 * thread. */
typedef struct _HandoffGrantDesk HandoffGrantDesk;

/* link: (unowned) */
HandoffGrantDesk *handoff_grant_desk_new (HandoffLink *link);
void handoff_grant_desk_free (HandoffGrantDesk *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffGrantDesk, handoff_grant_desk_free)

/* grant: of HANDOFF_GIVEN_GRANT_TYPE. role: the handshake's. (transfer full) (nullable): NULL: the
 * broker gave none */
HandoffSigningGrant *
handoff_grant_desk_take (HandoffGrantDesk *self, GVariant *grant, HandoffRole role);
/* The broker wants it back. request: (transfer full): answered when it is over. */
void
handoff_grant_desk_take_back (HandoffGrantDesk *self, guint64 number, HandoffLinkCall *request);
