/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "connection/connection-object.h"

/* Whether the service has to ask about a certificate that it does not trust. server_identity:
 * (nullable): that of a client's handshake; empty for nobody */
gboolean handoff_connection_wants_review (HandoffConnection *self, const char *server_identity);
/* Has the application's own database judge the certificate, if there is one. Must be called before
 * the decision. details: a{sv}, of the state “certificate-review”. Blocks as the database does. */
void handoff_connection_judge (HandoffConnection *self, GVariant *details);
/* The same without blocking; func is called in the thread-default main context. */
typedef void (*HandoffJudgedFunc) (gpointer user_data);
void handoff_connection_judge_async (HandoffConnection *self,
                                     GVariant *details,
                                     HandoffJudgedFunc func,
                                     gpointer user_data);
/* Whether a handler of the application's decides, because of what is wrong with the certificate; if
 * not, the connection goes on. */
gboolean handoff_connection_must_decide (HandoffConnection *self, GVariant *details);
/* Asks the handlers whether the connection goes on all the same. */
gboolean handoff_connection_decide (HandoffConnection *self, GVariant *details);
