/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "keeper/key-ring.h"
#include "keeper/user-turns.h"
#include "link/link.h"

/* New keys: those that come from an importer, and those that are made here. Both take long, so
 * users take turns. Main thread. */
typedef struct _HandoffKeyMaking HandoffKeyMaking;

/* ring, turns: (unowned): what turns do ends before the making is freed. */
HandoffKeyMaking *handoff_key_making_new (HandoffKeyRing *ring, HandoffUserTurns *turns);
void handoff_key_making_free (HandoffKeyMaking *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffKeyMaking, handoff_key_making_free)

/* FALSE: it is no message about a new key. */
gboolean handoff_key_making_receive (HandoffKeyMaking *self, HandoffLinkMessage *message);
