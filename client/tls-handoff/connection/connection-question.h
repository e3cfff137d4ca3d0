/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "connection/connection-object.h"

/* What a handshake has to ask the application before it goes on, and where it asks. The handshake
 * may run on a thread that the application knows nothing of; its handlers and dialogs belong to the
 * application's own:
 *
 *   a blocking call runs the handshake        there
 *   otherwise, if a blocking call waits for   there, if the thread may run the main context in
 * which the handshake                             the handshake was started otherwise in that main
 * context
 *
 * One question at a time. While the application has not answered, blocking calls on the connection
 * in the thread that was asked fail with G_IO_ERROR_FAILED: they would wait for themselves. */

/* Poses a question, in the thread of the handshake. It is withdrawn if the handshake is cancelled
 * before anybody asked; the application that was asked has to answer in any case. */
void handoff_connection_pose (HandoffConnection *self,
                              const HandoffQuestion *question,
                              gpointer user_data);
/* Has to be called by each HandoffQuestion.ask, in its thread, when the answer is there. */
void handoff_connection_answered (HandoffConnection *self);

/* Asks what is to be asked, in the thread whose blocking call runs the handshake. FALSE if there is
 * no question. */
gboolean handoff_connection_ask (HandoffConnection *self);
/* The same in a thread that waits for a handshake. FALSE also if the question is not for it. */
gboolean handoff_connection_ask_while_waiting (HandoffConnection *self);

/* Whether this thread was asked, and has not answered. Then, with the error. */
gboolean handoff_connection_is_asked_here (HandoffConnection *self, GError **error);
