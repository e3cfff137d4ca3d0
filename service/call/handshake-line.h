/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/prepared-handshake.h"

/* Where handshakes wait for a place in the quota of handshakes: those of a user in the order in
 * which they came, and the users in turn. For calls with the option “wait”, which so meet no error
 * of that quota for as long as their timeout allows. What waits is limited itself: see
 * handoff_call_wait(). Main thread. */
typedef struct _HandoffHandshakeLine HandoffHandshakeLine;

/* handshakes: the quota; must outlive the line. */
HandoffHandshakeLine *handoff_handshake_line_new (HandoffQuota *handshakes);
/* Fails what still waits. */
void handoff_handshake_line_free (HandoffHandshakeLine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakeLine, handoff_handshake_line_free)

/* Takes a place in the quota for the session, if nobody waits for one and there is one. Any thread.
 */
gboolean handoff_handshake_line_try (HandoffHandshakeLine *self,
                                     HandoffPreparedHandshake *prepared);
/* Takes a place in the quota for the session. If there is none for now, and the call may wait, it
 * gets a place among those that wait, and is to join the line when it is authorized. */
gboolean handoff_handshake_line_enter (HandoffHandshakeLine *self,
                                       HandoffPreparedHandshake *prepared,
                                       HandoffCall *call,
                                       GError **error);
/* An authorized call whose session has no place: goes on with turn() when it has one. If it gets
 * none in time, it fails with TLS_HANDOFF_ERROR_LIMIT_REACHED. prepared, call: (transfer full) */
typedef void (*HandoffHandshakeTurnFunc) (HandoffPreparedHandshake *prepared, HandoffCall *call);
void handoff_handshake_line_join (HandoffHandshakeLine *self,
                                  HandoffPreparedHandshake *prepared,
                                  HandoffCall *call,
                                  HandoffHandshakeTurnFunc turn);
