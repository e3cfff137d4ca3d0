/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "handshake/handshake-pause.h"

/* Something that happens elsewhere, perhaps after a long time, while a handshake waits for it in
 * the middle of a GnuTLS function: a token's signature, the main thread's answer. The handshake may
 * end before; then nobody hears the answer. Reference-counted. */
typedef struct _HandoffHandshakeWait HandoffHandshakeWait;

/* On the handshake's fiber. result: (transfer full) (nullable): the other side writes it before it
 * is done, and the handshake reads it after that. free_result: frees it. */
HandoffHandshakeWait *handoff_handshake_wait_new (HandoffHandshakePause *pause,
                                                  gpointer result,
                                                  GDestroyNotify free_result);
HandoffHandshakeWait *handoff_handshake_wait_ref (HandoffHandshakeWait *self);
void handoff_handshake_wait_unref (HandoffHandshakeWait *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakeWait, handoff_handshake_wait_unref)

/* (transfer none) */
gpointer handoff_handshake_wait_get_result (HandoffHandshakeWait *self);
/* Any thread, once. On the worker's: it is for the caller to wake the handshake, if it pauses. */
void handoff_handshake_wait_done (HandoffHandshakeWait *self);
/* On the worker's thread, once, in place of that: the handshake goes on within this call, if it
 * waits by now. */
void handoff_handshake_wait_go_on (HandoffHandshakeWait *self);
/* On the fiber: FALSE if the handshake ends. Once. */
gboolean handoff_handshake_wait_for (HandoffHandshakeWait *self);
