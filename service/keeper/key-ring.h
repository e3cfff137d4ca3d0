/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "keeper/kept-key.h"

/* All keys that the keeper has, by the id of the credential: those in folders, and those that are
 * held until there is a folder, or as long as one handshake needs them. Main thread. */
typedef struct _HandoffKeyRing HandoffKeyRing;

/* So many keys are held at most, beside those in folders. */
#define HANDOFF_MAX_HELD_KEYS 65536

HandoffKeyRing *handoff_key_ring_new (void);
void handoff_key_ring_free (HandoffKeyRing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffKeyRing, handoff_key_ring_free)

/* (transfer none) (nullable) */
HandoffKeptKey *handoff_key_ring_lookup (HandoffKeyRing *self, const char *id);
/* FAILED if there is a key with that id, or if too many are held. */
gboolean
handoff_key_ring_hold (HandoffKeyRing *self, const char *id, HandoffKeptKey *key, GError **error);
/* Lets go of a key that is held; one in a folder stays. */
void handoff_key_ring_release (HandoffKeyRing *self, const char *id);

/* The key is in a folder: it was held before, or is new. */
void handoff_key_ring_store (HandoffKeyRing *self, const char *id, HandoffKeptKey *key);
/* It is not in a folder any more. */
void handoff_key_ring_remove (HandoffKeyRing *self, const char *id);
/* No key is in a folder any more: they are read again. */
void handoff_key_ring_remove_stored (HandoffKeyRing *self);
