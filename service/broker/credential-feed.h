/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/barrier.h"
#include "broker/handshaker-object.h"

/* What a handshaker knows of credentials: those of its user and of the machine, and those of others
 * that polkit let its user use. Never a key. There may be many: a part of them is on its way at a
 * time, and the next part when that has arrived. */

/* Tells it of its user's and the machine's. barrier: held until it has heard of all. */
HandoffCredentialFeed *handoff_credential_feed_new (HandoffHandshaker *handshaker,
                                                    HandoffBarrier *barrier);
void handoff_credential_feed_free (HandoffCredentialFeed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffCredentialFeed, handoff_credential_feed_free)

/* Something of that owner's has changed; of the machine's, or of anybody's, if that is it. */
void handoff_credential_feed_update (HandoffHandshaker *handshaker, guint owner);
/* barrier: held until the handshaker has heard of all changes until now, and has forgotten what
 * was. */
void handoff_credential_feed_wait (HandoffHandshaker *handshaker, HandoffBarrier *barrier);
/* Its user may use that one. barrier: held until it knows of it. */
void handoff_credential_feed_lend (HandoffHandshaker *handshaker,
                                   HandoffCredential *credential,
                                   HandoffBarrier *barrier);
/* How many it knows of. */
guint handoff_credential_feed_get_size (HandoffHandshaker *handshaker);
gboolean handoff_credential_feed_has (HandoffHandshaker *handshaker, const char *id);
