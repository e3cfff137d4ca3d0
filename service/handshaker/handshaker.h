/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "handshaker/handshaker-object.h"

/* A handshaker: all that is done for one user with strangers' bytes. It begins as a spare, which
 * has a policy; the broker tells it whose it is, who calls, and what polkit says; and it tells the
 * broker what came of it (link/handshaker-messages.h). Main thread. */

/* socket: (transfer full): the lower end of handoff_handshaker_table. It reads at the next turn of
 * the main loop. */
HandoffHandshaker *handoff_handshaker_new (int socket);
/* Nothing may be under way: it has run, and is not stuck. */
void handoff_handshaker_free (HandoffHandshaker *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshaker, handoff_handshaker_free)

/* Serves until the broker lets it go, or ends. */
HandoffHandshakerEnd handoff_handshaker_run (HandoffHandshaker *self);
