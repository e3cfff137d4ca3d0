/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "work/fiber.h"
#include "work/worker.h"

/* How a handshake pauses in the middle of a GnuTLS function, which runs on a fiber, and goes on
 * later. Meanwhile its worker does something else.
 *
 * Reference-counted: an answer may come after the handshake has ended. */
typedef struct _HandoffHandshakePause HandoffHandshakePause;

/* On the worker: goes on with the function that pauses. */
typedef void (*HandoffHandshakeWakeFunc) (gpointer user_data);

/* worker, user_data: (unowned): must exist as long as a function runs or pauses. home: (unowned)
 * (nullable): the handshake's: worker, or NULL for the main thread. */
HandoffHandshakePause *handoff_handshake_pause_new (HandoffWorker *worker,
                                                    HandoffWorker *home,
                                                    HandoffHandshakeWakeFunc wake,
                                                    gpointer user_data);
HandoffHandshakePause *handoff_handshake_pause_ref (HandoffHandshakePause *self);
void handoff_handshake_pause_unref (HandoffHandshakePause *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakePause, handoff_handshake_pause_unref)

/* On the worker. */

/* Runs function, or goes on with the one that pauses. TRUE: it returned *result. FALSE: it pauses.
 */
gboolean handoff_handshake_pause_run (HandoffHandshakePause *self,
                                      HandoffFiberFunc function,
                                      gpointer data,
                                      int *result);
gboolean handoff_handshake_pause_is_under_way (HandoffHandshakePause *self);
/* The handshake ends: a function that pauses goes on to its end, and nothing pauses any more. */
void handoff_handshake_pause_finish (HandoffHandshakePause *self);
/* Within the function: pauses until somebody wakes it, for whatever reason. FALSE: the handshake
 * ends, and the function has to return. */
gboolean handoff_handshake_pause_sleep (HandoffHandshakePause *self);
/* Goes on with the function, if it pauses. */
void handoff_handshake_pause_wake (HandoffHandshakePause *self);

/* Any thread, while a function pauses. (transfer none) */
HandoffWorker *handoff_handshake_pause_get_worker (HandoffHandshakePause *self);

/* Any thread. (transfer none) (nullable) */
HandoffWorker *handoff_handshake_pause_get_home (HandoffHandshakePause *self);

/* At home: whether it knows that the handshake has ended. */
void handoff_handshake_pause_set_ended (HandoffHandshakePause *self);
gboolean handoff_handshake_pause_has_ended (HandoffHandshakePause *self);
